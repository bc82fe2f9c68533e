"""Schedules combine into schedules, by operators.

a >> b                     then: a for its horizon, then b from its own k = 0
a + b, a * b, a ** 2.0     value by value, at the same k; b may be a number
s[:n], s[n:], s[::n]       the first n steps, all but these, every n-th
s.clip(low, high)          bounded
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import Annotated, Any, ClassVar

import numpy as np

from .base import Value
from .fields import Each, NonNegativeInt, PositiveInt, refusal


class Schedule(Value, abstract=True):
    """A function of the step count k = 0, 1, 2, ... (updates already taken), and a value.

    Frozen, comparable, hashable; `eval(repr(s)) == s`; `Schedule.from_json(s.to_json()) == s`. A new shape is a
    subclass with annotated fields and a `formula`.

    >>> from ravine.schedules import Cosine, Linear
    >>> s = Linear(0.0, 0.1, 10) >> Cosine(0.1, 0.0, 90)
    >>> s([0, 5, 10, 55, 100]).round(3).tolist()
    [0.0, 0.05, 0.1, 0.05, 0.0]
    >>> Schedule.from_json(s.to_json()) == s
    True
    """

    __array_ufunc__ = None  # a NumPy number on the left leaves the operator to the schedule
    binds: ClassVar[int] = 9
    """How tightly the operator in the repr binds, as Python's precedence has it: 9 is a call, an index or a name."""

    # -- the algebra -------------------------------------------------------------------------------------------------

    def __rshift__(self, other: "Schedule") -> "Then":
        """`self` for its `horizon` steps, then `other` from its own k = 0. Associative."""
        return Then((self, other))

    def __add__(self, other: "Schedule | float") -> "Schedule":
        """Value by value: plus a number, or plus another schedule at the same k."""
        return Sum(self, other) if isinstance(other, Schedule) else Offset(self, other)

    __radd__ = __add__

    def __neg__(self) -> "Schedule":
        """`self * -1.0`."""
        return self * -1.0

    def __sub__(self, other: "Schedule | float") -> "Schedule":
        """`self + -other`."""
        return self + -other

    def __rsub__(self, other: float) -> "Schedule":
        """`-self + other`."""
        return -self + other

    def __mul__(self, other: "Schedule | float") -> "Schedule":
        """Value by value: times a number, or times another schedule at the same k."""
        return Product(self, other) if isinstance(other, Schedule) else Scaled(self, other)

    __rmul__ = __mul__

    def __pow__(self, exponent: float) -> "Power":
        """Value by value, to the power of a number."""
        return Power(self, exponent)

    def __getitem__(self, steps: slice) -> "Schedule":
        """`self[:n]`, the first n steps; `self[n:]`, from step n on; `self[::n]`, every n-th step; or all at once."""
        if not isinstance(steps, slice) or steps == slice(None):
            raise TypeError(
                f"a schedule takes the slices [:n], [n:] and [::n]. Received: {steps!r}. Write s[:n], or call s(k)."
            )
        inner = self if steps.stop is None else Truncated(self, steps.stop)
        if steps.start is None and steps.step is None:
            return inner
        return Strided(inner, 0 if steps.start is None else steps.start, 1 if steps.step is None else steps.step)

    def clip(self, low: float | None = None, high: float | None = None) -> "Clipped":
        """Not below `low`, not above `high`."""
        return Clipped(self, low, high)


def a_schedule(name: str, value: Any) -> Schedule:
    """Check: a schedule."""
    if not isinstance(value, Schedule):
        raise TypeError(refusal(name, "a schedule", value, "Write a number as Constant(number)."))
    return value


def a_chain(name: str, value: Any) -> tuple[Schedule, ...]:
    """Check: schedules; a part that is a chain itself is spliced in, so that `>>` is associative."""
    parts = Each(a_schedule)(name, value)
    return tuple(chain.from_iterable(part.parts if isinstance(part, Then) else (part,) for part in parts))


Inner = Annotated[Schedule, a_schedule]
Chain = Annotated[Sequence[Schedule], a_chain]


def _within(inner: Schedule, binds: int) -> str:
    """Source of an operand, in parentheses if its own operator binds looser than `binds`."""
    return repr(inner) if inner.binds >= binds else f"({inner!r})"


# -- of one schedule: the horizon stays, unless time is cut -----------------------------------------------------------


class Unary(Schedule, abstract=True):
    """What has one schedule inside, and its horizon."""

    inner: Inner

    @property
    def horizon(self) -> float:
        """That of the inner schedule."""
        return self.inner.horizon


class Scaled(Unary):
    """`inner * factor`, or `factor * inner`.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 4) * 0.5)([0, 2, 4]).tolist()
    [0.0, 0.25, 0.5]
    """

    factor: float
    binds = 3

    def formula(self, k: int) -> float:
        """inner(k) * factor"""
        return self.inner.formula(k) * self.factor

    def __repr__(self) -> str:
        return f"{_within(self.inner, 3)} * {self.factor!r}"


class Offset(Unary):
    """`inner + amount`, or `amount + inner`.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 4) + 0.5)([0, 2, 4]).tolist()
    [0.5, 1.0, 1.5]
    """

    amount: float
    binds = 2

    def formula(self, k: int) -> float:
        """inner(k) + amount"""
        return self.inner.formula(k) + self.amount

    def __repr__(self) -> str:
        sign, size = ("-", -self.amount) if self.amount < 0 else ("+", self.amount)
        return f"{_within(self.inner, 2)} {sign} {size!r}"


