"""The backward walk: from a result to the Tensors it came from, newest first.

Every recorded Tensor is a node: `op`, the arrays `args` it was applied to, and `inputs`, the Tensors among them that
need a gradient (None elsewhere). `seq` grows with creation, so descending `seq` is an order in which a node comes after
everything that used it. Collection marks nodes with the number of the walk, so that each is met once; nothing recurses.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .op import negated, unchanged

if TYPE_CHECKING:
    from .tensor import Tensor

next_walk = count(1).__next__
_by_seq = attrgetter("seq")
has_versions = False  # whether items of any Tensor have been assigned to
lock = threading.RLock()  # marks and pending gradients live on nodes, which threads may share


def backward(root: Tensor, gradient: Any, retain_graph: bool) -> None:
    """Adds d(root . gradient)/d(leaf) to `leaf.grad` of every leaf below root."""
    with lock:
        walk = next_walk()
        nodes = collect(root, walk, 0)[0]
        leaves = [node for node in nodes if node.op is None]
        root.g = gradient
        _propagate(nodes, walk, False, None if retain_graph else _freed())
        for leaf in leaves:
            _deposit(leaf, leaf.g)
            leaf.g = None


def pull(root: Tensor, gradient: Any, targets: Sequence[Tensor], create_graph: bool, retain: bool) -> list[Any]:
    """The gradients of root . gradient for the targets only; None for a target on which root does not depend.

    Nodes older than the targets are not visited. With `create_graph` the derivatives are evaluated on Tensors, and
    so recorded.
    """
    with lock:
        walk = next_walk()
        for target in targets:
            target.mark, target.g = walk, None
        nodes, _ = collect(root, walk, min((target.seq for target in targets), default=0))
        for node in nodes:  # oldest first: a node is on a path if one of its inputs is
            if not any(t is not None and t.mark == walk for t in node.inputs):
                node.mark = 0
        nodes = [node for node in nodes if node.mark == walk]
        if root.mark == walk:
            root.g = gradient
        _propagate(nodes, walk, create_graph, None if retain or create_graph else _freed())
        gradients = [target.g for target in targets]
        for target in targets:
            target.g = None
        return gradients


def collect(root: Tensor, walk: int, floor: int) -> tuple[list[Tensor], bool]:
    """The nodes below root that are newer than floor, oldest first, and whether older ones were met."""
    outside = False
    if root.mark == walk:
        return [], outside
    root.mark, root.g = walk, None
    stack, nodes = [root], []
    while stack:
        node = stack.pop()
        if node.args is None:
            raise RuntimeError(
                f"backward: the graph behind {node.op.name} was already freed, by the backward at "
                f"{node.kwargs['freed at']}. Compute the result again, or pass retain_graph=True to the first backward."
            )
        nodes.append(node)
        if has_versions:
            node.inputs = tuple([t if t is None else _version(t, node.seq) for t in node.inputs])
        for t in node.inputs:
            if t is not None and t.mark != walk:
                if t.seq < floor:
                    outside = True
                    continue
                t.mark = walk
                t.g = None
                stack.append(t)
    nodes.sort(key=_by_seq)
    return nodes, outside


def expect_versions() -> None:
    """Look, from now on, for Tensors that have changed since they were used."""
    global has_versions
    has_versions = True


def _version(t: Tensor, seq: int) -> Tensor:
    """t as it was at a moment: an assignment of items has the version before it as its first input."""
    while t.seq > seq:
        t = cast("Tensor", t.inputs[0])
    return t


def _propagate(nodes: list[Tensor], walk: int, create_graph: bool, freed: dict[str, Any] | None) -> None:
    """Hands each node's gradient to its inputs. Consumes `nodes`; frees each if told what to leave in its `kwargs`."""
    while nodes:
        node = nodes.pop()
        op = node.op
        if op is None:
            continue
        g, y, args, kwargs = node.g, node.data, node.args, node.kwargs
        if g is not None:
            node.g = None
            if create_graph:
                y = node
                args = tuple([a if t is None else t for a, t in zip(args, node.inputs, strict=True)])
            elementwise, binary = op.is_elementwise, len(args) == 2  # unpacking two arguments would cost more
            for t, d in zip(node.inputs, op.derivatives):  # noqa: B905 (the keyword costs time here)
                if t is None or t.mark != walk or d is None:
                    continue
                if elementwise:
                    if d is unchanged:
                        c = g
                    elif d is negated:
                        c = -g
                    else:
                        c = g * (d(y, args[0], args[1]) if binary else d(y, *args))
                elif kwargs:
                    c = d(g, y, *args, **kwargs)
                else:
                    c = d(g, y, *args)
                data = t.data
                if c.shape != data.shape:
                    c = unbroadcast(c, data.shape)
                if c.dtype is not data.dtype:
                    c = cast_to(data.dtype, c)
                if t.g is None:
                    t.g = c
                    t.owned = False
                elif t.owned:
                    t.g += c
                else:
                    t.g = t.g + c
                    t.owned = not create_graph
        if freed is not None:
            node.args = None
            node.inputs = ()
            node.kwargs = freed


def _freed() -> dict[str, Any]:
    """What a freed node tells of it: where the code outside this package stands."""
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    return {"freed at": f"{frame.f_code.co_filename}:{frame.f_lineno}"}


def cast_to(dtype: Any, g: Any) -> Any:
    """g in the type of what it belongs to: of a complex one the real part, where that is real."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = g.real
    return g.astype(dtype)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sums g over the axes along which an argument of the given shape was broadcast."""
    axes = broadcast_axes(g.shape, shape)
    if axes:
        g = np.add.reduce(g, axes)
    return g if g.shape == shape else g.reshape(shape)


@lru_cache(maxsize=1024)
def broadcast_axes(wide: tuple[int, ...], narrow: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which an array of the shape `narrow` is repeated to become one of the shape `wide`."""
    lead = len(wide) - len(narrow)
    return tuple(i for i, n in enumerate(wide) if i < lead or (narrow[i - lead] == 1 != n))


def _deposit(leaf: Tensor, g: Any) -> None:
    """Adds g to `leaf.grad`, in the leaf's `home` if it has one; never keeps g itself, which may be someone's array."""
    if g is None:
        return
    if leaf.grad is None:
        if leaf.home is None:
            leaf.grad = np.array(g, dtype=leaf.data.dtype)
        else:
            np.copyto(leaf.home, g)
            leaf.grad = leaf.home
    elif leaf.grad is leaf.home:
        leaf.home += g
    else:
        leaf.grad = np.asarray(leaf.grad + g, dtype=leaf.data.dtype)
