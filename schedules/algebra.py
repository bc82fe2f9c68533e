"""The schedules that the operators of `Schedule` make: sums, products, slices, one schedule after another."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import Annotated, Any

import numpy as np

from .base import Schedule
from .fields import Each, NonNegativeInt, PositiveInt, refusal


def a_schedule(name: str, value: Any) -> Schedule:
    """Check: a schedule."""
    if not isinstance(value, Schedule):
        raise TypeError(refusal(name, "a schedule", value, "Write a number as Constant(number)."))
    return value


def a_chain(name: str, value: Any) -> tuple[Schedule, ...]:
    """Check: schedules. A `Then` among them is replaced by its parts, so that `>>` is associative."""
    parts = Each(a_schedule)(name, value)
    return tuple(chain.from_iterable(part.parts if isinstance(part, Then) else (part,) for part in parts))


Inner = Annotated[Schedule, a_schedule]
Chain = Annotated[Sequence[Schedule], a_chain]


def _operand(schedule: Schedule, precedence: int) -> str:
    """Source of an operand, in parentheses if its own operator has a lower precedence."""
    return repr(schedule) if schedule._precedence >= precedence else f"({schedule!r})"


# -- made from one schedule --------------------------------------------------------------------------------------------


class Unary(Schedule, abstract=True):
    """The base of schedules that change the values of one other schedule, and end when it ends."""

    inner: Inner

    @property
    def horizon(self) -> float:
        """The horizon of the inner schedule."""
        return self.inner.horizon


class Scaled(Unary):
    """`inner * factor`, or `factor * inner`.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 4) * 0.5)([0, 2, 4]).tolist()
    [0.0, 0.25, 0.5]
    """

    factor: float
    _precedence = 3

    def formula(self, k: int) -> float:
        """inner(k) * factor"""
        return self.inner.formula(k) * self.factor

    def __repr__(self) -> str:
        return f"{_operand(self.inner, 3)} * {self.factor!r}"


class Offset(Unary):
    """`inner + amount`, or `amount + inner`.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 4) + 0.5)([0, 2, 4]).tolist()
    [0.5, 1.0, 1.5]
    """

    amount: float
    _precedence = 2

    def formula(self, k: int) -> float:
        """inner(k) + amount"""
        return self.inner.formula(k) + self.amount

    def __repr__(self) -> str:
        sign, size = ("-", -self.amount) if self.amount < 0 else ("+", self.amount)
        return f"{_operand(self.inner, 2)} {sign} {size!r}"


class Power(Unary):
    """`inner ** exponent`. 0 to a negative power is inf, a negative number to a fractional power is NaN.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 4.0, 4) ** 2.0)([0, 1, 2, 3, 4]).tolist()
    [0.0, 1.0, 4.0, 9.0, 16.0]
    """

    exponent: float
    _precedence = 4

    def formula(self, k: int) -> float:
        """inner(k) ** exponent"""
        with np.errstate(all="ignore"):
            return float(np.float64(self.inner.formula(k)) ** self.exponent)

    def __repr__(self) -> str:
        return f"{_operand(self.inner, 5)} ** {self.exponent!r}"


class Clipped(Unary):
    """`inner.clip(low, high)`: the inner value, but not below `low` and not above `high`. At least one is needed.

    >>> from ravine.schedules import Linear
    >>> Linear(0.0, 4.0, 4).clip(1.0, 3.0)([0, 1, 2, 3, 4]).tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0]
    """

    low: float | None = None
    high: float | None = None

    def _check_together(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError(refusal("low", "given, or high", None, "Without both nothing is clipped."))
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(refusal("low", f"<= high={self.high!r}", self.low, "Swap them."))

    def formula(self, k: int) -> float:
        """min(max(inner(k), low), high)"""
        value = self.inner.formula(k)
        if self.low is not None and value < self.low:
            return self.low
        return self.high if self.high is not None and value > self.high else value

    def __repr__(self) -> str:
        bounds = [f"{name}={bound!r}" for name in ("low", "high") if (bound := getattr(self, name)) is not None]
        return f"{_operand(self.inner, 9)}.clip({', '.join(bounds)})"


class Truncated(Unary):
    """`inner[:steps]`: the first `steps` steps of the inner schedule; from k = steps on it holds inner(steps).

    So `Linear(a, b, n)[:n]` has the values of `Linear(a, b, n)`, and `inner[:0]` is inner(0) at every k. The horizon is
    `steps`, even if the inner schedule ends earlier: it then holds its last value.

    >>> from ravine.schedules import Linear
    >>> Linear(4.0, 0.0, 4)[:2]([0, 1, 2, 3, 4]).tolist()
    [4.0, 3.0, 2.0, 2.0, 2.0]
    """

    steps: NonNegativeInt

    def formula(self, k: int) -> float:
        """inner(min(k, steps))"""
        return self.inner.formula(min(k, self.steps))

    @property
    def horizon(self) -> float:
        """`steps`."""
        return self.steps

    def __repr__(self) -> str:
        return f"{_operand(self.inner, 9)}[:{self.steps}]"


class Strided(Unary):
    """`inner[start::every]`: every `every`-th step of the inner schedule, beginning at step `start`.

    >>> from ravine.schedules import Linear
    >>> Linear(0.0, 8.0, 8)[2::3]([0, 1, 2]).tolist()
    [2.0, 5.0, 8.0]
    """

    start: NonNegativeInt
    every: PositiveInt = 1

    def formula(self, k: int) -> float:
        """inner(start + every * k)"""
        return self.inner.formula(self.start + self.every * k)

    @property
    def horizon(self) -> float:
        """The steps that the inner schedule has left: (inner.horizon - start) / every, rounded up."""
        inner = self.inner.horizon
        return inner if inner == math.inf else max(-((self.start - int(inner)) // self.every), 0)

    def __repr__(self) -> str:
        return f"{_operand(self.inner, 9)}[{self.start}:{f':{self.every}' if self.every > 1 else ''}]"


# -- made from two schedules -------------------------------------------------------------------------------------------


class Binary(Schedule, abstract=True):
    """The base of schedules that combine the values of two others at the same k, and end when both have ended."""

    left: Inner
    right: Inner

    @property
    def horizon(self) -> float:
        """The larger horizon of the two."""
        return max(self.left.horizon, self.right.horizon)


class Sum(Binary):
    """`left + right`, the sum of the values at the same k.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 2) + Linear(0.0, 4.0, 4))([0, 1, 2, 3, 4]).tolist()
    [0.0, 1.5, 3.0, 4.0, 5.0]
    """

    _precedence = 2

    def formula(self, k: int) -> float:
        """left(k) + right(k)"""
        return self.left.formula(k) + self.right.formula(k)

    def __repr__(self) -> str:
        return f"{_operand(self.left, 2)} + {_operand(self.right, 3)}"


class Product(Binary):
    """`left * right`, the product of the values at the same k.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 4) * Linear(1.0, 0.0, 4))([0, 2, 4]).tolist()
    [0.0, 0.25, 0.0]
    """

    _precedence = 3

    def formula(self, k: int) -> float:
        """left(k) * right(k)"""
        return self.left.formula(k) * self.right.formula(k)

    def __repr__(self) -> str:
        return f"{_operand(self.left, 3)} * {_operand(self.right, 4)}"


# -- made from several schedules ---------------------------------------------------------------------------------------


class Then(Schedule):
    """`a >> b >> ...`: one schedule after another. Each part begins at its own k = 0 and lasts for its horizon.

    Raises ValueError if a part other than the last one has no end.

    >>> from ravine.schedules import Constant, Linear
    >>> s = Linear(0.0, 1.0, 2) >> Constant(1.0)[:3] >> Linear(1.0, 0.0, 2)
    >>> s.switches, s.horizon, s([0, 1, 2, 5, 6, 7]).tolist()
    ((2, 5), 7, [0.0, 0.5, 1.0, 1.0, 0.5, 0.0])
    """

    parts: Chain
    _precedence = 1

    def _check_together(self) -> None:
        if len(self.parts) < 2:
            raise ValueError(refusal("parts", "at least two schedules", self.parts, "Write a >> b."))
        for part in self.parts[:-1]:
            if part.horizon == math.inf:
                raise ValueError(
                    f"a schedule that another follows must end. Received: {part!r}, which never does. "
                    f"Say how long it lasts: {_operand(part, 9)}[:n] >> ..."
                )

    @cached_property
    def switches(self) -> tuple[int, ...]:
        """The step counts at which the second, third, ... part begins."""
        return tuple(accumulate(int(part.horizon) for part in self.parts[:-1]))

    def formula(self, k: int) -> float:
        """parts[i](k - switches[i - 1]), where i is the number of switches <= k"""
        i = bisect_right(self.switches, k)
        return self.parts[i].formula(k - self.switches[i - 1] if i else k)

    @property
    def horizon(self) -> float:
        """The sum of the parts' horizons."""
        return sum(part.horizon for part in self.parts)

    @property
    def plot_steps(self) -> int:
        """The sum of the parts' plot steps."""
        return sum(part.plot_steps for part in self.parts)

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.parts))
