"""The entries of a file: known names, values of the right types, and where it is wrong. Sorted by what is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..errors import UsageError, lookup

__all__ = ["made", "table", "texts", "within"]


@contextmanager
def within(place: str) -> Iterator[None]:
    """Put the place before what is said to be wrong there."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from error


def table(name: str, value: Any) -> dict[str, Any]:
    """Return a TOML table. Raises UsageError if it is something else."""
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} must be a table, [{name}]. Received: {value!r}.")
    return dict(value)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Return a list of texts. Raises UsageError if it is something else."""
    return tuple(typed(name, value, tuple[str, ...]))


def made(name: str, cls: Any, given: Mapping[str, Any]) -> Any:
    """Return `cls(**given)`. Raises UsageError if it has no such fields, needs others, or has them of other types."""
    known, hints = {f.name: f for f in fields(cls)}, hinted(cls)
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


def hinted(cls: Any) -> dict[str, Any]:
    """Return the types of a class's fields; nothing if they are names that can't be found from outside its function."""
    try:
        return get_type_hints(cls)
    except NameError:
        return {}


def typed(name: str, value: Any, hint: Any) -> Any:
    """Return a value, a list as a tuple. Raises UsageError unless it is what the hint says."""
    if not fits(value, hint):
        raise UsageError(f"{name} must be {described(hint)}. Received: {value!r}.")
    return tuple(value) if isinstance(value, list) else value


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of TOML's types is what a type hint says; one of a kind that TOML has no word for is."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in inner)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(fits(item, inner[0]) for item in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(fits(item, inner[1]) for item in value.values())
    if hint in (int, float):  # a switch is no number
        return isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


WORDS = {int: "whole number", float: "number", str: "text"}


def described(hint: Any) -> str:
    """Return a type hint in words: "a list of whole numbers"."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(described(part) for part in inner if part is not NoneType)
    if origin in (tuple, Mapping):
        kind, of = ("list", inner[0]) if origin is tuple else ("table", inner[1])
        return f"a {kind} of {WORDS.get(of, of.__name__)}s"
    return "true or false" if hint is bool else f"a {WORDS.get(hint, hint.__name__)}"
