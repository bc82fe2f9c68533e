"""Statistics, on runs written by hand."""

import dataclasses
import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.experiments.outcome import Outcome, Timing
from ravine.experiments.runs import Description, Run
from ravine.experiments.statistics import bootstrap_interval, holm, wilcoxon
from ravine.experiments.summary import Setting, best, settings, summarise
from ravine.experiments.table import columns, latex, notes, text

ACCURACY = Description("p", "P()", "accuracy", True, True, 0.9, ("a",), (0.1, 1.0), (0, 1), (2, 3, 4), 2, 10)
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
        ([[0.1, 0.9, 0.2], [0.1, 0.1, 0.95], [0.95, 1.0, 1.0]], 10),
        ([[0.1, 0.9], [0.1, 0.1], [0.1, 0.1]], None),
        ([[0.1, 0.1, 0.9], [0.1, 0.9, 0.9]], 15),
        ([[0.1, 0.9], [0.1, 0.1]], None),
        ([[0.9]], 0),
    ],
)
def test_steps_to_the_target_are_the_median_seed_s(curves: list[list[float]], expected: float | None) -> None:
    described = dataclasses.replace(ACCURACY, final_seeds=tuple(range(2, 2 + len(curves))))
    (row,) = summarise(described, runs({0.1: [GOOD, GOOD]}, [outcome(curve, 0.5) for curve in curves]))
    assert row.steps_to_target == expected


def test_a_diverged_seed_never_reaches_the_target_and_is_the_worst_quartile() -> None:
    reached = outcome([0.1, 0.95], 0.9)
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, [outcome([0.95], diverged=1)] * 2 + [reached]))
    assert row.steps_to_target is None
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, [reached, reached, outcome([0.95], diverged=1)]))
    assert row.steps_to_target == 10
    assert (row.metric_lower_quartile, row.metric_median, row.metric_upper_quartile) == (None, 0.9, 0.9)


def compared(metrics: dict[str, list[float | None]], description: Description = ACCURACY) -> list:
    """Rows of several optimizers, from the test metric on each final seed; None diverged."""
    seeds = tuple(range(2, 2 + len(next(iter(metrics.values())))))
    described = dataclasses.replace(description, optimizers=tuple(metrics), final_seeds=seeds)
    final = [
        Run("final", name, 0.1, seed, GONE if value is None else outcome([0.1, 0.8], value))
        for name, values in metrics.items()
        for seed, value in zip(seeds, values, strict=True)
    ]
    tuned = [Run("tuning", name, 0.1, 0, GOOD) for name in metrics]
    return summarise(described, tuned + final)


def test_p_is_the_adjusted_paired_test_against_the_best() -> None:
    metrics = {"a": [0.5, 0.6, 0.7, 0.65], "b": [0.8, 0.9, 0.7, 0.85], "c": [0.79, 0.8, 0.72, 0.6]}
    rows = compared(metrics)
    assert [row.is_best for row in rows] == [False, True, False]
    raw = [wilcoxon(metrics[name], metrics["b"], higher_is_better=True).p for name in "ac"]
    assert [rows[0].p_against_best, rows[2].p_against_best] == holm(raw).tolist()
    assert rows[1].p_against_best is None
    assert (rows[1].interval_low, rows[1].interval_high) == bootstrap_interval(metrics["b"])


@pytest.mark.parametrize(
    ("description", "metrics", "best_one"),
    [
        (ACCURACY, {"a": [0.9, 0.9, None], "b": [0.5, 0.5, 0.5]}, "b"),  # a mean without the diverged would flatter a
        (ACCURACY, {"a": [0.6, 0.6, 0.9], "b": [0.65, 0.65, 0.65]}, "a"),
        (VALUE, {"a": [1e-9, 1e-9, 1e3], "b": [1e-3, 1e-3, 1e-3]}, "a"),
        (VALUE, {"a": [1e-9, None, None], "b": [1.0, 1.0, 1.0]}, "b"),
        (VALUE, {"a": [None, None, None], "b": [None, None, None]}, None),
    ],
)
def test_the_best_optimizer(description: Description, metrics: dict, best_one: str | None) -> None:
    rows = compared(metrics, description)
    assert [row.optimizer for row in rows if row.is_best] == ([best_one] if best_one else [])


def test_what_has_no_natural_scale_shows_median_and_quartiles() -> None:
    (row,) = compared({"a": [1e-9, 2e-9, 3e-9, 4e-9, 1e3]}, VALUE)
    described = dataclasses.replace(VALUE, final_seeds=(2, 3, 4, 5, 6))
    cells = {column.heading: column.cell(row) for column in columns(described)}
    assert cells["median [quartiles]"] == "3e-09 [2e-09, 4e-09]"
    assert cells["95 % interval"].startswith("[1e-09, ")
    (row,) = compared({"a": [1e-9, 2e-9, None]}, VALUE)
    assert {column.heading: column.cell(row) for column in columns(VALUE)}["median [quartiles]"] == (
        "2e-09 [1.5e-09, diverged]"
    )


