"""Checks of what a specification holds: known names, values of the declared types, and where the error is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ...schedules.fields import Interval
from ..errors import UsageError, lookup

__all__ = ["check_integer", "construct", "table", "texts", "within"]


@contextmanager
def within(place: str) -> Iterator[None]:
    """Put the place before the message of a UsageError that is raised inside the block."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from error


def check_integer(name: str, value: object, least: int, remedy: str = "") -> None:
    """Raise UsageError unless the value is an integer >= `least`."""
    try:
        Interval(ge=least, integer=True, remedy=remedy)(name, value)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error


def table(name: str, value: Any) -> dict[str, Any]:
    """Return a TOML table as a dict. Raises UsageError if the value is no table."""
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} must be a table, [{name}]. Received: {value!r}.")
    return dict(value)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Return a list of strings as a tuple. Raises UsageError if the value is something else."""
    return tuple(typed(name, value, tuple[str, ...]))


def construct(name: str, cls: Any, given: Mapping[str, Any]) -> Any:
    """Return `cls(**given)`. Raises UsageError for an unknown or missing field, or a value of another type."""
    known, hints = {f.name: f for f in fields(cls)}, type_hints(cls)
    values = {}
    for field, value in given.items():
        lookup(f"entry of {name}", field, known)
        values[field] = typed(f"{name}.{field}", value, hints.get(field, Any))
    needed = [f.name for f in known.values() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [field for field in needed if field not in given]:
        raise UsageError(f"{name}: {missing[0]} is missing. Its entries: {', '.join(known)}.")
    try:
        return cls(**values)
    except UsageError:
        raise
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: {error}") from error


def type_hints(cls: Any) -> dict[str, Any]:
    """Return the types of a class's fields; an empty dict if they name types local to a function."""
    try:
        return get_type_hints(cls)
    except NameError:
        return {}


def typed(name: str, value: Any, hint: Any) -> Any:
    """Return the value, a list as a tuple. Raises UsageError unless it matches the type hint."""
    if not fits(value, hint):
        raise UsageError(f"{name} must be {described(hint)}. Received: {value!r}.")
    return tuple(value) if isinstance(value, list) else value


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of TOML's types matches a type hint. A hint that TOML has no type for matches everything."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in inner)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(fits(item, inner[0]) for item in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(fits(item, inner[1]) for item in value.values())
    if hint in (int, float):  # True is an int in Python
        return isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


WORDS = {int: "whole number", float: "number", str: "text"}


def described(hint: Any) -> str:
    """Return a type hint in words, such as "a list of whole numbers"."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(described(part) for part in inner if part is not NoneType)
    if origin in (tuple, Mapping):
        kind, of = ("list", inner[0]) if origin is tuple else ("table", inner[1])
        return f"a {kind} of {WORDS.get(of, of.__name__)}s"
    return "true or false" if hint is bool else f"a {WORDS.get(hint, hint.__name__)}"
