"""The summary of the final runs: a row for each optimizer, and the columns and notes of the table that shows them.

A run that diverged is counted; its values are never averaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, median, stdev
from typing import Any, Literal

import numpy as np

from ..statistics import bootstrap_interval, costs, diverged, holm, quantiles, wilcoxon
from .claims import Finding
from .configuration import Setting
from .runs import OptimizerResult, ProblemSummary, Values


@dataclass(frozen=True)
class SummaryTimings:
    """Medians over the final runs."""

    step_us: float  # microseconds of a step: forward pass, backward pass and update
    update_us: float  # microseconds of the update alone
    seconds_to_target: float | None  # steps to the target times the median time of a step
    parallel: bool  # whether other runs shared the machine


@dataclass(frozen=True)
class SummaryRow:
    """One optimizer at its best setting, over the final runs; None where there is nothing to state.

    The metric is the test metric. A run that diverged or failed is left out of means, and is the worst value in
    medians and quartiles, which are None where it takes part.
    """

    problem: str
    optimizer: str
    best_setting: str | None  # None: not yet known, or every setting diverged
    best_lr: float | None  # None also if the learning rate was not searched
    at_edge: bool  # the best value of a hyperparameter is the first or last one tried: a better one may lie outside
    edges: str  # which, such as "lr high"
    metric_mean: float | None
    metric_std: float | None  # over seeds, with n - 1; None for a single seed
    metric_median: float | None
    metric_lower_quartile: float | None
    metric_upper_quartile: float | None
    interval_low: float | None  # bootstrap, level 0.95: of the mean if higher is better, else of the median
    interval_high: float | None  # None if a run diverged or failed
    median_interval_low: float | None  # of the median in both cases
    median_interval_high: float | None
    is_best: bool  # of all optimizers on this problem
    p_against_best: float | None  # Wilcoxon's paired test with Holm's correction; None for the best
    loss_mean: float | None  # test loss
    loss_median: float | None
    epochs_to_target: float | None  # medians over the seeds, seen at the ends of epochs; None if most don't reach it
    steps_to_target: float | None
    seeds_finished: int
    seeds_diverged: int
    seeds_failed: int
    settings: int
    settings_diverged: int  # settings that diverged or failed on a seed
    timing: SummaryTimings | None

    def flat(self) -> dict[str, Any]:
        """Return the fields as one flat dict, timings last."""
        row = asdict(self)
        timing = row.pop("timing")
        return {**row, **(timing or dict.fromkeys(SummaryTimings.__dataclass_fields__))}


def summarise(entries: Sequence[OptimizerResult]) -> list[SummaryRow]:
    """Return the row of each entry. Those of one problem and one budget are tested against the best of them."""
    rows = {id(entry): _row(entry) for entry in entries}
    for group in _groups(entries):
        higher = group[0].problem.higher_is_better
        metrics = {entry.name: entry.values("test_metric") for entry in group if entry.best and entry.complete}
        first, p = best_optimizer(metrics, higher), against_best(metrics, higher)
        for entry in group:
            is_best = entry.name == first
            rows[id(entry)] = replace(rows[id(entry)], is_best=is_best, p_against_best=p.get(entry.name))
    return list(rows.values())


def _groups(entries: Sequence[OptimizerResult]) -> list[list[OptimizerResult]]:
    groups: dict[Any, list[OptimizerResult]] = {}
    for entry in entries:
        groups.setdefault((entry.problem.name, entry.budget), []).append(entry)
    return list(groups.values())


def best_optimizer(metrics: Mapping[str, Values], higher_is_better: bool) -> str | None:
    """Return the name with the best mean, or the best median if lower is better: such values have no natural scale.

    One with a diverged seed has no mean and comes after all others. None if most seeds of every one diverged.
    """
    keys = {}
    for name, values in metrics.items():
        cost = costs(values, higher_is_better)
        middle, mean = float(quantiles(cost, (0.5,))[0]), float(cost.mean())
        if math.isfinite(middle):
            keys[name] = (mean, middle) if higher_is_better else (middle, mean)
    return min(keys, key=keys.__getitem__) if keys else None


def against_best(metrics: Mapping[str, Values], higher_is_better: bool) -> dict[str, float]:
    """Return the p-value of each optimizer against the best on the same seeds, with Holm's correction."""
    first = best_optimizer(metrics, higher_is_better)
    if first is None:
        return {}
    others = [name for name in metrics if name != first]
    p = [wilcoxon(metrics[name], metrics[first], higher_is_better=higher_is_better).p for name in others]
    return dict(zip(others, holm(p).tolist(), strict=True))


