"""Checks of fields and arguments, chosen by type annotations. All checks and their messages are defined here.

A plain type such as `float` has a check, and so have the narrower names at the end of this module, such as `Positive`:

    start: float                        a finite number; ints and NumPy numbers become floats
    steps: PositiveInt                  an integer >= 1
    rate: NonNegative = 0.5             a finite number >= 0
    mode: Literal["min", "max"] = "min"
    hidden: tuple[PositiveInt, ...]     a sequence, kept as a tuple
    end: float | None = None
    growth: Annotated[float, Interval(gt=1)]

A check is called with the name of the field and the value received. It returns the value to keep, or raises TypeError
or ValueError with a message that says what the value must be, what was received, and what to do. Any function that does
the same can stand in an Annotated.
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


def refusal(name: str, must: str, value: object, remedy: str, more: str = "") -> str:
    """The text of every error about a value: what it must be, what was received (and `more` of it), what to do."""
    return f"{name} must be {must}. Received: {name}={value!r}{more}. {remedy}".rstrip()


@dataclass(frozen=True, repr=False, kw_only=True)
class Constraint:
    """A check that describes what it accepts, in `must`, and the remedy that its messages recommend."""

    remedy: str = ""

    @property
    def must(self) -> str:
        """What a value must be: the end of the sentence "the field must be ..."."""
        raise NotImplementedError

    def __call__(self, name: str, value: Any) -> Any:
        """The value to keep. Raises TypeError or ValueError."""
        raise NotImplementedError

    def _refusal(self, name: str, value: Any, advice: str) -> str:
        return refusal(name, self.must, value, self.remedy or advice)

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default. Without another remedy, the messages name the default."""
        return self if self.remedy else replace(self, remedy=f"The default is {default!r}.")

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
        kind: Any = int if self.integer else float
        family: Any = numbers.Integral if self.integer else numbers.Real
        if type(value) is not kind and (isinstance(value, bool) or not isinstance(value, family)):
            raise TypeError(self._refusal(name, value))
        try:
            kept: float = kind(value)
            if kept in self:
                return kept
        except OverflowError:  # an integer beyond the range of float64
            pass
        raise ValueError(self._refusal(name, value))

    def _refusal(self, name: str, value: Any, advice: str = "") -> str:
        example = "an integer, such as 10" if self.integer else "a number, such as 0.5"
        return super()._refusal(name, value, f"Write {example}.")

    @property
    def must(self) -> str:
        """What a value must be, such as "an integer >= 0", "a finite number > 0", "a number in [0, 1)"."""
        low, lower, left = (self.ge, ">=", "[") if self.gt is None else (self.gt, ">", "(")
        high, upper, right = (self.le, "<=", "]") if self.lt is None else (self.lt, "<", ")")
        if low is not None and high is not None:
            return f"{'an integer' if self.integer else 'a number'} in {left}{low}, {high}{right}"
        bound = "" if low is high else f" {lower} {low}" if high is None else f" {upper} {high}"
        return ("an integer" if self.integer else "a finite number") + bound


@dataclass(frozen=True, repr=False)
class OneOf(Constraint):
    """One of the listed values, of the same type.

    >>> OneOf(("min", "max"))
    'min' or 'max'
    """

    choices: tuple[Any, ...]

    def __call__(self, name: str, value: Any) -> Any:
        """The choice."""
        if not any(type(value) is type(choice) and value == choice for choice in self.choices):
            error = ValueError if isinstance(value, type(self.choices[0])) else TypeError
            raise error(self._refusal(name, value, "Choose one of these."))
        return value

    @property
    def must(self) -> str:
        """The choices."""
        return " or ".join(map(repr, self.choices))


@dataclass(frozen=True, repr=False)
class Instance(Constraint):
    """An instance of a class. For the class bool, NumPy's bools are accepted too.

    >>> Instance(bool), Instance(str)
    (True or False, a str)
    """

    kind: type

    def __call__(self, name: str, value: Any) -> Any:
        """The value itself; a NumPy bool as a bool."""
        if self.kind is bool and isinstance(value, np.bool_):
            return bool(value)
        if not isinstance(value, self.kind):
            raise TypeError(self._refusal(name, value, f"It is of type {type(value).__name__}."))
        return value

    @property
    def must(self) -> str:
        """The class, with its article."""
        article = "an" if self.kind.__name__[0] in "AEIOUaeiou" else "a"
        return "True or False" if self.kind is bool else f"{article} {self.kind.__name__}"


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

    @property
    def must(self) -> str:
        """What a value must be."""
        return f"None or {self.check!r}"

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        return replace(self, check=self.check.with_default(default)) if isinstance(self.check, Constraint) else self


# -- functions --------------------------------------------------------------------------------------------------------


def path_of(function: Any) -> str | None:
    """The text "module:name" from which the check `function` finds it; None for lambdas, closures, callable objects."""
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

    No module is imported: a configuration must not run code.
    """
    kept: Callable[..., Any] = _found(value) if isinstance(value, str) else value
    if isinstance(value, str) and not isfunction(kept):
        module = value.partition(":")[0]
        raise ValueError(refusal(name, "the 'module:name' of a function", value, f"Is {module} imported? Import it."))
    if not callable(kept):
        raise TypeError(refusal(name, "a function", value, "Write def rate(k): ..., or lambda k: ...."))
    return kept


# -- step counts and lengths -------------------------------------------------------------------------------------------


def milestones(name: str, value: Any) -> tuple[int, ...]:
    """Check: strictly increasing step counts, the first at least 1."""
    kept = Each(Interval(ge=1, integer=True))(name, value)
    if any(later <= earlier for earlier, later in pairwise(kept)):
        raise ValueError(refusal(name, "strictly increasing", value, "Sort them and drop repeats."))
    return kept


def growth(name: str, value: Any) -> float:
    """Check: a finite number >= 1. A whole number becomes an int, so that an integer times it stays an integer."""
    kept = Interval(ge=1)(name, value)
    return int(kept) if kept.is_integer() else kept


# -- annotations and their checks --------------------------------------------------------------------------------------

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

_PLAIN: dict[Any, Check] = {
    float: Interval(),
    int: Interval(integer=True),
    Any: lambda name, value: value,
    Callable: function,
}


def check_of(annotation: Any, adapt: Callable[[Check], Check] = lambda check: check) -> Check:
    """The check of an annotation.

    Args:
        annotation: a type, or an Annotated with a check, see the top of this module.
        adapt: a function from a check to the one to use in its place; in a compound annotation it is given the inner
            checks.

    Raises:
        TypeError: the annotation has no check.

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
    if (origin is tuple and inner[1:] == (...,)) or origin in (Sequence, list):
        return Each(check_of(inner[0], adapt))
    kind = origin if isclass(origin) else annotation
    if kind in _PLAIN:
        return adapt(_PLAIN[kind])
    if isclass(kind) and kind not in (UnionType, tuple):
        return adapt(Instance(kind))
    raise TypeError(f"there is no check for {annotation!r}")


def checked(owner: str, annotation: Any, **argument: Any) -> Any:
    """The value of an argument, given by its name, after the check of a field with this annotation.

    >>> checked("fit", PositiveInt, epochs=0)
    Traceback (most recent call last):
    ValueError: fit: epochs must be an integer >= 1. Received: epochs=0. Write an integer, such as 10.
    """
    ((name, value),) = argument.items()
    try:
        return check_of(annotation)(name, value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{owner}: {error}") from None
