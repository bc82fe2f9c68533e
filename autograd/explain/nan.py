"""`trace_nan`: why a result or its gradient is NaN or infinite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..containers import transform
from ..modes import Mode
from ..op import Function
from ..tensor import Tensor
from .failures import explain_gradient, explain_value
from .lines import Line, line_of, trace_lines
from .walking import Contribution, Visit, nodes_below, spoken, visits


@dataclass(frozen=True, eq=False)
class Failure:
    """The first operation that made a NaN or an infinity; `print` it.

    >>> failure = trace_nan(lambda x: np.sum(np.log(x)), np.array([1.0, 0.0]))
    >>> failure.phase, failure.op, failure.index, float(failure.value)
    ('forward', 'np.log', (1,), -inf)
    """

    phase: Literal["forward", "backward"]
    op: str
    """The operation, e.g. "np.log"; "argument" if an argument of the function was not finite itself."""
    index: tuple[int, ...]
    """The first NaN, else the first infinity, of the result (backward: of the contribution before broadcast sums)."""
    count: int
    """How many entries are not finite."""
    operands: tuple[Any, ...]
    """The operands at that index, or whole arrays if the operation does not act entry by entry."""
    value: float
    """What came out: forward the result, backward the contribution to the gradient."""
    upstream: Any
    """Backward: the gradient of the result, at that index."""
    slope: Any
    """Backward: the local derivative, at that index; None if the operation does not act entry by entry."""
    line: Line | None
    """The user's line that called the operation."""
    masked_at: Line | None
    """The line of the np.where that did not choose the entry, if this is why."""
    kind: str
    fix: str

    def __str__(self) -> str:
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        rows = [
            f"{self.value:.6g} in the {self.phase} pass, made by {self.op} at index {self.index}{more}",
            f"  line:     {self.line}" if self.line else "",
            f"  cause:    {self.kind}",
            f"  masked:   {self.masked_at}" if self.masked_at else "",
            f"  operands: {', '.join(map(_shown, self.operands))}" if self.operands else "",
            f"  upstream gradient: {_shown(self.upstream)}" if self.upstream is not None else "",
            f"  local derivative:  {_shown(self.slope)}" if self.slope is not None else "",
            f"  fix:      {self.fix}",
        ]
        return "\n".join(row for row in rows if row)

    __repr__ = __str__


def trace_nan(f: Function, *args: Any, **kwargs: Any) -> Failure | None:
    """Runs f(*args, **kwargs) and its backward pass; the first operation that made a NaN or an infinity that matters.

    Floats and float arrays in args (also in dicts, lists and tuples) become Tensors that need a gradient; Tensors, such
    as the parameters that f uses, stay as they are, and their `grad` is not touched. f: returns a Tensor of any shape,
    the sum of which is differentiated. None: the result and all gradients are finite. What is not finite but does not
    reach the result, such as a branch that np.where does not choose, is no failure. TypeError: if f's result needs no
    gradient.

    >>> print(trace_nan(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)), np.array([4.0, 0.0])).kind)
    0 * inf: the upstream gradient is 0 (a masked branch), the derivative of np.sqrt at 0 is infinite
    """
    with np.errstate(all="ignore"), trace_lines(), Mode(True):
        entered = [transform(_enter, x) for x in args]
        value = f(*entered, **kwargs)
        if not isinstance(value, Tensor) or not value.requires_grad:
            raise TypeError(
                "trace_nan: the function must return a Tensor computed from its float arguments or from Tensors that "
                f"require a gradient. Received: {type(value).__name__}."
            )
        return _forward(value) or _backward(value)


def _enter(x: Any) -> Any:
    is_float = isinstance(x, (float, complex, np.ndarray, np.generic)) and np.asarray(x).dtype.kind in "fc"
    return Tensor(x, requires_grad=True) if is_float else x


# Forward: from the result back along what is not finite, to where it came in


def _forward(root: Tensor) -> Failure | None:
    if _finite(root.data):
        return None
    seen, stack, origins = {root.seq}, [root], []
    while stack:
        node = stack.pop()
        causes = [t for t, x in zip(node.inputs, _relevant(node), strict=True) if t is not None and not _finite(x)]
        if not causes:
            origins.append(node)
        new = {t.seq: t for t in causes if t.seq not in seen}
        seen.update(new)
        stack.extend(new.values())
    return _forward_failure(min(origins, key=lambda node: node.seq))


