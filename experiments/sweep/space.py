"""Search spaces of one hyperparameter, sorted in order of increasing complexity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...schedules import Schedule
from ..errors import UsageError
from .checks import check_integer

__all__ = ["Choice", "LogUniform", "Points", "Uniform", "space_config", "space_of"]

DIGITS = 6
"""Significant digits of values computed inside a range, so that tables can show them in full."""


def rounded(value: float) -> float:
    """Return a value with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")


@dataclass(frozen=True)
class Choice:
    """One of several values: numbers, strings, booleans.

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
class Points(Choice):
    """One of several increasing numbers: a grid written out. A best value at its first or last point is reported.

    >>> Points((0.01, 0.1, 1.0)).at(0.5)
    0.1
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        for value in self.values:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise UsageError(f"points: values must be finite numbers. Received: {value!r}.")
        if list(self.values) != sorted(self.values):
            raise UsageError(f"points: values must increase. Received: {list(self.values)}.")


@dataclass(frozen=True)
class Uniform:
    """Evenly from `low` to `high`, in units of the hyperparameter; `points` overrides the grid's number of points.

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
        if self.points is not None:
            check_integer("points", self.points, 2, "Both ends are points.")

    def between(self, u: float) -> float:
        """Return the point at the fraction u of the way from low to high; u may be below 0 or above 1."""
        return self.low + (self.high - self.low) * u

    def at(self, u: float) -> float:
        """Return the value at u in [0, 1]; the ends are exact."""
        return float(self.low) if u == 0 else float(self.high) if u == 1 else rounded(self.between(u))

    def grid(self, points: int) -> list[float]:
        """Return both ends and evenly spaced points between them."""
        return [self.at(i / self.spaces(points)) for i in range(self.spaces(points) + 1)]

    def spaces(self, points: int) -> int:
        """Return the number of intervals of a grid."""
        return (self.points or points) - 1

    def beyond(self, points: int, i: int) -> float:
        """Return point number i of the grid continued outside the range: -1 is the first below it."""
        return rounded(self.between(i / self.spaces(points)))


@dataclass(frozen=True)
class LogUniform(Uniform):
    """Evenly in the logarithm from `low` > 0 to `high`.

    >>> LogUniform(1e-4, 1.0).grid(points=5)
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise UsageError(f"A logarithmic range needs low > 0. Received: {self.low!r}, {self.high!r}.")

    def between(self, u: float) -> float:
        """Return the point at the fraction u of the way from log(low) to log(high)."""
        return math.exp(math.log(self.low) + math.log(self.high / self.low) * u)


RANGES: dict[str, type[Uniform]] = {"log": LogUniform, "uniform": Uniform}
LISTS: dict[str, type[Choice]] = {"choice": Choice, "points": Points}


def space_of(config: Any) -> Any:
    """Return the search space, schedule configuration or value that a configuration describes.

    {"log": [low, high]} and {"uniform": [low, high]}, both with an optional "points", {"choice": [...]} and
    {"points": [...]} are search spaces. A schedule's configuration, {"class": ...}, and a plain value are returned
    unchanged. A Schedule is returned as its configuration.
    """
    if isinstance(config, Schedule):
        return config.to_config()
    if not isinstance(config, Mapping) or "class" in config:
        return config
    kind = next(iter(config), "")
    values = config.get(kind)
    if isinstance(values, list | tuple):
        if kind in LISTS and set(config) == {kind}:
            return LISTS[kind](tuple(values))
        if kind in RANGES and set(config) <= {kind, "points"} and len(values) == 2:
            low, high = values
            return RANGES[kind](low, high, config.get("points"))
    raise UsageError(
        f"A search space is {{log = [low, high]}}, {{uniform = [low, high]}}, either with points = n, "
        f"{{choice = [...]}}, {{points = [...]}}, a schedule {{class = ...}} or a value. Received: {dict(config)!r}."
    )


def space_config(space: Any) -> Any:
    """Return the configuration that `space_of` reads."""
    if isinstance(space, Choice):
        return {kind: list(space.values) for kind, cls in LISTS.items() if type(space) is cls}
    if isinstance(space, Uniform):
        kind = next(name for name, cls in RANGES.items() if type(space) is cls)
        return {kind: [space.low, space.high]} | ({} if space.points is None else {"points": space.points})
    return space
