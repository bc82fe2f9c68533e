"""What a sweep combines: a problem with a number of epochs, and an optimizer with a search space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...optim import Optimizer
from ...schedules import Schedule
from ...schedules.fields import PositiveInt
from ..errors import UsageError, checked, lookup, within
from ..problems import Problem
from .space import Space, space_of

Setting = tuple[tuple[str, Any], ...]
"""Values of the searched hyperparameters, as pairs (name, value)."""


@dataclass(frozen=True)
class ProblemConfig:
    """A problem, its name in tables and files, and how many epochs each run takes.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> ProblemConfig("booth", PROBLEMS["booth"](), epochs=2).steps
    200
    """

    name: str
    problem: Problem
    epochs: int

    def __post_init__(self) -> None:
        checked(f"problems.{self.name}", PositiveInt, epochs=self.epochs)

    @cached_property
    def steps(self) -> int:
        """The number of steps of a run."""
        return self.epochs * self.steps_per_epoch

    @cached_property
    def steps_per_epoch(self) -> int:
        """The number of batches of an epoch."""
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
class OptimizerConfig:
    """An optimizer, values or search spaces for its hyperparameters, and a schedule that multiplies its learning rate.

    Args:
        name: its name in tables and claims.
        optimizer: a registered name, or an unbound optimizer. If the optimizer's own lr is a schedule, it is
            multiplied by the searched lr.
        space: by hyperparameter: a value, a Uniform, LogUniform, Choice or Points, or a schedule or its configuration.
            Step counts in a configuration may be fractions of the run: {"class": "Cosine", ..., "steps": "90%"}.
        shape: the configuration of a schedule that multiplies the learning rate; None for a constant one.

    >>> from ravine.experiments.sweep import LogUniform
    >>> cosine = {"class": "Cosine", "start": 1.0, "end": 0.0, "steps": "90%"}
    >>> adam = OptimizerConfig("adam", "adam", {"lr": LogUniform(1e-4, 0.1), "beta2": 0.99}, shape=cosine)
    >>> adam.build((("lr", 0.01),), steps=1000).lr
    Cosine(1.0, 0.0, 900) * 0.01
    """

    name: str
    optimizer: str | Optimizer
    space: Mapping[str, Any]
    shape: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        spaces = {}
        if not isinstance(self.optimizer, Optimizer):
            with within(f"optimizers.{self.name}"):
                lookup("optimizer", self.optimizer, Optimizer.registry)
        for name, space in self.space.items():
            with within(f"optimizers.{self.name}.{name}"):
                spaces[name] = space_of(space)
        object.__setattr__(self, "space", spaces)

    @property
    def searched(self) -> dict[str, Space]:
        """The hyperparameters that are searched, with their spaces."""
        return {name: space for name, space in self.space.items() if isinstance(space, Space)}

    def build(self, setting: Setting, steps: int) -> Optimizer:
        """Return the optimizer at a setting, for runs of so many steps. Raises UsageError for an impossible setting."""
        values = {**self.space, **dict(setting)}
        with within(f"optimizers.{self.name}"):
            updates = max(1, steps // (values.get("accumulate") or 1))
            optimizer = self._with({name: scheduled(value, updates) for name, value in values.items()})
            if self.shape is None:
                return optimizer
            return optimizer.replace(lr=scheduled(self.shape, updates) * vars(optimizer)["lr"])

    def _with(self, values: dict[str, Any]) -> Optimizer:
        """The optimizer with these hyperparameters."""
        if isinstance(self.optimizer, str):
            cls: Any = Optimizer.registry[self.optimizer]
            made: Optimizer = cls(**values)
            return made
        lr = vars(self.optimizer)["lr"]
        if "lr" in values and isinstance(lr, Schedule):
            values["lr"] = lr * values["lr"]
        return self.optimizer.replace(**values)

    def check(self, steps: int) -> None:
        """Raise UsageError unless the optimizer can be built at both ends of every range and at every choice."""
        middle = {name: space.at(0.5) for name, space in self.searched.items()}
        for name, space in self.searched.items():
            for value in space.grid(points=2):
                self.build(tuple({**middle, name: value}.items()), steps)
        self.build(tuple(middle.items()), steps)


def scheduled(value: Any, steps: int) -> Any:
    """Return the schedule that a configuration describes for a run of so many steps; another value unchanged."""
    return Schedule.from_config(with_steps(value, steps)) if isinstance(value, Mapping) else value


def with_steps(config: Any, steps: int) -> Any:
    """Return a configuration with every "p%" replaced by that fraction of the steps, rounded, at least 1."""
    if isinstance(config, Mapping):
        return {name: with_steps(value, steps) for name, value in config.items()}
    if isinstance(config, list | tuple):
        return [with_steps(value, steps) for value in config]
    if isinstance(config, str) and config.endswith("%"):
        return max(1, round(steps * fraction(config)))
    return config


def fraction(text: str) -> float:
    """Return 0.5 for "50%". Raises UsageError for a text that is no positive percentage."""
    try:
        if 0 < (percent := float(text[:-1])) < math.inf:
            return percent / 100
    except ValueError:
        pass
    raise UsageError(f"A fraction of the run is written as in '50%'. Received: {text!r}.")
