"""The backward walk again, one visit at a time: nothing is freed, and no `grad` changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..op import Function, Primitive, negated, unchanged
from ..tensor import Tensor
from ..walk import cast_to, unbroadcast


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one argument of an operation receives. The arrays have the argument's shape unless said otherwise."""

    position: int
    """The number of the argument, from 0."""
    to: Tensor
    """The argument."""
    derivative: Function
    """Of the row: the partial `d(y, *args)`, or the vector-Jacobian product `d(g, y, *args)`."""
    slope: Any
    """The value of the partial, of the shape of the result or a number; None if the row has a product."""
    product: Any
    """Upstream gradient times derivative, before it is summed over broadcast axes."""
    value: Any
    """What is added to the argument's gradient."""
    total: Any
    """The argument's gradient so far, this contribution included."""


@dataclass(frozen=True, eq=False)
class Visit:
    """One operation, its upstream gradient (of the shape of its result), and what it hands on."""

    node: Tensor
    upstream: Any
    contributions: tuple[Contribution, ...]


def nodes_below(root: Tensor) -> list[Tensor]:
    """Root and all Tensors it was computed from that need a gradient, newest first. RuntimeError if they were freed."""
    found = {root.seq: root}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.args is None:
            raise RuntimeError(
                f"The graph behind {node.op.name} was already freed by backward. Look at it before, or pass "
                "retain_graph=True to backward."
            )
        for t in node.inputs:
            if t is not None and t.seq not in found:
                found[t.seq] = t
                stack.append(t)
    return sorted(found.values(), key=lambda t: -t.seq)


def spoken(op: Primitive) -> str:
    """The name of an operation as users write it: `np.sin`, `np.linalg.inv`, `relu`."""
    for prefix, module in (("np.", np), ("np.linalg.", np.linalg), ("np.fft.", np.fft)):
        if getattr(module, op.name, None) is op.func:
            return prefix + op.name
    return op.name


def visits(root: Tensor) -> Iterator[Visit]:
    """The operations behind root that are reached by its gradient, newest first. Root's own gradient is 1."""
    pending: dict[int, Any] = {root.seq: np.ones(root.data.shape, root.data.dtype)[()]}
    for node in nodes_below(root):
        g = pending.pop(node.seq, None)
        if node.op is not None and g is not None:
            yield Visit(node, g, tuple(_contributions(node, g, pending)))


def _contributions(node: Tensor, g: Any, pending: dict[int, Any]) -> Iterator[Contribution]:
    op, y, args = node.op, node.data, node.args
    for position, (t, d) in enumerate(zip(node.inputs, op.derivatives, strict=False)):
        if t is None or d is None:
            continue
        slope = None
        if not op.is_elementwise:
            product = d(g, y, *args, **node.kwargs)
        else:
            slope = 1 if d is unchanged else -1 if d is negated else d(y, *args)
            product = g * slope
        value = cast_to(t.data.dtype, unbroadcast(product, t.data.shape))
        so_far = pending.get(t.seq)
        total = pending[t.seq] = value if so_far is None else so_far + value
        yield Contribution(position, t, d, slope, product, value, total)
