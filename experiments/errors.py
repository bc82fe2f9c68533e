"""The exception for requests that can't be met, and the functions that raise it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, TypeVar

from ..schedules.fields import check_of

T = TypeVar("T")


class UsageError(ValueError):
    """A request that can't be met. The message says what is wrong, what was received, and the remedy.

    >>> from ravine.experiments.datasets import load
    >>> try:
    ...     load("irsi")
    ... except UsageError as error:
    ...     print(str(error).split(" Known")[0])
    Unknown dataset: 'irsi'. Did you mean 'iris'?
    """


def lookup(kind: str, name: object, registry: Mapping[str, T]) -> T:
    """Return `registry[name]`; raise UsageError with the nearest and all known names if it isn't there."""
    if isinstance(name, str) and name in registry:
        return registry[name]
    near = get_close_matches(name.lower(), registry, n=1) if isinstance(name, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"Unknown {kind}: {name!r}.{hint} Known: {', '.join(registry)}.")


@contextmanager
def within(place: str) -> Iterator[None]:
    """Raise a TypeError or ValueError of the block as a UsageError, with the place before its message.

    >>> from ravine.experiments.sweep import Grid
    >>> try:
    ...     with within("tuning"):
    ...         Grid(points=1)
    ... except UsageError as error:
    ...     print(error)
    tuning: Grid: points must be an integer >= 2. Received: points=1. The default is 7.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise UsageError(f"{place}: {error}") from error


def checked(owner: str, annotation: Any, **argument: Any) -> Any:
    """Return the one argument that is given by name, as the annotation of a record's field keeps it.

    Raises:
        UsageError: the annotation does not allow the value.

    >>> from ravine.schedules.fields import PositiveInt
    >>> checked("fit", PositiveInt, epochs=3)
    3
    >>> try:
    ...     checked("fit", PositiveInt, epochs=0)
    ... except UsageError as error:
    ...     print(error)
    fit: epochs must be an integer >= 1. Received: epochs=0. Write an integer, such as 10.
    """
    ((name, value),) = argument.items()
    with within(owner):
        return check_of(annotation)(name, value)
