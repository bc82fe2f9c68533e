"""Statistics, on runs written by hand."""

import dataclasses
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glissade.experiments.outcome import Outcome, Timing
from glissade.experiments.runs import Description, Run
from glissade.experiments.summary import Setting, best, settings, summarise
from glissade.experiments.table import columns, text

ACCURACY = Description("p", "P()", "accuracy", True, True, 0.9, ("a",), (0.1, 1.0), (0, 1), (2, 3, 4), 2)
VALUE = dataclasses.replace(ACCURACY, metric="f - f*", higher_is_better=False, held_out=False, target=1e-6)


def outcome(metric: list[float], test: float | None = None, diverged: int | None = None, step: float = 1e-4) -> Outcome:
    status = "diverged" if diverged else "finished"
    loss = tuple(2 - value for value in metric)
    return Outcome(status, diverged, loss, loss, tuple(metric), test, test, Timing(step, step / 10, 1, False), {})


def runs(tuning: dict[float, list[Outcome]], final: list[Outcome], lr: float = 0.1) -> list[Run]:
    tuned = [Run("tuning", "a", lr, seed, o) for lr, outcomes in tuning.items() for seed, o in enumerate(outcomes)]
    return tuned + [Run("final", "a", lr, 2 + seed, o) for seed, o in enumerate(final)]


GOOD, BAD, GONE = outcome([0.1, 0.8]), outcome([0.1, 0.5]), outcome([0.1], diverged=1)


@pytest.mark.parametrize(
    ("tuning", "lr", "edge", "diverged"),
    [
        ({0.1: [GOOD, GOOD], 1.0: [BAD, BAD], 10.0: [BAD, BAD]}, 0.1, True, 0),
        ({0.1: [BAD, BAD], 1.0: [GOOD, BAD], 10.0: [BAD, BAD]}, 1.0, False, 0),
        ({0.1: [BAD, BAD], 1.0: [BAD, BAD], 10.0: [GOOD, BAD]}, 10.0, True, 0),
        ({0.1: [BAD, BAD], 1.0: [GOOD, GONE], 10.0: [GONE, GONE]}, 0.1, True, 2),
        ({0.1: [GOOD, GOOD], 1.0: [GOOD, GOOD]}, 0.1, True, 0),
        ({0.1: [GOOD, GOOD]}, 0.1, False, 0),
        ({0.1: [GONE, GOOD], 1.0: [GOOD, GONE]}, None, False, 2),
    ],
)
def test_choice_of_the_rate(tuning: dict[float, list[Outcome]], lr: float | None, edge: bool, diverged: int) -> None:
    (row,) = summarise(ACCURACY, runs(tuning, []))
    assert (row.best_lr, row.at_edge, row.settings_diverged) == (lr, edge, diverged)


PAIRS = [(0.1, 0.5, 0.9), (0.2, 0.4, 0.9), (0.3, 0.4, 0.9), (0.4, 0.1, 0.8), (9.0, None, None)]
TIES = [Setting(*values) for values in PAIRS]


@pytest.mark.parametrize("order", list(permutations(TIES)))
def test_ties_go_to_the_lower_loss_then_the_lower_rate(order: tuple[Setting, ...]) -> None:
    assert best(order, higher_is_better=True) == Setting(0.2, 0.4, 0.9)


@given(st.lists(st.tuples(st.floats(1e-6, 1e3), st.none() | st.floats(-1e9, 1e9)), min_size=1), st.booleans())
def test_nothing_beats_the_best(pairs: list[tuple[float, float | None]], higher: bool) -> None:
    candidates = [Setting(lr, None if metric is None else 0.0, metric) for lr, metric in pairs]
    chosen = best(candidates, higher)
    metrics = [setting.metric for setting in candidates if setting.metric is not None]
    assert (chosen is None) == (not metrics)
    if chosen:
        assert chosen.metric == (max if higher else min)(metrics)


def test_mean_and_spread_are_of_the_finished_seeds_alone() -> None:
    final = [outcome([0.1, 0.8], 0.6), GONE, outcome([0.1, 0.8], 0.8)]
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, final))
    assert (row.seeds_finished, row.seeds_diverged) == (2, 1)
    assert (row.metric_mean, row.loss_mean) == pytest.approx((0.7, 0.7))
    assert row.metric_std == pytest.approx(0.2 / 2**0.5)
    assert "0.7000 ± 0.1414 (2 of 3 seeds)" in text(ACCURACY, [row])


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ([[0.1, 0.9, 0.2], [0.1, 0.1, 0.95], [0.95, 1.0, 1.0]], 1),
        ([[0.1, 0.9], [0.1, 0.1], [0.1, 0.1]], None),
        ([[0.1, 0.1, 0.9], [0.1, 0.9, 0.9]], 1.5),
        ([[0.1, 0.9], [0.1, 0.1]], None),
        ([[0.9]], 0),
    ],
)
def test_epochs_to_the_target_are_the_median_seed_s(curves: list[list[float]], expected: float | None) -> None:
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, [outcome(curve, 0.5) for curve in curves]))
    assert row.epochs_to_target == expected


def test_smaller_is_better_where_the_problem_says_so() -> None:
    tuning = {0.1: [outcome([1.0, 1e-3])], 1.0: [outcome([1.0, 1e-7])], 2.0: [outcome([1.0, 1e-5])]}
    (row,) = summarise(VALUE, runs(tuning, [outcome([1.0, 1e-5, 1e-7], 1e-7)]))
    assert (row.best_lr, row.epochs_to_target, row.metric_mean, row.metric_std) == (1.0, 2, 1e-7, None)
    assert [column.heading for column in columns(VALUE)][2:4] == ["f - f*", "epochs to 1e-06"]


def test_a_row_whose_final_seeds_all_diverged_says_so() -> None:
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, [GONE, GONE, GONE]))
    assert (row.metric_mean, row.loss_mean, row.epochs_to_target) == (None, None, None)
    assert "diverged, 3 of 3 seeds" in text(ACCURACY, [row])


def test_settings_are_means_over_seeds_by_increasing_rate() -> None:
    found = settings(runs({1.0: [GOOD, BAD], 0.1: [GOOD, GONE]}, []))
    assert found == [Setting(0.1, None, None), Setting(1.0, pytest.approx(1.35), pytest.approx(0.65))]


def test_times_are_medians_in_microseconds() -> None:
    final = [outcome([0.1, 0.8], 0.5, step=step) for step in (1e-4, 5e-4, 2e-4)]
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, final))
    assert row.timing is not None
    assert (row.timing.step_us, row.timing.update_us) == pytest.approx((200, 20))


def test_the_table_is_aligned() -> None:
    tuning = {0.1: [GOOD, GOOD], 1.0: [GONE, BAD]}
    lines = text(ACCURACY, summarise(ACCURACY, runs(tuning, [outcome([0.1, 0.95], 0.9)] * 3))).splitlines()
    heading, rule, row = lines[:3]
    assert len(heading) == len(rule) == len(row)
    assert row.split() == ["a", "0.1*", "0.9000", "±", "0.0000", "0.9", "1", "100", "10.0", "1/2"]
