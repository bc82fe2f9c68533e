"""The backward pass, one operation at a time: `steps`. Nothing is freed and no `grad` changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import versions
from ..backward import cast_to, unbroadcast
from ..op import Function, Primitive, negated, unchanged
from ..tensor import Tensor
from .formulas import formula
from .lines import SourceLine, line_of


@dataclass(frozen=True, eq=False)
class Contribution:
    """The gradient that an operation passes to one of its arguments.

    The arrays have the shape of the argument unless stated otherwise.
    """

    position: int
    """The number of the argument, from 0."""
    to: Tensor
    """The argument."""
    derivative: Function
    """The function in the op: the partial derivative `d(y, *args)`, or the vector-Jacobian product `d(g, y, *args)`."""
    local_derivative: Any
    """The value of the partial derivative, of the shape of the result or a number; None if the op has a VJP."""
    product: Any
    """Upstream gradient times derivative, before it is summed over broadcast axes."""
    value: Any
    """The summand that this operation adds to the gradient of the argument."""
    total: Any
    """The gradient of the argument so far, including this summand."""


@dataclass(frozen=True, eq=False)
class BackwardStep:
    """One operation of the backward pass. `print` shows it with its numbers.

    >>> from ravine.autograd import Tensor
    >>> first = next(steps(Tensor(3.0, requires_grad=True) ** 2))
    >>> first.op, first.formulas, float(first.contributions[0].value)
    ('square', ('g * (2 * x)',), 6.0)
    """

    number: int
    """Counted from 1."""
    result: Tensor
    """The result of the operation."""
    upstream: Any
    """The complete gradient of the result, of its shape and dtype."""
    contributions: tuple[Contribution, ...]
    """The gradients that are passed to the arguments."""

    @property
    def op(self) -> str:
        """The name of the operation."""
        return str(self.result.op.name)

    @property
    def line(self) -> SourceLine | None:
        """The user's line that called the operation, if it was computed inside `with trace_lines()`."""
        return line_of(self.result)

    @property
    def formulas(self) -> tuple[str, ...]:
        """The derivative for each contribution, from the source of the op: g is upstream, y the result."""
        return tuple(formula(self.result.op, c.position) for c in self.contributions)

    def __str__(self) -> str:
        title = f"step {self.number}: {self.op}"
        rows = [
            f"{title}  ({self.line})" if self.line else title,
            f"  y = {brief(self.result.data)}",
            f"  g = {brief(self.upstream)}",
        ]
        for c, text in zip(self.contributions, self.formulas, strict=True):
            rows.append(f"  to argument {c.position}, {label(c.to)}:")
            rows.append(f"    {text or 'derivative'} = {brief(c.value)}")
            if c.local_derivative is not None:
                rows.append(f"    local derivative {brief(c.local_derivative)}")
            rows.append(f"    sum so far {brief(c.total)}")
        return "\n".join(rows)

    __repr__ = __str__


def steps(loss: Tensor) -> Iterator[BackwardStep]:
    """The operations of the backward pass of loss, newest first.

    Args:
        loss: a Tensor that requires a gradient. If it has several elements, their sum is differentiated.

    Raises:
        TypeError: the loss requires no gradient.
        RuntimeError: its graph was freed by `backward`.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> for step in steps(np.sin(x) * 2):
    ...     print(step)
    step 1: multiply
      y = 0.28224
      g = 1
      to argument 0, sin:
        g * b = 2
        local derivative 2
        sum so far 2
    step 2: sin
      y = 0.14112
      g = 2
      to argument 0, x:
        g * np.cos(x) = -1.97998
        local derivative -0.989992
        sum so far -1.97998
    """
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        raise TypeError(f"steps: needs a Tensor that requires a gradient. Received: {loss!r}.")
    return _steps(loss)


def _steps(root: Tensor) -> Iterator[BackwardStep]:
    pending: dict[int, Any] = {root.seq: np.ones(root.data.shape, root.data.dtype)[()]}
    number = 0
    for node in nodes_below(root):
        g = pending.pop(node.seq, None)
        if node.op is not None and g is not None:
            number += 1
            yield BackwardStep(number, node, g, tuple(_contributions(node, g, pending)))


def _contributions(node: Tensor, g: Any, pending: dict[int, Any]) -> Iterator[Contribution]:
    op = node.op
    y, args = versions.as_used(node, node.data, node.args)
    for position, (t, d) in enumerate(zip(node.inputs, op.derivatives, strict=False)):
        if t is None or d is None:
            continue
        local = None
        if not op.is_elementwise:
            product = d(g, y, *args, **node.kwargs)
        else:
            local = 1 if d is unchanged else -1 if d is negated else d(y, *args)
            product = g * local
        value = cast_to(t.data.dtype, unbroadcast(product, t.data.shape))
        so_far = pending.get(t.seq)
        total = pending[t.seq] = value if so_far is None else so_far + value
        yield Contribution(position, t, d, local, product, value, total)


def nodes_below(root: Tensor) -> list[Tensor]:
    """Root and all Tensors that it was computed from and that need a gradient, newest first.

    Raises:
        RuntimeError: the graph was freed by `backward`.
    """
    found = {root.seq: root}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.args is None:
            raise RuntimeError(
                f"The graph behind {node.op.name} was already freed by backward. Look at it before, or pass "
                "retain_graph=True to backward."
            )
        versions.find_versions(node)
        for t in node.inputs:
            if t is not None and t.seq not in found:
                found[t.seq] = t
                stack.append(t)
    return sorted(found.values(), key=lambda t: -t.seq)


def full_name(op: Primitive) -> str:
    """The name of an operation as users write it: `np.sin`, `np.linalg.inv`, `relu`."""
    for prefix, module in (("np.", np), ("np.linalg.", np.linalg), ("np.fft.", np.fft)):
        if getattr(module, op.name, None) is op.func:
            return prefix + op.name
    return op.name


def label(t: Tensor) -> str:
    """The name of a Tensor, or of the operation that computed it."""
    return t.name or (t.op.name if t.op else "a leaf")


def brief(x: Any) -> str:
    """A number or a small array in full, otherwise shape and range; in at most about 40 characters."""
    array = np.asarray(x)
    if array.ndim == 0:
        return f"{array.item():.6g}"
    if array.size <= 6:
        text = np.array2string(array, precision=4, separator=" ", suppress_small=False)
        return " ".join(text.split())
    return f"{array.shape}, {np.min(array):.4g} to {np.max(array):.4g}"
