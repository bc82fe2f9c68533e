"""The backward pass. It visits the nodes of a graph, youngest first, and passes each node's gradient to its inputs."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .node import NO_KEYWORDS, Node, collect, next_mark
from .op import ForEach, negated, unchanged
from .versions import as_used, written_since

lock = threading.RLock()  # marks and pending gradients are kept on nodes, which threads may share
if hasattr(os, "register_at_fork"):  # a child finds no backward pass half done, and the lock open
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def backward(root: Node, gradient: Any, retain_graph: bool) -> None:
    """Adds d(root . gradient)/d(leaf) to `leaf.grad` of every leaf below root."""
    with lock:
        mark = next_mark()
        nodes = collect(root, mark, 0)[0]
        leaves = [node for node in nodes if node.op is None]
        root.g = gradient
        _propagate(nodes, mark, False, None if retain_graph else _freed(), leaves)
        for leaf in leaves:
            _accumulate(leaf, leaf.g)
            leaf.g = None


def pull(root: Node, gradient: Any, targets: Sequence[Node], create_graph: bool, retain: bool) -> list[Any]:
    """The gradients of root . gradient for the targets only; None for a target on which root does not depend.

    Nodes older than the targets are not visited. create_graph: evaluate the derivatives on Tensors, so that they are
    recorded and can be differentiated.
    """
    with lock:
        mark = next_mark()
        for target in targets:
            target.mark, target.g = mark, None
        nodes, _ = collect(root, mark, min((target.seq for target in targets), default=0))
        for node in nodes:  # oldest first: a node leads to a target if one of its inputs does
            if not any(t is not None and t.mark == mark for t in node.inputs):
                node.mark = 0
        nodes = [node for node in nodes if node.mark == mark]
        if root.mark == mark:
            root.g = gradient
        _propagate(nodes, mark, create_graph, None if retain or create_graph else _freed())
        gradients = [target.g for target in targets]
        for target in targets:
            target.g = None
        return gradients


def _propagate(nodes: list[Any], mark: int, create_graph: bool, freed: dict[str, Any] | None, leaves: Any = ()) -> None:
    """Gives each node's gradient to its inputs. Consumes `nodes`.

    freed: the dictionary that replaces the keywords of freed nodes; None: the nodes are kept. leaves: see
    `written_since`.
    """
    are_written = written_since(nodes, leaves)
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
            if are_written:
                y, args, kwargs = as_used(node, y, args, kwargs)
            elementwise, binary = op.is_elementwise, len(args) == 2  # d(y, a, b) is faster than d(y, *args)
            derivatives = op.derivatives
            if derivatives.__class__ is ForEach and derivatives.parts:  # all of them at once
                derivatives = [lambda g, y, c=c: c for c in derivatives.parts(g, y, *args, **kwargs)]
                args, kwargs = (), NO_KEYWORDS
            for t, d in zip(node.inputs, derivatives):  # noqa: B905 (the keyword costs time here)
                if t is None or t.mark != mark or d is None:
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
    """The line outside this package that called backward, for the message of `collect` about a freed node."""
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    return {"freed at": f"{frame.f_code.co_filename}:{frame.f_lineno}"}


def _accumulate(leaf: Node, g: Any) -> None:
    """Adds g to `leaf.grad`, in the leaf's gradient buffer if it has one. g is copied, because nodes may share it."""
    if g is None:
        return
    if leaf.grad is None:
        if leaf.grad_buffer is None:
            leaf.grad = np.array(g, dtype=leaf.data.dtype)
        else:
            np.copyto(leaf.grad_buffer, g)
            leaf.grad = leaf.grad_buffer
    elif leaf.grad is leaf.grad_buffer:
        leaf.grad_buffer += g
    else:
        leaf.grad = np.asarray(leaf.grad + g, dtype=leaf.data.dtype)


def cast_to(dtype: Any, g: Any) -> Any:
    """g as dtype; the real part of a complex g for a real dtype."""
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
