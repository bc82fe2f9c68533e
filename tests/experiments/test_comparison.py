"""The main job as a whole: same numbers every time, only what is missing is run, divergence is a status."""

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ravine.experiments import Results, UsageError, compare
from ravine.experiments.comparison import LEARNING_RATES
from ravine.experiments.problems.bivariate import Booth
from ravine.experiments.sweep import Store, execution, executor, read, run, status
from ravine.experiments.trial import Trial
from ravine.optim import SGD, Adam, Momentum, Optimizer
from ravine.schedules import InverseSqrt

Small = Callable[..., Results]
Numbers = Callable[[Results], list[object]]

pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """The trials that were run, as they are run (jobs=1)."""
    trials: list[Trial] = []
    original = execution.train
    monkeypatch.setattr(execution, "train", lambda trial, parallel: trials.append(trial) or original(trial, parallel))
    return trials


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_number_of_processes(small: Small, numbers: Numbers, tmp_path: Path) -> None:
    one, two = small(), small(out=tmp_path / "two", jobs=2)
    assert numbers(one) == numbers(two)
    assert {run.result.timing.parallel for run in one.runs} == {False}
    assert {run.result.timing.parallel for run in two.runs} == {True}
    assert "other runs shared the machine" in repr(two)
    assert "other runs shared the machine" not in repr(one)


@pytest.mark.slow
def test_a_finished_comparison_runs_nothing_again(small: Small, numbers: Numbers, ran: list[Trial]) -> None:
    first = small()
    assert len(ran) == 2 * 2 * 2 + 2 * 2
    ran.clear()
    second = small()
    assert ran == []
    assert numbers(first) == numbers(second)
    assert first.rows == second.rows  # timings too: they were stored