def _relevant(node: Tensor) -> Iterator[Any]:
    """Of every operand the entries that can have spoilt the result."""
    if node.op is None:
        return
    spoilt = ~np.isfinite(node.data)
    for i, x in enumerate(node.args):
        if node.op.name == "where" and i:
            yield _broadcast(x, spoilt)[spoilt & (_broadcast(node.args[0], spoilt).astype(bool) == (i == 1))]
        elif node.op.is_elementwise:
            yield _broadcast(x, spoilt)[spoilt]
        else:
            yield x


def _forward_failure(node: Tensor) -> Failure:
    index, count = _first_not_finite(node.data)
    value = np.asarray(node.data)[index]
    if node.op is None:
        name = f"argument {node.name!r}" if node.name else "an argument"
        operands: tuple[Any, ...] = ()
        kind, fix = f"{name} was not finite already", "Look where it comes from; np.isfinite finds the entries."
    else:
        operands = _operands(node, index)
        kind, fix = explain_value(node.op.name, operands, value)
    op = spoken(node.op) if node.op else "argument"
    return Failure("forward", op, index, count, operands, value, None, None, line_of(node), None, kind, fix)


# Backward: the first contribution that is not finite, from an upstream gradient that is


def _backward(root: Tensor) -> Failure | None:
    first: Failure | None = None
    leaves: dict[int, Any] = {}
    for visit in visits(root):
        for c in visit.contributions:
            if c.to.op is None:
                leaves[c.to.seq] = c.total
            if first is None and _finite(visit.upstream) and not (_finite(c.product) and _finite(c.total)):
                first = _backward_failure(root, visit, c)
    return None if all(map(_finite, leaves.values())) else first


def _backward_failure(root: Tensor, visit: Visit, c: Contribution) -> Failure:
    node = visit.node
    guilty = next(x for x in (c.product, c.value, c.total) if not _finite(x))
    index, count = _first_not_finite(guilty)
    value = np.asarray(guilty)[index]
    upstream, slope, operands = visit.upstream, None, _operands(node, ())
    if guilty is not c.product:
        kind, fix = "overflow in the sum of gradients", "Scale the values down, or use float64."
    else:
        if c.slope is not None:
            shape = np.zeros(np.shape(guilty))
            upstream, slope = (_broadcast(x, shape)[index] for x in (upstream, c.slope))
            operands = _operands(node, index)
        kind, fix = explain_gradient(spoken(node.op), upstream, slope, operands)
    mask = _mask_above(root, node) if "0 * inf" in kind else None
    masked_at = None if mask is None else line_of(mask)
    op, line = spoken(node.op), line_of(node)
    return Failure("backward", op, index, count, operands, value, upstream, slope, line, masked_at, kind, fix)


def _mask_above(root: Tensor, node: Tensor) -> Tensor | None:
    """The oldest np.where that was computed from node."""
    above = {node.seq}
    for t in reversed(nodes_below(root)):
        if any(x is not None and x.seq in above for x in t.inputs):
            if t.op.name == "where":
                return t
            above.add(t.seq)
    return None


# Entries


def _finite(x: Any) -> bool:
    array = np.asarray(x)
    return array.dtype.kind not in "fc" or bool(np.all(np.isfinite(array)))


def _broadcast(x: Any, like: Any) -> Any:
    return np.broadcast_to(np.asarray(x), like.shape)


def _first_not_finite(x: Any) -> tuple[tuple[int, ...], int]:
    nans = np.argwhere(np.isnan(x))
    all_bad = np.argwhere(~np.isfinite(x))
    return tuple(map(int, (nans if len(nans) else all_bad)[0])), len(all_bad)


def _operands(node: Tensor, index: tuple[int, ...]) -> tuple[Any, ...]:
    """The operands that hold numbers: at that index of the result if the operation acts entry by entry."""
    numbers = [x for x in node.args if isinstance(x, (np.ndarray, np.generic, float, int)) and np.ndim(x) >= 0]
    if node.op.is_elementwise and len(index) == np.ndim(node.data):
        return tuple(_broadcast(x, node.data)[index] for x in numbers)
    return tuple(numbers)


def _shown(x: Any) -> str:
    if np.ndim(x) == 0:
        return f"{x:.6g}"
    return f"array of shape {x.shape}" + (f" from {np.min(x):.6g} to {np.max(x):.6g}" if x.size else "")
