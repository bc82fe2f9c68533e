"""The summary and its table, on runs written by hand."""

import dataclasses
import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.experiments.statistics import bootstrap_interval, holm, wilcoxon
from ravine.experiments.sweep import Results
from ravine.experiments.sweep.runs import ConfigurationResult, OptimizerResult, ProblemSummary, Run, best
from ravine.experiments.sweep.summary import SummaryRow, columns, notes, summarise
from ravine.experiments.trial import Seeds, Timing, TrialResult

ACCURACY = ProblemSummary("p", "P()", "accuracy", True, True, 0.9, 2, 10)
VALUE = dataclasses.replace(ACCURACY, metric="f - f*", higher_is_better=False, held_out=False, target=1e-6)


def result(
    metric: list[float], test: float | None = None, diverged: int | None = None, step: float = 1e-4
) -> TrialResult:
    status = "diverged" if diverged else "finished"
    metric = metric if diverged else metric + metric[-1:] * (3 - len(metric))
    loss = tuple(2 - value for value in metric)
    return TrialResult(status, diverged, loss, loss, tuple(metric), test, test, Timing(step, step / 10, 1, False), {})


def entry(
    tuning: dict[float, list[TrialResult]],
    final: list[TrialResult | None],
    name: str = "a",
    problem: ProblemSummary = ACCURACY,
) -> OptimizerResult:
    """An optimizer whose learning rate was tuned, with these results of the tuning and final seeds."""

    def run(phase: str, lr: float, seed: int, result: TrialResult | None) -> Run:
        return Run("p", name, phase, (("lr", lr),), seed, Seeds.of(seed), f"{name} {phase} {lr} {seed}", result)

    tried = tuple(
        ConfigurationResult((("lr", lr),), tuple(run("tuning", lr, seed, r) for seed, r in enumerate(results)))
        for lr, results in tuning.items()
    )
    chosen = best(tried, problem.higher_is_better)
    lr = dict(chosen.setting)["lr"] if chosen else None
    edges = {"lr": "low" if lr == min(tuning) else "high"} if lr in (min(tuning), max(tuning)) else {}
    runs = tuple(run("final", lr, 2 + seed, r) for seed, r in enumerate(final)) if chosen else ()
    edges = edges if len(tuning) > 1 else {}
    return OptimizerResult(problem, name, name, None, tried, chosen, edges, {}, runs, len(final))


def results(entries: list[OptimizerResult]) -> Results:
    (problem,) = {entry.problem for entry in entries}
    return Results("r", (problem,), tuple(entries), (0, 1), tuple(range(2, 2 + entries[0].final_seeds)), (), (), "")


GOOD, BAD, GONE = result([0.1, 0.8]), result([0.1, 0.5]), result([0.1], diverged=1)
FAILED = TrialResult("failed", error="ValueError: no")
TUNED = {0.1: [GOOD, GOOD]}


@pytest.mark.parametrize(
    ("tuning", "lr", "diverged"),
    [
        ({0.1: [GOOD, GOOD], 1.0: [BAD, BAD], 10.0: [BAD, BAD]}, 0.1, 0),
        ({0.1: [BAD, BAD], 1.0: [GOOD, BAD], 10.0: [BAD, BAD]}, 1.0, 0),
        ({0.1: [BAD, BAD], 1.0: [BAD, BAD], 10.0: [GOOD, BAD]}, 10.0, 0),
        ({0.1: [BAD, BAD], 1.0: [GOOD, GONE], 10.0: [GONE, GONE]}, 0.1, 2),
        ({0.1: [GOOD, GOOD], 1.0: [GOOD, GOOD]}, 0.1, 0),
        ({0.1: [GOOD, GOOD]}, 0.1, 0),
        ({0.1: [GONE, GOOD], 1.0: [GOOD, FAILED]}, None, 2),
    ],
)
def test_choice_of_the_rate(tuning: dict[float, list[TrialResult]], lr: float | None, diverged: int) -> None:
    (row,) = summarise([entry(tuning, [None])])
    assert (row.best_lr, row.settings_diverged, row.settings) == (lr, diverged, len(tuning))


def tried(lr: float, loss: float, metric: float | None) -> ConfigurationResult:
    """A setting with one run of this end."""
    made = GONE if metric is None else TrialResult("finished", None, (), (loss,), (metric,))
    return ConfigurationResult((("lr", lr),), (Run("p", "a", "tuning", (("lr", lr),), 0, Seeds.of(0), "", made),))


TIES = [tried(*values) for values in [(0.1, 0.5, 0.9), (0.2, 0.4, 0.9), (0.3, 0.4, 0.9), (0.4, 0.1, 0.8), (9, 0, None)]]


@pytest.mark.parametrize("order", list(permutations(range(len(TIES)))))
def test_ties_go_to_the_lower_loss_then_the_first(order: tuple[int, ...]) -> None:
    chosen = best([TIES[i] for i in order], higher_is_better=True)
    assert chosen is TIES[min((1, 2), key=order.index)]


