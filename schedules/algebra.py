"""Schedules combine into schedules: `a >> b` (then), `s * c` and `a * b` (product), `s[:n]` (the first n steps)."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import Annotated, Any

from .base import Value
from .fields import Count, Each, Real, refusal


class Schedule(Value):
    """A function of the step count k = 0, 1, 2, ... (updates already taken), and a value.

    Frozen, comparable, hashable; `eval(repr(s)) == s`; `Schedule.from_json(s.to_json()) == s`. A new shape is a
    subclass with annotated fields and a `formula`.
    """

    __array_ufunc__ = None  # a NumPy number on the left leaves `*` to the schedule

    def __rshift__(self, other: "Schedule") -> "Then":
        """`self` for its `horizon` steps, then `other` from its own k = 0. Associative."""
        return Then((self, other))

    def __mul__(self, other: "Schedule | float") -> "Schedule":
        """Value by value: times a number, or times another schedule at the same k."""
        return Product(self, other) if isinstance(other, Schedule) else Scaled(self, other)

    __rmul__ = __mul__

    def __getitem__(self, steps: slice) -> "Truncated":
        """`self[:n]`: the first n steps, a schedule of horizon n."""
        if not isinstance(steps, slice) or steps.start is not None or steps.step is not None or steps.stop is None:
            raise TypeError(f"a schedule takes the slice [:n] only. Received: {steps!r}. Write s[:n], or call s(k).")
        return Truncated(self, steps.stop)


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


class Truncated(Schedule):
    """`inner[:steps]`: inner(min(k, steps)); lasts `steps` steps, then holds inner(steps).

    So `Linear(a, b, n)[:n]` has the values of `Linear(a, b, n)`, and `inner[:0]` is inner(0) throughout.
    """

    inner: Inner
    steps: Count

    def formula(self, k: int) -> float:
        """inner(min(k, steps))"""
        return self.inner.formula(min(k, self.steps))

    @property
    def horizon(self) -> float:
        """`steps`, also where the inner schedule ends earlier (its end value is held)."""
        return self.steps

    def __repr__(self) -> str:
        return f"{_within(self.inner, Then, Scaled, Product)}[:{self.steps}]"


class Scaled(Schedule):
    """`inner * factor`, or `factor * inner`."""

    inner: Inner
    factor: Real

    def formula(self, k: int) -> float:
        """inner(k) * factor"""
        return self.inner.formula(k) * self.factor

    @property
    def horizon(self) -> float:
        """That of the inner schedule."""
        return self.inner.horizon

    def __repr__(self) -> str:
        return f"{_within(self.inner, Then)} * {self.factor!r}"


class Product(Schedule):
    """`left * right`, at the same k; lasts as long as the longer of the two."""

    left: Inner
    right: Inner

    def formula(self, k: int) -> float:
        """left(k) * right(k)"""
        return self.left.formula(k) * self.right.formula(k)

    @property
    def horizon(self) -> float:
        """The larger one: from there on both hold."""
        return max(self.left.horizon, self.right.horizon)

    def __repr__(self) -> str:
        return f"{_within(self.left, Then)} * {_within(self.right, Then, Scaled, Product)}"


class Then(Schedule):
    """`a >> b >> ...`: each part for its horizon, counted from its own k = 0; the last one goes on for ever.

    Raises ValueError if a part before the last one has no end.
    """

    parts: Chain

    def _check(self) -> None:
        if len(self.parts) < 2:
            raise ValueError(refusal("parts", "at least two schedules", self.parts, "Write a >> b."))
        for part in self.parts[:-1]:
            if part.horizon == math.inf:
                raise ValueError(
                    f"a schedule that another follows must end. Received: {part!r}, which never does. "
                    f"Say how long it lasts: {_within(part, Scaled, Product)}[:n] >> ..."
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

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.parts))


def _within(inner: Schedule, *looser: type[Schedule]) -> str:
    """Source of an operand, in parentheses if its own operator binds looser than the one around it."""
    return f"({inner!r})" if isinstance(inner, looser) else repr(inner)
