"""The commands of a sweep: plan, run, status, report, verify; what they print, write and refuse."""

import csv
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ravine.experiments.cli import main
from ravine.experiments.sweep import Better, Diverging, Median, plan
from ravine.experiments.sweep.claims import Finding, Values
from ravine.experiments.sweep.plan import duration

TEXT = """
measures = ["gradient_norm"]
[problems]
booth = { epochs = 2 }
iris = { epochs = 2 }
[optimizers]
sgd = { lr = { log = [1e-3, 1e-2] } }
adam = { lr = { log = [1e-2, 1e-1] }, beta1 = { uniform = [0.8, 0.9] } }
[tuning]
search = "halton"
budgets = [2, 3]
[seeds]
tuning = 1
final = 6
[[claims]]
better = "sgd"
than = "adam"
on = "booth"
quantity = "test_loss"
[[claims]]
median = "adam"
on = "iris"
above = 0.5
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "trio.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def out(spec: Path) -> Path:
    result = invoke("run", spec, "--out", spec.parent / "out", "--jobs", 1)
    assert (result.exit_code, result.stderr) == (0, "")
    return spec.parent / "out"


@pytest.fixture(scope="module")
def reported(spec: Path, out: Path) -> Path:
    result = invoke("report", spec, "--out", out)
    assert (result.exit_code, result.stdout) == (0, f"Report: {out / 'report.html'}\n")
    return out


def test_a_plan_counts_and_estimates_and_stores_nothing(spec: Path, out: Path) -> None:
    fresh = invoke("plan", spec, "--out", spec.parent / "fresh", "--jobs", 2)
    assert fresh.exit_code == 0
    # 3 settings on 1 seed; then the best of both budgets on 6: 2 problems x 2 optimizers
    assert re.search(r"^60 runs: 0 done, 60 to do, about [\d.]+ s in 2 processes\.$", fresh.stdout, re.MULTILINE)
    assert re.search(r"^booth +sgd \(3 tried\) +3 +3 +6 +0 +0 +0$", fresh.stdout, re.MULTILINE)
    assert not (spec.parent / "fresh").exists()
    done = invoke("plan", spec, "--out", out, "--jobs", 1)
    assert re.search(r"runs: (\d+) done, 0 to do, about 0 s in 1 process\.$", done.stdout, re.MULTILINE)


def test_status_says_how_far_it_is(spec: Path, out: Path) -> None:
    assert "60 runs: 0 done, 60 to do." in invoke("status", spec, "--out", spec.parent / "fresh").stdout
    result = invoke("status", spec, "--out", out)
    assert result.exit_code == 0
    assert re.search(r"^(\d+) runs: \1 done, 0 to do\.$", result.stdout, re.MULTILINE)
    smaller = spec.with_name("smaller.toml")
    smaller.write_text(TEXT.replace("iris = { epochs = 2 }", "").partition("[[claims]]")[0])
    assert re.search(r" to do; \d+ others are stored", invoke("status", smaller, "--out", out).stdout)


def test_verify_judges_each_claim(spec: Path, out: Path) -> None:
    result = invoke("verify", spec, "--out", out)
    assert result.exit_code == 0
    assert re.search(r"^sgd better than adam on booth: .*6 won, 0 lost, 0 tied, p = 0\.031 +holds", result.stdout, re.M)
    assert re.search(r"^median test_metric of adam on iris above 0\.5 +0\.\d+ +holds", result.stdout, re.MULTILINE)
    missed = spec.with_name("missed.toml")
    missed.write_text(TEXT.replace("above = 0.5", "above = 1.5"))
    result = invoke("verify", missed, "--out", out)
    assert result.exit_code == 1
    assert "missed" in result.stdout


class Page(HTMLParser):
    """Tags left open, and what the page would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "link"):
            self.open.append(tag)
        self.fetched += [v for k, v in attributes if k in ("src", "href") and v and not v.startswith(("data:", "#"))]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.slow
