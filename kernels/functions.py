"""The functions that an update rule may call: NumPy's own, except that Python numbers give a Python number.

`numpy.sqrt(2.0)` returns a float64 scalar. NEP 50 gives that scalar a strong dtype, so one of them in a float32
expression makes the whole expression float64. A Python number is weak: it takes the dtype of the arrays it meets. These
functions therefore return a Python number when all arguments are Python numbers. In every other case (arrays, Tensors,
Decimals) they are NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

__all__ = [
    "absolute",
    "cbrt",
    "clip",
    "exp",
    "expm1",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "sign",
    "sqrt",
    "square",
    "tanh",
    "where",
]


def _weak(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, except that Python numbers give a Python number."""

    @wraps(function, assigned=("__name__",), updated=())
    def weak(*args: Any) -> Any:
        y = function(*args)
        return y.item() if all(type(a) in (bool, int, float) for a in args) else y

    halves = [0.5] * getattr(function, "nin", 3)
    call = f"{function.__name__}({', '.join(map(str, halves))})"
    doc = f"`np.{function.__name__}`; Python numbers give a Python number.\n\n>>> {call}\n{weak(*halves)!r}\n"
    weak.__doc__ = doc
    return weak


def sqrt(a: Any) -> Any:
    """`np.sqrt`. A Python float goes to `math.sqrt`, which returns the same number in a tenth of the time.

    >>> sqrt(4.0), sqrt(np.array([4.0, 9.0], np.float32))
    (2.0, array([2., 3.], dtype=float32))
    """
    return math.sqrt(a) if type(a) is float and a >= 0 else _sqrt(a)


_sqrt = _weak(np.sqrt)
square = _weak(np.square)
cbrt = _weak(np.cbrt)
absolute = _weak(np.absolute)
maximum = _weak(np.maximum)
minimum = _weak(np.minimum)
clip = _weak(np.clip)
sign = _weak(np.sign)
exp = _weak(np.exp)
expm1 = _weak(np.expm1)
log = _weak(np.log)
log1p = _weak(np.log1p)
tanh = _weak(np.tanh)
where = _weak(np.where)
