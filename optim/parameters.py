"""Checks of the parameters that an optimizer is bound to, and their division into groups and buffers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .buffers import ArrayBuffer, CopyBuffer, FlatBuffer, ParameterBuffer, checked_array
from .optimizer import Optimizer
from .options import OF_THE_STEP

# From this many bytes on, one more call of the kernel costs less than copying an array into a buffer and back.
_LARGE = 1 << 14


def group_items(spec: Optimizer, params: Any, changes: Mapping[str, Any]) -> list[Any]:
    """The groups that parameters are given in, as dicts, with these hyperparameters where a group has no others.

    Raises:
        TypeError: it is no list of parameters or groups.
        ValueError: it is empty.
    """
    owner = type(spec).__name__
    if isinstance(params, Mapping) and "params" not in params:
        params = params.items()
    if isinstance(params, Mapping | str | np.ndarray) or hasattr(params, "grad") or not isinstance(params, Iterable):
        hint = "say .parameters()" if hasattr(params, "parameters") else "put it in a list: [params]"
        raise TypeError(f"{owner} takes a list of parameters or groups. Received: {type(params).__name__}; {hint}.")
    items = list(params)
    if not items:
        raise ValueError(f"{owner} received an empty list of parameters. Nothing would ever move.")
    if not any(isinstance(item, Mapping) for item in items):
        items = [{"params": items}]
    return [{**changes, **item} if isinstance(item, Mapping) else item for item in items]


def decay_matrices(params: Iterable[Any]) -> list[dict[str, Any]]:
    """Groups in which weights decay, but biases and the gains of normalizations don't: those of fewer than two axes.

    Args:
        params: parameters or arrays, or pairs of a name and one.

    >>> from ravine.optim import AdamW
    >>> weight, bias = np.ones((2, 2)), np.ones(2)
    >>> opt = AdamW(decay_matrices([weight, bias]), lr=0.1, weight_decay=0.5)
    >>> opt.step([np.zeros((2, 2)), np.zeros(2)])
    >>> weight[0].tolist(), bias.tolist()
    ([0.95, 0.95], [1.0, 1.0])
    """
    members = list(params.items() if isinstance(params, Mapping) else params)
    axes = [p.ndim if isinstance(p, np.ndarray) else p.data.ndim for _, p in map(_pair, members)]
    decayed = [member for member, n in zip(members, axes, strict=True) if n > 1]
    others = [member for member, n in zip(members, axes, strict=True) if n < 2]
    groups: list[dict[str, Any]] = [
        {"params": decayed},
        {"params": others, "weight_decay": 0.0, "decoupled_weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def groups_of(spec: Optimizer, params: Any) -> tuple[list[str], list[tuple[Optimizer, list[Any]]]]:
    """The names of all parameters, and the groups, each a configuration and its parameters.

    Raises:
        TypeError, ValueError: see `Optimizer.bind`.
    """
    owner = type(spec).__name__
    items = group_items(spec, params, {})
    groups: list[tuple[Optimizer, list[Any]]] = []
    pairs = []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping) or "params" not in item:
            raise TypeError(
                f"{owner}: a group is a dict {{'params': [...], hyperparameter: value}}, and groups are not mixed with "
                f"parameters. Received: {type(item).__name__} as item {index}."
            )
        changes = {name: value for name, value in item.items() if name != "params"}
        members = item["params"]
        if isinstance(members, Mapping):
            members = members.items()
        if isinstance(members, np.ndarray) or hasattr(members, "grad"):
            members = [members]
        if not (members := list(members)):
            raise ValueError(f"{owner} received an empty list of parameters in group {index}.")
        named = [_pair(member) for member in members]
        pairs += named
        groups.append((spec.replace(**changes), [p for _, p in named]))
        _check_options_of_the_step(spec, groups[-1][0])
    _check(owner, [p for _, p in pairs])
    written = [name for name, p in pairs if name and name != getattr(p, "name", None)]
    if twice := sorted({name for name in written if written.count(name) > 1}):
        raise ValueError(f"{owner}: parameters must have names of their own. Received: {twice[0]!r} twice. Rename one.")
    if spec.needs_closure and len(groups) > 1:
        raise ValueError(
            f"{owner} searches along one direction for all parameters, and can't have groups. Received: {len(groups)} "
            "groups. Give it one list of parameters."
        )
    names = _names(pairs)
    _check_shapes(names, groups)
    return names, groups


def _check_options_of_the_step(spec: Optimizer, own: Optimizer) -> None:
    """Refuse a group with an option of its own that concerns all parameters."""
    for name in OF_THE_STEP:
        if getattr(own, name) != getattr(spec, name):
            raise ValueError(
                f"{type(spec).__name__}: {name} concerns all parameters of a step, and no group has its own. "
                f"Received: {name}={getattr(own, name)!r} in a group."
            )


def _pair(member: Any) -> tuple[str | None, Any]:
    """The name that a parameter was given with, or has, and the parameter."""
    match member:
        case np.ndarray():  # first: an array is a sequence from NumPy 2.5 on
            return None, member
        case (str(name), p):
            return name, p
    return getattr(member, "name", None), member


def _check(owner: str, parameters: list[Any]) -> None:
    seen: dict[int, int] = {}
    arrays = []
    for index, p in enumerate(parameters):
        what = f"{owner}: parameter {index}" + (f" ({p.name})" if getattr(p, "name", None) else "")
        if not isinstance(p, np.ndarray) and not (hasattr(p, "data") and hasattr(p, "grad")):
            remedy = " Say net.parameters()." if hasattr(p, "parameters") else ""
            raise TypeError(f"{what} must be a Parameter or an array. Received: {type(p).__name__}.{remedy}")
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


def _check_shapes(names: list[str], groups: list[tuple[Optimizer, list[Any]]]) -> None:
    """Refuse parameters on which their group's rule does not work."""
    members = [(spec, p) for spec, parameters in groups for p in parameters]
    for name, (spec, p) in zip(names, members, strict=True):
        if why := spec.refusal(p if isinstance(p, np.ndarray) else p.data):
            raise ValueError(f"{type(spec).__name__}: parameter {name} {why}")


