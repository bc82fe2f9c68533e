"""What went wrong at one entry of an operation, and what to do: a table by operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
_EMPTY = "Check the shape and the axis: there are too few entries to average."
_CONSTANT = "Look where it is computed: that happens before, outside what is traced."
_SAFE = (
    "Make the branch safe that is not chosen as well, e.g. np.where(mask, {op}(np.where(mask, x, 1)), 0), "
    "or compute the loss in `with ravine.autograd.strong_zero():`."
)
_SLOPE = "Keep the argument away from this point: add a small number, or choose it with np.where before {op}."

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
"""Per operation: does it apply to these operands (one entry of each), the kind of failure, the fix."""


def explain_value(op: str, operands: Sequence[Any], value: Any) -> Finding:
    """Why an operation gave `value`, NaN or infinite, for these operands: of one entry, or whole arrays."""
    if not np.isnan(value) or any(np.any(np.isnan(x)) for x in operands):
        for x in operands:
            if not np.all(np.isfinite(x)):
                return "an operand was not finite already", _CONSTANT
    if all(np.ndim(x) == 0 for x in operands):
        for applies, kind, fix in FORWARD.get(op, ()):
            if applies(*operands):
                return kind, fix
    if np.isnan(value) and op in ("mean", "var", "std", "average"):
        return "average of too few entries (0 / 0)", _EMPTY
    return (f"{op} is not defined here", _CLIP) if np.isnan(value) else (f"overflow in {op}", _SCALE)


def explain_gradient(op: str, upstream: Any, slope: Any, operands: Sequence[Any]) -> Finding:
    """Why upstream * slope, of one entry, is NaN or infinite; slope is None for what does not act entry by entry."""
    if slope is None:
        if not np.any(upstream):
            return f"0 * inf: the upstream gradient is 0, but the derivative of {op} is not finite", _SAFE.format(op=op)
        return f"the derivative of {op} is not finite here", _SLOPE.format(op=op)
    if np.isfinite(slope):
        return "overflow: the upstream gradient times the derivative is too large", _SCALE
    where = f"{op} at {', '.join(f'{x:.6g}' for x in operands)}"
    what = "NaN" if np.isnan(slope) else "infinite"
    if upstream == 0:
        kind = f"0 * inf: the upstream gradient is 0 (a masked branch), the derivative of {where} is {what}"
        return kind, _SAFE.format(op=op)
    return f"the derivative of {where} is {what}", _SLOPE.format(op=op)
