"""The main job as a whole: same numbers every time, only what is missing is run, divergence is a status."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ravine.experiments import Results, compare, workers
from ravine.experiments.specification import Cell
from ravine.optim import SGD, Adam, Momentum
from ravine.schedules import InverseSqrt

Small = Callable[..., Results]
Numbers = Callable[[Results], list[object]]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """The cells that were run, as they are run (jobs=1)."""
    cells: list[Cell] = []
    original = workers.run
    monkeypatch.setattr(workers, "run", lambda cell, parallel: cells.append(cell) or original(cell, parallel))
    return cells


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_number_of_processes(small: Small, numbers: Numbers, tmp_path: Path) -> None:
    one, two = small(), small(out=tmp_path / "two", jobs=2)
    assert numbers(one) == numbers(two)
    assert {run.outcome.timing.parallel for run in one.runs} == {False}
    assert {run.outcome.timing.parallel for run in two.runs} == {True}
    assert "other runs shared the machine" in repr(two)
    assert "other runs shared the machine" not in repr(one)


@pytest.mark.slow
def test_a_finished_comparison_runs_nothing_again(small: Small, numbers: Numbers, ran: list[Cell]) -> None:
    first = small()
    assert len(ran) == 2 * 2 * 2 + 2 * 2
    ran.clear()
    second = small()
    assert ran == []
    assert numbers(first) == numbers(second)
    assert first.rows == second.rows  # timings too: they were stored


@pytest.mark.slow
def test_missing_and_damaged_cells_alone_are_run_again(
    small: Small, numbers: Numbers, ran: list[Cell], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = small()
    files = sorted((tmp_path / "out" / "cells").iterdir())
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:100])
    files[2].write_bytes(b"")
    ran.clear()
    second = small()
    assert {f"{cell.digest}.json" for cell in ran} == {file.name for file in files[:3]}
    assert numbers(first) == numbers(second)
    message = capsys.readouterr().err
    assert [files[0].name in message, files[1].name in message, files[2].name in message] == [False, True, True]


@pytest.mark.slow
def test_what_is_added_alone_is_run(small: Small, ran: list[Cell]) -> None:
    small()
    momentum = {(phase, "momentum", seed) for phase, seeds in [("tuning", (0, 1)), ("final", (2, 3))] for seed in seeds}
    for change, expected in [
        ({"seeds": 3}, {("final", "sgd", 4), ("final", "adam", 4)}),
        ({"optimizers": ["sgd", "adam", "momentum"]}, momentum),
        ({"optimizers": ["adam"]}, set()),
    ]:
        ran.clear()
        small(**change)
        assert {(cell.phase, type(cell.optimizer).__name__.lower(), cell.seed) for cell in ran} == expected


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
    assert [run.outcome.status for run in results.runs] == ["diverged"] * 2
    assert json.loads((tmp_path / "out" / "results.json").read_text())["summary"][0]["best_lr"] is None


@pytest.mark.slow
def test_the_best_rate_has_the_best_validation_score(small: Small) -> None:
    results = small(epochs=3, lrs=[1e-3, 1e-2, 1e-1, 1.0])
    for row in results.rows:
        own = [run for run in results.runs if run.optimizer == row.optimizer]
        scores: dict[float, list[float]] = {}
        for run in own:
            if run.phase == "tuning":
                scores.setdefault(run.lr, []).append(run.outcome.validation_metric[-1])
        assert row.best_lr is not None
        assert np.mean(scores[row.best_lr]) == max(map(np.mean, scores.values()))
        tests = [run.outcome.test_metric for run in own if run.phase == "final"]
        assert row.metric_mean == pytest.approx(np.mean(tests), rel=1e-15)
        assert row.metric_std == pytest.approx(np.std(tests, ddof=1), rel=1e-12)


@pytest.mark.slow
def test_one_optimizer_needs_no_list(small: Small, numbers: Numbers, tmp_path: Path) -> None:
    by_name = small(optimizers="adam")
    assert numbers(by_name) == numbers(small(optimizers=Adam(lr=0.5), out=tmp_path / "value"))


@pytest.mark.slow
def test_values_and_schedules_may_be_compared(small: Small) -> None:
    results = small(optimizers=["sgd", SGD(lr=InverseSqrt(1.0)), Momentum(lr=1.0, momentum=0.5)])
    assert [row.optimizer for row in results.rows] == ["sgd", "SGD(lr=InverseSqrt(1.0))", "Momentum(momentum=0.5)"]


def test_results_go_to_a_folder_named_after_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compare("booth", ["sgd"], seeds=1, epochs=1, lrs=[0.01], jobs=1)
    assert (tmp_path / "runs" / "booth" / "results.json").exists()
