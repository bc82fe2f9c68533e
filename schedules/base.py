"""A schedule is a value: frozen, validated fields and one formula; everything else is derived from these two."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import chain
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform, get_type_hints, overload

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .fields import count, path_of, refusal

if TYPE_CHECKING:
    from .plateau import Controller

COUNTS = "It counts the updates already taken: 0 at the first one."


@dataclass_transform(frozen_default=True)
class Value(ABC):
    """A frozen record with a `formula` of the step count.

    A subclass is made a frozen dataclass (comparable, hashable), its fields are checked at construction as their
    annotations say (see fields.py), and it is listed in `registry` under its name once it has a formula.
    """

    registry: ClassVar[dict[str, type[Any]]] = {}
    _checks: ClassVar[dict[str, Callable[[str, Any], Any]]]

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

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, repr=False)(cls)
        hints = get_type_hints(cls, include_extras=True)
        cls._checks = {field.name: _check_of(cls, field.name, hints) for field in fields(cls)}  # type: ignore[arg-type]
        if not getattr(cls.formula, "__isabstractmethod__", False):
            namesake = Value.registry.setdefault(cls.__name__, cls)
            if namesake.__module__ != cls.__module__:
                raise TypeError(
                    f"a schedule named {cls.__name__} exists in {namesake.__module__}. "
                    f"Received: another from {cls.__module__}. Configurations name the class: choose another name."
                )
            Value.registry[cls.__name__] = cls

    def __post_init__(self) -> None:
        try:
            for name, check in self._checks.items():
                object.__setattr__(self, name, check(name, getattr(self, name)))
            self._check()
        except (TypeError, ValueError) as error:
            raise type(error)(f"{type(self).__name__}: {error}") from None

    def _check(self) -> None:  # noqa: B027 (most shapes have no such fields)
        """Refuse fields that are each valid but not together. Raises ValueError."""

    def __repr__(self) -> str:
        given = [(field, getattr(self, field.name)) for field in fields(self)]  # type: ignore[arg-type]
        arguments = [
            _source(value) if field.default is MISSING else f"{field.name}={_source(value)}"
            for field, value in given
            if value != field.default
        ]
        return f"{type(self).__name__}({', '.join(arguments)})"

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
        for name in self._checks:
            value = getattr(self, name)
            yield from value if isinstance(value, tuple) else (value,)

    @property
    def controllers(self) -> tuple["Controller", ...]:
        """The controllers in it, each once: they have a state, which is to be saved."""
        inner = (item.controllers for item in self._items() if isinstance(item, Value))
        return tuple({id(found): found for found in chain.from_iterable(inner)}.values())

    def fresh(self) -> Self:
        """An equal value with controllers of its own that have observed nothing: for another run."""
        return type(self)(**{name: _renewed(getattr(self, name)) for name in self._checks})

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
        last = self.extent if steps is None else count("plot: steps", steps)
        return drawing.plotted(self, repr(self), int(last), path, ax)

    def _repr_svg_(self) -> str:
        return drawing.svg(self, repr(self), self.extent)

    # -- configuration -----------------------------------------------------------------------------------------------

    def to_config(self) -> dict[str, Any]:
        """The value as JSON knows it: a dict of the class name under "class", and the fields.

        Raises ValueError if a field holds a function that has no name in a module.
        """
        return {"class": type(self).__name__} | {name: _encoded(getattr(self, name)) for name in self._checks}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The value that `to_config` described. Raises TypeError or ValueError if it describes none."""
        if not isinstance(config, Mapping):
            raise TypeError(f"a configuration must be a dict. Received: {config!r}. Write what to_config() returns.")
        name, given = config.get("class"), {key: value for key, value in config.items() if key != "class"}
        kind: Any = Value.registry.get(name) if isinstance(name, str) else None
        if kind is None or not issubclass(kind, cls):
            known = ", ".join(sorted(other.__name__ for other in Value.registry.values() if issubclass(other, cls)))
            raise ValueError(f"{cls.__name__}: class must be one of {known}. Received: class={name!r}.")
        missing = {field.name for field in fields(kind) if field.default is MISSING} - given.keys()
        if missing or given.keys() - kind._checks.keys():
            received = ", ".join(map(str, given)) or "none"
            raise ValueError(f"{name}: the fields must be {', '.join(kind._checks)}. Received: {received}.")
        value: Self = kind(**{key: _decoded(item) for key, item in given.items()})
        return value

    def to_json(self) -> str:
        """The configuration as JSON text; numbers round trip exactly."""
        return json.dumps(self.to_config())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The value that `to_json` wrote. Raises TypeError or ValueError if the text describes none."""
        return cls.from_config(json.loads(text))


def _check_of(owner: type, name: str, hints: Mapping[str, Any]) -> Callable[[str, Any], Any]:
    check: Callable[[str, Any], Any] | None = getattr(hints[name], "__metadata__", (None,))[0]
    if not callable(check):
        raise TypeError(
            f"{owner.__name__}: a field must be annotated with its check, as Real, Count and others of "
            f"ravine.schedules.fields are. Received: {name}: {hints[name]!r}."
        )
    return check


def _source(value: Any) -> str:
    return repr(path_of(value) or value)


def _renewed(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_renewed, value))
    return value.fresh() if isinstance(value, Value) else value


def _encoded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    if isinstance(value, Value):
        return value.to_config()
    if callable(value) and path_of(value) is None:
        raise ValueError(
            f"only a function at the top level of a module can be named in a configuration. Received: {value!r}. "
            "Write it with def in a module."
        )
    return path_of(value) or value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return Value.from_config(value) if isinstance(value, Mapping) else value
