"""Context managers that act on each operation as it is recorded: `strict_dtype` and `strong_zero`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache, wraps
from typing import Any

import numpy as np

from ..op import ForEach, Function, Primitive, negated, unchanged
from ..tensor import Tensor
from .lines import calling_line, watching
from .stepping import full_name


@contextmanager
def strict_dtype(dtype: Any) -> Iterator[None]:
    """Raise an error at the first operation in the block whose result has another dtype.

    Only operations that are recorded are checked: results that need no gradient are not.

    Args:
        dtype: a floating-point dtype. A complex result must have real and imaginary parts of this dtype.

    Raises:
        TypeError: an operation returns another dtype. The message has the operation, the dtypes of its operands and the
            line that called it. Or: dtype is not floating-point.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor(np.ones(3, np.float32), requires_grad=True)
    >>> with strict_dtype(np.float32):
    ...     y = x * np.float32(2)  # x * np.float64(2) would raise
    """
    wanted = np.dtype(dtype)
    if wanted.kind != "f":
        raise TypeError(f"strict_dtype: needs a floating-point dtype. Received: {wanted}.")

    def check(t: Tensor) -> None:
        if t.data.real.dtype != wanted:
            raise TypeError(
                f"strict_dtype: {full_name(t.op)} gives {t.data.dtype}, not {wanted}. Received: {_received(t)}. "
                f"At {calling_line()}\n{_remedy(t, wanted)}"
            )

    with watching(check):
        yield


def _received(t: Tensor) -> str:
    return ", ".join(_described(x) for x in t.args if hasattr(x, "dtype")) or "no array"


def _described(x: Any) -> str:
    return f"{x.dtype} of shape {x.shape}" if x.ndim else f"{x.dtype} {x}"


def _remedy(t: Tensor, wanted: np.dtype[Any]) -> str:
    others = [i for i, x in enumerate(t.args) if hasattr(x, "dtype") and x.dtype.kind in "fiub" and x.dtype != wanted]
    if not others:
        return "Leave out the dtype= of the operation."
    return f"Make operand {' and '.join(map(str, others))} {wanted}, e.g. with .astype(np.{wanted}), or a Python float."


@contextmanager
def strong_zero() -> Iterator[None]:
    """In the block, an upstream gradient of exactly 0 times any derivative is 0, even if the derivative is inf or NaN.

    By default 0 * inf is NaN, as in NumPy: `where(x > 0, sqrt(x), 0)` has gradient NaN at 0, because the branch that is
    not chosen gets the gradient 0 and the derivative of the square root is inf.

    Compute the loss inside the block; `backward` may be called inside or outside. For operations that are not
    elementwise, the whole upstream gradient must be 0. Higher derivatives are covered if they are taken in the block.
    NumPy's warnings about derivatives are silenced.

    Warns:
        UserWarning: nothing was recorded in the block.

    >>> from ravine.autograd import grad
    >>> with strong_zero():
    ...     g = grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(np.array([0.0, 4.0]))
    >>> g
    array([0.  , 0.25])
    """
    # Each recorded operation gets a copy of its op with guarded products, so the engine itself is not slowed down.
    recorded = False

    def guard(t: Tensor) -> None:
        nonlocal recorded
        recorded = True
        t.op = _guarded(t.op)

    with watching(guard):
        yield
    if not recorded:
        warnings.warn(
            "strong_zero: nothing was recorded in the block, so it had no effect. It acts on the computation of the "
            "loss, not on backward: compute the loss inside the block.",
            stacklevel=3,
        )


@cache
def _guarded(op: Primitive) -> Primitive:
    """The op with guarded derivatives; the op itself where no derivative can become infinite."""
    if op.is_linear or hasattr(op, "is_guarded"):
        return op
    guarded = copy(op)
    guarded.is_guarded = True  # type: ignore[attr-defined]
    if isinstance(op.derivatives, ForEach):
        guarded.derivatives = ForEach(_guarded_product(op.derivatives.vjp))
    elif op.is_elementwise:
        if all(d in (None, unchanged, negated) for d in op.derivatives):
            return op
        guarded.is_elementwise = False
        guarded.derivatives = [d and _guarded_partial(d) for d in op.derivatives]
    else:
        guarded.derivatives = [d and _guarded_product(d) for d in op.derivatives]
    return guarded


def _guarded_partial(partial: Function) -> Function:
    # A finite derivative is kept: 0 times it is 0 already, and the second derivative needs it.
    @wraps(partial)
    def product(g: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            local = partial(y, *args)
            if _is_placeholder(g):
                return g * local
        masked = (g == 0) & ~np.isfinite(local)
        return g * (np.where(masked, 0, local) if np.any(masked) else local)

    return product


def _guarded_product(vjp: Function) -> Function:
    @wraps(vjp)
    def product(g: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            c = vjp(g, y, *args, **kwargs)
        finite = np.isfinite(c)
        return c if np.any(g) or np.all(finite) or _is_placeholder(g) else np.where(finite, c, 0)

    return product


def _is_placeholder(g: Any) -> bool:
    """Whether g stands for any gradient, as in forward mode, where its zeros mean nothing."""
    return isinstance(g, Tensor) and g.is_leaf and g.requires_grad
