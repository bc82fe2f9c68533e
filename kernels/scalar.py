"""An update rule compiled for single numbers, for loops that follow a few numbers through millions of updates."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit

from . import functions

__all__ = ["scalar"]

_NUMPY = {getattr(functions, name): getattr(np, name) for name in functions.__all__}


@cache
def scalar(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an update rule to a function of numbers that other numba-compiled functions can call.

    It computes in float64 with the elementary functions of the C library, so its results lie within a few units in the
    last place of those of the rule on arrays.

    >>> def descent(x, g, lr):
    ...     return x - lr * np.sqrt(g)
    >>> scalar(descent)(1.0, 4.0, 0.25)
    0.5
    """
    names = {name: _in_numba(value) for name, value in function.__globals__.items()}
    return njit(FunctionType(function.__code__, names, function.__name__))


def _in_numba(value: Any) -> Any:
    """NumPy's function for one of ours, since numba compiles only NumPy's."""
    return _NUMPY.get(value, value) if callable(value) else value
