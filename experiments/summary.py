"""What a comparison found: which rate is best, and what the runs at it gave. Divergence is counted, never averaged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev

import numpy as np
from numpy.typing import NDArray

from .outcome import Outcome
from .runs import Description, Run
from .statistics import bootstrap_interval, costs, diverged, holm, quantiles, steps_to_target, wilcoxon

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """One optimizer at one rate: means over the tuning seeds at the last epoch; None if any seed diverged."""

    lr: float
    loss: float | None
    metric: float | None

    @property
    def diverged(self) -> bool:
        """Whether any seed did."""
        return self.metric is None


@dataclass(frozen=True)
class Timings:
    """Medians over the final seeds; `parallel`: other runs shared the machine."""

    step_us: float  # microseconds
    update_us: float
    seconds_to_target: float | None  # of each seed, its steps to the target at their median time, scores left out
    parallel: bool


@dataclass(frozen=True)
class Row:
    """One optimizer, at its best rate, over the final seeds that finished; None where there is nothing to state."""

    optimizer: str
    best_lr: float | None  # None: every rate diverged
    at_edge: bool  # the best rate is the grid's first or last: a better one may lie outside
    metric_mean: float | None
    metric_std: float | None  # over seeds, n - 1; None for a single seed
    metric_median: float | None  # diverged seeds are the worst; None where one takes part, here and in the quartiles
    metric_lower_quartile: float | None
    metric_upper_quartile: float | None
    interval_low: float | None  # bootstrap, level 0.95: of the mean if higher is better, of the median if not
    interval_high: float | None  # None if a seed diverged
    is_best: bool
    p_against_best: float | None  # Wilcoxon's paired test, Holm's correction; None for the best itself
    loss_mean: float | None
    steps_to_target: float | None  # median over seeds, seen at the ends of epochs; None if most don't reach it
    seeds_finished: int
    seeds_diverged: int
    settings_diverged: int  # of the grid
    timing: Timings | None


def settings(runs: Iterable[Run]) -> list[Setting]:
    """Return one optimizer's tuning runs, seed by seed put together, by increasing rate."""
    by_lr: dict[float, list[Outcome]] = {}
    for run in runs:
        by_lr.setdefault(run.lr, []).append(run.outcome)
    return [_setting(lr, outcomes) for lr, outcomes in sorted(by_lr.items())]


def _setting(lr: float, outcomes: Sequence[Outcome]) -> Setting:
    if any(outcome.status == "diverged" for outcome in outcomes):
        return Setting(lr, None, None)
    loss = fmean(outcome.validation_loss[-1] for outcome in outcomes)
    return Setting(lr, loss, fmean(outcome.validation_metric[-1] for outcome in outcomes))


def best(candidates: Iterable[Setting], higher_is_better: bool) -> Setting | None:
    """Return the setting with the best mean validation metric; of equals, the lower loss, then the lower rate."""
    sign = -1 if higher_is_better else 1
    ranked = [((sign * s.metric, s.loss, s.lr), s) for s in candidates if s.metric is not None]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def final_metrics(description: Description, runs: Sequence[Run]) -> dict[str, Array]:
    """Return the test metric of each optimizer on each final seed; NaN where it diverged, also if at every rate."""
    found = {name: np.full(len(description.final_seeds), np.nan) for name in description.optimizers}
    for run in runs:
        if run.phase == "final" and run.outcome.test_metric is not None:
            found[run.optimizer][description.final_seeds.index(run.seed)] = run.outcome.test_metric
    return found


def steps_to_reach(description: Description, runs: Sequence[Run]) -> dict[str, Array]:
    """Return the steps of each optimizer to the target, on the validation split, on each final seed; else infinity."""
    found = {name: np.full(len(description.final_seeds), np.inf) for name in description.optimizers}
    for run in runs:
        if run.phase == "final" and run.outcome.status == "finished":
            curve = run.outcome.validation_metric
            epochs = steps_to_target(curve, description.target, higher_is_better=description.higher_is_better)
            found[run.optimizer][description.final_seeds.index(run.seed)] = epochs * description.steps_per_epoch
    return found


def seconds_to_reach(description: Description, runs: Sequence[Run]) -> dict[str, Array]:
    """Return the seconds that those steps take, at the median time of each run's steps."""
    found = steps_to_reach(description, runs)
    for run in runs:
        if run.phase == "final":
            found[run.optimizer][description.final_seeds.index(run.seed)] *= run.outcome.timing.step
    return found


