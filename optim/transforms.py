"""What may be done to the gradient before the rule sees it, in this order, within the same pass over memory.

Each is a function of one line that makes a new `g`; the optimizers' common options of the same names switch them on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels import maximum, minimum

__all__ = ["TRANSFORMS", "clip_factor", "global_norm"]


def maximize(g):
    """Ascend instead of descend."""
    return -g


def clip_norm(g, clip_factor):
    """Scale all gradients together so that their joint Euclidean norm is at most `clip_norm`."""
    return clip_factor * g


def clip_value(g, clip_value):
    """Bound each element by `clip_value` in absolute value."""
    return minimum(maximum(g, -clip_value), clip_value)


def weight_decay(g, x, weight_decay):
    """L2: the gradient of weight_decay/2 * |x|**2 is added."""
    return g + weight_decay * x


TRANSFORMS = {f.__name__: f for f in (maximize, clip_norm, clip_value, weight_decay)}

_CHUNK = 1 << 16


def global_norm(gradients: Iterable[npt.NDArray[Any]]) -> float:
    """The Euclidean norm of all gradients together, accumulated in float64."""
    chunks = [g[start : start + _CHUNK] for g in gradients for start in range(0, g.size, _CHUNK)]
    with np.errstate(over="ignore"):
        norm = _norm(chunks, 1.0)
    if norm == math.inf:  # the squares may have overflowed
        peak = max(float(np.abs(chunk).max()) for chunk in chunks)
        return peak if peak == math.inf else peak * _norm(chunks, peak)
    return norm


def _norm(chunks: Iterable[npt.NDArray[Any]], scale: float) -> float:
    squares = 0.0
    for chunk in chunks:
        wide = chunk.astype(np.float64, copy=False) / scale
        squares += float(wide.dot(wide))
    return math.sqrt(squares)


def clip_factor(limit: float, norm: float) -> float:
    """What to multiply gradients by so that a norm above the limit becomes the limit; a NaN norm stays NaN."""
    return 1.0 if norm <= limit else limit / norm
