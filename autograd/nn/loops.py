"""Loops that numba compiles when they are first called, and two ops that gather and scatter rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..define import linear
from ..domain import rand, sample
from ..op import Primitive


def compiled(loops: Callable[..., None]) -> Callable[..., None]:
    """Compile a function of plain arrays and numbers that writes its result into one of the arrays.

    It is compiled at the first call, never at import, and the machine code is kept on disk where a folder allows it.
    """

    @cache
    def machine_code() -> Callable[..., None]:
        from numba import njit

        try:
            code: Callable[..., None] = njit(loops, nogil=True, error_model="numpy", cache=True)
        except RuntimeError:  # no folder for the cache can be written
            code = njit(loops, nogil=True, error_model="numpy")
        return code

    @wraps(loops)
    def call(*args: Any) -> None:
        machine_code()(*args)

    return call


def contiguous(x: Any, dtype: Any = None) -> NDArray[Any]:
    """x itself if it is a writable array in C order and native byte order, else such a copy.

    numba would compile a loop anew for any other layout.
    """
    x = np.asarray(x)
    return np.require(x, (dtype or x.dtype).newbyteorder("="), ["C", "A", "W"])


@compiled
def _add_rows(rows: Any, at: Any, total: Any) -> None:
    for i in range(at.size):
        for j in range(rows.shape[1]):
            total[at[i], j] += rows[i, j]


def _gather_rows(a: Any, at: Any) -> Any:
    """a[at] for non-negative integers `at` of any shape. Returns shape (*at.shape, *a.shape[1:])."""
    return a.take(at, 0)


def _scatter_rows(rows: Any, at: Any, n: int) -> Any:
    """An array of n rows, to whose row at[i] rows[i] is added. rows: (*at.shape, ...). The transpose of gather_rows."""
    rest = rows.shape[at.ndim :]
    width = math.prod(rest)
    total = np.zeros((n, width), rows.dtype)
    _add_rows(contiguous(rows).reshape(at.size, width), contiguous(at, np.dtype(np.intp)).reshape(-1), total)
    return total.reshape((n, *rest))


_AT = np.array([[0, 2], [2, 3]])

gather_rows: Primitive = linear(
    _gather_rows,
    lambda g, y, a, at: scatter_rows(g, at, a.shape[0]),
    samples=[sample(rand(4, 2), _AT), sample(rand(4), _AT[1])],
)
scatter_rows: Primitive = linear(
    _scatter_rows,
    lambda h, y, rows, at, n: gather_rows(h, at),
    samples=[sample(rand(2, 2, 2), _AT, 5), sample(rand(2), _AT[1], 4)],
)
