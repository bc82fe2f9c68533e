"""Statistics: which rate is best, and what the runs at it gave. Divergence is counted, never averaged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from .outcome import Outcome
from .runs import Description, Run


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
    """Medians over the final seeds, in microseconds; `parallel`: other runs shared the machine."""

    step_us: float
    update_us: float
    parallel: bool


@dataclass(frozen=True)
class Row:
    """One optimizer, at its best rate, over the final seeds that finished; None where there is nothing to state."""

    optimizer: str
    best_lr: float | None  # None: every rate diverged
    at_edge: bool  # the best rate is the grid's first or last: a better one may lie outside
    metric_mean: float | None
    metric_std: float | None  # over seeds, n - 1; None for a single seed
    loss_mean: float | None
    epochs_to_target: float | None  # median over seeds; None if most don't reach it
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


def epochs_to_target(outcome: Outcome, description: Description) -> float:
    """Return the first epoch whose validation metric reaches the target; infinity if none does."""
    sign = 1 if description.higher_is_better else -1
    reached = [sign * metric >= sign * description.target for metric in outcome.validation_metric]
    return reached.index(True) if True in reached else math.inf


def summarise(description: Description, runs: Sequence[Run]) -> list[Row]:
    """Return a row for each optimizer, in the order asked for."""
    return [_row(description, [run for run in runs if run.optimizer == name], name) for name in description.optimizers]


def _row(description: Description, runs: Sequence[Run], optimizer: str) -> Row:
    grid = settings(run for run in runs if run.phase == "tuning")
    chosen = best(grid, description.higher_is_better)
    outcomes = [run.outcome for run in runs if run.phase == "final"]
    finished = [outcome for outcome in outcomes if outcome.status == "finished"]
    metrics = [outcome.test_metric for outcome in finished if outcome.test_metric is not None]
    losses = [outcome.test_loss for outcome in finished if outcome.test_loss is not None]
    reached = median(epochs_to_target(outcome, description) for outcome in finished) if finished else math.inf
    return Row(
        optimizer=optimizer,
        best_lr=chosen.lr if chosen else None,
        at_edge=len(grid) > 1 and chosen in (grid[0], grid[-1]),
        metric_mean=fmean(metrics) if metrics else None,
        metric_std=stdev(metrics) if len(metrics) > 1 else None,
        loss_mean=fmean(losses) if losses else None,
        epochs_to_target=reached if math.isfinite(reached) else None,
        seeds_finished=len(finished),
        seeds_diverged=len(outcomes) - len(finished),
        settings_diverged=sum(setting.diverged for setting in grid),
        timing=_timings(outcomes) if outcomes else None,
    )


def _timings(outcomes: Sequence[Outcome]) -> Timings:
    return Timings(
        step_us=1e6 * median(outcome.timing.step for outcome in outcomes),
        update_us=1e6 * median(outcome.timing.update for outcome in outcomes),
        parallel=any(outcome.timing.parallel for outcome in outcomes),
    )
