"""Forward mode: tangents are pushed through a recorded graph, oldest node first.

Ops have no forward derivatives of their own; these follow from the others. The tangent of an elementwise function is
the sum of its partial derivatives times the tangents of its arguments. The tangent of a linear function is the function
of the tangents. Any other primitive has a vector-Jacobian product vjp(g), which is linear in g, so its tangent J v is
the derivative of <vjp(g), v> by g (J. Townsend, "A new trick for calculating Jacobian vector products", 2017). As in
the backward pass, all this is evaluated on arrays, or on Tensors if the result is to be differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .backward import cast_to, lock, pull
from .modes import Mode
from .node import collect, next_mark
from .op import Primitive, negated, unchanged
from .tensor import Tensor
from .versions import as_used, by_seq, written_since


def push(roots: Sequence[Tensor], targets: Sequence[Tensor], tangents: Sequence[Any], recorded: bool) -> list[Any]:
    """The tangent of each root, given the tangents of the targets.

    A tangent has the shape and dtype of its Tensor; None stands for zero. recorded: evaluate on Tensors, so that the
    results can be differentiated.
    """
    known = {id(t): v for t, v in zip(targets, tangents, strict=True) if v is not None}
    nodes = explore(roots, targets)[0]
    are_written = written_since(nodes)
    for node in nodes:
        moves = [None if t is None else known.get(id(t)) for t in node.inputs]
        if any(v is not None for v in moves):
            tangent = _tangent(node, moves, recorded, are_written)
            if tangent is not None:
                known[id(node)] = tangent
    return [known.get(id(root)) for root in roots]


def explore(roots: Sequence[Tensor], targets: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The Tensors from which the roots were computed, oldest first: those younger than the targets, and older ones.

    The inputs of the targets, and of Tensors older than all targets, are not visited. The targets are left out.
    """
    oldest = min((target.seq for target in targets), default=0)
    with lock:
        mark = next_mark()
        for target in targets:
            target.mark = mark
        found = [collect(root, mark, oldest) for root in roots if root.seq >= oldest]
    newer = sorted((node for nodes, _ in found for node in nodes), key=by_seq)
    older = {t.seq: t for t in roots if t.seq < oldest and t.requires_grad}
    if any(outside for _, outside in found):
        older.update((t.seq, t) for node in newer for t in node.inputs if t is not None and t.seq < oldest)
    return newer, [older[seq] for seq in sorted(older)]


def _tangent(node: Tensor, moves: list[Any], recorded: bool, are_written: bool) -> Any:
    """The tangent of a node, given those of its inputs; None if it has no derivative by those that are not zero.

    are_written: whether there were writes in place since the oldest node was computed.
    """
    op = node.op
    on_arrays = op.is_linear or (op.is_elementwise and not recorded)
    used: Any = (node.data, node.args, node.kwargs) if on_arrays else (node, _tensors(node), node.kwargs)
    if are_written:
        used = as_used(node, *used)
    if op.is_linear:
        return _fit(_linear(node, moves, *used), node.data)
    parts = _elementwise(op, moves, *used) if op.is_elementwise else _transposed_twice(node, moves, recorded, *used)
    total = None
    for part in parts:
        total = part if total is None else total + part
    return None if total is None else _fit(total, node.data)


def _linear(node: Tensor, moves: list[Any], y: Any, args: Any, kwargs: Any) -> Any:
    """The function of the tangents, with zeros for None."""
    op, args = node.op, list(args)
    for i, (v, d) in enumerate(zip(moves, op.derivatives, strict=False)):
        if v is not None:
            args[i] = v
        elif d is not None and args[i] is not None:
            args[i] = np.zeros(np.shape(args[i]), node.dtype)
    if any(isinstance(v, Tensor) for v in moves):
        return Tensor._record(op, tuple(args), kwargs)
    return op.forward(*args, **kwargs)


def _elementwise(op: Primitive, moves: list[Any], y: Any, args: Any, kwargs: Any) -> list[Any]:
    """Partial derivative times tangent, per argument with a tangent."""
    return [
        v if d is unchanged else -v if d is negated else v * d(y, *args)
        for v, d in zip(moves, op.derivatives, strict=False)
        if v is not None and d is not None
    ]


def _transposed_twice(node: Tensor, moves: list[Any], recorded: bool, y: Any, args: Any, kwargs: Any) -> list[Any]:
    """Per argument with a tangent: the derivative of <vjp(g), tangent> by g."""
    g = Tensor(np.ones(node.shape, node.dtype), requires_grad=True)
    parts = []
    for v, d in zip(moves, node.op.derivatives, strict=False):
        if v is None or d is None:
            continue
        with Mode(True):
            c = d(g, y, *args, **kwargs)
        if isinstance(c, Tensor):  # else it is zero for all g
            parts += pull(c, _fit(v, c.data), [g], recorded, True)
    return [part for part in parts if part is not None]


def _tensors(node: Tensor) -> list[Any]:
    return [a if t is None else t for a, t in zip(node.args, node.inputs, strict=True)]


def _fit(v: Any, like: Any) -> Any:
    """A tangent in the shape and dtype of what it belongs to."""
    if v.shape != like.shape:
        v = np.broadcast_to(v, like.shape)
    return v if v.dtype == like.dtype else cast_to(like.dtype, v)