def _check_memory(owner: str, arrays: list[tuple[int, int, int, Any]]) -> None:
    """Refuse parameters that share memory: the update of one would change the other."""
    reaching: list[tuple[int, int, int, Any]] = []
    for low, high, index, array in sorted(arrays, key=lambda a: a[:3]):
        reaching = [other for other in reaching if other[1] > low]
        for _, _, other, its in reaching:
            if array.size and its.size and np.shares_memory(array, its):
                raise ValueError(f"{owner}: parameters {other} and {index} share memory. Pass one of them, or a copy.")
        reaching.append((low, high, index, array))


def buffers_of(parameters: list[Any], spec: Optimizer) -> list[FlatBuffer]:
    """Flat buffers for the parameters of a group: one for each dtype, and large arrays one by one.

    Raises:
        TypeError: the rule is over all of them as one vector, and they are not all of one dtype, or only some are plain
            arrays.
    """
    one_vector = spec.granularity == "flat-vector"
    tensors: dict[Any, list[Any]] = {}
    small: dict[Any, list[Any]] = {}
    large: list[Any] = []
    for p in parameters:
        if not isinstance(p, np.ndarray):
            tensors.setdefault(p.data.dtype, []).append(p)
        elif one_vector or not p.flags.carray or p.nbytes < _LARGE:
            small.setdefault(p.dtype, []).append(p)
        else:
            large.append(p)
    buffers: list[FlatBuffer] = [*map(ParameterBuffer, tensors.values())]
    for arrays in small.values():
        alone = len(arrays) == 1 and arrays[0].flags.carray
        buffers.append(ArrayBuffer(arrays[0]) if alone else CopyBuffer(arrays))
    if one_vector and len(buffers) > 1:
        kinds = ", ".join(f"{type(buffer.parameters[0]).__name__} of {buffer.x.dtype}" for buffer in buffers)
        raise TypeError(
            f"{type(spec).__name__} takes the parameters of a group as one vector: they must be of one kind and dtype. "
            f"Received: {kinds}. Convert them, or make several groups."
        )
    return [*buffers, *map(ArrayBuffer, large)]


def _names(pairs: list[tuple[str | None, Any]]) -> list[str]:
    """The names in the state: the parameters' own names if all differ, otherwise their positions."""
    found = [name or str(index) for index, (name, _) in enumerate(pairs)]
    return found if len(set(found)) == len(found) else [str(index) for index in range(len(found))]
