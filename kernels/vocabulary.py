"""The functions a rule may call: NumPy's own, except that a number stays a number.

`numpy.sqrt(2.0)` is a float64 scalar, which NEP 50 counts as a strong dtype: one of them turns a whole float32
expression into float64. A Python number is weak. So these functions give a Python number back when they are given
Python numbers, and are NumPy's in every other case: arrays, Tensors, Decimals.
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
    @wraps(function, assigned=("__name__",), updated=())
    def weak(*args: Any) -> Any:
        y = function(*args)
        return y.item() if all(type(a) in (bool, int, float) for a in args) else y

    halves = [0.5] * getattr(function, "nin", 3)
    call = f"{function.__name__}({', '.join(map(str, halves))})"
    weak.__doc__ = f"`np.{function.__name__}`; of Python numbers it is one.\n\n>>> {call}\n{weak(*halves)!r}\n"
    return weak


def sqrt(a: Any) -> Any:
    """The root. Of a Python float it is the C library's, which is the same number in a tenth of the time.

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