class Power(Unary):
    """`inner ** exponent`: inf for 0 to a negative power, NaN for a negative number to a broken one.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 4.0, 4) ** 2.0)([0, 1, 2, 3, 4]).tolist()
    [0.0, 1.0, 4.0, 9.0, 16.0]
    """

    exponent: float
    binds = 4

    def formula(self, k: int) -> float:
        """inner(k) ** exponent"""
        with np.errstate(all="ignore"):
            return float(np.float64(self.inner.formula(k)) ** self.exponent)

    def __repr__(self) -> str:
        return f"{_within(self.inner, 5)} ** {self.exponent!r}"


class Clipped(Unary):
    """`inner.clip(low, high)`: `low` where the inner schedule is below it, `high` where it is above.

    >>> from ravine.schedules import Linear
    >>> Linear(0.0, 4.0, 4).clip(1.0, 3.0)([0, 1, 2, 3, 4]).tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0]
    """

    low: float | None = None
    high: float | None = None

    def _check_together(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError(refusal("low", "given, or high", None, "Without either nothing is clipped."))
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
        return f"{_within(self.inner, 9)}.clip({', '.join(bounds)})"


class Truncated(Unary):
    """`inner[:steps]`: inner(min(k, steps)); lasts `steps` steps, then holds inner(steps).

    So `Linear(a, b, n)[:n]` has the values of `Linear(a, b, n)`, and `inner[:0]` is inner(0) throughout. The horizon is
    `steps`, also where the inner schedule ends earlier (its end value is held).

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
        return f"{_within(self.inner, 9)}[:{self.steps}]"


class Strided(Unary):
    """`inner[start::every]`: from step `start` on, every `every`-th step.

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
        """What is left of the inner one: (inner.horizon - start) / every, rounded up."""
        inner = self.inner.horizon
        return inner if inner == math.inf else max(-((self.start - int(inner)) // self.every), 0)

    def __repr__(self) -> str:
        return f"{_within(self.inner, 9)}[{self.start}:{f':{self.every}' if self.every > 1 else ''}]"


# -- of two, at the same k: until both have ended ---------------------------------------------------------------------


class Binary(Schedule, abstract=True):
    """What has two schedules inside, and lasts as long as the longer of them: from there on both hold."""

    left: Inner
    right: Inner

    @property
    def horizon(self) -> float:
        """The larger one."""
        return max(self.left.horizon, self.right.horizon)


class Sum(Binary):
    """`left + right`, at the same k.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 2) + Linear(0.0, 4.0, 4))([0, 1, 2, 3, 4]).tolist()
    [0.0, 1.5, 3.0, 4.0, 5.0]
    """

    binds = 2

    def formula(self, k: int) -> float:
        """left(k) + right(k)"""
        return self.left.formula(k) + self.right.formula(k)

    def __repr__(self) -> str:
        return f"{_within(self.left, 2)} + {_within(self.right, 3)}"


class Product(Binary):
    """`left * right`, at the same k.

    >>> from ravine.schedules import Linear
    >>> (Linear(0.0, 1.0, 4) * Linear(1.0, 0.0, 4))([0, 2, 4]).tolist()
    [0.0, 0.25, 0.0]
    """

    binds = 3

    def formula(self, k: int) -> float:
        """left(k) * right(k)"""
        return self.left.formula(k) * self.right.formula(k)

    def __repr__(self) -> str:
        return f"{_within(self.left, 3)} * {_within(self.right, 4)}"


# -- of several, one after another ------------------------------------------------------------------------------------


class Then(Schedule):
    """`a >> b >> ...`: each part for its horizon, counted from its own k = 0; the last one goes on for ever.

    Raises ValueError if a part before the last one has no end.

    >>> from ravine.schedules import Constant, Linear
    >>> s = Linear(0.0, 1.0, 2) >> Constant(1.0)[:3] >> Linear(1.0, 0.0, 2)
    >>> s.switches, s.horizon, s([0, 1, 2, 5, 6, 7]).tolist()
    ((2, 5), 7, [0.0, 0.5, 1.0, 1.0, 0.5, 0.0])
    """

    parts: Chain
    binds = 1

    def _check_together(self) -> None:
        if len(self.parts) < 2:
            raise ValueError(refusal("parts", "at least two schedules", self.parts, "Write a >> b."))
        for part in self.parts[:-1]:
            if part.horizon == math.inf:
                raise ValueError(
                    f"a schedule that another follows must end. Received: {part!r}, which never does. "
                    f"Say how long it lasts: {_within(part, 9)}[:n] >> ..."
                )

    @cached_property
    def switches(self) -> tuple[int, ...]:
        """The step counts at which the second, third, ... part begins."""
        return tuple(accumulate(int(part.horizon) for part in self.parts[:-1]))

    def formula(self, k: int) -> float:
        """parts[i](k - switches[i - 1]), where i switches have passed"""
        i = bisect_right(self.switches, k)
        return self.parts[i].formula(k - self.switches[i - 1] if i else k)

    @property
    def horizon(self) -> float:
        """The sum over the parts."""
        return sum(part.horizon for part in self.parts)

    @property
    def extent(self) -> int:
        """The sum over the parts."""
        return sum(part.extent for part in self.parts)

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.parts))
