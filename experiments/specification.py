"""What is to be run, as values: a Cell is one training run, a Comparison is all the cells of `ravine compare`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from ..optim import Optimizer
from ..schedules import Schedule
from .errors import UsageError
from .problems import Problem, problem_name
from .trial import Seeds, Trial

Phase = Literal["tuning", "final"]

HALF_DECADES = tuple(float(f"{10 ** (i / 2):.2g}") for i in range(-8, 3))  # 1e-4, 3.2e-4, ..., 10


def at_rate(optimizer: Optimizer, lr: float) -> Optimizer:
    """Return the optimizer at this learning rate: a number is replaced, a schedule is scaled."""
    shape = vars(optimizer)["lr"]
    return optimizer.replace(lr=shape * lr if isinstance(shape, Schedule) else lr)


def label(optimizer: Optimizer) -> str:
    """Return the registered name, or the source of what differs from the defaults; a constant rate isn't looked at."""
    cls: Any = type(optimizer)
    values = vars(optimizer)
    told = [f for f in fields(cls) if f.name != "lr" or isinstance(values["lr"], Schedule)]
    changed = [f"{f.name}={values[f.name]!r}" for f in told if values[f.name] != f.default]
    return f"{cls.__name__}({', '.join(changed)})" if changed else cls.__name__.lower()


@dataclass(frozen=True)
class Cell:
    """One run. Its result is a function of these fields alone."""

    problem: Problem
    optimizer: Optimizer  # to be put at_rate(lr)
    lr: float
    epochs: int
    seed: int
    phase: Phase  # only "final" looks at the test split

    @property
    def trial(self) -> Trial:
        """The run itself."""
        optimizer = at_rate(self.optimizer, self.lr)
        return Trial(self.problem, optimizer, self.epochs, Seeds.of(self.seed), tested=self.phase == "final")

    @property
    def key(self) -> dict[str, Any]:
        """What the result depends on."""
        return self.trial.key

    @property
    def digest(self) -> str:
        """The content address of the result."""
        return self.trial.digest


@dataclass(frozen=True)
class Comparison:
    """Every optimizer gets every rate of the grid on the tuning seeds, then its best one on the final seeds."""

    problem: Problem
    optimizers: tuple[Optimizer, ...]
    epochs: int
    seeds: int = 5
    lrs: tuple[float, ...] = HALF_DECADES
    tuning_seeds: int = 2

    def __post_init__(self) -> None:
        for name in ("epochs", "seeds", "tuning_seeds"):
            count = getattr(self, name)
            if not isinstance(count, int) or isinstance(count, bool) or count < 1:
                raise UsageError(f"compare: {name} must be a whole number >= 1. Received: {name}={count!r}.")
        for lr in self.lrs:
            if not (isinstance(lr, int | float) and math.isfinite(lr) and lr > 0):
                raise UsageError(f"compare: learning rates must be positive and finite. Received: {lr!r}.")
        if not self.lrs or list(self.lrs) != sorted(set(self.lrs)):
            raise UsageError(f"compare: learning rates must increase, at least one. Received: {list(self.lrs)}.")
        if not self.optimizers:
            raise UsageError("compare: no optimizer to compare. Name at least one, e.g. optimizers=['adam'].")
        for optimizer in self.optimizers:
            try:
                optimizer.to_config()
            except (TypeError, ValueError) as error:  # a schedule made with a lambda
                raise UsageError(f"compare: results are named by what made them. {error}") from error
        labels = [label(optimizer) for optimizer in self.optimizers]
        if twice := {name for name in labels if labels.count(name) > 1}:
            raise UsageError(
                f"compare: listed twice: {', '.join(sorted(twice))}. The grid replaces lr, so the rest must differ."
            )

    @property
    def name(self) -> str:
        """The problem's name."""
        return problem_name(type(self.problem))

    @property
    def tuning_range(self) -> range:
        """The seeds of the search."""
        return range(self.tuning_seeds)

    @property
    def final_range(self) -> range:
        """The seeds of the final runs: the next ones, so that no run is judged on a seed it was tuned on."""
        return range(self.tuning_seeds, self.tuning_seeds + self.seeds)

    def tuning(self) -> list[Cell]:
        """Return the cells of the search; optimizers vary fastest: workers start by compiling different kernels."""
        return [
            Cell(self.problem, optimizer, lr, self.epochs, seed, "tuning")
            for lr in self.lrs
            for seed in self.tuning_range
            for optimizer in self.optimizers
        ]

    def final(self, best: Mapping[str, float | None]) -> list[Cell]:
        """Return the cells to be measured, at the best rate of each label; None (every rate diverged) gives none."""
        rates = [(optimizer, best[label(optimizer)]) for optimizer in self.optimizers]
        return [
            Cell(self.problem, optimizer, lr, self.epochs, seed, "final")
            for seed in self.final_range
            for optimizer, lr in rates
            if lr is not None
        ]
