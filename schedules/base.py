"""A schedule is a value: frozen, validated fields and one formula; everything else is derived from these two."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .fields import Interval, refusal
from .record import Record

if TYPE_CHECKING:
    from .plateau import Controller

COUNTS = "It counts the updates already taken: 0 at the first one."


class Value(Record, ABC):
    """A frozen record with a `formula` of the step count.

    A subclass is made a frozen dataclass (comparable, hashable), its fields are checked at construction as their
    annotations say (see fields.py), and it is listed in `registry` under its name once it has a formula.
    """

    registry: ClassVar[dict[str, type[Any]]] = {}

    @abstractmethod
    def formula(self, k: int) -> float:
        """The value at one step count k = 0, 1, 2, ..., in the arithmetic of Python's own numbers."""

    @property
    def horizon(self) -> float:
        """The number of steps the schedule lasts, an int, or `math.inf`: `a >> b` goes over to b at k = a.horizon.

        From a finite horizon on, the value at the horizon is held.
        """
        return math.inf

    # -- the record --------------------------------------------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        namesake = cls.registry.get(cls.__name__, cls)
        if namesake.__module__ != cls.__module__:
            raise TypeError(
                f"a schedule named {cls.__name__} exists in {namesake.__module__}. "
                f"Received: another from {cls.__module__}. Configurations name the class: choose another name."
            )

    # -- evaluation --------------------------------------------------------------------------------------------------

    @overload
    def __call__(self, k: int | np.integer[Any]) -> float: ...
    @overload
    def __call__(self, k: NDArray[np.integer[Any]] | Sequence[int]) -> NDArray[np.float64]: ...
    def __call__(self, k: Any) -> float | NDArray[np.float64]:
        """The value when k updates have been taken: k = 0, 1, 2, ...

        An integer gives a float. An array of integers gives a float64 array of its shape, bit for bit the values of its
        elements. Raises TypeError if k isn't made of integers, ValueError if it is negative.
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
        # One element at a time: np.power rounds one element and many differently, Python's pow always the same.
        values = np.fromiter(map(self.formula, counts.ravel().tolist()), np.float64, counts.size)
        return values.reshape(counts.shape)

    # -- what is inside ----------------------------------------------------------------------------------------------

    def _items(self) -> Iterator[Any]:
        for name in self.checks:
            value = getattr(self, name)
            yield from value if isinstance(value, tuple) else (value,)

    @property
    def controllers(self) -> tuple["Controller", ...]:
        """The controllers in it, each once: they have a state, which is to be saved."""
        inner = (item.controllers for item in self._items() if isinstance(item, Value))
        return tuple({id(found): found for found in chain.from_iterable(inner)}.values())

    def fresh(self) -> Self:
        """An equal value with controllers of its own that have observed nothing: for another run."""
        return type(self)(**{name: _renewed(getattr(self, name)) for name in self.checks})

    # -- pictures ----------------------------------------------------------------------------------------------------

    @property
    def extent(self) -> int:
        """The number of steps that a picture shows: up to the horizon; without one, three times the longest within."""
        if self.horizon < math.inf:
            return int(self.horizon)
        counts = [item for item in self._items() if type(item) is int]
        inner = [item.extent for item in self._items() if isinstance(item, Value)]
        return max([100, *(3 * count for count in counts), *inner])

    def plot(self, steps: int | None = None, *, path: str | PathLike[str] | None = None, ax: Any = None) -> Any:
        """Draw the values at k = 0 ... steps.

        Args:
            steps: the last k, an integer >= 0; `extent` if left out.
            path: where to write the picture, as .png, .svg or .pdf.
            ax: the matplotlib Axes to draw into; a new figure if left out.

        Returns:
            the matplotlib Figure, which a notebook shows.

        Raises:
            ModuleNotFoundError: matplotlib is missing; it is in the extra ravine[experiments].
        """
        last = self.extent if steps is None else Interval(ge=0, integer=True)("plot: steps", steps)
        return drawing.plotted(self, repr(self), int(last), path, ax)

    def _repr_svg_(self) -> str:
        return drawing.svg(self, repr(self), self.extent)


def _renewed(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_renewed, value))
    return value.fresh() if isinstance(value, Value) else value
