"""What a field of a schedule may hold: `steps: Count` declares the type and, in its annotation, the check.

A check is called at construction with the field's name and the value received. It returns the value to keep (where a
float belongs, an int or a NumPy number becomes one), or raises TypeError or ValueError saying what the value must be,
what was received, and the remedy.
"""

import math
import numbers
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from inspect import isfunction
from itertools import pairwise
from typing import Annotated, Any

import numpy as np


def refusal(name: str, must: str, value: object, remedy: str) -> str:
    """The one shape of an error message."""
    return f"{name} must be {must}. Received: {name}={value!r}. {remedy}"


@dataclass(frozen=True, repr=False)
class Number:
    """Check: a finite number, kept as `kind`, for which `valid` holds."""

    must: str
    remedy: str
    kind: type[float] | type[int] = float
    valid: Callable[[float], bool] = lambda value: True

    def __call__(self, name: str, value: Any) -> float:
        """The number to keep."""
        family: Any = numbers.Integral if self.kind is int else numbers.Real
        if isinstance(value, bool) or not isinstance(value, family):
            raise TypeError(refusal(name, self.must, value, self.remedy))
        try:
            kept = self.kind(value)
            accepted = math.isfinite(kept) and self.valid(kept)
        except OverflowError:  # an integer beyond the range of float64
            accepted = False
        if not accepted:
            raise ValueError(refusal(name, self.must, value, self.remedy))
        return kept

    def __repr__(self) -> str:
        return self.must


@dataclass(frozen=True, repr=False)
class Each:
    """Check: a sequence, kept as a tuple, each item of which passes `check`."""

    check: Callable[[str, Any], Any]

    def __call__(self, name: str, value: Any) -> tuple[Any, ...]:
        """The items to keep."""
        if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
            raise TypeError(refusal(name, "a sequence", value, f"Write them in brackets: {name}=[...]."))
        return tuple(self.check(f"{name}[{i}]", item) for i, item in enumerate(value))

    def __repr__(self) -> str:
        return f"a sequence, each item {self.check!r}"


@dataclass(frozen=True, repr=False)
class OneOf:
    """Check: one of the listed choices, of the same type."""

    choices: tuple[Any, ...]

    def __call__(self, name: str, value: Any) -> Any:
        """The choice."""
        if not any(type(value) is type(choice) and value == choice for choice in self.choices):
            error = ValueError if isinstance(value, type(self.choices[0])) else TypeError
            raise error(refusal(name, repr(self), value, "Choose one of these."))
        return value

    def __repr__(self) -> str:
        return " or ".join(map(repr, self.choices))


@dataclass(frozen=True, repr=False)
class OrNone:
    """Check: None, or what passes `check`."""

    check: Callable[[str, Any], Any]

    def __call__(self, name: str, value: Any) -> Any:
        """None, or the value to keep."""
        return None if value is None else self.check(name, value)

    def __repr__(self) -> str:
        return f"None or {self.check!r}"


count = Number("an integer >= 0", "Write a number of steps, such as 100.", int, lambda value: value >= 0)
span = Number("an integer >= 1", "Write a number of steps, such as 100.", int, lambda value: value >= 1)
real = Number("a finite number", "Write a number, such as 0.1.")
positive = Number("a finite number > 0", "Write a number, such as 1.", valid=lambda value: value > 0)
nonnegative = Number("a finite number >= 0", "Write a number, such as 0.5.", valid=lambda value: value >= 0)
multiple = Number("a finite number >= 1", "It multiplies a length; 1 keeps it.", valid=lambda value: value >= 1)
share = Number("a number in [0, 1]", "Write a share, such as 0.3.", valid=lambda value: 0 <= value <= 1)


def milestones(name: str, value: Any) -> tuple[int, ...]:
    """Check: strictly increasing step counts, the first at least 1."""
    kept = Each(span)(name, value)
    if any(later <= earlier for earlier, later in pairwise(kept)):
        raise ValueError(refusal(name, "strictly increasing", value, "Sort them and drop repeats."))
    return kept


def growth(name: str, value: Any) -> float:
    """Check: a finite number >= 1, kept as an int if it is one, so that what it multiplies stays an integer."""
    kept = multiple(name, value)
    return int(kept) if kept.is_integer() else kept


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
    """Check: a function, given itself or as the `"module:name"` of one in a module that has been imported.

    Nothing is imported for it: a configuration names code, it doesn't load any.
    """
    kept: Callable[..., Any] = _found(value) if isinstance(value, str) else value
    if isinstance(value, str) and not isfunction(kept):
        module = value.partition(":")[0]
        raise ValueError(refusal(name, "the 'module:name' of a function", value, f"Is {module} imported? Import it."))
    if not callable(kept):
        raise TypeError(refusal(name, "a function", value, "Write def rate(k): ..., or lambda k: ...."))
    return kept


Flag = Annotated[bool, OneOf((False, True))]
Count = Annotated[int, count]
Span = Annotated[int, span]
Real = Annotated[float, real]
Positive = Annotated[float, positive]
NonNegative = Annotated[float, nonnegative]
Share = Annotated[float, share]
Growth = Annotated[float, growth]
Shrinkage = Annotated[
    float, Number("a number in (0, 1]", "It shrinks a height; 1 keeps it.", valid=lambda value: 0 < value <= 1)
]
Reals = Annotated[Sequence[float], Each(real)]
Milestones = Annotated[Sequence[int], milestones]
OptionalReal = Annotated[float | None, OrNone(real)]
Function = Annotated[Callable[..., Any], function]
