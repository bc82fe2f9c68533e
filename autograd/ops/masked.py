"""Reductions of a part of the entries (`where=`) and with a start value (`initial=`).

What is left out gets an exact 0, also where its derivative would be infinite.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import WITH_KEYWORDS, as_array, plain
from ..domain import arr, case
from ..op import composite
from .norms import euclid
from .reductions import Axis

_MASK = np.array([[True, False, True], [True, True, False]])
_SAMPLES = [
    case(arr(2, 3), where=_MASK),
    case(arr(2, 3), axis=0, where=_MASK),
    case(arr(2, 3), axis=1, keepdims=True, where=_MASK[0]),
]
_INITIAL = [case(arr(2, 3), axis=1, initial=1.5), case(arr(2, 3), axis=0, initial=arr(), where=_MASK)]


def _numpys(func: Any) -> Any:
    """The function itself, as the key of a second row."""

    def masked(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    masked.__name__ = f"{func.__name__}_where"
    masked.__doc__ = func.__doc__
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


def _count(where: Any, a: Any, axis: Axis, keepdims: bool, ddof: float = 0) -> Any:
    chosen = np.sum(np.broadcast_to(plain(where), a.shape), axis=axis, keepdims=keepdims)
    return np.asarray(np.maximum(chosen - ddof, 0), a.dtype if a.dtype.kind in "fc" else float)[()]


def _mean(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any) -> Any:
    a = as_array(a)
    total = np.sum(np.where(where, a, 0), axis=axis, dtype=dtype, keepdims=keepdims)
    return total / _count(where, a, axis, keepdims)


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
    n = _count(where, a, axis, keepdims, ddof if correction is None else correction)
    return np.sum(_deviations(a, axis, where, mean) ** 2, axis=axis, dtype=dtype, keepdims=keepdims) / n


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
    n = _count(where, a, axis, keepdims, ddof if correction is None else correction)
    y = euclid(_deviations(a, axis, where, mean), axis, keepdims=keepdims) / n**0.5
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
_add(np.var, _var, [*_SAMPLES, case(arr(2, 3), axis=1, correction=1), case(arr(2, 3), axis=0, mean=arr(3))])
_add(np.std, _std, [*_SAMPLES, case(arr(2, 3), axis=1, correction=1, keepdims=True)])