@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1), st.booleans())
def test_nothing_beats_the_best(metrics: list[float | None], higher: bool) -> None:
    chosen = best([tried(1.0, 0.0, metric) for metric in metrics], higher)
    finished = [metric for metric in metrics if metric is not None]
    assert (chosen is None) == (not finished)
    if chosen:
        assert chosen.score("validation_metric") == (max if higher else min)(finished)


def test_mean_and_spread_are_of_the_finished_seeds_alone() -> None:
    made = entry(TUNED, [result([0.1, 0.8], 0.6), GONE, result([0.1, 0.8], 0.8)])
    (row,) = summarise([made])
    assert (row.seeds_finished, row.seeds_diverged, row.seeds_failed) == (2, 1, 0)
    assert (row.metric_mean, row.loss_mean) == pytest.approx((0.7, 0.7))
    assert row.metric_std == pytest.approx(0.2 / 2**0.5)
    assert "0.7000 ± 0.1414 (2 of 3 seeds)" in repr(results([made]))


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
    (row,) = summarise([entry(TUNED, [result(curve, 0.5) for curve in curves])])
    assert row.steps_to_target == expected
    assert row.epochs_to_target == (None if expected is None else expected / 10)


def test_a_diverged_seed_never_reaches_the_target_and_is_the_worst_quartile() -> None:
    reached, gone = result([0.1, 0.95], 0.9), result([0.95], diverged=1)
    (row,) = summarise([entry(TUNED, [gone, gone, reached])])
    assert row.steps_to_target is None
    (row,) = summarise([entry(TUNED, [reached, reached, gone])])
    assert row.steps_to_target == 10
    assert (row.metric_lower_quartile, row.metric_median, row.metric_upper_quartile) == (None, 0.9, 0.9)


def test_missing_runs_are_left_out() -> None:
    (row,) = summarise([entry(TUNED, [result([0.1, 0.95], 0.9), None, FAILED])])
    assert (row.seeds_finished, row.seeds_diverged, row.seeds_failed) == (1, 0, 1)
    assert (row.metric_median, row.metric_upper_quartile, row.is_best) == (None, None, False)
    assert (row.metric_mean, row.interval_low) == (0.9, None)


def compared(metrics: dict[str, list[float | None]], problem: ProblemSummary = ACCURACY) -> list[OptimizerResult]:
    """Entries of several optimizers, from the test metric on each final seed; None diverged."""
    tuned = {0.1: [result([1.0, 0.5], 0.5)]}
    return [
        entry(tuned, [GONE if value is None else result([0.1, 0.8], value) for value in values], name, problem)
        for name, values in metrics.items()
    ]


def cells(rows: list[SummaryRow], problem: ProblemSummary = ACCURACY) -> dict[str, str]:
    """The text of the first row, by heading."""
    return {column.heading: column.cell(rows[0]) for column in columns(problem, rows)}


def test_p_is_the_adjusted_paired_test_against_the_best() -> None:
    metrics = {"a": [0.5, 0.6, 0.7, 0.65], "b": [0.8, 0.9, 0.7, 0.85], "c": [0.79, 0.8, 0.72, 0.6]}
    rows = summarise(compared(metrics))
    assert [row.is_best for row in rows] == [False, True, False]
    raw = [wilcoxon(metrics[name], metrics["b"], higher_is_better=True).p for name in "ac"]
    assert [rows[0].p_against_best, rows[2].p_against_best] == holm(raw).tolist()
    assert rows[1].p_against_best is None
    assert (rows[1].interval_low, rows[1].interval_high) == bootstrap_interval(metrics["b"])


@pytest.mark.parametrize(
    ("problem", "metrics", "best_one"),
    [
        (ACCURACY, {"a": [0.9, 0.9, None], "b": [0.5, 0.5, 0.5]}, "b"),  # a mean without the diverged would flatter a
        (ACCURACY, {"a": [0.6, 0.6, 0.9], "b": [0.65, 0.65, 0.65]}, "a"),
        (VALUE, {"a": [1e-9, 1e-9, 1e3], "b": [1e-3, 1e-3, 1e-3]}, "a"),
        (VALUE, {"a": [1e-9, None, None], "b": [1.0, 1.0, 1.0]}, "b"),
        (VALUE, {"a": [None, None, None], "b": [None, None, None]}, None),
    ],
)
def test_the_best_optimizer(problem: ProblemSummary, metrics: dict, best_one: str | None) -> None:
    rows = summarise(compared(metrics, problem))
    assert [row.optimizer for row in rows if row.is_best] == ([best_one] if best_one else [])


def test_what_has_no_natural_scale_shows_median_and_quartiles() -> None:
    shown = cells(summarise(compared({"a": [1e-9, 2e-9, 3e-9, 4e-9, 1e3]}, VALUE)), VALUE)
    assert shown["median [quartiles]"] == "3e-09 [2e-09, 4e-09]"
    assert shown["95 % interval"].startswith("[1e-09, ")
    shown = cells(summarise(compared({"a": [1e-9, 2e-9, None]}, VALUE)), VALUE)
    assert shown["median [quartiles]"] == "2e-09 [1.5e-09, diverged]"


