"""What a field of a record may hold. This is the one place where such checks and their messages are defined.

A plain annotation has an obvious check, the named ones below have a narrower one:

    start: float                        a finite number; ints and NumPy numbers become floats
    steps: PositiveInt                  an integer >= 1
    rate: NonNegative = 0.5             a finite number >= 0
    mode: Literal["min", "max"] = "min"
    hidden: tuple[PositiveInt, ...]     a sequence, kept as a tuple
    end: float | None = None
    seen: Annotated[float, Interval(gt=1)]

A check is called with the name of a field and the value received. It returns the value to keep, or raises TypeError or
ValueError with a message that says what the value must be, what was received, and what to do about it. Any function
that does the same can stand in the Annotated.
"""

import math
import numbers
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from inspect import isclass, isfunction
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import numpy as np

Check = Callable[[str, Any], Any]


def refusal(name: str, must: str, value: object, remedy: str) -> str:
    """The text of every error about a field: what it must be, what was received, what to do."""
    return f"{name} must be {must}. Received: {name}={value!r}. {remedy}"


@dataclass(frozen=True, repr=False)
class Constraint:
    """A check that can say what it accepts: in `must`, which completes "the field must be ..."."""

    @property
    def must(self) -> str:
        """What a value must be."""
        raise NotImplementedError

    def __call__(self, name: str, value: Any) -> Any:
        """The value to keep. Raises TypeError or ValueError."""
        raise NotImplementedError

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default, which its messages then recommend."""
        return self

    def __repr__(self) -> str:
        return self.must


@dataclass(frozen=True, repr=False)
class Interval(Constraint):
    """A finite number in an interval: >= `ge`, > `gt`, <= `le`, < `lt`. It becomes a float, or an int if `integer`.

    >>> Interval(ge=0, lt=1)
    a number in [0, 1)
    >>> Interval(ge=1, integer=True)("steps", np.int64(3))
    3
    >>> 0.5 in Interval(ge=0, lt=1), 1.0 in Interval(ge=0, lt=1), math.nan in Interval(gt=0)
    (True, False, False)
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    integer: bool = False
    remedy: str = ""

    def __contains__(self, value: float) -> bool:
        return (
            math.isfinite(value)
            and (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )

    def __call__(self, name: str, value: Any) -> float:
        """The number to keep."""
        kind: type[float] | type[int] = int if self.integer else float
        family: Any = numbers.Integral if self.integer else numbers.Real
        if isinstance(value, bool) or not isinstance(value, family):
            raise TypeError(self._refusal(name, value))
        try:
            kept = kind(value)
            accepted = kept in self
        except OverflowError:  # an integer beyond the range of float64
            accepted = False
        if not accepted:
            raise ValueError(self._refusal(name, value))
        return kept

    def _refusal(self, name: str, value: Any) -> str:
        example = "Write an integer, such as 10." if self.integer else "Write a number, such as 0.5."
        return refusal(name, self.must, value, self.remedy or example)

    @property
    def must(self) -> str:
        """What a value must be, such as "an integer >= 0", "a finite number > 0", "a number in [0, 1)"."""
        low, high = self.ge if self.gt is None else self.gt, self.le if self.lt is None else self.lt
        lower, upper = (">=", "[") if self.gt is None else (">", "("), ("<=", "]") if self.lt is None else ("<", ")")
        noun = "an integer" if self.integer else "a finite number"
        if low is not None and high is not None:
            return f"{noun.replace('finite ', '')} in {lower[1]}{low}, {high}{upper[1]}"
        if low is not None:
            return f"{noun} {lower[0]} {low}"
        return noun if high is None else f"{noun} {upper[0]} {high}"

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        return self if self.remedy else replace(self, remedy=f"The default is {default!r}.")


@dataclass(frozen=True, repr=False)
class OneOf(Constraint):
    """One of the listed values, of the same type.

    >>> OneOf(("min", "max"))
    'min' or 'max'
    """

    choices: tuple[Any, ...]
    remedy: str = "Choose one of these."

    def __call__(self, name: str, value: Any) -> Any:
        """The choice."""
        if not any(type(value) is type(choice) and value == choice for choice in self.choices):
            error = ValueError if isinstance(value, type(self.choices[0])) else TypeError
            raise error(refusal(name, self.must, value, self.remedy))
        return value

    @property
    def must(self) -> str:
        """The choices."""
        return " or ".join(map(repr, self.choices))

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        return replace(self, remedy=f"The default is {default!r}.")


@dataclass(frozen=True, repr=False)
class Instance(Constraint):
    """An instance of a class; for bool, NumPy's bools too.

    >>> Instance(str)
    a str
    """

    kind: type
    remedy: str = ""

    def __call__(self, name: str, value: Any) -> Any:
        """The value itself; a NumPy bool as a bool."""
        if self.kind is bool and isinstance(value, np.bool_):
            return bool(value)
        if not isinstance(value, self.kind):
            raise TypeError(refusal(name, self.must, value, self.remedy or f"It is of type {type(value).__name__}."))
        return value

    @property
    def must(self) -> str:
        """What a value must be."""
        if self.kind is bool:
            return "True or False"
        return f"{'an' if self.kind.__name__[0] in 'AEIOUaeiou' else 'a'} {self.kind.__name__}"

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        return replace(self, remedy=f"The default is {default!r}.")


@dataclass(frozen=True, repr=False)
class Each(Constraint):
    """A sequence, kept as a tuple. Every element passes `check`."""

    check: Check

    def __call__(self, name: str, value: Any) -> tuple[Any, ...]:
        """The elements to keep."""
        if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
            raise TypeError(refusal(name, self.must, value, f"Write them in brackets: {name}=[...]."))
        return tuple(self.check(f"{name}[{i}]", item) for i, item in enumerate(value))

    @property
    def must(self) -> str:
        """What a value must be."""
        return f"a sequence, each element {self.check!r}" if isinstance(self.check, Constraint) else "a sequence"


@dataclass(frozen=True, repr=False)
class OrNone(Constraint):
    """None, or a value that passes `check`."""

    check: Check

    def __call__(self, name: str, value: Any) -> Any:
        """None, or the value to keep."""
        return None if value is None else self.check(name, value)

    def __contains__(self, value: Any) -> bool:
        return value is None or (isinstance(self.check, Interval) and value in self.check)

    @property
    def must(self) -> str:
        """What a value must be."""
        return f"None or {self.check!r}"

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        inner = self.check
        return replace(self, check=inner.with_default(default)) if isinstance(inner, Constraint) else self


# -- functions --------------------------------------------------------------------------------------------------------


def path_of(function: Any) -> str | None:
    """`"module:name"`, under which `function` finds it; None for a lambda, a closure, a callable object."""
    path = f"{getattr(function, '__module__', None)}:{getattr(function, '__qualname__', None)}"
    return path if isfunction(function) and _found(path) is function else None


def _found(path: str) -> Any:
    module, _, name = path.partition(":")
    try:
        return reduce(getattr, name.split("."), sys.modules[module])
    except (KeyError, AttributeError):
        return None


def function(name: str, value: Any) -> Callable[..., Any]:
    """Check: a function, or the `"module:name"` of a function in a module that has been imported.

    A configuration names code and never imports any.
    """
    kept: Callable[..., Any] = _found(value) if isinstance(value, str) else value
    if isinstance(value, str) and not isfunction(kept):
        module = value.partition(":")[0]
        raise ValueError(refusal(name, "the 'module:name' of a function", value, f"Is {module} imported? Import it."))
    if not callable(kept):
        raise TypeError(refusal(name, "a function", value, "Write def rate(k): ..., or lambda k: ...."))
    return kept


# -- the named checks -------------------------------------------------------------------------------------------------


def milestones(name: str, value: Any) -> tuple[int, ...]:
    """Check: strictly increasing step counts, the first at least 1."""
    kept = Each(Interval(ge=1, integer=True))(name, value)
    if any(later <= earlier for earlier, later in pairwise(kept)):
        raise ValueError(refusal(name, "strictly increasing", value, "Sort them and drop repeats."))
    return kept


def growth(name: str, value: Any) -> float:
    """Check: a finite number >= 1, kept as an int if it is one, so that what it multiplies stays an integer."""
    kept = Interval(ge=1)(name, value)
    return int(kept) if kept.is_integer() else kept


Positive = Annotated[float, Interval(gt=0)]
NonNegative = Annotated[float, Interval(ge=0)]
NonPositive = Annotated[float, Interval(le=0)]
Fraction = Annotated[float, Interval(ge=0, lt=1)]
PositiveFraction = Annotated[float, Interval(gt=0, le=1)]
UnitInterval = Annotated[float, Interval(ge=0, le=1)]
PositiveInt = Annotated[int, Interval(ge=1, integer=True)]
NonNegativeInt = Annotated[int, Interval(ge=0, integer=True)]
Growth = Annotated[float, growth]
Milestones = Annotated[Sequence[int], milestones]


# -- from an annotation to its check -----------------------------------------------------------------------------------

_PLAIN: dict[Any, Check] = {
    float: Interval(),
    int: Interval(integer=True),
    Any: lambda name, value: value,
    Callable: function,
}


def check_of(annotation: Any, adapt: Callable[[Check], Check] = lambda check: check) -> Check:
    """The check of an annotation.

    Args:
        annotation: a plain type, or one with a check, as in the list at the top of this module.
        adapt: what a family of records makes of each check; of the inner ones where an annotation has several.

    Raises:
        TypeError: there is no check for it.

    >>> check_of(tuple[int, ...]), check_of(Positive | None), check_of(Literal["a", "b"])
    (a sequence, each element an integer, None or a finite number > 0, 'a' or 'b')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated and callable(annotation.__metadata__[0]):
        return adapt(annotation.__metadata__[0])
    if origin is Literal:
        return adapt(OneOf(inner))
    if origin in (Union, UnionType) and len(inner) == 2 and NoneType in inner:
        return OrNone(check_of(inner[inner[0] is NoneType], adapt))
    if (origin is tuple and inner[1:] == (...,)) or origin is Sequence:
        return Each(check_of(inner[0], adapt))
    kind = origin if isclass(origin) else annotation
    if kind in _PLAIN:
        return adapt(_PLAIN[kind])
    if isclass(kind) and kind is not UnionType:
        return adapt(Instance(kind))
    raise TypeError(f"there is no check for {annotation!r}")
