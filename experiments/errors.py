"""What the user asked for can't be done: one exception, and the lookup that raises it most."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

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
