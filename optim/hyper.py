"""Hyperparameters: a number or a schedule, within the domain that a field's annotation names; a switch; a choice.

>>> from ravine.optim import Adam
>>> Adam.domains["beta1"].text, 0.9 in Adam.domains["beta1"], 1.0 in Adam.domains["beta1"]
('in [0, 1)', True, False)
"""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields
from numbers import Real
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import numpy as np

from ..schedules import Schedule

__all__ = [
    "Count",
    "Domain",
    "Fraction",
    "Hyper",
    "Integer",
    "NonNegative",
    "Positive",
    "Unit",
    "domains_of",
    "validated",
    "value_at",
]

Hyper: TypeAlias = float | Schedule

# A schedule with an end is checked at this many steps, spread over its length, when an optimizer is made.
_PROBES = 257


@dataclass(frozen=True)
class Domain:
    """The numbers that a hyperparameter may take. NaN is in none."""

    text: str
    low: float
    high: float = math.inf
    open_low: bool = False
    open_high: bool = True
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        if self.whole and value != int(value):
            return False
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below


NonNegative: TypeAlias = Annotated[Hyper, Domain("finite and >= 0", 0)]
Positive: TypeAlias = Annotated[Hyper, Domain("finite and > 0", 0, open_low=True)]
Fraction: TypeAlias = Annotated[Hyper, Domain("in [0, 1)", 0, 1)]
Unit: TypeAlias = Annotated[Hyper, Domain("in [0, 1]", 0, 1, open_high=False)]
Integer: TypeAlias = Annotated[int, Domain("an integer >= 0", 0, whole=True)]
Count: TypeAlias = Annotated[int, Domain("an integer >= 1", 1, whole=True)]

ANY = Domain("finite", -math.inf, open_low=True)


def domains_of(cls: Any) -> dict[str, Domain | tuple[Any, ...]]:
    """The domain of each field; for a switch or a choice, the values it has."""
    hints = get_type_hints(cls, include_extras=True)
    return {f.name: _domain(hints[f.name]) for f in fields(cls)}


def _domain(hint: Any) -> Domain | tuple[Any, ...]:
    if hint is bool:
        return (True, False)
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Literal:
            return get_args(part)
    found = (extra for part in (hint, *get_args(hint)) for extra in getattr(part, "__metadata__", ()))
    return next(found, ANY)


def value_at(cls: Any, name: str, schedule: Schedule, k: int) -> float:
    """What a field's schedule gives when k updates have been taken.

    Raises:
        ValueError: that is outside the domain.
    """
    value = schedule(k)
    if value not in cls.domains[name]:
        raise ValueError(
            f"{cls.__name__}: {name} must be {cls.domains[name].text}. "
            f"Received: {name}={schedule!r}, which is {value} at k={k}.{_remedy(cls, name)}"
        )
    return value


def validated(cls: Any, name: str, value: Any) -> Any:
    """The value of a field, a number as a Python float.

    Raises:
        TypeError: neither a number nor a schedule; for a switch, no bool.
        ValueError: outside the domain; for a schedule with an end, at one of its steps.
    """
    domain: Domain | tuple[Any, ...] = cls.domains[name]
    what, received, remedy = f"{cls.__name__}: {name}", f"Received: {name}={value!r}", _remedy(cls, name)
    if domain == (True, False):
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{what} must be True or False. {received}.{remedy}")
        return bool(value)
    if value is None and _default(cls, name) is None:
        return None
    if isinstance(domain, tuple):
        if not isinstance(value, str) or value not in domain:
            raise ValueError(f"{what} must be one of {', '.join(map(repr, domain))}. {received}.{remedy}")
        return value
    if isinstance(value, Schedule):
        if domain.whole:
            raise TypeError(f"{what} must be {domain.text}, and takes no schedule. {received}.{remedy}")
        last = value.horizon if math.isfinite(value.horizon) else 0
        for k in np.unique(np.linspace(0, last, _PROBES).astype(np.int64)).tolist():
            value_at(cls, name, value, k)
        return value
    if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} must be a number or a schedule. {received}, of type {type(value).__name__}.{remedy}")
    if (isinstance(value, int) and abs(value) > 2**1023) or float(value) not in domain:
        raise ValueError(f"{what} must be {domain.text}. {received}.{remedy}")
    return math.floor(value) if domain.whole else float(value)


def _default(cls: Any, name: str) -> Any:
    return next(f.default for f in fields(cls) if f.name == name)


def _remedy(cls: Any, name: str) -> str:
    default = _default(cls, name)
    return "" if default is MISSING else f" The default is {default!r}."
