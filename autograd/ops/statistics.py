"""Weighted averages and covariances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dispatch import alike, as_array, conjugated, plain
from ..domain import POSITIVE, rand, sample
from ..op import composite
from .reductions import Axis, count


def _average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    a = as_array(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total: Any = np.full(mean.shape, float(count(a.shape, axis)), mean.dtype)
    else:
        a, w = alike(a, weights)
        if w.ndim != a.ndim:  # one weight per place on the given axes
            axes = [i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]
            w = np.transpose(w, sorted(range(len(axes)), key=axes.__getitem__))
            w = w.reshape(tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
        total = np.sum(np.broadcast_to(w, a.shape), axis=axis, keepdims=keepdims)
        if np.any(plain(total) == 0):
            raise ZeroDivisionError("np.average: weights sum to zero. The average is not defined.")
        mean = np.sum(a * w, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


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
        return _flat(centred @ conjugated(centred.T) / (n if n > 0 else math.nan))
    w = math.prod(weights[1:], start=weights[0])
    w = w.astype(x.dtype)
    total = np.sum(w)
    centred = x - np.sum(x * w, axis=1, keepdims=True) / total
    spent = ddof if aweights is None else ddof * (np.sum(w * weights[-1].astype(x.dtype)) / total if ddof else 0)
    return _flat((centred * w) @ conjugated(centred.T) / (total - spent))


def _rows(m: Any, rowvar: bool) -> Any:
    x = np.atleast_2d(as_array(m))
    return x.T if not rowvar and np.ndim(m) == 2 else x


def _flat(c: Any) -> Any:
    return c.reshape(()) if c.size == 1 else c


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(as_array(x), y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    scale = np.sqrt(np.diagonal(c))
    return np.clip(c / scale[:, None] / scale, -1, 1)


composite(
    np.average,
    _average,
    samples=[
        sample(rand(2, 3)),
        sample(rand(2, 3), axis=1, keepdims=True),
        sample(rand(2, 3), 0, rand(2, domain=POSITIVE)),
        sample(rand(2, 3), weights=rand(2, 3, domain=POSITIVE)),
        sample(rand(2, 3), axis=1, weights=[1, 2, 1]),
    ],
)
composite(
    np.cov,
    _cov,
    samples=[
        sample(rand(2, 4)),
        sample(rand(4), rand(4), ddof=0),
        sample(rand(4)),
        sample(rand(4, 2), rowvar=False, bias=True),
        sample(rand(2, 3), fweights=[1, 3, 2]),
        sample(rand(2, 3), fweights=[1, 3, 2], aweights=rand(3, domain=POSITIVE)),
    ],
)
composite(np.corrcoef, _corrcoef, samples=[sample(rand(3, 5)), sample(rand(4), rand(4))])
