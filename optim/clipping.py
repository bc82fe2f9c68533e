"""Norms of gradients, and what brings them down to a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["clip_factor", "clipped_by_units", "global_norm"]

_CHUNK = 1 << 16
_SMALLEST_UNIT = 1e-3


def global_norm(gradients: Iterable[npt.NDArray[Any]]) -> float:
    """The Euclidean norm of all gradients together, in float64; not finite only if one of them is not.

    It does not depend on their order.
    """
    chunks = [g[start : start + _CHUNK] for g in gradients for start in range(0, g.size, _CHUNK)]
    with np.errstate(over="ignore"):
        norm = _norm(chunks, 1.0)
    if norm == math.inf:  # the squares may have overflowed
        peak = max(float(np.abs(chunk).max()) for chunk in chunks)
        return peak if peak == math.inf else peak * _norm(chunks, peak)
    return norm


def _norm(chunks: Iterable[npt.NDArray[Any]], scale: float) -> float:
    squares = []
    for chunk in chunks:
        wide = chunk.astype(np.float64, copy=False)
        wide = wide if scale == 1 else wide / scale
        squares.append(float(wide.dot(wide)))
    return math.sqrt(math.fsum(squares)) if math.inf not in squares else math.inf


def clip_factor(limit: float, norm: float) -> float:
    """What to multiply gradients by so that a norm above the limit becomes the limit; a NaN norm stays NaN."""
    return 1.0 if norm <= limit else limit / norm


def clipped_by_units(x: npt.NDArray[Any], g: npt.NDArray[Any], share: float) -> npt.NDArray[Any]:
    """The gradient, its norm for each unit at most that share of the norm of x for the unit, taken as at least 1e-3.

    A unit is what leads to one output: a column of a matrix (n_in, n_out), a kernel of a stack (n_out, n_in, ...), all
    of a vector.
    """
    axes = {0: None, 1: None, 2: 0}.get(x.ndim, tuple(range(1, x.ndim)))
    size_x, size_g = (
        np.sqrt(np.sum(np.square(a, dtype=np.float64), axis=axes, keepdims=True)) for a in (x, g)
    )
    limit = share * np.maximum(size_x, _SMALLEST_UNIT)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(size_g > limit, limit / size_g, 1.0)
    clipped: npt.NDArray[Any] = g * factor.astype(g.dtype)
    return clipped
