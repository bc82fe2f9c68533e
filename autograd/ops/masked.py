"""Reductions of a part of the entries (`where=`) and with a start value (`initial=`).

What is left out gets an exact 0, also where its derivative would be infinite.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from ..dispatch import WITH_KEYWORDS, as_array, plain
from ..domain import rand, sample
from ..op import composite
from .norms import euclid
from .reductions import Axis

_MASK = np.array([[True, False, True], [True, True, False]])
_SAMPLES = [
    sample(rand(2, 3), where=_MASK),
    sample(rand(2, 3), axis=0, where=_MASK),
    sample(rand(2, 3), axis=1, keepdims=True, where=_MASK[0]),
]
_INITIAL = [sample(rand(2, 3), axis=1, initial=1.5), sample(rand(2, 3), axis=0, initial=rand(), where=_MASK)]


def _numpys(func: Any) -> Any:
    """The function itself, as the key of a second row."""

    @wraps(func)
    def masked(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    masked.__name__ = f"{func.__name__}_where"
    return masked


def _add(func: Any, definition: Any, samples: Any) -> None:
    WITH_KEYWORDS[func] = composite(_numpys(func), definition, samples=samples)


def _reduction(func: Any, combine: Any, neutral: float) -> Any:
    def definition(a: Any, axis: Axis = None, *, initial: Any = None, where: Any = True, **keywords: Any) -> Any:
        a = as_array(a)
        if initial is None and where is not True and abs(neutral) == np.inf:
            raise ValueError(f"np.{func.__name__}: where= needs initial=, the result if nothing is chosen.")
        y = func(a if where is True else np.where(where, a, neutral), axis=axis, **keywords)
        return y if initial is None else combine(y, initial)

    return definition


def _over_count(total: Any, where: Any, a: Any, axis: Axis, keepdims: bool, ddof: float = 0, power: float = 1) -> Any:
    """total divided by a power of the number of chosen entries of a, less ddof, per group."""
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


def _var(
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
    total = np.sum(_deviations(a, axis, where, mean) ** 2, axis=axis, dtype=dtype, keepdims=keepdims)
    return _over_count(total, where, a, axis, keepdims, ddof if correction is None else correction)


def _std(
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
    length = euclid(_deviations(a, axis, where, mean), axis, keepdims=keepdims)
    y = _over_count(length, where, a, axis, keepdims, ddof if correction is None else correction, 0.5)
    return y if dtype is None else y.astype(dtype)


for _func, _combine, _neutral in (
    (np.sum, np.add, 0),
    (np.prod, np.multiply, 1),
    (np.max, np.maximum, -np.inf),
    (np.min, np.minimum, np.inf),
):
    _cases = _INITIAL if abs(_neutral) == np.inf else _SAMPLES + _INITIAL
    _add(_func, _reduction(_func, _combine, _neutral), _cases)
WITH_KEYWORDS[np.amax], WITH_KEYWORDS[np.amin] = WITH_KEYWORDS[np.max], WITH_KEYWORDS[np.min]
_add(np.mean, _mean, _SAMPLES)
_add(np.var, _var, [*_SAMPLES, sample(rand(2, 3), axis=1, correction=1), sample(rand(2, 3), axis=0, mean=rand(3))])
_add(np.std, _std, [*_SAMPLES, sample(rand(2, 3), axis=1, correction=1, keepdims=True)])
