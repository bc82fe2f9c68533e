"""Versions: which elements an operation has used, when Tensors or their memory are written afterwards.

`creation` numbers Tensors and writes alike, so an operation has used what was there before its number. A write that is
recorded makes a new version of the Tensor, and the backward pass finds the one that an operation used (`version`). A
write in place, under `no_grad` or by an optimizer, leaves no older version: it is noted (`Memory`), and if a derivative
needs what was there, it is refused (`Overwritten`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import count
from operator import attrgetter
from typing import Any
from weakref import ref

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.lib.mixins import NDArrayOperatorsMixin

by_seq = attrgetter("seq")
creation = count(1)
"""The numbers of Tensors, and of writes in place, in their order."""

has_versions = False
"""Whether any Tensor has ever been written while operations were recorded."""

last_write = [0]
"""The number of the last write in place."""


# Writes that are recorded


def expect_versions() -> None:
    """From now on the backward pass looks for Tensors that have changed since they were used."""
    global has_versions
    has_versions = True


def find_versions(node: Any) -> None:
    """Puts the versions that a node used in the places of its inputs."""
    seq = node.seq
    for t in node.inputs:
        if t is not None and t.seq >= seq:
            node.inputs = tuple([t if t is None else version(t, seq) for t in node.inputs])
            break


def version(t: Any, seq: int) -> Any:
    """t as it was when the node `seq` used it."""
    return t if t.seq < seq else t.former[max(bisect_left(t.former, seq, key=by_seq) - 1, 0)]


# Writes in place


class Memory:
    """A range of memory, the number of the last write to it, and what wrote."""

    __slots__ = ("__weakref__", "by", "high", "low", "seq")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high
        self.seq = 0
        self.by = ""

    def written(self, by: str = "its optimizer") -> None:
        """Notes a write. by: what wrote, for the message."""
        self.by = by
        last_write[0] = self.seq = next(creation)


MOST_RANGES = 1000
"""Writes to more ranges of one array count as writes to all of it."""

_ranges: dict[int, tuple[Any, dict[tuple[int, int], Memory]]] = {}
"""Per array that owns memory, by id: a weak reference to it, and the ranges of it that were written."""


def memory_of(array: Any) -> Memory:
    """The memory of an array, to note writes to it."""
    owner = _owner(array)
    known = _ranges.get(id(owner))
    if known is None:
        key = id(owner)
        known = _ranges[key] = ref(owner, lambda _: _ranges.pop(key, None)), {}
    bounds = byte_bounds(array if len(known[1]) < MOST_RANGES else owner)
    if (memory := known[1].get(bounds)) is None:
        memory = known[1][bounds] = Memory(*bounds)
    return memory


def _owner(array: Any) -> Any:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def written_since(nodes: Sequence[Any], leaves: Sequence[Any] = ()) -> bool:
    """Whether there was a write in place since the oldest of these nodes that is no leaf was computed.

    nodes: sorted by age. leaves: the leaves among them, if they are known; it takes less time then.
    """
    n = len(leaves)
    if 0 < n < len(nodes) and nodes[n - 1] is leaves[-1]:  # all leaves are older than the others
        return last_write[0] > nodes[n].seq  # type: ignore[no-any-return]
    for node in nodes:
        if node.op is not None:
            return last_write[0] > node.seq  # type: ignore[no-any-return]
    return False


class Overwritten(NDArrayOperatorsMixin):
    """Stands for an array that was written after an operation used it: it has a shape and a dtype, but no elements."""

    def __init__(self, array: Any, message: str) -> None:
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size
        self._message = message

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(self._message)

    def __len__(self) -> int:
        return int(self.shape[0])

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(self._message)

    __array__ = __array_ufunc__ = __array_function__ = __getitem__ = __iter__ = __bool__ = __float__ = _refuse


def as_used(node: Any, *parts: Any) -> list[Any]:
    """The arguments and the result of a node, with an `Overwritten` for each array that was written since."""
    return [_as_used(node, part) for part in parts]


def _as_used(node: Any, x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)([_as_used(node, part) for part in x])
    if isinstance(x, dict):
        return {name: _as_used(node, part) for name, part in x.items()}
    array = getattr(x, "data", x) if hasattr(x, "inputs") else x
    if not isinstance(array, np.ndarray) or (known := _ranges.get(id(_owner(array)))) is None:
        return x
    low, high = byte_bounds(array)
    for memory in known[1].values():
        if memory.seq > node.seq and memory.low < high and low < memory.high:
            return Overwritten(array, _message(node, array, memory))
    return x


def _message(node: Any, array: Any, memory: Memory) -> str:
    names = [t.name for t in node.inputs if t is not None and t.name and np.may_share_memory(t.data, array)]
    what = names[0] if names else f"an array of shape {array.shape}"
    return (
        f"backward: the derivative of {node.op.name} needs {what} as it was when {node.op.name} was computed. It was "
        f"changed in place since then, by {memory.by}. Call backward before that, or compute the result again after it."
    )
