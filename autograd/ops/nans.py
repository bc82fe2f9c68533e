"""Functions that pass over NaN: an entry that is NaN gets derivative 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import as_array, plain
from ..domain import Domain, rand, sample
from ..op import composite, primitive
from .reductions import Axis


def _without_nan(reduction: Any, fill: float, empty: float | None = None) -> Any:
    """The reduction with `fill` in place of NaN; `empty` is the result where nothing is left."""

    def definition(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: None = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        a = as_array(a)
        missing = np.isnan(plain(a))
        keywords = {"dtype": dtype, "initial": initial, "where": None if where is True else where}
        given = {name: value for name, value in keywords.items() if value is not None}
        y = reduction(np.where(missing, fill, a), axis=axis, keepdims=keepdims, **given)
        if empty is None or initial is not None:
            return y
        return np.where(np.all(missing, axis=axis, keepdims=keepdims), empty, y)

    return definition


def _extremum(reduction: Any, fill: float) -> Any:
    general = _without_nan(reduction, fill, np.nan)

    def definition(
        a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
    ) -> Any:
        return general(a, axis, None, None, keepdims, initial, where)

    return definition


def _running(func: Any, fill: int) -> Any:
    def definition(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
        a = as_array(a)
        return func(np.where(np.isnan(plain(a)), fill, a), axis=axis, dtype=dtype)

    return definition


def _there(a: Any, where: Any) -> Any:
    """Which of the chosen entries are not NaN."""
    return ~np.isnan(plain(a)) & np.asarray(plain(where))


def _nanmean(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    a = as_array(a)
    return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims, where=_there(a, where))


def _spread(func: Any) -> Any:
    def definition(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: Any = True,
        mean: Any = None,
        correction: float | None = None,
    ) -> Any:
        a = as_array(a)
        ddof = ddof if correction is None else correction
        return func(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=_there(a, where), mean=mean)

    return definition


_MASK = np.array([[True, False, True], [True, True, False]])
_SAMPLES = [sample(rand(2, 3)), sample(rand(2, 3), axis=0), sample(rand(2, 3), -1, keepdims=True)]
_INITIAL = sample(rand(2, 3), axis=1, initial=rand(), where=_MASK)
composite(np.nansum, _without_nan(np.sum, 0), samples=[*_SAMPLES, _INITIAL])
composite(np.nanprod, _without_nan(np.prod, 1), samples=[*_SAMPLES, _INITIAL])
composite(np.nanmax, _extremum(np.max, -np.inf), samples=[*_SAMPLES, _INITIAL])
composite(np.nanmin, _extremum(np.min, np.inf), samples=[*_SAMPLES, _INITIAL])
composite(np.nanmean, _nanmean, samples=[*_SAMPLES, sample(rand(2, 3), axis=0, where=_MASK)])
_SPREADS = [*_SAMPLES, sample(rand(3, 2), axis=0, ddof=1), sample(rand(2, 3), axis=0, correction=0.5)]
_SPREADS += [sample(rand(2, 3), axis=1, where=_MASK, mean=rand(2, 1))]
composite(np.nanvar, _spread(np.var), samples=_SPREADS)
composite(np.nanstd, _spread(np.std), samples=_SPREADS)
composite(np.nancumsum, _running(np.cumsum, 0), samples=[sample(rand(2, 3)), sample(rand(2, 3), axis=0)])
composite(np.nancumprod, _running(np.cumprod, 1), samples=[sample(rand(2, 3)), sample(rand(2, 3), axis=0)])
primitive(
    np.nan_to_num,
    lambda g, y, x, copy=True, nan=0.0, posinf=None, neginf=None: np.where(np.isfinite(x), g, 0),
    None,
    lambda g, y, x, *others: np.where(np.isnan(x), g, 0),
    lambda g, y, x, *others: np.where(np.isposinf(x), g, 0),
    lambda g, y, x, *others: np.where(np.isneginf(x), g, 0),
    samples=[sample(rand(2, 3)), sample(rand(2, domain=Domain(1, 2)), nan=3.0)],
)
