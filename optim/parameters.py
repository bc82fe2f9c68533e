"""What may be handed to an optimizer: the checks at its door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .optimizer import Optimizer
from .storage import Block, Gathered, InPlace, Packed, checked_array

__all__ = ["blocks_of", "groups_of", "names_of"]

# From this many bytes on, a call of the kernel costs less than copying an array into a buffer and back.
_LARGE = 1 << 14


def groups_of(spec: Optimizer, params: Any) -> list[tuple[Optimizer, list[Any]]]:
    """The groups, each an optimizer with its hyperparameters and its parameters.

    Raises:
        TypeError, ValueError: see `Optimizer.bind`.
    """
    owner = type(spec).__name__
    if isinstance(params, Mapping | str | np.ndarray) or hasattr(params, "grad") or not isinstance(params, Iterable):
        hint = "say .parameters()" if hasattr(params, "parameters") else "put it in a list: [params]"
        raise TypeError(f"{owner} takes a list of parameters or groups. Received: {type(params).__name__}; {hint}.")
    items = list(params)
    if not items:
        raise ValueError(f"{owner} received an empty list of parameters. Nothing would ever move.")
    if not any(isinstance(item, Mapping) for item in items):
        items = [{"params": items}]
    groups = []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping) or "params" not in item:
            raise TypeError(
                f"{owner}: a group is a dict {{'params': [...], hyperparameter: value}}, and groups are not mixed with "
                f"parameters. Received: {type(item).__name__} as item {index}."
            )
        changes = {name: value for name, value in item.items() if name != "params"}
        members = item["params"]
        if isinstance(members, np.ndarray) or hasattr(members, "grad"):
            members = [members]
        if not (members := list(members)):
            raise ValueError(f"{owner} received an empty list of parameters in group {index}.")
        groups.append((spec.replace(**changes), members))
    _check(owner, [p for _, members in groups for p in members])
    return groups


def _check(owner: str, parameters: list[Any]) -> None:
    seen: dict[int, int] = {}
    arrays = []
    for index, p in enumerate(parameters):
        what = f"{owner}: parameter {index}" + (f" ({p.name})" if getattr(p, "name", None) else "")
        if not isinstance(p, np.ndarray) and not (hasattr(p, "data") and hasattr(p, "grad")):
            raise TypeError(f"{what} must be a Parameter or an array. Received: {type(p).__name__}.")
        if id(p) in seen:
            raise ValueError(
                f"{what} comes twice, first as parameter {seen[id(p)]}. Leave one out: it would move twice."
            )
        seen[id(p)] = index
        if getattr(p, "is_leaf", True) is False:
            raise ValueError(
                f"{what} is the result of an operation and never gets a gradient. Pass what it was computed from."
            )
        array = checked_array(what, p if isinstance(p, np.ndarray) else p.data)
        if isinstance(p, np.ndarray) and not array.flags.writeable:
            raise ValueError(f"{what} is read-only and can't be updated. Pass a copy: numpy.array(a).")
        arrays.append((*np.lib.array_utils.byte_bounds(array), index, array))
    _check_memory(owner, arrays)


def _check_memory(owner: str, arrays: list[tuple[int, int, int, Any]]) -> None:
    """Refuse parameters that lie in the same memory: each would undo what the other's update does."""
    reaching: list[tuple[int, int, int, Any]] = []
    for low, high, index, array in sorted(arrays, key=lambda a: a[:3]):
        reaching = [other for other in reaching if other[1] > low]
        for _, _, other, its in reaching:
            if array.size and its.size and np.shares_memory(array, its):
                raise ValueError(f"{owner}: parameters {other} and {index} share memory. Pass one of them, or a copy.")
        reaching.append((low, high, index, array))


def blocks_of(parameters: list[Any]) -> list[Block]:
    """Parameters packed by dtype; large arrays one by one, the others gathered by dtype."""
    packed: dict[Any, list[Any]] = {}
    gathered: dict[Any, list[Any]] = {}
    for p in parameters:
        if not isinstance(p, np.ndarray):
            packed.setdefault(p.data.dtype, []).append(p)
        elif not p.flags.carray or p.nbytes < _LARGE:
            gathered.setdefault(p.dtype, []).append(p)
    blocks: list[Block] = [*map(Packed, packed.values())]
    for arrays in gathered.values():
        alone = len(arrays) == 1 and arrays[0].flags.carray
        blocks.append(InPlace(arrays[0]) if alone else Gathered(arrays))
    large = [p for p in parameters if isinstance(p, np.ndarray) and p.flags.carray and p.nbytes >= _LARGE]
    return [*blocks, *map(InPlace, large)]


def names_of(parameters: list[Any]) -> list[str]:
    """Names by which states are kept: the parameters' own if all differ, otherwise their positions."""
    names = [None if isinstance(p, np.ndarray) else getattr(p, "name", None) for p in parameters]
    found = [name or str(index) for index, name in enumerate(names)]
    return found if len(set(found)) == len(found) else [str(index) for index in range(len(found))]
