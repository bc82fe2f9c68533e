"""The runs of a sweep with their results, by problem, optimizer and setting, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..statistics import steps_to_target
from ..trial import Seeds, Trial, TrialResult
from .claims import ENDS
from .configuration import ProblemConfig, Setting
from .specification import Phase

Values = NDArray[np.float64]

SCORES = ("train_loss", "validation_loss", "validation_metric")
"""The curves that begin before training, at epoch 0."""


@dataclass(frozen=True)
class ProblemSummary:
    """A problem as tables and figures need it."""

    name: str
    source: str  # repr of the problem
    metric: str
    higher_is_better: bool
    held_out: bool  # whether the splits hold different data
    target: float
    epochs: int
    steps_per_epoch: int

    @classmethod
    def of(cls, config: ProblemConfig) -> ProblemSummary:
        """Return the summary of a problem of a sweep."""
        problem = config.problem
        return cls(
            name=config.name,
            source=repr(problem),
            metric=problem.metric,
            higher_is_better=problem.higher_is_better,
            held_out=problem.held_out,
            target=problem.target,
            epochs=config.epochs,
            steps_per_epoch=config.steps_per_epoch,
        )

    def of_split(self, quantity: str, split: str) -> str:
        """Return, for example, "test accuracy"; the quantity alone if all splits hold the same data."""
        return f"{split} {quantity}" if self.held_out else quantity


@dataclass(frozen=True)
class Run:
    """One training run that a sweep asks for, and its result if there is one."""

    problem: str
    optimizer: str
    phase: Phase
    setting: Setting
    seed: int  # the number of the run; streams that are not fixed have this seed
    seeds: Seeds
    digest: str
    result: TrialResult | None
    trial: Trial | None = field(default=None, compare=False, repr=False)  # None in results that were loaded

    @property
    def lr(self) -> Any:
        """The learning rate, if it was searched, else None."""
        return dict(self.setting).get("lr")

    @property
    def finished(self) -> bool:
        """Whether there is a result, of a run that did not diverge or fail."""
        return self.result is not None and self.result.status == "finished"

    def end(self, quantity: str) -> float:
        """Return a quantity at the end of the run; NaN if it did not finish or has no such quantity."""
        value = getattr(self.result, quantity) if self.finished else None
        return float("nan") if value is None else float(value[-1] if isinstance(value, tuple) else value)


@dataclass(frozen=True)
class ConfigurationResult:
    """A setting and its tuning runs."""

    setting: Setting
    runs: tuple[Run, ...]

    @property
    def complete(self) -> bool:
        """Whether every run has a result."""
        return all(run.result is not None for run in self.runs)

    def score(self, quantity: str) -> float:
        """Return the mean of "validation_metric" or "validation_loss" over the runs; NaN if one did not finish."""
        return fmean(run.end(quantity) for run in self.runs)


@dataclass(frozen=True)
class OptimizerResult:
    """An optimizer on a problem: every setting tried, the best one, and its final runs.

    With a budget (the number of settings tried), it has a name such as "adam (25 tried)".
    """

    problem: ProblemSummary
    name: str
    optimizer: str  # the name without the budget
    budget: int | None  # None for a grid
    tried: tuple[ConfigurationResult, ...]
    best: ConfigurationResult | None  # None while tuning runs are missing, or if no setting finished on every seed
    edges: Mapping[str, str]  # hyperparameters whose best value is the "low" or "high" end of those tried
    scales: Mapping[str, str]  # by hyperparameter that has a range: "log" or "linear"
    final: tuple[Run, ...]  # of the best setting
    final_seeds: int  # how many runs the best setting gets

    @property
    def tuned(self) -> bool:
        """Whether every tuning run has a result."""
        return all(result.complete for result in self.tried)

    @property
    def complete(self) -> bool:
        """Whether every tuning run and every final run has a result."""
        return self.tuned and all(run.result is not None for run in self.final)

    @property
    def runs(self) -> list[Run]:
        """Every run that is known to be needed: tuning runs, then final runs."""
        return [*chain.from_iterable(result.runs for result in self.tried), *self.final]

    @property
    def results(self) -> list[TrialResult]:
        """The results of the final runs that there are."""
        return [run.result for run in self.final if run.result is not None]

    @property
    def parallel(self) -> bool:
        """Whether a final run shared the machine with other runs."""
        return any(result.timing.parallel for result in self.results if result.timing)

    def values(self, quantity: str) -> Values:
        """Return a quantity at the end of every final run, shape (final_seeds,); NaN where there is none.

        Times to the target (epochs_, steps_ or seconds_to_target) are NaN where a run did not reach it. Seconds are
        steps times the median time of a step; scoring is left out.
        """
        if self.best is None:
            return np.full(self.final_seeds, np.nan)
        if quantity in ENDS:
            return np.array([run.end(quantity) for run in self.final])
        epochs = self._epochs_to_target()
        if quantity == "epochs_to_target":
            return epochs
        steps = epochs * self.problem.steps_per_epoch
        return steps * self._step_seconds() if quantity == "seconds_to_target" else steps

    def curves(self, name: str) -> Values:
        """Return a curve of every final run, shape (runs, points); NaN for a run that did not finish.

        The curve is train_loss, validation_loss or validation_metric, with epochs + 1 points, or a measure, with one
        point for each epoch.
        """
        points = self.problem.epochs + (name in SCORES)
        curves = np.full((len(self.results), points), np.nan)
        for row, result in zip(curves, self.results, strict=True):
            if result.status == "finished":
                row[:] = getattr(result, name) if name in SCORES else result.measured[name]
        return curves

    def _epochs_to_target(self) -> Values:
        """The first epoch at which the validation metric of each final run reaches the problem's target."""
        curves = np.full((len(self.final), self.problem.epochs + 1), np.nan)
        for row, run in zip(curves, self.final, strict=True):
            if run.finished and run.result:
                row[:] = run.result.validation_metric
        higher = self.problem.higher_is_better
        epochs: Values = steps_to_target(curves, self.problem.target, higher_is_better=higher)
        return np.where(np.isfinite(epochs), epochs, np.nan)

    def _step_seconds(self) -> Values:
        timings = [run.result.timing if run.result else None for run in self.final]
        return np.array([timing.step if timing else np.nan for timing in timings])


def best(tried: Sequence[ConfigurationResult], higher_is_better: bool) -> ConfigurationResult | None:
    """Return the setting with the best mean validation metric; of equals, the lower loss, then the first.

    Settings that diverged or failed on a seed are left out; None if no other is left.
    """
    sign = -1 if higher_is_better else 1
    scores = [(sign * t.score("validation_metric"), t.score("validation_loss"), i) for i, t in enumerate(tried)]
    finite = [score for score in scores if np.isfinite(score[:2]).all()]
    return tried[min(finite)[2]] if finite else None
