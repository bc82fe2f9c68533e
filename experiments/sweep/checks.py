"""Checks of what a specification holds: known names, values of the declared types, and where the error is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from ...schedules.fields import Interval, check_of
from ...schedules.record import Record
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
    try:
        found: tuple[str, ...] = check_of(tuple[str, ...])(name, value)
    except TypeError as error:
        raise UsageError(str(error)) from error
    return found


def construct(name: str, cls: Any, given: Mapping[str, Any]) -> Any:
    """Return `cls(**given)`. Raises UsageError for an unknown or missing field, or a value of another type."""
    known = {f.name: f for f in fields(cls)}
    for field in given:
        lookup(f"entry of {name}", field, known)
    needed = [f.name for f in known.values() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [field for field in needed if field not in given]:
        raise UsageError(f"{name}: {missing[0]} is missing. Its entries: {', '.join(known)}.")
    try:
        if issubclass(cls, Record):  # it checks its fields itself
            return cls(**given)
        hints = get_type_hints(cls)
        return cls(**{field: check_of(hints[field])(f"{name}.{field}", value) for field, value in given.items()})
    except UsageError:
        raise
    except (TypeError, ValueError) as error:
        place = "" if str(error).startswith(name) else f"{name}: "
        raise UsageError(f"{place}{error}") from error
