"""The shapes, in order of increasing complexity. k counts the updates already taken: the first update has k = 0.

Each docstring gives the formula, its source, and the value at k = 0, at the end, and after it. A shape without end has
the horizon inf. Arithmetic is float64 throughout; where a value grows beyond its range it is inf.
"""

import math
from bisect import bisect_right
from typing import Annotated, Literal

from .algebra import Schedule
from .fields import (
    Count,
    Flag,
    Milestones,
    NonNegative,
    OneOf,
    OrNone,
    Positive,
    Real,
    Reals,
    Shrinkage,
    Span,
    refusal,
    span,
)


class Constant(Schedule):
    """`value`, at every k."""

    value: Real

    def formula(self, k: int) -> float:
        """value"""
        return self.value


class InverseSqrt(Schedule):
    """start / sqrt(k + 1): `start` at k = 0, towards 0. Zinkevich 2003, Theorem 1, with t = k + 1."""

    start: Real

    def formula(self, k: int) -> float:
        """start / sqrt(k + 1)"""
        return self.start / math.sqrt(k + 1)


# -- ramps: from start to end in a given number of steps, then hold the end -------------------------------------------


class Ramp(Schedule):
    """From `start` at k = 0 to `end` at k = steps, both exactly; `end` ever after. With steps=0, `end` at every k."""

    start: Real
    end: Real
    steps: Count

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
    """start + (end - start) * k / steps, then `end`. As a warm-up: Goyal et al. 2017, section 2.2, arXiv:1706.02677."""

    def formula(self, k: int) -> float:
        """start + (end - start) * u, u = min(k / steps, 1)"""
        return between(self.start, self.end, self.progress(k))


class Cosine(Ramp):
    """end + (start - end) * (1 + cos(pi * k / steps)) / 2, then `end`: half a period, which doesn't rise again.

    Loshchilov & Hutter 2017, equation 5, arXiv:1608.03983.
    """

    def formula(self, k: int) -> float:
        """end + (start - end) * (1 + cos(pi * u)) / 2, u = min(k / steps, 1)"""
        return between(self.end, self.start, (1 + math.cos(math.pi * self.progress(k))) / 2)


class Polynomial(Ramp):
    """end + (start - end) * (1 - k / steps)**power, then `end`. Chen et al. 2017, section 4.1, arXiv:1606.00915."""

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


class Decay(Schedule):
    """From `start` at k = 0, at a `rate` for each `steps` steps; continuous, or in whole units if `staircase`."""

    start: Real
    rate: NonNegative
    steps: Span = 1
    staircase: Flag = False

    def elapsed(self, k: int) -> float:
        """Units of time: k / steps, its floor if staircase."""
        return k // self.steps if self.staircase else k / self.steps


class Exponential(Decay):
    """start * rate**(k / steps), or start * rate**floor(k / steps) if `staircase`: `start` at k = 0, no end."""

    def formula(self, k: int) -> float:
        """start * rate**(k / steps)"""
        return decayed(self.start, self.rate, self.elapsed(k))


class InverseTime(Decay):
    """start / (1 + rate * k / steps), of floor(k / steps) if `staircase`: `start` at k = 0, no end.

    The steps of Robbins & Monro 1951, whose sum diverges while the sum of their squares converges.
    """

    def formula(self, k: int) -> float:
        """start / (1 + rate * (k / steps))"""
        return self.start / (1 + self.rate * self.elapsed(k))


class Step(Schedule):
    """start * factor**(k // every): `start` for k < every, then dropped at each multiple of `every`; no end."""

    start: Real
    factor: NonNegative
    every: Span

    def formula(self, k: int) -> float:
        """start * factor**(k // every)"""
        return decayed(self.start, self.factor, k // self.every)


class MultiStep(Schedule):
    """start * factor**(number of milestones in `at` that are <= k): dropped from k = milestone on; no end.

    He et al. 2016, section 4.2, arXiv:1512.03385.
    """

    start: Real
    factor: NonNegative
    at: Milestones

    def formula(self, k: int) -> float:
        """start * factor**#{milestone <= k}"""
        return decayed(self.start, self.factor, bisect_right(self.at, k))


class Piecewise(Schedule):
    """values[i] while k < at[i], and the last value from k = at[-1] on: one value more than boundaries; no end."""

    values: Reals
    at: Milestones

    def _check(self) -> None:
        if len(self.values) != len(self.at) + 1:
            raise ValueError(
                f"values must be one more than at. Received: {len(self.values)} values, {len(self.at)} boundaries. "
                "The last value has no boundary."
            )

    def formula(self, k: int) -> float:
        """values[#{boundary <= k}]"""
        return self.values[bisect_right(self.at, k)]


# -- periodic ---------------------------------------------------------------------------------------------------------


class CosineRestarts(Schedule):
    """A Cosine from `start` towards `end` that starts again after `steps` steps, then after `steps * multiplier`, ...

    Cycle i = 0, 1, ... has the length steps * multiplier**i and begins, exactly on an integer k, at the height
    (start - end) * decay**i above `end`: `start` at k = 0, no end.
    Loshchilov & Hutter 2017, equation 5 (multiplier is T_mult), arXiv:1608.03983.
    """

    start: Real
    end: Real
    steps: Span
    multiplier: Span = 1
    decay: Shrinkage = 1.0

    def cycle(self, k: int) -> tuple[int, float]:
        """The cycle that k is in, and the fraction of it that has passed."""
        if self.multiplier == 1:
            i, k = divmod(k, self.steps)
            return i, k / self.steps
        i, length = 0, self.steps
        while k >= length:
            i, k, length = i + 1, k - length, length * self.multiplier
        return i, k / length

    def formula(self, k: int) -> float:
        """end + (start - end) * decay**i * (1 + cos(pi * u)) / 2"""
        i, u = self.cycle(k)
        return between(self.end, self.start, self.decay**i * (1 + math.cos(math.pi * u)) / 2)


class Cyclic(Schedule):
    """From `low` at k = 0 up to `high` in `up` steps and down again in `down` (None: as many), over and over; no end.

    The height above `low` is multiplied by 1 ("triangular"), by 1/2 for each cycle completed ("triangular2"), or by
    gamma**k ("exp_range"). Smith 2017, section 3, arXiv:1506.01186. Differs: `low` doesn't shrink in "exp_range".
    """

    low: Real
    high: Real
    up: Span
    down: Annotated[int | None, OrNone(span)] = None
    mode: Annotated[
        Literal["triangular", "triangular2", "exp_range"], OneOf(("triangular", "triangular2", "exp_range"))
    ] = "triangular"
    gamma: Shrinkage = 1.0

    def _check(self) -> None:
        if self.gamma != 1 and self.mode != "exp_range":
            raise ValueError(refusal("gamma", f"left out with mode={self.mode!r}", self.gamma, "Or write 'exp_range'."))

    def formula(self, k: int) -> float:
        """low + (high - low) * triangle * shrinkage"""
        down = self.down or self.up
        cycle, step = divmod(k, self.up + down)
        triangle = step / self.up if step < self.up else (self.up + down - step) / down
        shrinkage = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": self.gamma**k}[self.mode]
        return between(self.low, self.high, triangle * shrinkage)
