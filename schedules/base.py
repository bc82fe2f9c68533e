"""The base of all schedules: a record with one formula, from which everything else is derived."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from os import PathLike
from typing import Any, ClassVar, Self, overload

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .fields import Interval, refusal
from .record import Record

COUNTS = "It counts the updates already taken: 0 at the first one."


class Schedule(Record, ABC):
    """A function of the step count k = 0, 1, 2, ..., the number of updates already taken. It is an immutable value.

    Schedules can be compared and hashed; `eval(repr(s)) == s`; `Schedule.from_json(s.to_json()) == s`. A new schedule
    is a subclass with annotated fields and a `formula`. Its fields are checked when it is made, see fields.py.

        a >> b                     a for its `horizon` steps, then b from its own k = 0
        a + b, a * b, a ** 2.0     the sum, product or power of the values at the same k; b may be a number
        s[:n], s[n:], s[::n]       the first n steps, all steps from n on, every n-th step
        s.clip(low, high)          bounded values

    Raises:
        TypeError, ValueError: a field has a value that its annotation doesn't allow.

    >>> from ravine.schedules import Cosine, Linear
    >>> s = Linear(0.0, 0.1, 10) >> Cosine(0.1, 0.0, 90)
    >>> s([0, 5, 10, 55, 100]).round(3).tolist()
    [0.0, 0.05, 0.1, 0.05, 0.0]
    >>> Schedule.from_json(s.to_json()) == s
    True
    """

    registry: ClassVar[dict[str, type[Any]]] = {}
    __array_ufunc__ = None  # so that `np.float64(2) * schedule` calls `schedule.__rmul__`
    _precedence: ClassVar[int] = 9  # of the operator in the repr, as in Python; 9: a call, an index or a name

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        namesake = cls.registry.get(cls.__name__, cls)
        if namesake.__module__ != cls.__module__:
            raise TypeError(
                f"a schedule named {cls.__name__} exists in {namesake.__module__}. "
                f"Received: another from {cls.__module__}. Configurations name the class: choose another name."
            )

    # -- the values --------------------------------------------------------------------------------------------------

    @abstractmethod
    def formula(self, k: int) -> float:
        """The value at one step count k = 0, 1, 2, ..., computed with Python's own numbers."""

    @property
    def horizon(self) -> float:
        """The number of steps until the schedule ends, an int; `math.inf` if it has no end.

        A schedule that has ended holds its value at the horizon. `a >> b` goes over to b at k = a.horizon.
        """
        return math.inf

    @overload
    def __call__(self, k: int | np.integer[Any]) -> float: ...
    @overload
    def __call__(self, k: NDArray[np.integer[Any]] | Sequence[int]) -> NDArray[np.float64]: ...
    def __call__(self, k: Any) -> float | NDArray[np.float64]:
        """The value after k updates, k = 0, 1, 2, ...

        An integer gives a float. An array of integers gives a float64 array of the same shape, whose elements have
        exactly the values of the single integers.

        Raises:
            TypeError: k is not made of integers.
            ValueError: k is negative.
        """
        if type(k) is int and k >= 0:
            return self.formula(k)
        counts = np.asarray(k)
        if counts.dtype.kind not in "iu":
            raise TypeError(f"{type(self).__name__}: {refusal('k', 'an integer or an array of integers', k, COUNTS)}")
        if counts.size and counts.min() < 0:
            raise ValueError(f"{type(self).__name__}: {refusal('k', '>= 0', int(counts.min()), COUNTS)}")
        if counts.ndim == 0 and not isinstance(k, np.ndarray):
            return self.formula(int(k))
        # One element at a time, because np.power rounds a number and the same number in an array differently.
        values = np.fromiter(map(self.formula, counts.ravel().tolist()), np.float64, counts.size)
        return values.reshape(counts.shape)

    # -- the algebra -------------------------------------------------------------------------------------------------

    def _combined(self, name: str, *fields: Any) -> "Schedule":
        """The schedule that an operator makes. Its class is defined in algebra.py and found by name in the registry."""
        make: Callable[..., Schedule] = self.registry[name]
        return make(*fields)

    def __rshift__(self, other: "Schedule") -> "Schedule":
        """`self` for its `horizon` steps, then `other` from its own k = 0. Associative."""
        return self._combined("Then", (self, other))

    def __add__(self, other: "Schedule | float") -> "Schedule":
        """The sum with a number, or with the value of another schedule at the same k."""
        return self._combined("Sum" if isinstance(other, Schedule) else "Offset", self, other)

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
        """The product with a number, or with the value of another schedule at the same k."""
        return self._combined("Product" if isinstance(other, Schedule) else "Scaled", self, other)

    __rmul__ = __mul__

    def __pow__(self, exponent: float) -> "Schedule":
        """The value to the power of a number."""
        return self._combined("Power", self, exponent)

    def __getitem__(self, steps: slice) -> "Schedule":
        """`self[:n]`, the first n steps; `self[n:]`, the steps from n on; `self[::n]`, every n-th; or all at once."""
        if not isinstance(steps, slice) or steps == slice(None):
            raise TypeError(
                f"a schedule takes the slices [:n], [n:] and [::n]. Received: {steps!r}. Write s[:n], or call s(k)."
            )
        inner = self if steps.stop is None else self._combined("Truncated", self, steps.stop)
        if steps.start is None and steps.step is None:
            return inner
        start, every = 0 if steps.start is None else steps.start, 1 if steps.step is None else steps.step
        return self._combined("Strided", inner, start, every)

    def clip(self, low: float | None = None, high: float | None = None) -> "Schedule":
        """The values, but not below `low` and not above `high`."""
        return self._combined("Clipped", self, low, high)

    # -- state and copies --------------------------------------------------------------------------------------------

    def _values(self) -> Iterator[Any]:
        """The values of the fields, and the elements of those that are tuples."""
        for name in self.checks:
            value = getattr(self, name)
            yield from value if isinstance(value, tuple) else (value,)

    @property
    def plateaus(self) -> tuple[Any, ...]:
        """The `ReduceOnPlateau` schedules in this one, each once. Their state has to be saved with an optimizer's."""
        inner = (value.plateaus for value in self._values() if isinstance(value, Schedule))
        return tuple({id(plateau): plateau for plateau in chain.from_iterable(inner)}.values())

    def clone(self) -> Self:
        """An equal schedule for another run, with new `ReduceOnPlateau` schedules, which have observed no metric."""
        return self.replace(**{name: _cloned(getattr(self, name)) for name in self.checks})

    # -- plots -------------------------------------------------------------------------------------------------------

    @property
    def plot_steps(self) -> int:
        """The number of steps that a plot shows: up to the horizon; without one, 3 times the largest integer field."""
        if self.horizon < math.inf:
            return int(self.horizon)
        counts = [value for value in self._values() if type(value) is int]
        inner = [value.plot_steps for value in self._values() if isinstance(value, Schedule)]
        return max([100, *(3 * count for count in counts), *inner])

    def plot(self, steps: int | None = None, *, path: str | PathLike[str] | None = None, ax: Any = None) -> Any:
        """Plot the values at k = 0 ... steps.

        Args:
            steps: the last k, an integer >= 0; `plot_steps` if left out.
            path: the file to write, whose name ends in .png, .svg or .pdf.
            ax: the matplotlib Axes to draw into; those of a new figure if left out.

        Returns:
            the matplotlib Figure, which a notebook shows.

        Raises:
            ModuleNotFoundError: matplotlib is missing. `pip install ".[experiments]"` installs it.
        """
        last = self.plot_steps if steps is None else Interval(ge=0, integer=True)("plot: steps", steps)
        return drawing.plotted(self, repr(self), int(last), path, ax)

    def _repr_svg_(self) -> str:
        return drawing.svg(self, repr(self), self.plot_steps)


def _cloned(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_cloned, value))
    return value.clone() if isinstance(value, Schedule) else value
