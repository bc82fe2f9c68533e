"""`trace_nan`: finds the operation that made a result or its gradient NaN or infinite, and the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..containers import transform
from ..modes import Mode
from ..op import Function
from ..tensor import Tensor
from .lines import SourceLine, line_of, trace_lines
from .stepping import BackwardStep, Contribution, full_name, nodes_below, steps


@dataclass(frozen=True, eq=False)
class Failure:
    """The first operation that made a NaN or an infinity. `print` shows it with cause and remedy.

    >>> failure = trace_nan(lambda x: np.sum(np.log(x)), np.array([1.0, 0.0]))
    >>> failure.phase, failure.op, failure.index, float(failure.value)
    ('forward', 'np.log', (1,), -inf)
    """

    phase: Literal["forward", "backward"]
    op: str
    """The operation, for example "np.log"; "argument" if an argument of the function was not finite."""
    index: tuple[int, ...]
    """Index of the first NaN, else of the first infinity: in the result or, backward, in the unsummed contribution."""
    count: int
    """The number of elements that are not finite."""
    operands: tuple[Any, ...]
    """The operands at that index, or whole arrays if the operation is not elementwise."""
    value: float
    """Forward: the element of the result. Backward: the element of the contribution to the gradient."""
    upstream: Any
    """Backward: the gradient of the result, at that index."""
    local_derivative: Any
    """Backward: the local derivative at that index; None if the operation is not elementwise."""
    line: SourceLine | None
    """The user's line that called the operation."""
    masked_at: SourceLine | None
    """The line of the np.where that did not choose the element, if that is the cause."""
    kind: str
    """The cause."""
    fix: str
    """The remedy."""

    def __str__(self) -> str:
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        rows = [
            f"{self.value:.6g} in the {self.phase} pass, made by {self.op} at index {self.index}{more}",
            f"  line:     {self.line}" if self.line else "",
            f"  cause:    {self.kind}",
            f"  masked:   {self.masked_at}" if self.masked_at else "",
            f"  operands: {', '.join(map(_shown, self.operands))}" if self.operands else "",
            f"  upstream gradient: {_shown(self.upstream)}" if self.upstream is not None else "",
            f"  local derivative:  {_shown(self.local_derivative)}" if self.local_derivative is not None else "",
            f"  fix:      {self.fix}",
        ]
        return "\n".join(row for row in rows if row)

    __repr__ = __str__