def test_the_report_is_one_page_with_tables_and_figures(reported: Path) -> None:
    out = reported
    text = (out / "report.html").read_text()
    page = Page(text)
    assert (page.open, page.fetched) == ([], [])
    names = [f"iris-{name}" for name in ("training_loss", "learning_curves", "gradient_norm", "ranks")]
    names += ["iris-by-lr", "iris-by-beta1", "iris-best-of-k"]
    across = ["profiles-epochs", "profiles-seconds", "ranks"]
    for name in [*names, *(name.replace("iris", "booth") for name in names[1:]), *across]:
        assert (out / f"{name}.svg").is_file()
        assert (out / f"{name}.pdf").is_file()
    assert text.count("<figure>") == len(list(out.glob("*.svg")))
    with (out / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["problem"], row["optimizer"]) for row in rows[1:3]] == [
        ("booth", "sgd (3 tried)"), ("booth", "adam (2 tried)")
    ]  # fmt: skip
    with (out / "runs.csv").open() as file:
        runs = [run for run in csv.DictReader(file) if run["phase"] == "final"]
    for row in rows:
        own = [run for run in runs if (run["problem"], run["optimizer"]) == (row["problem"], row["optimizer"])]
        assert {run["setting"] for run in own} == {row["best_setting"]}
        assert float(row["metric_median"]) == np.median([float(run["test_metric"]) for run in own])
        low, high = float(row["median_interval_low"]), float(row["median_interval_high"])
        assert low <= float(row["metric_median"]) <= high


def test_tables_are_there_for_papers(reported: Path) -> None:
    out = reported
    with (out / "claims.csv").open() as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == ["holds", "holds"]
    for name, lines, columns in (("iris-results", 4, 11), ("booth-results", 4, 11), ("claims", 2, 3)):
        text = (out / f"{name}.tex").read_text()
        assert text.isascii()
        body = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert len(body) == 1 + lines
        assert {len(re.split(r"(?<!\\)&", line)) for line in body} == {columns}
        assert [line for line in text.splitlines() if "rule" in line] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert r"test\_loss, sign test, p $<$ 0.05 & 6 won" in (out / "claims.tex").read_text()
    heading = (out / "iris-results.tex").read_text().splitlines()[2]
    assert r"95 \% interval & p & test loss & steps to 0.95 & s to 0.95 & $\mu$s/step" in heading


def test_a_run_without_a_terminal_says_how_far_it_is(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "EVERY", 0.0)
    (spec.parent / "lines.toml").write_text(
        "problems = { booth = { epochs = 1 } }\noptimizers = { sgd = { lr = { log = [1e-3, 10.0], points = 2 } } }"
    )
    result = invoke("run", spec.parent / "lines.toml", "--out", spec.parent / "lines", "--jobs", 1)
    lines = result.stderr.splitlines()
    assert re.fullmatch(r"1 of 9 runs, about [\d.]+ m?s left", lines[0])
    assert lines[-1] == "9 of 9 runs, 2 diverged, about 0 s left"


