"""`steps`: the backward pass, one operation at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tensor import Tensor
from .formulas import formula
from .lines import Line, line_of
from .walking import Contribution, visits


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of the backward pass; `print` it.

    >>> from ravine.autograd import Tensor
    >>> first = next(steps(Tensor(3.0, requires_grad=True) ** 2))
    >>> first.op, first.formulas, float(first.contributions[0].value)
    ('square', ('g * (2 * x)',), 6.0)
    """

    number: int
    """From 1."""
    op: str
    line: Line | None
    """The user's line that called the operation, if it was computed inside `with trace_lines()`."""
    result: Tensor
    """What the operation gave."""
    upstream: Any
    """The gradient of the result, complete: of its shape and dtype."""
    contributions: tuple[Contribution, ...]
    """What each argument receives: `position`, `to`, `slope`, `value`, and `total`, the running sum."""
    formulas: tuple[str, ...]
    """Of each contribution, from the source of the op's row: g is upstream, y the result."""

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
            if c.slope is not None:
                rows.append(f"    local derivative {brief(c.slope)}")
            rows.append(f"    sum so far {brief(c.total)}")
        return "\n".join(rows)

    __repr__ = __str__


def steps(loss: Tensor) -> Iterator[Step]:
    """The operations that the backward pass of loss goes through, newest first. Nothing changes, nothing is freed.

    loss: a Tensor that needs a gradient; of several entries, the sum is differentiated. RuntimeError: if its graph was
    freed. TypeError: if it needs no gradient.

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


def _steps(loss: Tensor) -> Iterator[Step]:
    for number, visit in enumerate(visits(loss), 1):
        node = visit.node
        texts = tuple(formula(node.op, c.position) for c in visit.contributions)
        yield Step(number, node.op.name, line_of(node), node, visit.upstream, visit.contributions, texts)


def label(t: Tensor) -> str:
    """The name of a Tensor, or what computed it."""
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
