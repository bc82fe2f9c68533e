"""What is to be run, as values: a Cell is one training run, a Comparison is all the cells of `glissade compare`."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from ..optim import Optimizer, rules
from ..schedules import Schedule
from .errors import UsageError
from .problems import Problem, problem_name

Phase = Literal["tuning", "final"]

HALF_DECADES = tuple(float(f"{10 ** (i / 2):.2g}") for i in range(-8, 3))  # 1e-4, 3.2e-4, ..., 10


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256(text: str) -> str:
    """Return the digest of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def source_digest(cls: type) -> str:
    """Return the digest of a class's source and its bases', of our own rules' modules: they may call what stands there.

    Once a rule is edited, its results aren't reused.
    """
    bases = [base for base in cls.__mro__ if base.__module__ not in ("abc", "builtins")]
    ours = f"{rules.__name__}."
    try:
        sources: list[Any] = [sys.modules[b.__module__] if b.__module__.startswith(ours) else b for b in bases]
        return sha256("".join(map(inspect.getsource, sources)))
    except (OSError, TypeError) as error:
        raise UsageError(f"compare: {cls.__name__} has no source file, which names its results. Write one.") from error


@cache
def engine_digest() -> str:
    """Return the digest of the code that every run goes through; rules and problems have a `source_digest` each."""
    package = Path(__file__).parents[1]
    folders = [package / name for name in ("autograd", "kernels", "optim", "schedules")]
    own = {Path(inspect.getfile(getattr(rules, name))) for name in rules.__all__}
    files = [file for folder in folders for file in sorted(folder.rglob("*.py")) if file not in own]
    files += [package / "experiments" / name for name in ("datasets.py", "training.py")]
    return sha256("".join(file.read_text(encoding="utf-8") for file in files))


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
    def key(self) -> dict[str, Any]:
        """What the result depends on: the fields, and the code they name."""
        classes: list[type] = [type(self.problem), type(self.optimizer)]
        return {
            "problem": repr(self.problem),
            "optimizer": repr(at_rate(self.optimizer, self.lr)),
            "epochs": self.epochs,
            "seed": self.seed,
            "phase": self.phase,
            "sources": [engine_digest(), *(source_digest(cls) for cls in classes)],
            "version": version("glissade"),
        }

    @property
    def digest(self) -> str:
        """The content address of the result."""
        return sha256(canonical(self.key))


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
