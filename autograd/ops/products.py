"""Sums of products: matmul, dot, tensordot and their relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dispatch import as_array, conjugated
from ..domain import rand, sample
from ..op import composite, primitive


def matmul(a: Any, b: Any) -> Any:
    """The product of plain arrays, by the call with the least overhead."""
    return a.dot(b) if np.ndim(a) == 2 == np.ndim(b) else np.matmul(a, b)


def _left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 == b.ndim:
        return np.dot(g, b.T)
    if b.ndim == 1:
        return g[..., None] * b if a.ndim > 1 else g * b
    return (g if a.ndim > 1 else g[..., None, :]) @ b.swapaxes(-1, -2)


def _right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 == b.ndim:
        return np.dot(a.T, g)
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    return a.swapaxes(-1, -2) @ g if b.ndim > 1 else (a.swapaxes(-1, -2) @ g[..., None])[..., 0]


primitive(
    np.matmul,
    _left,
    _right,
    forward=matmul,
    samples=[
        sample(rand(2, 3), rand(3, 4)),
        sample(rand(3), rand(3)),
        sample(rand(3), rand(3, 4)),
        sample(rand(2, 3), rand(3)),
        sample(rand(2, 1, 2, 3), rand(3, 3, 4)),
        sample(rand(3), rand(2, 3, 4)),
        sample(rand(2, 2, 3), rand(3)),
    ],
)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        left: Sequence[int] = range(a.ndim - axes, a.ndim)
        right: Sequence[int] = range(axes)
    else:
        left, right = ([i] if isinstance(i, int) else list(i) for i in axes)
    left, right = [i % a.ndim for i in left], [i % b.ndim for i in right]
    rows = [i for i in range(a.ndim) if i not in left]
    columns = [i for i in range(b.ndim) if i not in right]
    shape = tuple(a.shape[i] for i in rows) + tuple(b.shape[i] for i in columns)
    inner = math.prod(a.shape[i] for i in left)
    a2 = np.reshape(np.transpose(a, rows + left), (math.prod(a.shape[i] for i in rows), inner))
    b2 = np.reshape(np.transpose(b, right + columns), (inner, math.prod(b.shape[i] for i in columns)))
    return np.reshape(a2 @ b2, shape)


def _dot(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return a @ b if a.ndim == 1 or b.ndim <= 2 else np.tensordot(a, b, axes=(-1, -2))


def _inner(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return a * b if a.ndim == 0 or b.ndim == 0 else np.tensordot(a, b, axes=(-1, -1))


composite(
    np.tensordot,
    _tensordot,
    samples=[
        sample(rand(2, 3, 4), rand(3, 4, 2)),
        sample(rand(2, 3), rand(2), axes=0),
        sample(rand(2, 3, 4), rand(4, 3), axes=([1, 2], [1, 0])),
        sample(rand(2, 3), rand(4, 2), axes=(0, -1)),
    ],
)
composite(
    np.dot,
    _dot,
    samples=[
        sample(rand(2, 3), rand(3, 4)),
        sample(rand(3), rand(3)),
        sample(rand(), rand(2, 2)),
        sample(rand(2, 3), rand(3)),
        sample(rand(2, 3), rand(2, 3, 2)),
    ],
)
composite(np.inner, _inner, samples=[sample(rand(3), rand(3)), sample(rand(2, 3), rand(4, 3)), sample(rand(2), rand())])
composite(np.vdot, lambda a, b: np.dot(conjugated(np.ravel(a)), np.ravel(b)), samples=[sample(rand(2, 3), rand(2, 3))])
composite(
    np.outer,
    lambda a, b: np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1)),
    samples=[sample(rand(3), rand(2)), sample(rand(2, 2), rand())],
)


def _kron(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    m, n = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    a = a.reshape(tuple(k for size in m for k in (size, 1)))
    b = b.reshape(tuple(k for size in n for k in (1, size)))
    return (a * b).reshape(tuple(i * j for i, j in zip(m, n, strict=True)))


composite(
    np.kron, _kron, samples=[sample(rand(2, 3), rand(2, 2)), sample(rand(2), rand(2, 3)), sample(rand(), rand(2))]
)


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise ValueError(f"np.cross: needs vectors of 3 numbers. Received: {a.shape[-1]} and {b.shape[-1]}.")
    (a0, a1, *a2), (b0, b1, *b2) = ([x[..., i] for i in range(x.shape[-1])] for x in (a, b))
    last = a0 * b1 - a1 * b0
    if not a2 and not b2:
        return last
    third, other = a2[0] if a2 else 0.0, b2[0] if b2 else 0.0
    return np.moveaxis(np.stack([a1 * other - third * b1, third * b0 - a0 * other, last], axis=-1), -1, axisc)


composite(
    np.cross,
    _cross,
    samples=[
        sample(rand(3), rand(3)),
        sample(rand(2, 3), rand(3)),
        sample(rand(3, 2), rand(3, 2), axis=0),
        sample(rand(3, 2), rand(2, 3), 0),
    ],
)


# Products of vectors in the last axis. `axis` and `axes` say where the vectors are instead.
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = as_array(x1), as_array(x2)
    return (conjugated(np.moveaxis(x1, axis, -1))[..., None, :] @ np.moveaxis(x2, axis, -1)[..., None])[..., 0, 0]


def _matvec(x1: Any, x2: Any, /) -> Any:
    return (as_array(x1) @ as_array(x2)[..., None])[..., 0]


def _vecmat(x1: Any, x2: Any, /) -> Any:
    return (conjugated(as_array(x1))[..., None, :] @ as_array(x2))[..., 0, :]


_VECTORS = [sample(rand(3), rand(3)), sample(rand(2, 1, 3), rand(4, 3)), sample(rand(3, 2), rand(3, 1), axis=0)]
composite(np.vecdot, _vecdot, samples=_VECTORS)
if hasattr(np, "matvec"):  # since NumPy 2.2
    composite(np.matvec, _matvec, samples=[sample(rand(2, 3), rand(3)), sample(rand(2, 1, 2, 3), rand(4, 3))])
    composite(np.vecmat, _vecmat, samples=[sample(rand(3), rand(3, 2)), sample(rand(4, 3), rand(2, 1, 3, 2))])


# The same under the names of the array API standard
composite(np.linalg.matmul, lambda x1, x2, /: x1 @ x2, samples=[sample(rand(2, 3), rand(3, 2))])
composite(np.linalg.outer, lambda x1, x2, /: np.outer(x1, x2), samples=[sample(rand(2), rand(3))])
composite(np.linalg.vecdot, lambda x1, x2, /, *, axis=-1: _vecdot(x1, x2, axis=axis), samples=_VECTORS)
composite(
    np.linalg.tensordot,
    lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes),
    samples=[sample(rand(2, 3), rand(3, 2), axes=1)],
)
composite(
    np.linalg.cross,
    lambda x1, x2, /, *, axis=-1: np.cross(x1, x2, axis=axis),
    samples=[sample(rand(3, 2), rand(3, 2), axis=0)],
)
