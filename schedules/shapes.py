"""The basic schedules, sorted from simple to complex. k counts the updates already taken: the first update has k = 0.

Each docstring gives the formula, the value at k = 0, what happens after the last step, and the source. All arithmetic
is float64; a value beyond its range is inf.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

from .base import Schedule
from .fields import Milestones, NonNegative, NonNegativeInt, Positive, PositiveInt


class Constant(Schedule):
    """`value` at every k; no end.

    >>> Constant(0.1)([0, 1000]).tolist()
    [0.1, 0.1]
    """

    value: float

    def formula(self, k: int) -> float:
        """value"""
        return self.value


class InverseSqrt(Schedule):
    """start / sqrt(k + 1): `start` at k = 0, then down towards 0; no end. Zinkevich 2003, Theorem 1, with t = k + 1.

    >>> InverseSqrt(1.0)([0, 3, 99]).tolist()
    [1.0, 0.5, 0.1]
    """

    start: float

    def formula(self, k: int) -> float:
        """start / sqrt(k + 1)"""
        return self.start / math.sqrt(k + 1)


# -- ramps ------------------------------------------------------------------------------------------------------------


class Ramp(Schedule, abstract=True):
    """The base of schedules that go from `start` at k = 0 to `end` at k = steps, and stay there."""

    start: float
    end: float
    steps: NonNegativeInt

    @property
    def horizon(self) -> float:
        """`steps`."""
        return self.steps

    def progress(self, k: int) -> float:
        """min(k / steps, 1), the fraction of the steps taken."""
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
    """end + (start - end) * (1 + cos(pi * k / steps)) / 2, then `end`: half a period, without rising again.

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


# -- decays: start times a factor -------------------------------------------------------------------------------------


def decayed(start: float, factor: float, times: float) -> float:
    """start * factor**times; beyond the range of float64, inf with the sign of start."""
    try:
        return start * math.pow(factor, times)
    except OverflowError:
        return start and start * math.inf


class DecayByRate(Schedule, abstract=True):
    """The base of decays from `start`, by a `rate` per `steps` steps. With `staircase` only every `steps` steps."""

    start: float
    rate: NonNegative
    steps: PositiveInt = 1
    staircase: bool = False

    def elapsed(self, k: int) -> float:
        """k / steps, rounded down if staircase."""
        return k // self.steps if self.staircase else k / self.steps


class Exponential(DecayByRate):
    """start * rate**(k / steps), or start * rate**floor(k / steps) if `staircase`: `start` at k = 0, no end.

    >>> Exponential(1.0, 0.25, 2)([0, 1, 2, 3]).tolist()
    [1.0, 0.5, 0.25, 0.125]
    >>> Exponential(1.0, 0.25, 2, staircase=True)([0, 1, 2, 3]).tolist()
    [1.0, 1.0, 0.25, 0.25]
    """

    def formula(self, k: int) -> float:
        """start * rate**(k / steps)"""
        return decayed(self.start, self.rate, self.elapsed(k))


class InverseTime(DecayByRate):
    """start / (1 + rate * k / steps), with floor(k / steps) if `staircase`: `start` at k = 0, no end.

    Inverse-time decay. Its sum over k diverges and the sum of its squares converges, as Robbins & Monro 1951 require.

    >>> InverseTime(1.0, 1.0)([0, 1, 3]).tolist()
    [1.0, 0.5, 0.25]
    """

    def formula(self, k: int) -> float:
        """start / (1 + rate * (k / steps))"""
        return self.start / (1 + self.rate * self.elapsed(k))


class Step(Schedule):
    """start * factor**(k // every): multiplied by `factor` after every `every` steps; no end. Step decay.

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
    """start * factor**(number of milestones in `at` that are <= k): multiplied by `factor` at each of them; no end.

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
    """values[i] while k < at[i], and values[-1] from k = at[-1] on; no end. There is one value more than boundaries.

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
