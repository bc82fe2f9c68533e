"""Search spaces of one hyperparameter, sorted in order of increasing complexity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from ...schedules import Schedule
from ...schedules.fields import Interval
from ...schedules.record import Record
from ..errors import UsageError

DIGITS = 6
"""Significant digits of values computed inside a range, so that tables can show them in full."""


def rounded(value: float) -> float:
    """Return a value with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")


class Space(Record):
    """The values that a search may give one hyperparameter.

    >>> Space.from_json(LogUniform(1e-3, 0.1).to_json())
    LogUniform(0.001, 0.1)
    """

    registry: ClassVar[dict[str, type[Any]]] = {}

    def at(self, u: float) -> Any:
        """Return the value at u in [0, 1], the fraction of the way through the space."""
        raise NotImplementedError

    def grid(self, points: int) -> list[Any]:
        """Return the values of a grid with so many points, unless the space itself says how many."""
        raise NotImplementedError


class Choice(Space):
    """One of several values: numbers, strings, booleans.

    Raises:
        TypeError, ValueError: no values, or two equal ones.

    >>> Choice(("max", "min")).grid(points=7)
    ['max', 'min']
    """

    values: tuple[Any, ...]

    def _check_together(self) -> None:
        if not self.values:
            raise ValueError("at least one value is needed. Received: none.")
        if any(value in self.values[:i] for i, value in enumerate(self.values)):
            raise ValueError(f"values must differ. Received: {list(self.values)}.")

    def at(self, u: float) -> Any:
        """Return the value at u in [0, 1]."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]

    def grid(self, points: int) -> list[Any]:
        """Return all values, whatever the number of points."""
        return list(self.values)


class Points(Choice):
    """One of several increasing numbers: a grid written out. A best value at its first or last point is reported.

    >>> Points((0.01, 0.1, 1.0)).at(0.5)
    0.1
    """

    def _check_together(self) -> None:
        super()._check_together()
        for value in self.values:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"values must be finite numbers. Received: {value!r}.")
        if list(self.values) != sorted(self.values):
            raise ValueError(f"values must increase. Received: {list(self.values)}.")


class Uniform(Space):
    """Evenly from `low` to `high`, in units of the hyperparameter; `points` overrides the grid's number of points.

    Raises:
        TypeError, ValueError: an end is not a finite number, high is not above low, or points is below 2.

    >>> Uniform(0.0, 1.0).grid(points=5)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """

    low: float
    high: float
    points: Annotated[int, Interval(ge=2, integer=True, remedy="Both ends are points.")] | None = None

    def _check_together(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"high must be above low. Received: low={self.low}, high={self.high}. Exchange them.")

    def between(self, u: float) -> float:
        """Return the point at the fraction u of the way from low to high; u may be below 0 or above 1."""
        return self.low + (self.high - self.low) * u

    def at(self, u: float) -> float:
        """Return the value at u in [0, 1]; the ends are exact."""
        return self.low if u == 0 else self.high if u == 1 else rounded(self.between(u))

    def grid(self, points: int) -> list[float]:
        """Return both ends and evenly spaced points between them."""
        return [self.at(i / self.spaces(points)) for i in range(self.spaces(points) + 1)]

    def spaces(self, points: int) -> int:
        """Return the number of intervals of a grid."""
        return (self.points or points) - 1

    def beyond(self, points: int, i: int) -> float:
        """Return point number i of the grid continued outside the range: -1 is the first below it."""
        return rounded(self.between(i / self.spaces(points)))


class LogUniform(Uniform):
    """Evenly in the logarithm from `low` > 0 to `high`.

    >>> LogUniform(1e-4, 1.0).grid(points=5)
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """

    def _check_together(self) -> None:
        super()._check_together()
        if self.low <= 0:
            raise ValueError(f"low must be > 0, because its logarithm is taken. Received: low={self.low}.")

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