def best_optimizer(metrics: Mapping[str, Array], higher_is_better: bool) -> str | None:
    """Return the one with the best mean, or median if values have no natural scale; None if there is none.

    With a diverged seed there is no mean: such a one comes after all others. Most seeds must have finished.
    """
    keys = {}
    for name, found in metrics.items():
        cost = costs(found, higher_is_better)
        middle, mean = float(quantiles(cost, (0.5,))[0]), float(cost.mean())
        if math.isfinite(middle):
            keys[name] = (mean, middle) if higher_is_better else (middle, mean)
    return min(keys, key=keys.__getitem__) if keys else None


def against_best(metrics: Mapping[str, Array], higher_is_better: bool) -> dict[str, float]:
    """Return p of each optimizer against the best on the same seeds, adjusted for their number."""
    best_one = best_optimizer(metrics, higher_is_better)
    if best_one is None:
        return {}
    others = [name for name in metrics if name != best_one]
    found = [wilcoxon(metrics[name], metrics[best_one], higher_is_better=higher_is_better).p for name in others]
    return dict(zip(others, holm(found).tolist(), strict=True))


def summarise(description: Description, runs: Sequence[Run]) -> list[Row]:
    """Return a row for each optimizer, in the order asked for."""
    metrics, steps = final_metrics(description, runs), steps_to_reach(description, runs)
    seconds = seconds_to_reach(description, runs)
    ran = {run.optimizer for run in runs if run.phase == "final"}
    compared = {name: found for name, found in metrics.items() if name in ran}
    best_one = best_optimizer(compared, description.higher_is_better)
    p = against_best(compared, description.higher_is_better)
    rows = []
    for name in description.optimizers:
        own = [run for run in runs if run.optimizer == name]
        row = _row(description, own, name, metrics[name], steps[name], seconds[name])
        rows.append(replace(row, is_best=name == best_one, p_against_best=p.get(name)))
    return rows


def _row(
    description: Description, runs: Sequence[Run], optimizer: str, metrics: Array, steps: Array, seconds: Array
) -> Row:
    """What the optimizer's own runs say."""
    grid = settings(run for run in runs if run.phase == "tuning")
    chosen = best(grid, description.higher_is_better)
    outcomes = [run.outcome for run in runs if run.phase == "final"]
    finished = metrics[np.isfinite(metrics)].tolist()
    losses = [outcome.test_loss for outcome in outcomes if outcome.test_loss is not None]
    low, middle, high = map(_finite, quantiles(metrics, higher_is_better=description.higher_is_better))
    interval = _interval(metrics, description.higher_is_better)
    return Row(
        optimizer=optimizer,
        best_lr=chosen.lr if chosen else None,
        at_edge=len(grid) > 1 and chosen in (grid[0], grid[-1]),
        metric_mean=fmean(finished) if finished else None,
        metric_std=stdev(finished) if len(finished) > 1 else None,
        metric_median=middle,
        metric_lower_quartile=low,
        metric_upper_quartile=high,
        interval_low=interval[0],
        interval_high=interval[1],
        is_best=False,
        p_against_best=None,
        loss_mean=fmean(losses) if losses else None,
        steps_to_target=_middle(steps),
        seeds_finished=len(finished),
        seeds_diverged=len(outcomes) - len(finished),
        settings_diverged=sum(setting.diverged for setting in grid),
        timing=_timings(outcomes, seconds) if outcomes else None,
    )


def _middle(costs: Array) -> float | None:
    """The median; None if it is not reached."""
    return _finite(quantiles(costs, (0.5,))[0])


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _interval(metrics: Array, higher_is_better: bool) -> tuple[float, float] | tuple[None, None]:
    """Of the mean, or of the median if values have no natural scale; of a single seed, or if one diverged, none."""
    if len(metrics) < 2 or diverged(metrics):
        return None, None
    if higher_is_better:
        return bootstrap_interval(metrics)
    return bootstrap_interval(metrics, np.median, method="percentile")


def _timings(outcomes: Sequence[Outcome], seconds: Array) -> Timings:
    return Timings(
        step_us=1e6 * median(outcome.timing.step for outcome in outcomes),
        update_us=1e6 * median(outcome.timing.update for outcome in outcomes),
        seconds_to_target=_middle(seconds),
        parallel=any(outcome.timing.parallel for outcome in outcomes),
    )
