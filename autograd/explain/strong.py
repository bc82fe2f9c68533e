"""`strong_zero`: what receives no gradient passes none on, not even through an infinite derivative.

By default 0 * inf is NaN, as in NumPy: `where(x > 0, sqrt(x), 0)` has gradient NaN at 0, because the branch that was
not chosen gets the gradient 0 and the square root the slope inf. The mode exchanges the row of every operation it sees
recorded for one with guarded products, so the engine itself knows nothing of it and is not slowed down.
"""

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
from .lines import watching


@contextmanager
def strong_zero() -> Iterator[None]:
    """For what is computed in the block: an upstream gradient of exactly 0 times any derivative, even inf or NaN, is 0.

    Put the computation of the loss inside; `backward` may stand inside or outside. In functions that do not act entry
    by entry, the whole upstream gradient must be 0. Higher derivatives are guarded if they are taken in the block.
    NumPy's warnings about derivatives are silenced. UserWarning: if the block recorded nothing.

    >>> from ravine.autograd import grad
    >>> with strong_zero():
    ...     g = grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(np.array([0.0, 4.0]))
    >>> g
    array([0.  , 0.25])
    """
    recorded = False

    def strengthen(t: Tensor) -> None:
        nonlocal recorded
        recorded = True
        t.op = _guarded(t.op)

    with watching(strengthen):
        yield
    if not recorded:
        warnings.warn(
            "strong_zero: nothing was recorded in the block, so the mode had no effect. It acts on the computation of "
            "the loss, not on backward: put the computation inside.",
            stacklevel=3,
        )


@cache
def _guarded(op: Primitive) -> Primitive:
    """The same row with guarded derivatives; the row itself where nothing can become infinite."""
    if op.is_linear or hasattr(op, "is_guarded"):
        return op
    guarded = copy(op)
    guarded.is_guarded = True  # type: ignore[attr-defined]
    if isinstance(op.derivatives, ForEach):
        guarded.derivatives = ForEach(_guarded_whole(op.derivatives.vjp))
    elif op.is_elementwise:
        if all(d in (None, unchanged, negated) for d in op.derivatives):
            return op
        guarded.is_elementwise = False
        guarded.derivatives = [d and _guarded_entries(d) for d in op.derivatives]
    else:
        guarded.derivatives = [d and _guarded_whole(d) for d in op.derivatives]
    return guarded


def _guarded_entries(partial: Function) -> Function:
    # Where the slope is finite it stays: 0 times it is 0 already, and the second derivative needs it.
    @wraps(partial)
    def product(g: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            slope = partial(y, *args)
            if _is_placeholder(g):
                return g * slope
        masked = (g == 0) & ~np.isfinite(slope)
        return g * (np.where(masked, 0, slope) if np.any(masked) else slope)

    return product


def _guarded_whole(vjp: Function) -> Function:
    @wraps(vjp)
    def product(g: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            c = vjp(g, y, *args, **kwargs)
        finite = np.isfinite(c)
        return c if np.any(g) or np.all(finite) or _is_placeholder(g) else np.where(finite, c, 0)

    return product


def _is_placeholder(g: Any) -> bool:
    """Whether g stands for any gradient, as in forward mode: its zeros mean nothing."""
    return isinstance(g, Tensor) and g.is_leaf and g.requires_grad