@pytest.mark.slow
def test_what_is_half_done_has_a_report_and_no_verdict(spec: Path, out: Path) -> None:
    larger = spec.with_name("larger.toml")
    larger.write_text(TEXT.replace("final = 6", "final = 7"))
    assert invoke("report", larger, "--out", out).exit_code == 0
    assert re.search("Not complete: [0-9]+ runs or more are missing", (out / "report.html").read_text())
    verdict = invoke("verify", larger, "--out", out)
    assert (verdict.exit_code, verdict.stdout.count("not run")) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("plan nothing.toml", "Can't read 'nothing.toml'"),
        ("run wrong.toml", "Unknown problem: 'boot'. Did you mean 'booth'"),
        ("run fine.toml --jobs 2 --scheduler tcp://here:1", "a cluster has its own number of processes"),
        ("run fine.toml --out file", "can't hold results"),
        ("status", "Missing argument"),
        ("report fine.toml", "holds no run of fine. Run it: ravine run fine.toml"),
        ("report folder --out elsewhere", "the report is written to FOLDER"),
        ("verify fine.toml", "'fine.toml' has no claims"),
        ("verify fine.toml wilson", "name one SPEC alone"),
    ],
)
def test_wrong_requests_end_with_status_2_and_a_remedy(
    arguments: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    Path("wrong.toml").write_text("problems = { boot = {} }\noptimizers = { sgd = { lr = 0.1 } }")
    Path("fine.toml").write_text("problems = { booth = {} }\noptimizers = { sgd = { lr = 0.1 } }")
    result = invoke(*arguments.split())
    assert (result.exit_code, message in " ".join(result.stderr.split())) == (2, True), result.stderr
    assert not Path("runs").exists()
    assert Path("file").read_text() == "mine"


def test_runs_that_fail_are_told(tmp_path: Path) -> None:
    # Muon moves matrices alone, and a network has vectors too.
    (tmp_path / "muon.toml").write_text(
        "problems = { iris = { epochs = 1 } }\noptimizers = { muon = { lr = 0.1 } }\nseeds = { tuning = 1, final = 1 }"
    )
    result = invoke("run", tmp_path / "muon.toml", "--out", tmp_path, "--jobs", 1)
    assert result.exit_code == 1
    assert "failed: ValueError: Muon: parameter 1 must be a matrix." in result.stdout
    assert invoke("report", tmp_path / "muon.toml", "--out", tmp_path).exit_code == 0
    assert "Muon: parameter 1 must be a matrix" in (tmp_path / "report.html").read_text()


# -- claims -----------------------------------------------------------------------------------------------------------

LOSSES = {"good": [1.0] * 6, "bad": [2.0] * 6, "lost": [1.0, 1.0, 1.0, 1.0, 1.0, np.nan], "gone": [np.nan] * 6}


def values(problem: str, optimizer: str, quantity: str) -> Values | None:
    return Values(np.array(LOSSES[optimizer]), False) if optimizer in LOSSES else None


@pytest.mark.parametrize(
    ("claim", "found", "holds"),
    [
        (Better("good", "bad", "p"), "6 won, 0 lost, 0 tied, p = 0.031", True),
        (Better("bad", "good", "p"), "0 won, 6 lost, 0 tied, p = 0.031", False),
        (Better("good", "good", "p"), "0 won, 0 lost, 6 tied, p = 1", False),
        (Better("bad", "gone", "p", test="wilcoxon"), "6 won, 0 lost, 0 tied, p = 0.031", True),
        (Better("lost", "bad", "p"), "5 won, 1 lost, 0 tied, p = 0.22", False),
        (Better("good", "missing", "p"), "", None),
        (Median("good", "p", below=1.5, above=0.5), "1", True),
        (Median("good", "p", below=1.0), "1", False),
        (Median("lost", "p", below=1.5), "1", True),
        (Median("gone", "p", above=0.0), "inf", False),
        (Median("missing", "p", above=0.0), "", None),
        (Diverging("lost", "p", at_most=1), "1 of 6", True),
        (Diverging("lost", "p"), "1 of 6", False),
        (Diverging("missing", "p"), "", None),
    ],
)
def test_claims(claim: Better | Median | Diverging, found: str, holds: bool | None) -> None:
    assert claim.judge(values) == Finding(str(claim), found, holds)
    assert claim.judge(values).verdict == {True: "holds", False: "missed", None: "not run"}[holds]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 s"), (1.234, "1.2 s"), (59, "59 s"), (90, "2 min"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_specification_in_the_report_is_the_one_that_ran(reported: Path) -> None:
    written = html.unescape((reported / "report.html").read_text())
    assert "Halton(budgets=(2, 3))" in written
    assert "LogUniform(0.001, 0.01)" in written
