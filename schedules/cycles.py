"""Cyclic schedules: repetition, waves, warm restarts, and the one-cycle policy. k counts the updates already taken."""

import math
from itertools import pairwise
from typing import Literal

from .algebra import Unary
from .base import Schedule
from .fields import Growth, Positive, PositiveFraction, PositiveInt, UnitInterval, refusal
from .shapes import between


class Repeat(Unary):
    """The inner schedule, repeated without end, each time from its own k = 0.

    Raises ValueError if the inner schedule has no end, or no steps.

    >>> from ravine.schedules import Linear
    >>> Repeat(Linear(0.0, 1.0, 2))([0, 1, 2, 3, 4]).tolist()
    [0.0, 0.5, 0.0, 0.5, 0.0]
    """

    def _check_together(self) -> None:
        if not 0 < self.inner.horizon < math.inf:
            raise ValueError(refusal("inner", "of 1 or more steps, and end", self.inner, "Say how long: s[:n]."))

    def formula(self, k: int) -> float:
        """inner(k mod horizon)"""
        return self.inner.formula(k % int(self.inner.horizon))

    @property
    def horizon(self) -> float:
        """inf"""
        return math.inf

    @property
    def plot_steps(self) -> int:
        """Three repetitions."""
        return 3 * int(self.inner.horizon)


class CosineWave(Schedule):
    """end + (start - end) * (1 + cos(2 * pi * k / period)) / 2: `start` at k = 0, `end` half a period later; no end.

    `period` is in steps and need not be an integer. `Cosine` is half a period, without rising again.

    >>> CosineWave(1.0, 0.0, 4)([0, 1, 2, 3, 4]).round(3).tolist()
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """

    start: float
    end: float
    period: Positive

    def formula(self, k: int) -> float:
        """end + (start - end) * (1 + cos(2 * pi * (k mod period) / period)) / 2"""
        return between(self.end, self.start, (1 + math.cos(2 * math.pi * (k % self.period / self.period))) / 2)

    @property
    def plot_steps(self) -> int:
        """Three periods."""
        return math.ceil(3 * self.period)


class CosineRestarts(Schedule):
    """Cosines from `start` towards `end`, one after another: `start` at k = 0; no end.

    Cycle i = 0, 1, ... lasts steps * multiplier**i steps and begins at end + (start - end) * decay**i. If `multiplier`
    is not an integer, a cycle may begin between two steps.
    Loshchilov & Hutter 2017, equation 5 (multiplier is T_mult), arXiv:1608.03983.

    >>> CosineRestarts(1.0, 0.0, 2, multiplier=2)([0, 1, 2, 4, 6]).round(3).tolist()
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """

    start: float
    end: float
    steps: PositiveInt
    multiplier: Growth = 1
    decay: PositiveFraction = 1.0

    def cycle(self, k: int) -> tuple[int, float]:
        """The number of the cycle at k, and the fraction of it that has passed."""
        if self.multiplier == 1:
            return k // self.steps, k % self.steps / self.steps
        # A logarithm would give i without a loop, but be wrong by one at some boundaries between cycles.
        i = 0
        left: float = k
        length: float = self.steps
        while left >= length:
            i, left, length = i + 1, left - length, length * self.multiplier
        return i, left / length

    def formula(self, k: int) -> float:
        """end + (start - end) * decay**i * (1 + cos(pi * u)) / 2"""
        i, u = self.cycle(k)
        return between(self.end, self.start, self.decay**i * (1 + math.cos(math.pi * u)) / 2)


class Cyclic(Schedule):
    """From `low` at k = 0 to `high` in `up` steps and back in `down` steps (None: as many), repeated without end.

    The height above `low` is constant ("triangular"), halved after each cycle ("triangular2"), or multiplied by
    gamma**k ("exp_range"). Smith 2017, section 3, arXiv:1506.01186. Differs: `low` doesn't shrink in "exp_range".

    >>> Cyclic(0.0, 1.0, 2, mode="triangular2")([0, 1, 2, 3, 4, 5, 6, 7, 8]).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5, 0.25, 0.0]
    """

    low: float
    high: float
    up: PositiveInt
    down: PositiveInt | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: PositiveFraction = 1.0

    def _check_together(self) -> None:
        if self.gamma != 1 and self.mode != "exp_range":
            raise ValueError(refusal("gamma", f"left out with mode={self.mode!r}", self.gamma, "Or write 'exp_range'."))

    def formula(self, k: int) -> float:
        """low + (high - low) * triangle * shrinkage"""
        down = self.down or self.up
        cycle, step = divmod(k, self.up + down)
        triangle = step / self.up if step < self.up else (self.up + down - step) / down
        shrinkage = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": self.gamma**k}[self.mode]
        return between(self.low, self.high, triangle * shrinkage)


class OneCycle(Schedule):
    """From `start` up to `peak`, then down to `end`, in `steps` updates; with phases=3, down to `start` in between.

    The first update has the value `start` (None: peak / 25). The last one, at k = steps - 1, and all
    later ones have the value `end` (None: start / 10000). The rise takes the fraction `rise` of the updates: it ends at
    k = rise * steps - 1. With three phases, the fall to `start` ends at k = 2 * rise * steps - 2. These k need not be
    integers or positive: a phase may end between two updates, or before the first one. A phase of length 0 is left out.

    Smith & Topin 2019, section 2, arXiv:1708.07120 (linear, three phases). Differs: PyTorch's phases and defaults.

    >>> OneCycle(1.0, 10, start=0.1, end=0.0)([0, 1, 2, 9, 10]).round(3).tolist()
    [0.1, 0.55, 1.0, 0.0, 0.0]
    """

    peak: float
    steps: PositiveInt
    start: float | None = None
    end: float | None = None
    rise: UnitInterval = 0.3
    shape: Literal["cosine", "linear"] = "cosine"
    phases: Literal[2, 3] = 2

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The points (k, value) between which the phases run."""
        start = self.peak / 25 if self.start is None else self.start
        end = start / 1e4 if self.end is None else self.end
        down = [(2 * self.rise * self.steps - 2, start)] if self.phases == 3 else []
        return (0, start), (self.rise * self.steps - 1, self.peak), *down, (self.steps - 1, end)

    def formula(self, k: int) -> float:
        """Between the two corners around k, at the fraction u: (1 - cos(pi * u)) / 2 of the way ("linear": u)"""
        k = min(k, self.steps - 1)
        before, after = next(pair for pair in pairwise(self.corners) if k <= pair[1][0])
        length = after[0] - before[0]
        u = (k - before[0]) / length if length > 0 else 1.0
        height = 1 - u if self.shape == "linear" else (1 + math.cos(math.pi * u)) / 2
        return between(after[1], before[1], height)

    @property
    def horizon(self) -> float:
        """`steps`. The value `end` is reached at k = steps - 1."""
        return self.steps
