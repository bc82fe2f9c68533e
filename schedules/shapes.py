"""The shapes, in order of increasing complexity. k counts the updates already taken: the first update has k = 0.

Each docstring gives the formula, its source, and the value at k = 0, at the end, and after it. A shape without end has
the horizon inf. Arithmetic is float64 throughout; where a value grows beyond its range it is inf.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

from .base import Schedule
from .fields import Milestones, NonNegative, NonNegativeInt, Positive, PositiveInt


class Constant(Schedule):
    """`value`, at every k.

    >>> Constant(0.1)([0, 1000]).tolist()
    [0.1, 0.1]
    """

    value: float

    def formula(self, k: int) -> float:
        """value"""
        return self.value


class InverseSqrt(Schedule):
    """start / sqrt(k + 1): `start` at k = 0, towards 0. Zinkevich 2003, Theorem 1, with t = k + 1.

    >>> InverseSqrt(1.0)([0, 3, 99]).tolist()
    [1.0, 0.5, 0.1]
    """

    start: float

    def formula(self, k: int) -> float:
        """start / sqrt(k + 1)"""
        return self.start / math.sqrt(k + 1)


# -- ramps: from start to end in a given number of steps, then hold the end -------------------------------------------


class Ramp(Schedule, abstract=True):
    """From `start` at k = 0 to `end` at k = steps, both exactly; `end` ever after. With steps=0, `end` at every k."""

    start: float
    end: float
    steps: NonNegativeInt

    @property
    def horizon(self) -> float:
        """`steps`."""
        return self.steps

    def progress(self, k: int) -> float:
        """min(k / steps, 1)"""
        return k / self.steps if k < self.steps else 1.0


def between(low: float, high: float, height: float) -> float:
    """low + height * (high - low): exactly low at height 0, exactly high at height 1."""
    return high if height == 1.0 else low + height * (high - low)


class Linear(Ramp):
    """start + (end - start) * k / steps, then `end`. As a warm-up: Goyal et al. 2017, section 2.2, arXiv:1706.02677.

    >>> Linear(0.0, 1.0, 4)([0, 1, 2, 3, 4, 5]).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def formula(self, k: int) -> float:
        """start + (end - start) * u, u = min(k / steps, 1)"""
        return between(self.start, self.end, self.progress(k))


class Cosine(Ramp):
    """end + (start - end) * (1 + cos(pi * k / steps)) / 2, then `end`: half a period, which doesn't rise again.

    Loshchilov & Hutter 2017, equation 5, arXiv:1608.03983.

    >>> Cosine(1.0, 0.0, 4)([0, 1, 2, 3, 4, 5]).round(3).tolist()
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def formula(self, k: int) -> float:
        """end + (start - end) * (1 + cos(pi * u)) / 2, u = min(k / steps, 1)"""
        return between(self.end, self.start, (1 + math.cos(math.pi * self.progress(k))) / 2)


class Polynomial(Ramp):
    """end + (start - end) * (1 - k / steps)**power, then `end`. Chen et al. 2017, section 4.1, arXiv:1606.00915.

    >>> Polynomial(1.0, 0.0, 4, power=2.0)([0, 1, 2, 3, 4]).tolist()
    [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """

    power: Positive = 1.0

    def formula(self, k: int) -> float:
        """end + (start - end) * (1 - u)**power, u = min(k / steps, 1)"""
        return between(self.end, self.start, (1 - self.progress(k)) ** self.power)


# -- decays: start times a factor for each unit of time ---------------------------------------------------------------


def decayed(start: float, factor: float, times: float) -> float:
    """start * factor**times, inf (with the sign of start) beyond float64."""
    try:
        return start * math.pow(factor, times)
    except OverflowError:
        return start and start * math.inf


class Decay(Schedule, abstract=True):
    """From `start` at k = 0, at a `rate` for each `steps` steps; continuous, or in whole units if `staircase`."""

    start: float
    rate: NonNegative
    steps: PositiveInt = 1
    staircase: bool = False

    def elapsed(self, k: int) -> float:
        """Units of time: k / steps, its floor if staircase."""
        return k // self.steps if self.staircase else k / self.steps


class Exponential(Decay):
    """start * rate**(k / steps), or start * rate**floor(k / steps) if `staircase`: `start` at k = 0, no end.

    >>> Exponential(1.0, 0.25, 2)([0, 1, 2, 3]).tolist()
    [1.0, 0.5, 0.25, 0.125]
    >>> Exponential(1.0, 0.25, 2, staircase=True)([0, 1, 2, 3]).tolist()
    [1.0, 1.0, 0.25, 0.25]
    """

    def formula(self, k: int) -> float:
        """start * rate**(k / steps)"""
        return decayed(self.start, self.rate, self.elapsed(k))


class InverseTime(Decay):
    """start / (1 + rate * k / steps), of floor(k / steps) if `staircase`: `start` at k = 0, no end.

    The steps of Robbins & Monro 1951, whose sum diverges while the sum of their squares converges.

    >>> InverseTime(1.0, 1.0)([0, 1, 3]).tolist()
    [1.0, 0.5, 0.25]
    """

    def formula(self, k: int) -> float:
        """start / (1 + rate * (k / steps))"""
        return self.start / (1 + self.rate * self.elapsed(k))


class Step(Schedule):
    """start * factor**(k // every): `start` for k < every, then dropped at each multiple of `every`; no end.

    >>> Step(1.0, 0.5, 2)([0, 1, 2, 3, 4]).tolist()
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    start: float
    factor: NonNegative
    every: PositiveInt

    def formula(self, k: int) -> float:
        """start * factor**(k // every)"""
        return decayed(self.start, self.factor, k // self.every)


class MultiStep(Schedule):
    """start * factor**(number of milestones in `at` that are <= k): dropped from k = milestone on; no end.

    He et al. 2016, section 4.2, arXiv:1512.03385.

    >>> MultiStep(1.0, 0.5, [2, 3])([0, 1, 2, 3, 4]).tolist()
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    start: float
    factor: NonNegative
    at: Milestones

    def formula(self, k: int) -> float:
        """start * factor**#{milestone <= k}"""
        return decayed(self.start, self.factor, bisect_right(self.at, k))


class Piecewise(Schedule):
    """values[i] while k < at[i], and the last value from k = at[-1] on: one value more than boundaries; no end.

    >>> Piecewise([1.0, 0.3, 0.1], [2, 4])([0, 1, 2, 3, 4]).tolist()
    [1.0, 1.0, 0.3, 0.3, 0.1]
    """

    values: Sequence[float]
    at: Milestones

    def _check_together(self) -> None:
        if len(self.values) != len(self.at) + 1:
            raise ValueError(
                f"values must be one more than at. Received: {len(self.values)} values, {len(self.at)} boundaries. "
                "The last value has no boundary."
            )

    def formula(self, k: int) -> float:
        """values[#{boundary <= k}]"""
        return self.values[bisect_right(self.at, k)]