def trace_nan(f: Function, *args: Any, **kwargs: Any) -> Failure | None:
    """Run f(*args, **kwargs) and its backward pass and return the first operation that made a NaN or an infinity.

    A value that is not finite but does not reach the result, such as a branch that np.where does not choose, is no
    failure.

    Args:
        f: a function that returns a Tensor of any shape. The sum of its elements is differentiated.
        args: arguments of f. Floats and float arrays, also in dicts, lists and tuples, become Tensors that require a
            gradient. Tensors stay as they are, and their `grad` does not change.
        kwargs: further arguments of f, passed on unchanged.

    Returns:
        The failure, or None if the result and all gradients are finite.

    Raises:
        TypeError: the result of f requires no gradient.

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
    """x as a Tensor that requires a gradient, if it is a float or an array of floats."""
    is_float = isinstance(x, (float, complex, np.ndarray, np.generic)) and np.asarray(x).dtype.kind in "fc"
    return Tensor(x, requires_grad=True) if is_float else x


# Forward: follow the values that are not finite from the result back to the first of them


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
    """For each operand, the elements that may have made the result not finite."""
    if node.op is None:
        return
    affected = ~np.isfinite(node.data)
    for i, x in enumerate(node.args):
        if node.op.name == "where" and i:
            yield _broadcast(x, affected)[affected & (_broadcast(node.args[0], affected).astype(bool) == (i == 1))]
        elif node.op.is_elementwise:
            yield _broadcast(x, affected)[affected]
        else:
            yield x


def _forward_failure(node: Tensor) -> Failure:
    index, count = _first_not_finite(node.data)
    value = np.asarray(node.data)[index]
    if node.op is None:
        name = f"argument {node.name!r}" if node.name else "an argument"
        operands: tuple[Any, ...] = ()
        kind, fix = f"{name} was not finite already", "Look where it comes from; np.isfinite finds the elements."
    else:
        operands = _operands(node, index)
        kind, fix = _explain_value(node.op.name, operands, value)
    op = full_name(node.op) if node.op else "argument"
    return Failure("forward", op, index, count, operands, value, None, None, line_of(node), None, kind, fix)


# Backward: the first contribution that is not finite although its upstream gradient is


def _backward(root: Tensor) -> Failure | None:
    first: Failure | None = None
    leaves: dict[int, Any] = {}
    for step in steps(root):
        for c in step.contributions:
            if c.to.op is None:
                leaves[c.to.seq] = c.total
            if first is None and _finite(step.upstream) and not (_finite(c.product) and _finite(c.total)):
                first = _backward_failure(root, step, c)
    return None if all(map(_finite, leaves.values())) else first


def _backward_failure(root: Tensor, step: BackwardStep, c: Contribution) -> Failure:
    node = step.result
    first_bad = next(x for x in (c.product, c.value, c.total) if not _finite(x))
    index, count = _first_not_finite(first_bad)
    value = np.asarray(first_bad)[index]
    upstream, local, operands = step.upstream, None, _operands(node, ())
    if first_bad is not c.product:
        kind, fix = "overflow in the sum of gradients", "Scale the values down, or use float64."
    else:
        if c.local_derivative is not None:
            shape = np.zeros(np.shape(first_bad))
            upstream, local = (_broadcast(x, shape)[index] for x in (upstream, c.local_derivative))
            operands = _operands(node, index)
        kind, fix = _explain_gradient(full_name(node.op), upstream, local, operands)
    mask = _mask_above(root, node) if "0 * inf" in kind else None
    masked_at = None if mask is None else line_of(mask)
    op, line = full_name(node.op), line_of(node)
    return Failure("backward", op, index, count, operands, value, upstream, local, line, masked_at, kind, fix)


def _mask_above(root: Tensor, node: Tensor) -> Tensor | None:
    """The oldest np.where that was computed from node."""
    above = {node.seq}
    for t in reversed(nodes_below(root)):
        if any(x is not None and x.seq in above for x in t.inputs):
            if t.op.name == "where":
                return t
            above.add(t.seq)
    return None


# Elements


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
    """The operands that are numbers or arrays, at that index of the result if the operation is elementwise."""
    numbers = [x for x in node.args if isinstance(x, (np.ndarray, np.generic, float, int)) and np.ndim(x) >= 0]
    if node.op.is_elementwise and len(index) == np.ndim(node.data):
        return tuple(_broadcast(x, node.data)[index] for x in numbers)
    return tuple(numbers)


def _shown(x: Any) -> str:
    if np.ndim(x) == 0:
        return f"{x:.6g}"
    return f"array of shape {x.shape}" + (f" from {np.min(x):.6g} to {np.max(x):.6g}" if x.size else "")


# Causes and remedies

Finding = tuple[str, str]
"""The kind of failure, and the suggested fix."""

_Row = tuple[Callable[..., Any], str, str]

_LOG = "Keep the argument positive, e.g. np.log(np.maximum(x, tiny)); for log(softmax(x)) use nn.log_softmax."
_EXP = "Subtract the maximum first, as nn.logsumexp, nn.softmax and nn.log_softmax do, or use np.clip before."
_ROOT = "Clip the argument at 0, e.g. np.sqrt(np.maximum(x, 0)): rounding may have made it negative."
_ZERO = "Keep the denominator away from 0: add a small number, or replace it first, a / np.where(b == 0, 1, b)."
_POWER = "Use np.abs(x) or np.maximum(x, 0) as the base, or an integer power."
_SCALE = "Scale the values down, work with logarithms, or use float64."
_CLIP = "Clip the argument to the domain of the function with np.clip."
_EMPTY = "Check the shape and the axis: there are too few elements to average."
_CONSTANT = "Look where it is computed, which is outside the function that is traced."
_SAFE = (
    "Make the branch that is not chosen finite too, e.g. np.where(mask, {op}(np.where(mask, x, 1)), 0), "
    "or compute the loss in `with ravine.autograd.strong_zero():`."
)
_INFINITE = "Keep the argument away from this point: add a small number, or choose it with np.where before {op}."

_LOGS = [(lambda x: x < 0, "logarithm of a negative number", _LOG), (lambda x: x == 0, "logarithm of 0", _LOG)]
_QUOTIENT = [
    (lambda a, b: b == 0 == a, "0 / 0", _ZERO),
    (lambda a, b: b == 0, "division by zero", _ZERO),
    (lambda a, b: np.isinf(a) & np.isinf(b), "inf / inf", _CONSTANT),
]
_POWERS = [
    (lambda a, b: (a < 0) & (b != np.trunc(b)), "negative number to a fractional power", _POWER),
    (lambda a, b: (a == 0) & (b < 0), "division by zero (0 to a negative power)", _ZERO),
]
_MODULO = [(lambda a, b: b == 0, "remainder of a division by zero", _ZERO)]
_OUTSIDE = [(lambda x: np.abs(x) > 1, "argument outside [-1, 1]", _CLIP)]

FORWARD: dict[str, Sequence[_Row]] = {
    "log": _LOGS,
    "log2": _LOGS,
    "log10": _LOGS,
    "log1p": [(lambda x: x < -1, "logarithm of a negative number", _LOG), (lambda x: x == -1, "logarithm of 0", _LOG)],
    "sqrt": [(lambda x: x < 0, "square root of a negative number", _ROOT)],
    "divide": _QUOTIENT,
    "reciprocal": [(lambda x: x == 0, "division by zero", _ZERO)],
    "power": _POWERS,
    "float_power": _POWERS,
    "remainder": _MODULO,
    "fmod": _MODULO,
    "exp": [(lambda x: x > 0, "overflow in exp", _EXP)],
    "exp2": [(lambda x: x > 0, "overflow in exp2", _EXP)],
    "expm1": [(lambda x: x > 0, "overflow in expm1", _EXP)],
    "sinh": [(lambda x: np.isfinite(x), "overflow in sinh", _EXP)],
    "cosh": [(lambda x: np.isfinite(x), "overflow in cosh", _EXP)],
    "arcsin": _OUTSIDE,
    "arccos": _OUTSIDE,
    "arctanh": [(lambda x: np.abs(x) >= 1, "argument outside (-1, 1)", _CLIP)],
    "arccosh": [(lambda x: x < 1, "argument below 1", _CLIP)],
    "add": [(lambda a, b: np.isinf(a) & np.isinf(b), "inf - inf", _CONSTANT)],
    "subtract": [(lambda a, b: np.isinf(a) & np.isinf(b), "inf - inf", _CONSTANT)],
    "multiply": [(lambda a, b: np.isinf(a) | np.isinf(b), "0 * inf", _CONSTANT)],
}
"""For each operation: (test of one element of each operand, kind of failure, fix)."""


def _explain_value(op: str, operands: Sequence[Any], value: Any) -> Finding:
    """Why an operation returned `value`, NaN or infinite. operands: one element of each, or whole arrays."""
    if not np.isnan(value) or any(np.any(np.isnan(x)) for x in operands):
        for x in operands:
            if not np.all(np.isfinite(x)):
                return "an operand was not finite already", _CONSTANT
    if all(np.ndim(x) == 0 for x in operands):
        for applies, kind, fix in FORWARD.get(op, ()):
            if applies(*operands):
                return kind, fix
    if np.isnan(value) and op in ("mean", "var", "std", "average"):
        return "average of too few elements (0 / 0)", _EMPTY
    return (f"{op} is not defined here", _CLIP) if np.isnan(value) else (f"overflow in {op}", _SCALE)


def _explain_gradient(op: str, upstream: Any, local: Any, operands: Sequence[Any]) -> Finding:
    """Why one element of upstream * local is NaN or infinite. local: None if the operation is not elementwise."""
    if local is None:
        if not np.any(upstream):
            return f"0 * inf: the upstream gradient is 0, but the derivative of {op} is not finite", _SAFE.format(op=op)
        return f"the derivative of {op} is not finite here", _INFINITE.format(op=op)
    if np.isfinite(local):
        return "overflow: the upstream gradient times the derivative is too large", _SCALE
    where = f"{op} at {', '.join(f'{x:.6g}' for x in operands)}"
    what = "NaN" if np.isnan(local) else "infinite"
    if upstream == 0:
        kind = f"0 * inf: the upstream gradient is 0 (a masked branch), the derivative of {where} is {what}"
        return kind, _SAFE.format(op=op)
    return f"the derivative of {where} is {what}", _INFINITE.format(op=op)
