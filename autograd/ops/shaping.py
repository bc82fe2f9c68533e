"""Functions that move entries without changing them: shapes, axes, order, repetition, type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..domain import arr, case
from ..op import composite, linear, structural


# Shapes
def _reshape(a: Any, shape: Any = None, order: str = "C", **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    shape = keywords.pop("newshape", shape)
    return (a, shape), keywords if order == "C" else {"order": order, **keywords}


linear(
    np.reshape,
    lambda g, y, a, shape, order="C": g.reshape(a.shape, order=order),
    forward=lambda a, shape, order="C": a.reshape(shape, order=order),
    prepare=_reshape,
    samples=[case(arr(2, 3), (3, 2)), case(arr(2, 3), -1), case(arr(2, 3), (3, -1), order="F")],
)
linear(
    np.expand_dims,
    lambda g, y, a, axis: g.reshape(a.shape),
    samples=[case(arr(2, 3), 1), case(arr(2, 3), axis=(0, -1))],
)
linear(
    np.squeeze,
    lambda g, y, a, axis=None: g.reshape(a.shape),
    samples=[case(arr(1, 3, 1)), case(arr(1, 3, 1), axis=0)],
)
linear(
    np.broadcast_to,
    lambda g, y, array, shape: g,  # the walk sums over broadcast axes
    samples=[case(arr(3), (2, 3)), case(arr(2, 1), (4, 2, 3)), case(arr(), (2,))],
)
composite(
    np.ravel,
    lambda a, order="C": np.reshape(a, -1, order=order),
    samples=[case(arr(2, 3)), case(arr(2, 3), order="F")],
)
composite(np.atleast_1d, lambda a: np.reshape(a, np.shape(a) or 1), samples=[case(arr()), case(arr(2, 3))])
composite(
    np.atleast_2d,
    lambda a: a if np.ndim(a) >= 2 else np.reshape(a, (1, -1)),
    samples=[case(arr()), case(arr(3)), case(arr(1, 2, 3))],
)


# Axes
def _inverse(axes: Sequence[int]) -> list[int]:
    """The permutation that undoes `axes`."""
    order = [i % len(axes) for i in axes]
    return sorted(range(len(axes)), key=order.__getitem__)


linear(
    np.transpose,
    lambda g, y, a, axes=None: g.transpose(None if axes is None else _inverse(axes)),
    forward=lambda a, axes=None: a.transpose(axes),
    samples=[case(arr(2, 3)), case(arr(2, 3, 4), (2, 0, 1)), case(arr(2, 3, 4), axes=(-1, 0, 1))],
)
linear(
    np.swapaxes,
    lambda g, y, a, axis1, axis2: g.swapaxes(axis1, axis2),
    forward=lambda a, axis1, axis2: a.swapaxes(axis1, axis2),
    samples=[case(arr(2, 3, 4), 0, 2), case(arr(2, 3), -1, 0)],
)
linear(
    np.moveaxis,
    lambda g, y, a, source, destination: np.moveaxis(g, destination, source),
    samples=[case(arr(2, 3, 4), 0, 2), case(arr(2, 3, 4), (0, 1), (-1, 0))],
)

# Order
linear(
    np.flip,
    lambda g, y, m, axis=None: np.flip(g, axis),
    samples=[case(arr(2, 3)), case(arr(2, 3), axis=(0,)), case(arr(2, 3), 1)],
)


def _negated(shift: int | tuple[int, ...]) -> int | tuple[int, ...]:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


linear(
    np.roll,
    lambda g, y, a, shift, axis=None: np.roll(g, _negated(shift), axis),
    samples=[case(arr(5), 2), case(arr(2, 3), (1, -1), axis=(0, 1)), case(arr(2, 3), 1, 0), case(arr(2, 3), 4)],
)


def _sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    if axis is None:
        return _sort(np.ravel(a), 0)
    values = a if isinstance(a, np.ndarray) else a.data
    along = np.argsort(values, axis, kind="stable")
    grid = list(np.ogrid[tuple(slice(n) for n in along.shape)])
    grid[axis] = along
    return a[tuple(grid)]


composite(np.sort, _sort, samples=[case(arr(5)), case(arr(3, 4), axis=0), case(arr(2, 3), axis=None)])

# Triangles and diagonals
linear(np.triu, lambda g, y, m, k=0: np.triu(g, k), samples=[case(arr(3, 4)), case(arr(2, 3, 3), k=-1)])
linear(np.tril, lambda g, y, m, k=0: np.tril(g, k), samples=[case(arr(3, 4)), case(arr(2, 3, 3), k=1)])


def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = np.moveaxis(a, (axis1, axis2), (0, 1))
    rows, columns = max(-offset, 0), max(offset, 0)
    i = np.arange(max(min(a.shape[0] - rows, a.shape[1] - columns), 0))
    return np.moveaxis(a[i + rows, i + columns], 0, -1)


def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    rows = np.arange(v.size) + max(-k, 0)
    return scatter(v, (v.size + abs(k),) * 2, (rows, rows + k))


composite(
    np.diagonal,
    _diagonal,
    samples=[case(arr(3, 4)), case(arr(4, 3), offset=1), case(arr(2, 3, 4), -1, 1, 2), case(arr(2, 3, 4), 0, 2, 0)],
)
composite(np.diag, _diag, samples=[case(arr(3)), case(arr(3), k=-1), case(arr(3, 4), 1)])
composite(
    np.trace,
    lambda a, offset=0, axis1=0, axis2=1: np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1),
    samples=[case(arr(3, 3)), case(arr(3, 4), offset=1), case(arr(2, 3, 4), axis1=1, axis2=2)],
)


# Selection
def _scatter(g: Any, shape: tuple[int, ...], index: Any) -> Any:
    result = np.zeros(shape, g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or isinstance(part, (int, slice, type(...))) for part in parts):
        result[index] = g
    else:
        np.add.at(result, index, g)
    return result


def _getitem(a: Any, index: Any) -> Any:
    return a[index]


scatter = linear(  # the transpose of getitem
    _scatter,
    lambda h, y, g, shape, index: h[index],
    samples=[case(arr(2, 2), (3, 2), slice(0, 2)), case(arr(3), (4,), np.array([1, 1, 3]))],
)
getitem = linear(
    _getitem,
    lambda g, y, a, index: scatter(g, a.shape, index),
    samples=[
        case(arr(4), 2),
        case(arr(4, 3), (slice(None, None, -2), None, 1)),
        case(arr(4, 3), (..., slice(1, 2))),
        case(arr(4, 3), np.array([0, 0, 3])),
        case(arr(4, 3), (np.array([[0], [2]]), np.array([1, 1]))),
        case(arr(4), np.array([True, False, True, True])),
        case(arr(2, 3, 4), (0, slice(None), np.array([3, 1, 3]))),
    ],
)


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.ravel(a)[np.asarray(indices)]
    return a[(slice(None),) * (axis % a.ndim) + (np.asarray(indices),)]


composite(
    np.take,
    _take,
    samples=[case(arr(2, 3), [0, 5, 5]), case(arr(2, 3), 1, axis=-1), case(arr(3, 2), [[0, 2]], 0)],
)


# Repetition and borders
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis=axis)


def _full_like(a: Any, fill_value: Any) -> Any:
    if hasattr(fill_value, "_record"):
        return np.broadcast_to(fill_value, a.shape).astype(a.dtype)
    return np.full_like(a.data, fill_value)


def _tile(A: Any, reps: int | Sequence[int]) -> Any:
    counts = (reps,) if isinstance(reps, int) else tuple(reps)
    ndim = max(A.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - A.ndim) + A.shape
    pairs = list(zip(counts, shape, strict=True))
    split = np.reshape(A, tuple(m for n in shape for m in (1, n)))
    copies = np.broadcast_to(split, tuple(m for pair in pairs for m in pair))
    return np.reshape(copies, tuple(c * n for c, n in pairs))


composite(
    np.repeat,
    _repeat,
    samples=[case(arr(2, 3), 2), case(arr(2, 3), [1, 0, 2], axis=1), case(arr(2, 3), 2, 0)],
)
composite(np.full_like, _full_like, samples=[case(arr(2, 3), arr()), case(arr(2, 3), arr(3))])
composite(np.tile, _tile, samples=[case(arr(3), 2), case(arr(2, 3), (2, 1, 2)), case(arr(2, 3), 3)])


def _pad_vjp(g: Any, y: Any, array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    widths = np.broadcast_to(pad_width, (array.ndim, 2))
    return g[tuple(slice(before, before + n) for (before, _), n in zip(widths.tolist(), array.shape, strict=True))]


def _pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    if mode != "constant":
        raise TypeError(f"np.pad: on Tensors only mode='constant' is supported. Received: mode={mode!r}.")
    return np.pad(array, pad_width, constant_values=constant_values)


structural(
    np.pad,
    _pad_vjp,
    forward=_pad,
    samples=[
        case(arr(2, 3), 1),
        case(arr(3), (0, 2), constant_values=7),
        case(arr(2, 3), ((1, 0), (2, 1)), "constant"),
    ],
)


# Type
def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


astype = linear(
    _astype,
    lambda g, y, x, dtype: g,  # the walk casts
    samples=[],
)