@pytest.mark.slow
def test_damaged_rows_alone_are_run_again(
    small: Small, numbers: Numbers, ran: list[Trial], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = small()
    with closing(sqlite3.connect(tmp_path / "out" / "results.sqlite")) as connection, connection:
        connection.execute("DROP TRIGGER no_change")
        connection.execute("UPDATE results SET result = substr(result, 1, 100) WHERE id = 2")
        connection.execute("UPDATE results SET result = '' WHERE id = 5")
        damaged = connection.execute("SELECT digest FROM results WHERE id IN (2, 5)").fetchall()
    ran.clear()
    second = small()
    assert {(trial.digest,) for trial in ran} == set(damaged)
    assert numbers(first) == numbers(second)
    assert "2 results in " in (message := capsys.readouterr().err)
    assert "are damaged; their runs are repeated" in message
    small()
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_what_is_added_alone_is_run(small: Small, ran: list[Trial]) -> None:
    small()
    momentum = {(tested, "momentum", seed) for tested, seeds in [(False, (0, 1)), (True, (2, 3))] for seed in seeds}
    for change, expected in [
        ({"seeds": 3}, {(True, "sgd", 4), (True, "adam", 4)}),
        ({"optimizers": ["sgd", "adam", "momentum"]}, momentum),
        ({"optimizers": ["adam"]}, set()),
    ]:
        ran.clear()
        small(**change)
        made = {(trial.tested, type(trial.optimizer).__name__.lower(), trial.seeds.order) for trial in ran}
        assert made == expected


SWEEP = {
    "name": "the same",
    "problems": {"iris": {"epochs": 2}},
    "optimizers": {name: {"lr": {"choice": [0.01, 0.1]}} for name in ("sgd", "adam")},
    "seeds": {"tuning": 2, "final": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("first", ["comparison", "sweep"])
def test_a_comparison_and_a_sweep_share_their_runs(
    first: str, small: Small, ran: list[Trial], tmp_path: Path
) -> None:
    store = Store(tmp_path / "out" / "results.sqlite")
    made: dict[str, Any] = {}
    for kind in sorted(["comparison", "sweep"], reverse=first == "sweep"):
        before = len(ran)
        made[kind] = small() if kind == "comparison" else run(read(SWEEP), store, executor())
        assert (len(ran) - before) == (12 if kind == first else 0)
    assert made["comparison"].trials == made["sweep"].trials
    assert not status(read(SWEEP), store).missing


@pytest.mark.slow
def test_a_diverged_rate_is_counted_and_never_chosen(small: Small, tmp_path: Path) -> None:
    results = small(problem="rosenbrock", optimizers=["sgd"], lrs=[1e-4, 1e-3, 1.0, 10.0])
    (row,) = results.rows
    assert (row.best_lr, row.settings_diverged, row.at_edge, row.seeds_diverged) == (1e-3, 2, False, 0)
    assert "2/4" in repr(results)


def test_a_comparison_ends_properly_if_every_rate_diverged(small: Small, tmp_path: Path) -> None:
    results = small(problem="rosenbrock", optimizers=["sgd", "adam"], lrs=[1.0, 10.0])
    sgd, adam = results.rows
    assert (sgd.best_lr, sgd.metric_mean, sgd.settings_diverged, sgd.timing) == (None, None, 2, None)
    assert adam.seeds_finished == 2
    assert "diverged at every lr" in repr(results)
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_comparison_ends_properly_if_everything_diverged(small: Small, tmp_path: Path, jobs: int) -> None:
    results = small(problem="rosenbrock", optimizers=["sgd"], lrs=[10.0], jobs=jobs)
    assert [run.result.status for run in results.runs] == ["diverged"] * 2
    assert json.loads((tmp_path / "out" / "results.json").read_text())["summary"][0]["best_lr"] is None


@pytest.mark.slow
def test_the_best_rate_has_the_best_validation_score(small: Small) -> None:
    results = small(epochs=3, lrs=[1e-3, 1e-2, 1e-1, 1.0])
    for row in results.rows:
        own = [each for each in results.runs if each.optimizer == row.optimizer]
        scores: dict[float, list[float]] = {}
        for each in own:
            if each.phase == "tuning":
                scores.setdefault(each.lr, []).append(each.result.validation_metric[-1])
        assert row.best_lr is not None
        assert np.mean(scores[row.best_lr]) == max(map(np.mean, scores.values()))
        tests = [each.result.test_metric for each in own if each.phase == "final"]
        assert row.metric_mean == pytest.approx(np.mean(tests), rel=1e-15)
        assert row.metric_std == pytest.approx(np.std(tests, ddof=1), rel=1e-12)


@pytest.mark.slow
def test_one_optimizer_needs_no_list(small: Small, numbers: Numbers, tmp_path: Path) -> None:
    by_name, by_value = small(optimizers="adam"), small(optimizers=Adam(lr=0.5), out=tmp_path / "value")
    assert (by_name.rows[0].optimizer, by_name.trials) == (by_value.rows[0].optimizer, by_value.trials)


@pytest.mark.slow
def test_values_and_schedules_may_be_compared(small: Small, ran: list[Trial]) -> None:
    results = small(optimizers=["sgd", SGD(lr=InverseSqrt(1.0)), Momentum(lr=1.0, momentum=0.5)])
    assert [row.optimizer for row in results.rows] == ["sgd", "SGD(lr=InverseSqrt(1.0))", "Momentum(momentum=0.5)"]
    assert {repr(t.optimizer) for t in ran if not t.tested} == {
        repr(optimizer)
        for lr in (0.01, 0.1)
        for optimizer in (SGD(lr=lr), SGD(lr=InverseSqrt(1.0) * lr), Momentum(lr=lr, momentum=0.5))
    }


def test_results_go_to_a_folder_named_after_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compare("booth", ["sgd"], seeds=1, epochs=1, lrs=[0.01], jobs=1)
    assert (tmp_path / "runs" / "booth" / "results.json").exists()


class Broken(Optimizer):
    """Raises an exception when it is compiled."""

    lr: float = 1.0

    def rule(x, g, lr):  # type: ignore[no-untyped-def]
        return x - lr * undefined_name  # noqa: F821


Optimizer.registry.pop("broken")


def test_an_exception_of_an_optimizer_is_raised(small: Small, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="undefined_name"):
        small(optimizers=[Broken()])
    assert not (tmp_path / "out" / "results.json").exists()


SCRIPT = """
from ravine.experiments import compare
from ravine.optim import Optimizer

class Halved(Optimizer):
    lr: float = 1.0

    def rule(x, g, lr):
        return x - lr * g / 2

if __name__ == "__main__":
    results = compare("booth", ["sgd", Halved()], lrs=[0.01, 0.1], seeds=2, epochs=1, out="out", jobs=1)
    print(*(f"{row.optimizer} {row.best_lr} {row.seeds_finished}" for row in results.rows), sep="\\n")
"""


def test_an_optimizer_of_a_script_can_be_compared(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "sgd 0.1 2\nhalved 0.1 2\n"


def test_a_store_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(UsageError, match=r"compare: .*can't hold results.*Move the file away"):
        compare(Booth(), "sgd", lrs=[0.1], seeds=1, epochs=1, out=tmp_path)
    assert path.read_bytes() == b"something else" * 100


# Recorded before a comparison was a sweep.
BOOTH = """
optimizer,best_lr,at_edge,metric_mean,metric_std,metric_median,metric_lower_quartile,metric_upper_quartile,interval_low,interval_high,is_best,p_against_best,loss_mean,steps_to_target,seeds_finished,seeds_diverged,settings_diverged
sgd,0.1,False,6.310887241768095e-30,0.0,6.310887241768095e-30,6.310887241768095e-30,6.310887241768095e-30,6.310887241768095e-30,6.310887241768095e-30,True,,6.310887241768095e-30,100.0,6,0,4
momentum,0.0032,False,1.6205583213991915e-07,3.8659206917603845e-09,1.6300850351051904e-07,1.613298930186121e-07,1.635747247206181e-07,1.580366520630619e-07,1.651223408461765e-07,False,0.0625,1.6205583213991915e-07,200.0,6,0,4
adam,3.2,False,2.099176230441089e-07,1.8341613254317704e-07,1.6396427248276561e-07,1.0669025119356803e-07,2.7778400553999045e-07,4.9268125743979814e-08,4.165204709055812e-07,False,0.0625,2.099176230441089e-07,200.0,6,0,0
"""
IRIS = """
optimizer,best_lr,at_edge,metric_mean,metric_std,metric_median,metric_lower_quartile,metric_upper_quartile,interval_low,interval_high,is_best,p_against_best,loss_mean,steps_to_target,seeds_finished,seeds_diverged,settings_diverged
sgd,1.0,False,0.9166666666666666,0.041666666666666685,0.9166666666666666,0.8958333333333333,0.9375,0.875,0.9583333333333335,False,1.0,0.20979183912277222,7.0,3,0,1
adam,0.1,False,0.9444444444444445,0.02405626121623445,0.9583333333333334,0.9375,0.9583333333333334,0.9166666666666666,0.9583333333333334,True,,0.30217276016871136,14.0,3,0,0
"""


def number_or_text(text: str, rel: float) -> Any:
    try:
        # sgd jumps to the minimum of booth: its values are rounding errors
        return pytest.approx(float(text), rel=rel, abs=1e-25)
    except ValueError:
        return text


@pytest.mark.parametrize(
    ("arguments", "recorded", "rel"),
    [
        ({"problem": "booth", "optimizers": ["sgd", "momentum", "adam"], "seeds": 6, "epochs": 2}, BOOTH, 1e-9),
        ({"problem": "iris", "seeds": 3, "epochs": 3}, IRIS, 1e-5),  # float32, whose sums depend on the BLAS library
    ],
    ids=["booth", "iris"],
)
def test_numbers_are_those_recorded(
    arguments: dict[str, Any], recorded: str, rel: float, small: Small, tmp_path: Path
) -> None:
    small(**arguments, lrs=LEARNING_RATES)
    with (tmp_path / "out" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row, expected in zip(rows, csv.DictReader(recorded.strip().splitlines()), strict=True):
        for name, text in expected.items():
            is_number = text not in ("", "True", "False") and name != "optimizer"
            assert (float(row[name]) if is_number else row[name]) == number_or_text(text, rel), name