def test_what_diverged_before_is_not_tested_and_what_diverged_in_part_has_no_interval() -> None:
    rows = summarise(compared({"a": [0.5, 0.6, 0.7], "b": [0.8, 0.9, None]}))
    assert [row.is_best for row in rows] == [True, False]
    assert (rows[1].interval_low, rows[1].interval_high) == (None, None)
    rows = summarise([entry(TUNED, [result([0.1], 0.5)] * 3), entry({0.1: [GONE]}, [None] * 3, "gone")])
    assert [row.p_against_best for row in rows] == [None, None]
    assert [row.is_best for row in rows] == [True, False]


def test_a_note_says_what_p_can_be() -> None:
    rows = summarise(compared({"a": [0.1, 0.2, 0.3], "b": [0.5, 0.6, 0.7], "c": [0.2, 0.3, 0.4]}))
    assert [row.p_against_best for row in rows] == [0.5, None, 0.5]  # two comparisons, 2 / 2**3 each
    assert any("With 3 seeds the smallest possible p is 0.5;" in note for note in notes(ACCURACY, rows, 3))


def test_the_latex_table_is_a_tabular_without_bare_signs() -> None:
    made = results(compared({"[SGD](a_b=1 & 50%)": [0.5, 0.6, 0.7], "~^{x}": [0.5, 0.6, None]}))
    shown = columns(ACCURACY, made.rows)
    lines = made.latex(ACCURACY).splitlines()
    assert lines[0] == r"\begin{tabular}{l" + "r" * (len(shown) - 1) + "}"
    assert lines[-1] == r"\end{tabular}"
    assert [lines[1], lines[3], lines[-2]] == [r"\toprule", r"\midrule", r"\bottomrule"]
    body = [line for line in lines[1:-1] if not line.endswith("rule")]
    assert len(body) == 3
    for line in body:
        assert len(re.split(r"(?<!\\)&", line)) == len(shown)
        assert line.endswith(r" \\")
        assert line.isascii()
    assert body[1].startswith(r"{[}SGD](a\_b=1 \& 50\%) & ")
    assert body[2].startswith(r"\textasciitilde{}\textasciicircum{}\{x\} & ")
    assert r"0.6000 $\pm$ 0.1000" in body[1]


def test_smaller_is_better_where_the_problem_says_so() -> None:
    tuning = {0.1: [result([1.0, 1e-3])], 1.0: [result([1.0, 1e-7])], 2.0: [result([1.0, 1e-5])]}
    rows = summarise([entry(tuning, [result([1.0, 1e-5, 1e-7], 1e-7)], problem=VALUE)])
    row = rows[0]
    assert (row.best_lr, row.steps_to_target, row.metric_mean, row.metric_std) == (1.0, 20, 1e-7, None)
    assert list(cells(rows, VALUE))[2:8] == [
        "f - f*",
        "median [quartiles]",
        "95 % interval",
        "p",
        "steps to 1e-06",
        "s to 1e-06",
    ]


def test_a_row_whose_final_seeds_all_diverged_says_so() -> None:
    made = entry(TUNED, [GONE, GONE, GONE])
    (row,) = summarise([made])
    assert (row.metric_mean, row.loss_mean, row.steps_to_target) == (None, None, None)
    assert (row.metric_median, row.interval_low, row.is_best, row.p_against_best) == (None, None, False, None)
    assert "diverged, 3 of 3 seeds" in repr(results([made]))


def test_times_are_medians_in_microseconds() -> None:
    (row,) = summarise([entry(TUNED, [result([0.1, 0.95], 0.5, step=step) for step in (1e-4, 5e-4, 2e-4)])])
    assert row.timing is not None
    assert (row.timing.step_us, row.timing.update_us) == pytest.approx((200, 20))
    assert row.timing.seconds_to_target == pytest.approx(10 * 2e-4)  # one epoch of 10 steps


def test_the_table_is_aligned() -> None:
    tuning = {0.1: [GOOD, GOOD], 1.0: [GONE, BAD]}
    lines = repr(results([entry(tuning, [result([0.1, 0.95], 0.9)] * 3)])).splitlines()
    heading, rule, row = lines[:3]
    assert len(heading) == len(rule) == len(row)
    assert " ".join(row.split()) == "a 0.1* 0.9000 ± 0.0000 [0.9000, 0.9000] best 0.9 10 0.001 100 10.0 1/2"


def test_a_table_of_several_hyperparameters_names_them() -> None:
    made = entry(TUNED, [result([0.1, 0.95], 0.9)])
    setting = (("lr", 0.1), ("beta1", 0.9))
    chosen = dataclasses.replace(made.tried[0], setting=setting)
    both = dataclasses.replace(made, tried=(chosen,), best=chosen, edges={"beta1": "high"})
    assert cells(summarise([both]))["best setting"] == "lr=0.1, beta1=0.9 * (beta1 high)"
