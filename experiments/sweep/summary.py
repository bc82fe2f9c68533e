"""The final runs in numbers: a row for each entry. Divergence is counted, and the worst value; it is never averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from ..statistics import bootstrap_interval, quantiles
from .claims import TO_TARGET
from .results import Entry

__all__ = ["Row", "summarised", "told"]


@dataclass(frozen=True)
class Row:
    """An entry at its best setting; infinite where a diverged run takes part, None where there is nothing to state."""

    problem: str
    optimizer: str
    setting: str  # the best one
    edges: str  # at which ends of its ranges it lies
    median: float | None  # of the test metric
    lower_quartile: float | None
    upper_quartile: float | None
    interval_low: float | None  # of the median: bootstrap, level 0.95; None if a run diverged
    interval_high: float | None
    median_loss: float | None  # on the test split
    epochs_to_target: float | None  # medians, as seen at the ends of epochs
    steps_to_target: float | None
    seconds_to_target: float | None  # those steps at the median time of each run's, scores left out
    runs: int
    runs_diverged: int
    runs_failed: int
    settings: int
    settings_diverged: int  # on a seed or more; failures too
    microseconds: float | None  # median over the runs of the median time of a step
    timed_in_parallel: bool


def summarised(entries: Sequence[Entry]) -> list[Row]:
    """Return the row of each entry."""
    return [_row(entry) for entry in entries]


def _row(entry: Entry) -> Row:
    records = [record for record in entry.final if record is not None]
    outcomes = [record.outcome for record in records if record.outcome is not None]
    higher = entry.task.problem.higher_is_better
    low, middle, high = _quartiles(entry, "test_metric", higher)
    interval = _interval(entry)
    return Row(
        problem=entry.task.name,
        optimizer=entry.name,
        setting=told(entry.best.setting) if entry.best else "",
        edges=", ".join(f"{name} {end}" for name, end in entry.edges.items()),
        median=middle,
        lower_quartile=low,
        upper_quartile=high,
        interval_low=interval[0],
        interval_high=interval[1],
        median_loss=_quartiles(entry, "test_loss", False)[1],
        **{name: _finite(_quartiles(entry, name, False)[1]) for name in TO_TARGET},
        runs=len(records),
        runs_diverged=sum(record.status == "diverged" for record in records),
        runs_failed=sum(record.status == "failed" for record in records),
        settings=len(entry.tried),
        settings_diverged=sum(not math.isfinite(t.score("validation_metric")) for t in entry.tried if t.complete),
        microseconds=1e6 * median(outcome.timing.step for outcome in outcomes) if outcomes else None,
        timed_in_parallel=entry.timed_in_parallel,
    )


def _quartiles(entry: Entry, quantity: str, higher_is_better: bool) -> list[float | None]:
    """Return quartiles and median of the final runs that are there, a run that did not finish being the worst."""
    values = entry.values(quantity)[[record is not None for record in entry.final]]
    if not values.size:
        return [None] * 3
    found: list[float | None] = quantiles(values, higher_is_better=higher_is_better).tolist()
    return found


def _interval(entry: Entry) -> tuple[float, float] | tuple[None, None]:
    values = entry.values("test_metric")
    if len(values) < 2 or not np.isfinite(values).all():
        return None, None
    return bootstrap_interval(values, np.median, method="percentile")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def told(setting: Sequence[tuple[str, Any]]) -> str:
    """Return e.g. "lr=0.1, beta1=0.9"."""
    return ", ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in setting)
