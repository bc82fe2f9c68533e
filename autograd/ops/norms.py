"""Norms of vectors and matrices, of every order. At 0 the derivative of a norm is 0, the subgradient of least norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dispatch import as_array, holds_tensor, undifferentiated
from ..domain import INVERTIBLE, NONZERO, rand, sample
from ..op import composite, primitive
from .reductions import Axis, add_up, keep, kept


def _euclid(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sqrt(add_up(a * a, axis, None, None, keepdims))


euclid = primitive(  # the derivative at 0 is 0, the subgradient of smallest norm
    _euclid,
    lambda g, y, a, axis=None, keepdims=False: keep(g / (y + (y == 0)), a, axis) * a,
    samples=[sample(rand(2, 3)), sample(rand(2, 3), axis=0, keepdims=True)],
)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if holds_tensor(ord):
        return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)
    if ord is None or ord == 2:
        return euclid(x, axis, keepdims=keepdims)
    size = np.abs(x)
    if ord in (math.inf, -math.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"np.linalg.norm: of vectors ord is a number. Received: ord={ord!r}.")
    total = np.sum(size**ord, axis=axis, keepdims=keepdims)
    if ord < 0:
        return total ** (1 / ord)
    empty = total == 0
    return np.where(empty, 0, np.where(empty, 1, total) ** (1 / ord))


def _matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    ord = undifferentiated(ord, "np.linalg.norm: ord of matrices")
    if ord is None or ord == "fro":
        return euclid(x, axis, keepdims=keepdims)
    x = np.moveaxis(x, axis, (-2, -1)) if x.ndim > 2 or axis != (0, 1) else x
    if ord == "nuc" or ord in (2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return (np.sum if ord == "nuc" else np.max if ord == 2 else np.min)(s, axis=-1)
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"np.linalg.norm: of matrices ord is 'fro', 'nuc', 1, 2, inf or negative. Received: {ord!r}.")
    sums = np.sum(np.abs(x), axis=-2 if abs(ord) == 1 else -1)
    return (np.max if ord > 0 else np.min)(sums, axis=-1)


def _norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    x = as_array(x)
    x = x if x.dtype.kind in "fc" else x.astype(float)
    if axis is None and ord is None:
        return euclid(x, None, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"np.linalg.norm: with ord, one or two axes. Received: {len(axes)}. Pass axis=.")
    y = _matrix_norm(x, ord, (axes[0] % x.ndim, axes[1] % x.ndim), False)
    return y.reshape(kept(x.shape, axes)) if keepdims else y


def _vector_norm_of(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if not isinstance(axis, int):  # the axes of one vector become one
        axes = range(x.ndim) if axis is None else [i % x.ndim for i in axis]
        rest = [i for i in range(x.ndim) if i not in axes]
        rows = np.transpose(x, [*rest, *axes]).reshape((*(x.shape[i] for i in rest), -1))
        y = _vector_norm(rows, ord, -1, False)
        return y.reshape(kept(x.shape, tuple(axes))) if keepdims else y
    return _vector_norm(x, ord, axis, keepdims)


def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, axis=(-2, -1))


_ORDERS = (1, 2, 3, 2.5, -1, -2, math.inf, -math.inf)
composite(
    np.linalg.norm,
    _norm,
    samples=[
        sample(rand(2, 3)),
        sample(rand(2, 3, 2)),
        sample(rand(2, 3), "fro", axis=(0, 1)),
        *(sample(rand(2, 3, domain=NONZERO), ord, axis=1) for ord in _ORDERS),
        *(sample(rand(2, 3, domain=NONZERO), ord) for ord in (1, -1, 2, -2, math.inf, -math.inf, "nuc")),
        sample(rand(2, 3, 2, domain=NONZERO), 2, axis=(2, 0), keepdims=True),
        sample(rand(2, 3, 2, domain=NONZERO), 1, axis=(-1, 1)),
    ],
)
composite(
    np.linalg.vector_norm,
    _vector_norm_of,
    samples=[
        sample(rand(2, 3)),
        sample(rand(2, 3), axis=1, keepdims=True, ord=3),
        sample(rand(2, 3, 2), axis=(0, 2), keepdims=True),
    ],
)
composite(
    np.linalg.matrix_norm,
    lambda x, /, *, keepdims=False, ord="fro": _norm(x, ord, (-2, -1), keepdims),
    samples=[sample(rand(2, 3, 2)), sample(rand(2, 3), ord="nuc", keepdims=True)],
)
composite(
    np.linalg.cond, _cond, samples=[sample(rand(3, 3, domain=INVERTIBLE)), sample(rand(2, 2, 2, domain=INVERTIBLE), 1)]
)
