"""Pytrees: nested dicts, lists and tuples of arrays, called containers here.

A leaf is anything that is not a dict, list or tuple. Named tuples and subclasses keep their type.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any


def is_container(x: Any) -> bool:
    """Whether x is a dict, list or tuple."""
    return isinstance(x, (dict, list, tuple))


def leaves(tree: Any) -> list[Any]:
    """The leaves of a container, in order; for a leaf, a list of that leaf."""
    if not is_container(tree):
        return [tree]
    return [leaf for part in (tree.values() if isinstance(tree, dict) else tree) for leaf in leaves(part)]


def labels(tree: Any, root: str) -> list[str]:
    """The names of the leaves in messages: `root['weights'][0]`."""
    if not is_container(tree):
        return [root]
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [label for key, part in parts for label in labels(part, f"{root}[{key!r}]")]


def rebuild(tree: Any, parts: Iterable[Any]) -> Any:
    """The structure of `tree` with other leaves, given in order."""
    return _rebuild(tree, iter(parts))


def _rebuild(tree: Any, parts: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        same = copy.copy(tree)
        for key, part in tree.items():
            same[key] = _rebuild(part, parts)
        return same
    if isinstance(tree, list):
        same_list = copy.copy(tree)
        same_list[:] = [_rebuild(part, parts) for part in tree]
        return same_list
    if isinstance(tree, tuple):
        inside = [_rebuild(part, parts) for part in tree]
        return type(tree)(*inside) if hasattr(tree, "_fields") else type(tree)(inside)
    return next(parts)


def transform(f: Callable[[Any], Any], tree: Any) -> Any:
    """The structure of `tree` with `f(leaf)` for each leaf."""
    return rebuild(tree, map(f, leaves(tree)))


def aligned(what: str, like: Any, tree: Any) -> list[Any]:
    """The parts of `tree` where `like` has its leaves, in order. ValueError: if the containers differ."""
    if not is_container(like):
        return [tree]
    keys = list(like) if isinstance(like, dict) else range(len(like))
    kind = next(kind for kind in (dict, list, tuple) if isinstance(like, kind))
    if not isinstance(tree, kind) or len(tree) != len(keys) or (kind is dict and any(key not in tree for key in keys)):
        raise ValueError(f"{what} must be {_described(like)}. Received: {_described(tree)}.")
    return [part for key in keys for part in aligned(f"{what}[{key!r}]", like[key], tree[key])]


def _described(x: Any) -> str:
    if isinstance(x, dict):
        return f"a dict with the keys {list(x)}"
    return f"a {type(x).__name__} of length {len(x)}" if is_container(x) else type(x).__name__
