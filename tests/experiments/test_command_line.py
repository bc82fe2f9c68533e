"""The command line: what it prints, what it refuses, and that it is the Python function."""

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ravine import schedules
from ravine.experiments import PROBLEMS, Results
from ravine.experiments.cli import main
from ravine.experiments.reproductions import REPRODUCTIONS
from ravine.experiments.sweep import Store
from ravine.optim import Optimizer
from ravine.schedules import Schedule

SMALL = ("compare", "--problem=iris", "--optimizers=sgd,adam", "--seeds=2", "--epochs=2", "--lrs=0.01,0.1", "--jobs=1")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("results") / "out"
    return out, invoke(*SMALL, "--out", out)


@pytest.mark.slow
def test_compare_prints_the_table_of_what_it_stored(done: tuple[Path, Result]) -> None:
    out, result = done
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{Results.load(out)!r}\n\nReport: {out / 'report.html'}\n"
    assert re.search(r"^sgd +[\d.]+\*? +0\.\d{4} ± 0\.\d{4} ", result.stdout, re.MULTILINE)


def test_json_csv_and_table_agree(done: tuple[Path, Result]) -> None:
    out, _ = done
    data = json.loads((out / "results.json").read_text())
    with (out / "results.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["optimizer"] for line in lines] == ["sgd", "adam"]
    for line, row in zip(lines, data["summary"], strict=True):
        flat = {**row, **row["timing"]}
        del flat["timing"]
        assert line == {name: "" if value is None else str(value) for name, value in flat.items()}
    with (out / "runs.csv").open() as file:
        runs = list(csv.DictReader(file))
    assert [float(run["validation_metric"]) for run in runs] == [
        run["result"]["validation_metric"][-1] for run in data["runs"]
    ]


@pytest.mark.slow
def test_the_same_command_gives_the_same_numbers(done: tuple[Path, Result], tmp_path: Path) -> None:
    out, _ = done
    invoke(*SMALL, "--out", tmp_path)

    def numbers(folder: Path) -> object:
        same = {"timing": None, "process": None}
        return json.loads((folder / "results.json").read_text(), object_hook=lambda d: {**d, **same})

    assert numbers(out) == numbers(tmp_path)


@pytest.mark.slow
def test_report_draws_again_and_runs_nothing(done: tuple[Path, Result]) -> None:
    out, result = done
    drawn = [path for path in out.iterdir() if not path.name.startswith("results.") or path.suffix in (".csv", ".tex")]
    assert {path.suffix for path in drawn} == {".csv", ".tex", ".svg", ".pdf", ".html"}
    before = {path: path.read_bytes() for path in drawn}
    stored = [tuple(row) for row in Store(out / "results.sqlite").rows()]
    for path in drawn:
        path.unlink()
    again = invoke("report", out)
    assert (again.exit_code, again.stdout) == (0, result.stdout)
    assert {path: path.read_bytes() for path in drawn} == before
    assert [tuple(row) for row in Store(out / "results.sqlite").rows()] == stored


def test_list_names_everything_registered_with_a_description() -> None:
    result = invoke("list")
    listed = dict(re.findall(r"^  ([\w-]+) +(\S.*)$", result.stdout, re.MULTILINE))
    assert result.exit_code == 0
    offered = {name for name in schedules.__all__ if getattr(schedules, name).__module__ != Schedule.__module__}
    shapes = [name for name in Schedule.registry if name in offered]
    assert list(listed) == [*PROBLEMS, *Optimizer.registry, *shapes, *REPRODUCTIONS]
    assert "Rosenbrock 1960" in listed["rosenbrock"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("compare --problem rosenbrok", "Unknown problem: 'rosenbrok'. Did you mean 'rosenbrock'? Known: quadratic"),
        ("compare --optimizers sgd,adm", "Unknown optimizer: 'adm'. Did you mean 'adam'? Known: sgd"),
        ("compare --optimizers sgd,", "Unknown optimizer: ''"),
        ("compare --optimizers sgd,sgd", "listed twice: sgd"),
        ("compare --seeds 0", "0 is not in the range x>=1"),
        ("compare --seeds two", "'two' is not a valid integer"),
        ("compare --epochs -1", "-1 is not in the range"),
        ("compare --epochs 1.5", "'1.5' is not a valid integer"),
        ("compare --jobs 0", "0 is not in the range"),
        ("compare --lrs 0.1,x", "could not convert string to float: 'x'. Separate values by commas."),
        ("compare --lrs 0.1,-1", "lrs[0] must be a finite number > 0. Received: lrs[0]=-1.0"),
        ("compare --lrs nan", "must be a finite number > 0"),
        ("compare --out file --problem iris", "'file/results.sqlite' can't hold results"),
        ("report nothing", "No results in 'nothing'"),
        ("report file", "No results in 'file'"),
        ("report damaged", "damaged"),
        ("report", "Missing argument"),
        ("compere", "No such command"),
    ],
)
def test_wrong_requests_end_with_status_2_and_a_remedy(
    arguments: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("damaged").mkdir()
    Path("damaged/results.json").write_text('{"description": {}')
    result = invoke(*arguments.split())
    assert result.exit_code == 2
    assert message in result.stderr
    assert not Path("runs").exists()


@pytest.mark.parametrize("command", ["", "compare", "list", "report"])
def test_help(command: str) -> None:
    result = invoke(*command.split(), "--help")
    assert (result.exit_code, result.stdout[:6]) == (0, "Usage:")


def test_version() -> None:
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+\S*\n", invoke("--version").stdout)
