"""Search spaces: what one hyperparameter may be tried at. Sorted in order of increasing complexity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...schedules import Schedule
from ..errors import UsageError

__all__ = ["Choice", "LogUniform", "Uniform", "space_config", "space_of"]

DIGITS = 6
"""What is computed from the ends of a range is rounded to so many significant digits, which tables can show in full."""


def rounded(value: float) -> float:
    """Return a value with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")


@dataclass(frozen=True)
class Choice:
    """One of some values: numbers, words, switches.

    >>> Choice(("max", "min")).grid(points=7)
    ['max', 'min']
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise UsageError("choice: at least one value is needed. Received: none.")
        if any(value in self.values[:i] for i, value in enumerate(self.values)):
            raise UsageError(f"choice: values must differ. Received: {list(self.values)}.")

    def at(self, u: float) -> Any:
        """Return the value at u in [0, 1)."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]

    def grid(self, points: int) -> list[Any]:
        """Return all values, whatever the number of points."""
        return list(self.values)


@dataclass(frozen=True)
class Uniform:
    """From `low` to `high`, evenly; `points` of it in a grid, where that is not the grid's own number.

    >>> Uniform(0.0, 1.0).grid(points=5)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """

    low: float
    high: float
    points: int | None = None

    def __post_init__(self) -> None:
        numbers = all(isinstance(end, int | float) and math.isfinite(end) for end in (self.low, self.high))
        if not numbers or not self.low < self.high:
            raise UsageError(f"A range goes from a number up to a greater one. Received: {self.low!r}, {self.high!r}.")
        points = self.points
        if points is not None and (not isinstance(points, int) or isinstance(points, bool) or points < 2):
            raise UsageError(f"A range's points must be a whole number >= 2: both ends. Received: points={points!r}.")

    def between(self, u: float) -> float:
        """Return the point that is the share u of the way up, which may be below 0 or above 1."""
        return self.low + (self.high - self.low) * u

    def at(self, u: float) -> float:
        """Return the value at u in [0, 1]; the ends are exact."""
        return float(self.low) if u == 0 else float(self.high) if u == 1 else rounded(self.between(u))

    def grid(self, points: int) -> list[float]:
        """Return both ends and what is evenly between them."""
        return [self.at(i / self.spaces(points)) for i in range(self.spaces(points) + 1)]

    def spaces(self, points: int) -> int:
        """Return the number of intervals of a grid."""
        return (self.points or points) - 1

    def beyond(self, points: int, i: int) -> float:
        """Return the i-th point of the grid continued: -1 is the one below the range."""
        return rounded(self.between(i / self.spaces(points)))


@dataclass(frozen=True)
class LogUniform(Uniform):
    """From `low` > 0 to `high`, evenly in the logarithm.

    >>> LogUniform(1e-4, 1.0).grid(points=5)
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise UsageError(f"A logarithmic range needs low > 0. Received: {self.low!r}, {self.high!r}.")

    def between(self, u: float) -> float:
        """Return the point that is the share u of the way up, in the logarithm."""
        return math.exp(math.log(self.low) + math.log(self.high / self.low) * u)


KINDS: dict[str, type[Uniform]] = {"log": LogUniform, "uniform": Uniform}


def space_of(config: Any) -> Any:
    """Return what a configuration stands for.

    {"log": [low, high]} and {"uniform": [low, high]}, both with "points" if wanted; {"choice": [...]}; a schedule's
    configuration, {"class": ...}, or a plain value stand for themselves. A Schedule becomes its configuration.
    """
    if isinstance(config, Schedule):
        return config.to_config()
    if not isinstance(config, Mapping) or "class" in config:
        return config
    kind = next(iter(config), None)
    if kind == "choice" and set(config) == {"choice"} and isinstance(config["choice"], list | tuple):
        return Choice(tuple(config["choice"]))
    ends = config.get(kind)
    if kind in KINDS and set(config) <= {kind, "points"} and isinstance(ends, list | tuple) and len(ends) == 2:
        low, high = ends
        return KINDS[kind](low, high, config.get("points"))
    raise UsageError(
        f"A search space is {{log = [low, high]}}, {{uniform = [low, high]}}, either with points = n, "
        f"{{choice = [...]}}, a schedule {{class = ...}} or a value. Received: {dict(config)!r}."
    )


def space_config(space: Any) -> Any:
    """Return the configuration that `space_of` reads."""
    if isinstance(space, Choice):
        return {"choice": list(space.values)}
    if isinstance(space, Uniform):
        kind = next(name for name, cls in KINDS.items() if type(space) is cls)
        return {kind: [space.low, space.high]} | ({} if space.points is None else {"points": space.points})
    return space
