"""Averages, covariances, sorting, medians and quantiles. Sorting keeps the order of equal elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import alike, as_array, conjugated, plain, undifferentiated
from ..define import composite
from ..domain import POSITIVE, rand, sample
from .reductions import AXIS_SAMPLES, Axis, group_size, groups_last, keepdims_shape


@composite(
    np.average,
    samples=[
        sample(rand(2, 3)),
        sample(rand(2, 3), axis=1, keepdims=True),
        sample(rand(2, 3), 0, rand(2, domain=POSITIVE)),
        sample(rand(2, 3), weights=rand(2, 3, domain=POSITIVE)),
        sample(rand(2, 3), axis=1, weights=[1, 2, 1]),
    ],
)
def _average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    a = as_array(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total: Any = np.full(mean.shape, float(group_size(a.shape, axis)), mean.dtype)
    else:
        a, w = alike(a, weights)
        if w.ndim != a.ndim:  # one weight per index along the given axes
            axes = [i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]
            w = np.transpose(w, sorted(range(len(axes)), key=axes.__getitem__))
            w = w.reshape(tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
        total = np.sum(np.broadcast_to(w, a.shape), axis=axis, keepdims=keepdims)
        if np.any(plain(total) == 0):
            raise ZeroDivisionError("np.average: the weights must not sum to 0.")
        mean = np.sum(a * w, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


@composite(
    np.cov,
    samples=[
        sample(rand(2, 4)),
        sample(rand(4), rand(4), ddof=0),
        sample(rand(4)),
        sample(rand(4, 2), rowvar=False, bias=True),
        sample(rand(2, 3), fweights=[1, 3, 2]),
        sample(rand(2, 3), fweights=[1, 3, 2], aweights=rand(3, domain=POSITIVE)),
    ],
)
def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    x = _rows(m, rowvar)
    x = x if y is None else np.concatenate([x, _rows(y, rowvar)])
    x = x if dtype is None else x.astype(dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    weights = [as_array(w) for w in (fweights, aweights) if w is not None]
    if not weights:
        centred = x - np.mean(x, axis=1, keepdims=True)
        n: Any = x.shape[1] - ddof
        return _scalar_if_single(centred @ conjugated(centred.T) / (n if n > 0 else math.nan))
    w = math.prod(weights[1:], start=weights[0])
    w = w.astype(x.dtype)
    total = np.sum(w)
    centred = x - np.sum(x * w, axis=1, keepdims=True) / total
    spent = ddof if aweights is None else ddof * (np.sum(w * weights[-1].astype(x.dtype)) / total if ddof else 0)
    return _scalar_if_single((centred * w) @ conjugated(centred.T) / (total - spent))


def _rows(m: Any, rowvar: bool) -> Any:
    x = np.atleast_2d(as_array(m))
    return x.T if not rowvar and np.ndim(m) == 2 else x


def _scalar_if_single(c: Any) -> Any:
    return c.reshape(()) if c.size == 1 else c


@composite(np.corrcoef, samples=[sample(rand(3, 5)), sample(rand(4), rand(4))])
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(as_array(x), y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    scale = np.sqrt(np.diagonal(c))
    return np.clip(c / scale[:, None] / scale, -1, 1)


# Sorting
@composite(
    np.take_along_axis,
    samples=[sample(rand(2, 3), np.array([[2, 0], [1, 1]]), 1), sample(rand(2, 3), np.array([5, 0, 5]), axis=None)],
)
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


def _reordered(name: str, positions: Any, a: Any, axis: int | None, order: None) -> Any:
    """The elements of a in the order that `positions(plain array, axis)` gives."""
    if order is not None:
        raise TypeError(f"np.{name}: a Tensor has no fields. Received: order={order!r}.")
    a, axis = (np.ravel(a), 0) if axis is None else (as_array(a), axis)
    return np.take_along_axis(a, positions(plain(a), axis), axis=axis)


@composite(np.sort, samples=[sample(rand(5)), sample(rand(3, 4), axis=0), sample(rand(2, 3), axis=None)])
def _sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    return _reordered("sort", lambda x, i: np.argsort(x, i, kind="stable"), a, axis, order)


@composite(np.partition, samples=[sample(rand(5), 2), sample(rand(4, 3), (0, 2), axis=0), sample(rand(2, 3), 1, None)])
def _partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    return _reordered("partition", lambda x, i: np.argpartition(x, kth, i), a, axis, order)


composite(
    np.ptp,
    lambda a, axis=None, out=None, keepdims=False: (
        np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
    ),
    samples=AXIS_SAMPLES,
)


# Quantiles: every method gives a fractional position among the sorted elements
def _interpolated(a: Any, position: Any, axis: Axis, keepdims: bool, skip_nan: bool) -> Any:
    """The value at position(n) among the n sorted elements of each group; the position may be fractional."""
    a = alike(a)[0]
    rows = np.sort(groups_last(a, axis), axis=-1)
    if rows.shape[-1] == 0:
        raise ValueError(f"A median or quantile needs at least one element. Received: shape {a.shape}, axis={axis}.")
    missing = np.isnan(plain(rows))
    n = rows.shape[-1] - np.sum(missing, axis=-1) if skip_nan else np.array(rows.shape[-1])
    where = np.asarray(position(n))  # the shape of q, then that of n
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
    return value.reshape(lead + keepdims_shape(a.shape, axis)) if keepdims else value


def _constant_q(name: str, q: Any) -> Any:
    """q as a plain array. Raises a TypeError if it requires a gradient."""
    return np.asarray(undifferentiated(q, f"np.{name}: q"), np.float64)


_MEDIANS = [
    sample(rand(5)),
    sample(rand(4)),
    sample(rand(3, 4), axis=0),
    sample(rand(2, 3, 2), axis=(0, -1), keepdims=True),
    sample(rand(3, 2), keepdims=True),
]


def _median(skip_nan: bool) -> Any:
    def definition(
        a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
    ) -> Any:
        return _interpolated(a, lambda n: (n - 1) / 2, axis, keepdims, skip_nan)

    return definition


composite(np.median, _median(False), samples=_MEDIANS)
composite(np.nanmedian, _median(True), samples=_MEDIANS)


def _quantile(func: Any) -> Any:
    def definition(
        a: Any,
        q: Any,
        axis: Axis = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
    ) -> Any:
        q = _constant_q(func.__name__, q)  # the quantile of 0, 1, 2, ... is its position
        return _interpolated(a, lambda n: func(np.arange(float(n)), q, method=method), axis, keepdims, False)

    return definition


def _nan_quantile(name: str, q_max: float) -> Any:
    """The quantile that ignores NaN, by linear interpolation. q_max: the q of the largest element, 1 or 100."""

    def definition(
        a: Any, q: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, *, keepdims: bool = False
    ) -> Any:
        q = _constant_q(name, q) / q_max
        return _interpolated(a, lambda n: q.reshape(q.shape + (1,) * n.ndim) * (n - 1), axis, keepdims, True)

    return definition


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
_PERCENTILES = [sample(rand(3, 4), 30, axis=1), sample(rand(5), [10, 90])]
composite(np.quantile, _quantile(np.quantile), samples=_QUANTILES + _METHODS)
composite(np.percentile, _quantile(np.percentile), samples=_PERCENTILES)
composite(
    np.nanquantile, _nan_quantile("nanquantile", 1), samples=[*_QUANTILES[:2], sample(rand(2, 3), [0.1, 0.5], axis=1)]
)
composite(np.nanpercentile, _nan_quantile("nanpercentile", 100), samples=_PERCENTILES)
