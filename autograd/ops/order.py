"""Functions of the order of the entries: sorting, medians, quantiles. Equal entries keep their order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dispatch import alike, as_array, plain, undifferentiated
from ..domain import rand, sample
from ..op import composite
from .reductions import Axis, kept


def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    indices = np.asarray(plain(indices))
    if axis is None:
        return np.ravel(arr)[indices]
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    grid[axis] = indices
    for i, n in enumerate(arr.shape):
        if n == 1 and i != axis % arr.ndim:
            grid[i] = 0 * grid[i]
    return arr[tuple(grid)]


composite(
    np.take_along_axis,
    _take_along_axis,
    samples=[sample(rand(2, 3), np.array([[2, 0], [1, 1]]), 1), sample(rand(2, 3), np.array([5, 0, 5]), axis=None)],
)


def _by(name: str, positions: Any, a: Any, axis: int | None, order: None) -> Any:
    if order is not None:
        raise TypeError(f"np.{name}: a Tensor has no fields. Received: order={order!r}.")
    a, axis = (np.ravel(a), 0) if axis is None else (as_array(a), axis)
    return np.take_along_axis(a, positions(plain(a), axis), axis=axis)


def _sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    return _by("sort", lambda x, i: np.argsort(x, i, kind="stable"), a, axis, order)


def _partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    return _by("partition", lambda x, i: np.argpartition(x, kth, i), a, axis, order)


composite(np.sort, _sort, samples=[sample(rand(5)), sample(rand(3, 4), axis=0), sample(rand(2, 3), axis=None)])
composite(
    np.partition,
    _partition,
    samples=[sample(rand(5), 2), sample(rand(4, 3), (0, 2), axis=0), sample(rand(2, 3), 1, None)],
)
composite(
    np.ptp,
    lambda a, axis=None, out=None, keepdims=False: (
        np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
    ),
    samples=[sample(rand(2, 3)), sample(rand(2, 3), axis=0), sample(rand(2, 3), 1, keepdims=True)],
)


# Quantiles: a place between two sorted entries, whatever the method
def rows_to_reduce(a: Any, axis: Axis) -> Any:
    """The entries of each reduced group in the last axis."""
    a = as_array(a)
    if axis is None or a.ndim == 0:
        return a.reshape(-1)
    axes = [i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]
    rest = [i for i in range(a.ndim) if i not in axes]
    shape = [a.shape[i] for i in rest]
    return np.transpose(a, rest + axes).reshape((*shape, math.prod(a.shape[i] for i in axes)))


def _between(a: Any, place: Any, axis: Axis, keepdims: bool, skip_nan: bool) -> Any:
    """The value at `place(n)` of the n sorted entries of each group; place gives an array of fractional positions."""
    a = alike(a)[0]
    rows = np.sort(rows_to_reduce(a, axis), axis=-1)
    if rows.shape[-1] == 0:
        raise ValueError(f"A median or quantile of no entries is undefined. Received: shape {a.shape}, axis={axis}.")
    missing = np.isnan(plain(rows))
    n = rows.shape[-1] - np.sum(missing, axis=-1) if skip_nan else np.array(rows.shape[-1])
    where = np.asarray(place(n))  # the shape of q, then that of n
    below = np.floor(where).astype(int)
    part = np.asarray(where - below, rows.dtype)
    grid = tuple(np.ogrid[tuple(slice(m) for m in rows.shape[:-1])])
    spread = (..., *(None,) * (rows.ndim - 1 - n.ndim))
    below, part = np.maximum(below[spread], 0), part[spread]
    low = rows[(*grid, below)]
    value = low + (rows[(*grid, np.minimum(below + 1, rows.shape[-1] - 1))] - low) * part if np.any(part) else low
    if not skip_nan and missing.any():  # NaN is sorted last
        value = np.where(missing[..., -1], rows[..., -1], value)
    lead = where.shape[: where.ndim - n.ndim]
    return value.reshape(lead + kept(a.shape, axis)) if keepdims else value


def _number(name: str, q: Any) -> Any:
    return np.asarray(undifferentiated(q, f"np.{name}: q"), np.float64)


def _median(a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    return _between(a, lambda n: (n - 1) / 2, axis, keepdims, False)


def _nanmedian(
    a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    return _between(a, lambda n: (n - 1) / 2, axis, keepdims, True)


def _by_method(func: Any) -> Any:
    def definition(
        a: Any,
        q: Any,
        axis: Axis = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
    ) -> Any:
        q = _number(func.__name__, q)  # the quantile of 0, 1, 2, ... is a position
        return _between(a, lambda n: func(np.arange(float(n)), q, method=method), axis, keepdims, False)

    return definition


def _linearly(name: str, whole: float) -> Any:
    def definition(
        a: Any, q: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, *, keepdims: bool = False
    ) -> Any:
        q = _number(name, q) / whole
        return _between(a, lambda n: q.reshape(q.shape + (1,) * n.ndim) * (n - 1), axis, keepdims, True)

    return definition


_MEDIANS = [
    sample(rand(5)),
    sample(rand(4)),
    sample(rand(3, 4), axis=0),
    sample(rand(2, 3, 2), axis=(0, -1), keepdims=True),
    sample(rand(3, 2), keepdims=True),
]
composite(np.median, _median, samples=_MEDIANS)
composite(np.nanmedian, _nanmedian, samples=_MEDIANS)
_Q = np.array([[0.1, 0.5], [0.95, 0.3]])
_QUANTILES = [
    sample(rand(5), 0.3),
    sample(rand(3, 4), 0.8, axis=0),
    sample(rand(2, 3, 2), _Q, axis=(0, 2)),
    sample(rand(2, 3), 1.0, 1, keepdims=True),
    sample(rand(2, 3), _Q, axis=1, keepdims=True),
]
_METHODS = [
    sample(rand(6), 0.37, method=m) for m in ("lower", "higher", "nearest", "midpoint", "hazen", "inverted_cdf")
]
composite(np.quantile, _by_method(np.quantile), samples=_QUANTILES + _METHODS)
composite(np.percentile, _by_method(np.percentile), samples=[sample(rand(3, 4), 30, axis=1), sample(rand(5), [10, 90])])
composite(
    np.nanquantile, _linearly("nanquantile", 1), samples=[*_QUANTILES[:2], sample(rand(2, 3), [0.1, 0.5], axis=1)]
)
composite(
    np.nanpercentile,
    _linearly("nanpercentile", 100),
    samples=[sample(rand(3, 4), 30, axis=1), sample(rand(5), [10, 90])],
)
