"""Reductions over some of the elements: those chosen by `where=`, or those that are not NaN. Also `initial=`.

The elements that are left out get an exact 0 as derivative, even where it would otherwise be infinite.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from ..arguments import as_array, plain, scalar
from ..define import composite, primitive
from ..dispatch import WITH_KEYWORDS
from ..domain import Domain, rand, sample
from .linalg import euclidean_norm
from .reductions import AXIS_SAMPLES, CUMULATIVE_SAMPLES, Axis

_MASK = np.array([[True, False, True], [True, True, False]])
_SAMPLES = [
    sample(rand(2, 3), where=_MASK),
    sample(rand(2, 3), axis=0, where=_MASK),
    sample(rand(2, 3), axis=1, keepdims=True, where=_MASK[0]),
]
_INITIAL = [sample(rand(2, 3), axis=1, initial=1.5), sample(rand(2, 3), axis=0, initial=rand(), where=_MASK)]


def _copy_of(func: Any) -> Any:
    """A copy of the function, which can be the key of a second op."""

    @wraps(func)
    def masked(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    masked.__name__ = f"{func.__name__}_where"
    return masked


def _add_masked(func: Any, definition: Any, samples: Any) -> None:
    WITH_KEYWORDS[func] = composite(_copy_of(func), definition, samples=samples)


def _masked_reduction(func: Any, combine: Any, neutral: float) -> Any:
    """A reduction with `where` and `initial`. The elements that are left out are replaced by the neutral element."""

    def definition(a: Any, axis: Axis = None, *, initial: Any = None, where: Any = True, **keywords: Any) -> Any:
        a = as_array(a)
        if initial is None and where is not True and abs(neutral) == np.inf:
            raise ValueError(f"np.{func.__name__}: where= needs initial=, the result where no element is chosen.")
        y = func(a if where is True else np.where(where, a, neutral), axis=axis, **keywords)
        return y if initial is None else combine(y, initial)

    return definition


def _over_count(total: Any, where: Any, a: Any, axis: Axis, keepdims: bool, ddof: float = 0, power: float = 1) -> Any:
    """total / (number of chosen elements of a - ddof)**power, for each reduced group."""
    chosen = np.sum(np.broadcast_to(np.asarray(plain(where), bool), a.shape), axis=axis, keepdims=keepdims)
    n = np.asarray(np.maximum(chosen - ddof, 0), total.dtype if total.dtype.kind in "fc" else float)
    return total / n[()] ** power


def _mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    a = as_array(a)
    total = np.sum(np.where(where, a, 0), axis=axis, dtype=dtype, keepdims=keepdims)
    return _over_count(total, where, a, axis, keepdims)


def _deviations(a: Any, axis: Axis, where: Any, mean: Any) -> Any:
    mean = _mean(a, axis, keepdims=True, where=where) if mean is None else mean
    return np.where(where, a - mean, 0)


def _like_var(compute: Any) -> Any:
    """A function with the signature of np.var, computed by `compute(a, axis, dtype, ddof, keepdims, where, mean)`."""

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
        ddof = ddof if correction is None else correction
        return compute(as_array(a), axis, dtype, ddof, keepdims, where, mean)

    return definition


def _var(a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: bool, where: Any, mean: Any) -> Any:
    total = np.sum(_deviations(a, axis, where, mean) ** 2, axis=axis, dtype=dtype, keepdims=keepdims)
    return _over_count(total, where, a, axis, keepdims, ddof)


def _std(a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: bool, where: Any, mean: Any) -> Any:
    deviations = _deviations(a, axis, where, mean)
    alone = (np.sum(np.broadcast_to(plain(where), a.shape), axis=axis, keepdims=True) == 1) & (mean is None)
    length = euclidean_norm(np.where(alone, 1, deviations), axis, keepdims=keepdims)
    y = _over_count(length, where, a, axis, keepdims, ddof, 0.5)
    y = y - np.where(alone.reshape(y.shape), plain(y), 0)  # a single element has the constant deviation 0
    return y if dtype is None else y.astype(dtype)


for _func, _combine, _neutral in (
    (np.sum, np.add, 0),
    (np.prod, np.multiply, 1),
    (np.max, np.maximum, -np.inf),
    (np.min, np.minimum, np.inf),
):
    _cases = _INITIAL if abs(_neutral) == np.inf else _SAMPLES + _INITIAL
    _add_masked(_func, _masked_reduction(_func, _combine, _neutral), _cases)
WITH_KEYWORDS[np.amax], WITH_KEYWORDS[np.amin] = WITH_KEYWORDS[np.max], WITH_KEYWORDS[np.min]
_add_masked(np.mean, _mean, _SAMPLES)
_add_masked(
    np.var,
    _like_var(_var),
    [*_SAMPLES, sample(rand(2, 3), axis=1, correction=1), sample(rand(2, 3), axis=0, mean=rand(3))],
)
_add_masked(np.std, _like_var(_std), [*_SAMPLES, sample(rand(2, 3), axis=1, correction=1, keepdims=True)])


# Functions that ignore NaN: an element that is NaN gets derivative 0


def _reduction_without_nan(reduction: Any, fill: float, empty: float | None = None) -> Any:
    """The reduction with `fill` in place of NaN; `empty` is the result where all elements are NaN."""

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


def _extremum_without_nan(reduction: Any, fill: float) -> Any:
    general = _reduction_without_nan(reduction, fill, np.nan)

    def definition(
        a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
    ) -> Any:
        return scalar(general(a, axis, None, None, keepdims, initial, where))

    return definition


def _cumulative_without_nan(func: Any, fill: int) -> Any:
    """The cumulative function with `fill` in place of NaN."""

    def definition(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
        a = as_array(a)
        return func(np.where(np.isnan(plain(a)), fill, a), axis=axis, dtype=dtype)

    return definition


def _not_nan(a: Any, where: Any) -> Any:
    """Which of the chosen elements are not NaN."""
    return ~np.isnan(plain(a)) & np.asarray(plain(where))


@composite(np.nanmean, samples=[*AXIS_SAMPLES, sample(rand(2, 3), axis=0, where=_MASK)])
def _nanmean(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    a = as_array(a)
    return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims, where=_not_nan(a, where))


def _like_var_without_nan(func: Any) -> Any:
    def compute(a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: bool, where: Any, mean: Any) -> Any:
        return func(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=_not_nan(a, where), mean=mean)

    return _like_var(compute)


_NAN_INITIAL = sample(rand(2, 3), axis=1, initial=rand(), where=_MASK)
composite(np.nansum, _reduction_without_nan(np.sum, 0), samples=[*AXIS_SAMPLES, _NAN_INITIAL])
composite(np.nanprod, _reduction_without_nan(np.prod, 1), samples=[*AXIS_SAMPLES, _NAN_INITIAL])
composite(np.nanmax, _extremum_without_nan(np.max, -np.inf), samples=[*AXIS_SAMPLES, _NAN_INITIAL])
composite(np.nanmin, _extremum_without_nan(np.min, np.inf), samples=[*AXIS_SAMPLES, _NAN_INITIAL])
_NAN_VARIANCES = [*AXIS_SAMPLES, sample(rand(3, 2), axis=0, ddof=1), sample(rand(2, 3), axis=0, correction=0.5)]
_NAN_VARIANCES += [sample(rand(2, 3), axis=1, where=_MASK, mean=rand(2, 1))]
composite(np.nanvar, _like_var_without_nan(np.var), samples=_NAN_VARIANCES)
composite(np.nanstd, _like_var_without_nan(np.std), samples=_NAN_VARIANCES)
composite(np.nancumsum, _cumulative_without_nan(np.cumsum, 0), samples=CUMULATIVE_SAMPLES)
composite(np.nancumprod, _cumulative_without_nan(np.cumprod, 1), samples=CUMULATIVE_SAMPLES)


def _prepare_nan_to_num(x: Any, copy: bool = True, *others: Any, **keywords: Any) -> Any:
    """The arguments of np.nan_to_num, which must not change a Tensor in place."""
    if not copy:
        raise TypeError("np.nan_to_num: copy=False would change a Tensor in place. Write t[...] = np.nan_to_num(t).")
    return (x, copy, *others), keywords


primitive(
    np.nan_to_num,
    lambda g, y, x, copy=True, nan=0.0, posinf=None, neginf=None: np.where(np.isfinite(x), g, 0),
    None,
    lambda g, y, x, *others: np.where(np.isnan(x), g, 0),
    lambda g, y, x, *others: np.where(np.isposinf(x), g, 0),
    lambda g, y, x, *others: np.where(np.isneginf(x), g, 0),
    prepare=_prepare_nan_to_num,
    samples=[sample(rand(2, 3)), sample(rand(2, domain=Domain(1, 2)), nan=3.0)],
)
