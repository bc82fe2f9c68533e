"""Who takes part: a Task is a problem and the length of its runs, a Contender an optimizer with its search space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...optim import Optimizer
from ...schedules import Schedule
from ..errors import UsageError, lookup
from ..problems import Problem
from .entries import within
from .space import Choice, Uniform, space_of

__all__ = ["Contender", "Setting", "Task"]

Setting = tuple[tuple[str, Any], ...]
"""Values of the hyperparameters that are searched, by name."""


@dataclass(frozen=True)
class Task:
    """A problem, what it is called, and how many epochs a run of it takes.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> Task("booth", PROBLEMS["booth"](), epochs=2).steps
    200
    """

    name: str
    problem: Problem
    epochs: int

    def __post_init__(self) -> None:
        if not isinstance(self.epochs, int) or isinstance(self.epochs, bool) or self.epochs < 1:
            raise UsageError(f"problems.{self.name}: epochs must be a whole number >= 1. Received: {self.epochs!r}.")

    @cached_property
    def steps(self) -> int:
        """The number of steps of a run."""
        return self.epochs * self.steps_per_epoch

    @cached_property
    def steps_per_epoch(self) -> int:
        """The number of batches."""
        return sum(1 for _ in self.problem.batches(0, 0))

    def check(self) -> None:
        """Raise UsageError unless the problem has a model and batches: its fields may have impossible values."""
        try:
            self.problem.model(0)
            if self.steps_per_epoch:
                return
        except (ArithmeticError, TypeError, ValueError) as error:
            raise UsageError(f"problems.{self.name}: {self.problem!r} can't be run: {error}") from error
        raise UsageError(f"problems.{self.name}: {self.problem!r} has no batches.")


@dataclass(frozen=True)
class Contender:
    """An optimizer, a value or a search space for its hyperparameters, and a shape that multiplies its learning rate.

    Args:
        name: what it is called.
        optimizer: its registered name.
        space: by hyperparameter: a value, a Uniform, LogUniform or Choice, or a schedule or its configuration. Counts
            of steps in a configuration may be shares of the run: {"class": "Cosine", ..., "steps": "90%"}.
        shape: a schedule's configuration; None leaves the learning rate alone.

    >>> from ravine.experiments.sweep import LogUniform
    >>> cosine = {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "90%"}
    >>> adam = Contender("adam", "adam", {"lr": LogUniform(1e-4, 0.1), "beta2": 0.99}, shape=cosine)
    >>> adam.build((("lr", 0.01),), steps=1000).lr
    Cosine(1.0, 0.0, 900) * 0.01
    """

    name: str
    optimizer: str
    space: Mapping[str, Any]
    shape: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        spaces = {}
        with within(f"optimizers.{self.name}"):
            lookup("optimizer", self.optimizer, Optimizer.registry)
        for name, space in self.space.items():
            with within(f"optimizers.{self.name}.{name}"):
                spaces[name] = space_of(space)
        object.__setattr__(self, "space", spaces)

    @property
    def searched(self) -> dict[str, Uniform | Choice]:
        """The hyperparameters that are searched."""
        return {name: space for name, space in self.space.items() if isinstance(space, Uniform | Choice)}

    def build(self, setting: Setting, steps: int) -> Optimizer:
        """Return the optimizer at a setting, for runs of so many steps. Raises UsageError if there is no such one."""
        cls: Any = Optimizer.registry[self.optimizer]
        values = {**self.space, **dict(setting)}
        try:
            updates = max(1, steps // (values.get("accumulate") or 1))
            optimizer: Optimizer = cls(**{name: scheduled(value, updates) for name, value in values.items()})
            if self.shape is None:
                return optimizer
            return optimizer.replace(lr=scheduled(self.shape, updates) * vars(optimizer)["lr"])
        except (TypeError, ValueError) as error:
            raise UsageError(f"optimizers.{self.name}: {error}") from error

    def check(self, steps: int) -> None:
        """Raise UsageError unless the optimizer can be built at both ends of every range and at every choice."""
        middle = {name: space.at(0.5) for name, space in self.searched.items()}
        for name, space in self.searched.items():
            for value in space.grid(2) if isinstance(space, Uniform) else space.values:
                self.build(tuple({**middle, name: value}.items()), steps)
        self.build(tuple(middle.items()), steps)


def scheduled(value: Any, steps: int) -> Any:
    """Return a configuration's schedule, shares of the run being so many of its steps; another value as it is."""
    return Schedule.from_config(counted(value, steps)) if isinstance(value, Mapping) else value


def counted(config: Any, steps: int) -> Any:
    """Return a configuration with every "p%" as a whole number of steps, at least 1."""
    if isinstance(config, Mapping):
        return {name: counted(value, steps) for name, value in config.items()}
    if isinstance(config, list | tuple):
        return [counted(value, steps) for value in config]
    if isinstance(config, str) and config.endswith("%"):
        return max(1, round(steps * share(config)))
    return config


def share(text: str) -> float:
    """Return 0.5 for "50%". Raises UsageError if the text is no such share."""
    try:
        if 0 < (percent := float(text[:-1])) < math.inf:
            return percent / 100
    except ValueError:
        pass
    raise UsageError(f"A share of the run is written as in '50%'. Received: {text!r}.")
