"""Functions that pass over NaN: an entry that is NaN gets derivative 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import as_array, plain
from ..domain import Domain, arr, case
from ..op import composite, structural
from .reductions import Axis


def _without_nan(reduction: Any, fill: float, empty: float | None = None) -> Any:
    """The reduction with `fill` in place of NaN; `empty` is the result where nothing is left."""

    def definition(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
        a = as_array(a)
        missing = np.isnan(plain(a))
        keywords = {} if dtype is None else {"dtype": dtype}
        y = reduction(np.where(missing, fill, a), axis=axis, keepdims=keepdims, **keywords)
        return y if empty is None else np.where(np.all(missing, axis=axis, keepdims=keepdims), empty, y)

    return definition


def _extremum(reduction: Any, fill: float) -> Any:
    general = _without_nan(reduction, fill, np.nan)

    def definition(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
        return general(a, axis, None, None, keepdims)

    return definition


def _running(func: Any, fill: int) -> Any:
    def definition(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
        a = as_array(a)
        return func(np.where(np.isnan(plain(a)), fill, a), axis=axis, dtype=dtype)

    return definition


def _nanmean(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    a = as_array(a)
    return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims, where=~np.isnan(plain(a)))


def _spread(func: Any) -> Any:
    def definition(
        a: Any, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False
    ) -> Any:
        a = as_array(a)
        return func(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=~np.isnan(plain(a)))

    return definition


_SAMPLES = [case(arr(2, 3)), case(arr(2, 3), axis=0), case(arr(2, 3), -1, keepdims=True)]
composite(np.nansum, _without_nan(np.sum, 0), samples=_SAMPLES)
composite(np.nanprod, _without_nan(np.prod, 1), samples=_SAMPLES)
composite(np.nanmax, _extremum(np.max, -np.inf), samples=_SAMPLES)
composite(np.nanmin, _extremum(np.min, np.inf), samples=_SAMPLES)
composite(np.nanmean, _nanmean, samples=_SAMPLES)
composite(np.nanvar, _spread(np.var), samples=[*_SAMPLES, case(arr(3, 2), axis=0, ddof=1)])
composite(np.nanstd, _spread(np.std), samples=[*_SAMPLES, case(arr(3, 2), axis=0, ddof=1)])
composite(np.nancumsum, _running(np.cumsum, 0), samples=[case(arr(2, 3)), case(arr(2, 3), axis=0)])
composite(np.nancumprod, _running(np.cumprod, 1), samples=[case(arr(2, 3)), case(arr(2, 3), axis=0)])
structural(
    np.nan_to_num,
    lambda g, y, x, copy=True, nan=0.0, posinf=None, neginf=None: np.where(np.isfinite(x), g, 0),
    samples=[case(arr(2, 3)), case(arr(2, domain=Domain(1, 2)), nan=3.0)],
)