def _row(entry: OptimizerResult) -> SummaryRow:
    higher = entry.problem.higher_is_better
    there = np.array([run.result is not None for run in entry.final], bool) if entry.best else slice(None)
    metrics = entry.values("test_metric")
    finished = metrics[np.isfinite(metrics)].tolist()
    losses = entry.values("test_loss")
    statuses = [result.status for result in entry.results]
    low, middle, high = _quartiles(metrics[there], higher)
    interval = _interval(metrics, use_mean=higher)
    median_interval = _interval(metrics, use_mean=False)
    return SummaryRow(
        problem=entry.problem.name,
        optimizer=entry.name,
        best_setting=setting_text(entry.best.setting) if entry.best else None,
        best_lr=dict(entry.best.setting).get("lr") if entry.best else None,
        at_edge=bool(entry.edges),
        edges=", ".join(f"{name} {end}" for name, end in entry.edges.items()),
        metric_mean=fmean(finished) if finished else None,
        metric_std=stdev(finished) if len(finished) > 1 else None,
        metric_median=middle,
        metric_lower_quartile=low,
        metric_upper_quartile=high,
        interval_low=interval[0],
        interval_high=interval[1],
        median_interval_low=median_interval[0],
        median_interval_high=median_interval[1],
        is_best=False,
        p_against_best=None,
        loss_mean=fmean(losses[np.isfinite(losses)].tolist()) if np.isfinite(losses).any() else None,
        loss_median=_quartiles(losses[there], False)[1],
        epochs_to_target=_quartiles(entry.values("epochs_to_target")[there], False)[1],
        steps_to_target=_quartiles(entry.values("steps_to_target")[there], False)[1],
        seeds_finished=statuses.count("finished"),
        seeds_diverged=statuses.count("diverged"),
        seeds_failed=statuses.count("failed"),
        settings=len(entry.tried),
        settings_diverged=sum(math.isnan(t.score("validation_metric")) for t in entry.tried if t.complete),
        timing=_timings(entry, _quartiles(entry.values("seconds_to_target")[there], False)[1]),
    )


def _quartiles(values: Values, higher_is_better: bool) -> list[float | None]:
    """Lower quartile, median, upper quartile; None where a NaN, which is the worst value, takes part."""
    if not values.size:
        return [None] * 3
    found = quantiles(values, higher_is_better=higher_is_better)
    return [float(value) if math.isfinite(value) else None for value in found]


def _interval(metrics: Values, use_mean: bool) -> tuple[float, float] | tuple[None, None]:
    """The bootstrap interval of the mean or the median; none for a single seed or if a run did not finish."""
    if len(metrics) < 2 or diverged(metrics):
        return None, None
    return bootstrap_interval(metrics) if use_mean else bootstrap_interval(metrics, np.median, method="percentile")


def _timings(entry: OptimizerResult, seconds_to_target: float | None) -> SummaryTimings | None:
    timings = [result.timing for result in entry.results if result.timing]
    if not timings:
        return None
    return SummaryTimings(
        step_us=1e6 * median(timing.step for timing in timings),
        update_us=1e6 * median(timing.update for timing in timings),
        seconds_to_target=seconds_to_target,
        parallel=entry.parallel,
    )


def setting_text(setting: Setting) -> str:
    """Return, for example, "lr=0.1, beta1=0.9"."""
    return ", ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in setting)


# -- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A heading, the function that makes the text under it, and the alignment: left or right."""

    heading: str
    cell: Callable[[SummaryRow], str]
    align: Literal["l", "r"] = "r"


def columns(problem: ProblemSummary, rows: Sequence[SummaryRow]) -> list[Column]:
    """Return the columns for the rows of a problem."""
    lr_only = _lr_only(rows)
    target = f"{problem.target:g}"
    quartiles = [] if problem.higher_is_better else [Column("median [quartiles]", quartile_text)]
    loss = [Column("test loss", lambda row: number(row.loss_mean))] if problem.held_out else []
    return [
        Column("optimizer", lambda row: row.optimizer, "l"),
        Column("best lr", lr_text) if lr_only else Column("best setting", best_text, "l"),
        Column(problem.of_split(problem.metric, "test"), lambda row: mean_text(row, problem, lr_only)),
        *quartiles,
        Column("95 % interval", lambda row: interval_text(row, problem)),
        Column("p", lambda row: "best" if row.is_best else number(row.p_against_best)),
        *loss,
        Column(f"steps to {target}", lambda row: number(row.steps_to_target, 10)),
        Column(f"s to {target}", lambda row: number(row.timing.seconds_to_target if row.timing else None)),
        Column("µs/step", lambda row: time_text(row, "step_us", 0)),
        Column("update", lambda row: time_text(row, "update_us", 1)),
        Column("diverged", lambda row: f"{row.settings_diverged}/{row.settings}"),
    ]


def cells(shown: Sequence[Column], rows: Sequence[SummaryRow]) -> list[list[str]]:
    """Return the text of every row."""
    return [[column.cell(row) for column in shown] for row in rows]


