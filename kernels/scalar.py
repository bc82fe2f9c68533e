"""A rule compiled for numbers: for loops that follow a few numbers through millions of updates."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit

from . import vocabulary

__all__ = ["scalar"]

_NAMES = {getattr(vocabulary, name): getattr(np, name) for name in vocabulary.__all__}


@cache
def scalar(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule as a function that numba's compiled functions can call, one element at a time.

    It computes in float64, with the elementary functions of the C library: within a few ulp of the rule on arrays.

    >>> def descent(x, g, lr):
    ...     return x - lr * np.sqrt(g)
    >>> scalar(descent)(1.0, 4.0, 0.25)
    0.5
    """
    names = {name: _replaced(value) for name, value in rule.__globals__.items()}
    return njit(FunctionType(rule.__code__, names, rule.__name__))


def _replaced(value: Any) -> Any:
    return _NAMES.get(value, value) if callable(value) else value