def test_what_diverged_before_is_not_tested_and_what_diverged_in_part_has_no_interval() -> None:
    rows = compared({"a": [0.5, 0.6, 0.7], "b": [0.8, 0.9, None]})
    assert [row.is_best for row in rows] == [True, False]
    assert (rows[1].interval_low, rows[1].interval_high) == (None, None)
    described = dataclasses.replace(ACCURACY, optimizers=("a", "gone"))
    tuned = [Run("tuning", "a", 0.1, 0, GOOD), Run("tuning", "gone", 0.1, 0, GONE)]
    final = [Run("final", "a", 0.1, seed, outcome([0.1], 0.5)) for seed in (2, 3, 4)]
    assert [row.p_against_best for row in summarise(described, tuned + final)] == [None, None]


def test_a_note_says_what_p_can_be() -> None:
    described = dataclasses.replace(ACCURACY, optimizers=("a", "b", "c"))
    rows = compared({"a": [0.1, 0.2, 0.3], "b": [0.5, 0.6, 0.7], "c": [0.2, 0.3, 0.4]})
    assert [row.p_against_best for row in rows] == [0.5, None, 0.5]  # two comparisons, 2 / 2**3 each
    assert any("With 3 seeds the least that can come out is 0.5;" in note for note in notes(described, rows))


def test_the_latex_table_is_a_tabular_without_bare_signs() -> None:
    rows = compared({"[SGD](a_b=1 & 50%)": [0.5, 0.6, 0.7], "~^{x}": [0.5, 0.6, None]})
    lines = latex(ACCURACY, rows).splitlines()
    assert lines[0] == r"\begin{tabular}{l" + "r" * (len(columns(ACCURACY)) - 1) + "}"
    assert lines[-1] == r"\end{tabular}"
    assert [lines[1], lines[3], lines[-2]] == [r"\toprule", r"\midrule", r"\bottomrule"]
    body = [line for line in lines[1:-1] if not line.endswith("rule")]
    assert len(body) == 3
    for line in body:
        assert len(re.split(r"(?<!\\)&", line)) == len(columns(ACCURACY))
        assert line.endswith(r" \\")
        assert line.isascii()
    assert body[1].startswith(r"{[}SGD](a\_b=1 \& 50\%) & ")
    assert body[2].startswith(r"\textasciitilde{}\textasciicircum{}\{x\} & ")
    assert r"0.6000 $\pm$ 0.1000" in body[1]


def test_smaller_is_better_where_the_problem_says_so() -> None:
    tuning = {0.1: [outcome([1.0, 1e-3])], 1.0: [outcome([1.0, 1e-7])], 2.0: [outcome([1.0, 1e-5])]}
    described = dataclasses.replace(VALUE, final_seeds=(2,))
    (row,) = summarise(described, runs(tuning, [outcome([1.0, 1e-5, 1e-7], 1e-7)]))
    assert (row.best_lr, row.steps_to_target, row.metric_mean, row.metric_std) == (1.0, 20, 1e-7, None)
    assert [column.heading for column in columns(VALUE)][2:8] == [
        "f - f*",
        "median [quartiles]",
        "95 % interval",
        "p",
        "steps to 1e-06",
        "s to 1e-06",
    ]


def test_a_row_whose_final_seeds_all_diverged_says_so() -> None:
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, [GONE, GONE, GONE]))
    assert (row.metric_mean, row.loss_mean, row.steps_to_target) == (None, None, None)
    assert (row.metric_median, row.interval_low, row.is_best, row.p_against_best) == (None, None, False, None)
    assert "diverged, 3 of 3 seeds" in text(ACCURACY, [row])


def test_settings_are_means_over_seeds_by_increasing_rate() -> None:
    found = settings(runs({1.0: [GOOD, BAD], 0.1: [GOOD, GONE]}, []))
    assert found == [Setting(0.1, None, None), Setting(1.0, pytest.approx(1.35), pytest.approx(0.65))]


def test_times_are_medians_in_microseconds() -> None:
    final = [outcome([0.1, 0.95], 0.5, step=step) for step in (1e-4, 5e-4, 2e-4)]
    (row,) = summarise(ACCURACY, runs({0.1: [GOOD, GOOD]}, final))
    assert row.timing is not None
    assert (row.timing.step_us, row.timing.update_us) == pytest.approx((200, 20))
    assert row.timing.seconds_to_target == pytest.approx(10 * 2e-4)  # one epoch of 10 steps


def test_the_table_is_aligned() -> None:
    tuning = {0.1: [GOOD, GOOD], 1.0: [GONE, BAD]}
    lines = text(ACCURACY, summarise(ACCURACY, runs(tuning, [outcome([0.1, 0.95], 0.9)] * 3))).splitlines()
    heading, rule, row = lines[:3]
    assert len(heading) == len(rule) == len(row)
    assert " ".join(row.split()) == "a 0.1* 0.9000 ± 0.0000 [0.9000, 0.9000] best 0.9 10 0.001 100 10.0 1/2"