def _lr_only(rows: Sequence[SummaryRow]) -> bool:
    """Whether the learning rate is the only hyperparameter that was searched, as far as is known."""
    texts = {setting_text((("lr", row.best_lr),)) if row.best_lr is not None else "" for row in rows}
    return {row.best_setting or "" for row in rows} <= texts


def lr_text(row: SummaryRow) -> str:
    """Return the best learning rate, with a star at an end of those tried."""
    return number(row.best_lr) + "*" * row.at_edge


def best_text(row: SummaryRow) -> str:
    """Return the best setting, and which hyperparameters are at an end of the values tried."""
    return (row.best_setting or "-") + f" * ({row.edges})" * row.at_edge


def mean_text(row: SummaryRow, problem: ProblemSummary, lr_only: bool) -> str:
    """Return mean ± standard deviation, and the number of finished seeds if some diverged or failed."""
    if row.settings_diverged == row.settings:
        return f"diverged at every {'lr' if lr_only else 'setting'}"
    seeds = row.seeds_finished + row.seeds_diverged + row.seeds_failed
    if row.metric_mean is None:
        return f"diverged, {seeds} of {seeds} seeds" if seeds else "-"
    spread = f" ± {score(row.metric_std, problem)}" if row.metric_std is not None else ""
    part = f" ({row.seeds_finished} of {seeds} seeds)" if row.seeds_finished < seeds else ""
    return score(row.metric_mean, problem) + spread + part


def quartile_text(row: SummaryRow) -> str:
    """Return median [lower, upper quartile]; "diverged" where a diverged run takes part."""
    if row.metric_mean is None:
        return "-"
    low, middle, high = (
        "diverged" if value is None else number(value)
        for value in (row.metric_lower_quartile, row.metric_median, row.metric_upper_quartile)
    )
    return f"{middle} [{low}, {high}]"


def interval_text(row: SummaryRow, problem: ProblemSummary) -> str:
    """Return [low, high], or a dash."""
    if row.interval_low is None:
        return "-"
    return f"[{score(row.interval_low, problem)}, {score(row.interval_high, problem)}]"


def time_text(row: SummaryRow, name: str, decimals: int) -> str:
    """Return a time with so many decimals, and a dagger if other runs shared the machine."""
    return f"{getattr(row.timing, name):.{decimals}f}" + " †" * row.timing.parallel if row.timing else "-"


def score(value: float | None, problem: ProblemSummary) -> str:
    """Return four decimals of a metric such as accuracy, three significant digits of a value without natural scale."""
    return f"{value:.4f}" if problem.higher_is_better else number(value)


def number(value: float | None, digits: int = 3) -> str:
    """Return so many significant digits, or a dash for None."""
    return "-" if value is None else f"{value:.{digits}g}"


def counted(count: int, noun: str) -> str:
    """Return, for example, "5 seeds"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def notes(problem: ProblemSummary, rows: Sequence[SummaryRow], final_seeds: int) -> list[str]:
    """Return explanations of the table, only those that apply to these rows."""
    seeds, tried = counted(final_seeds, "seed"), sorted({row.settings for row in rows})
    settings = counted(tried[-1], "learning rate" if _lr_only(rows) else "setting")
    if len(tried) > 1:
        settings = f"{tried[0]} to {settings}"
    chosen = ", chosen on the validation split" if problem.held_out else ""
    found = [f"Mean ± standard deviation over {seeds}, at the best of {settings}{chosen}."]
    if any(row.interval_low is not None for row in rows):
        what = "mean" if problem.higher_is_better else "median"
        found.append(f"95 % interval: of the {what}, by bootstrap; too narrow for a handful of seeds.")
    if tested := sum(row.p_against_best is not None for row in rows):
        least = min(1.0, tested * 2.0 ** (1 - final_seeds))
        found.append(
            "p: Wilcoxon's paired test against the best optimizer on the same seeds, with Holm's correction. "
            f"With {seeds} the smallest possible p is {least:.2g}; more seeds allow a smaller one."
        )
    found.append("steps to, s to: medians, seen at the ends of epochs; s = steps times the median time of a step.")
    found.append("µs/step: median time of a step: forward, backward and update; the update alone beside it.")
    if any(row.timing and row.timing.parallel for row in rows):
        found.append("† timed while other runs shared the machine: compare such times with each other only.")
    if any(row.at_edge for row in rows):
        found.append("* first or last of the values tried: a better one may lie outside them.")
    if any(row.settings_diverged for row in rows):
        found.append("diverged: settings at which a tuning run diverged; they are neither chosen nor averaged.")
    if any(row.seeds_failed for row in rows):
        found.append("Seeds that failed raised an exception.")
    return found


CLAIM_HEADINGS = ("claim", "found", "verdict")


def claim_cells(findings: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Return the text of a row for each claim."""
    return [(finding.claim, finding.found, finding.verdict) for finding in findings]
