"""Euclidean norms, and clipping to a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 16
_SMALLEST_UNIT = 1e-3
_SAFE = 1e-140
"""Below this norm, squares of elements may have underflowed."""

Array = npt.NDArray[Any]


def norm(a: Array) -> float:
    """The Euclidean norm of all elements of an array, accumulated in float64."""
    return global_norm([a.ravel()])


def global_norm(gradients: Iterable[Array]) -> float:
    """The Euclidean norm of all elements of several 1-D arrays, accumulated in float64.

    It does not depend on the order of the arrays, and is right even where squares of elements overflow or underflow.
    """
    chunks = [g[start : start + _CHUNK] for g in gradients for start in range(0, g.size, _CHUNK)]
    with np.errstate(over="ignore"):
        found = _norm(chunks, 1.0)
    if found == math.inf or found < _SAFE:  # the squares may have overflowed or underflowed
        peak = max((float(np.abs(chunk).max()) for chunk in chunks), default=0.0)
        return peak if peak in (0.0, math.inf) else peak * _norm(chunks, peak)
    return found


def _norm(chunks: Iterable[Array], scale: float) -> float:
    squares = []
    for chunk in chunks:
        wide = chunk.astype(np.float64, copy=False)
        wide = wide if scale == 1 else wide / scale
        squares.append(float(wide.dot(wide)))
    return math.sqrt(math.fsum(squares)) if math.inf not in squares else math.inf


def _norms(a: Array, axes: int | tuple[int, ...] | None) -> Array:
    """The Euclidean norms over these axes in float64, where squares may overflow or underflow too."""
    with np.errstate(over="ignore"):
        sizes: Array = np.sqrt(np.sum(np.square(a, dtype=np.float64), axis=axes, keepdims=True))
    if np.any((sizes == np.inf) | (sizes < _SAFE)):
        peak = np.max(np.abs(a.astype(np.float64)), axis=axes, keepdims=True, initial=0.0)
        scale = np.where((peak == 0) | np.isinf(peak), 1.0, peak)
        with np.errstate(over="ignore"):
            scaled = scale * np.sqrt(np.sum(np.square(a / scale), axis=axes, keepdims=True))
        sizes = np.where((sizes == np.inf) | (sizes < _SAFE), scaled, sizes)
    return sizes


def clip_factor(limit: float, norm: float) -> float:
    """The factor that reduces a norm above the limit to the limit; 1 below it, NaN for a NaN norm."""
    return 1.0 if norm <= limit else limit / norm


def clipped_by_units(x: Array, g: Array, fraction: float) -> Array:
    """Clip a gradient by units. Brock et al. 2021, arXiv:2102.06171, eq. 3.

    A unit is the part of a parameter that leads to one output: a column of a matrix (n_in, n_out), a kernel of a stack
    (n_out, n_in, ...), or all of a vector.

    Args:
        x: the parameter.
        g: its gradient, of the same shape.
        fraction: the norm of a unit of g is at most this times the norm of the unit of x, taken as at least 1e-3.

    Returns:
        a new array of the shape and dtype of g.
    """
    axes = {0: None, 1: None, 2: 0}.get(x.ndim, tuple(range(1, x.ndim)))
    size_x, size_g = (_norms(a, axes) for a in (x, g))
    limit = fraction * np.maximum(size_x, _SMALLEST_UNIT)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(size_g > limit, limit / size_g, 1.0)
        clipped: Array = g * factor.astype(g.dtype)
    return clipped
