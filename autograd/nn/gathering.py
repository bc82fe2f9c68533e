"""Rows of an array picked by number, and added back to their places: each is the transpose of the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..domain import rand, sample
from ..op import Primitive, linear
from .compiled import compiled, contiguous


@compiled
def _add(rows: Any, at: Any, total: Any) -> None:
    for i in range(at.size):
        for j in range(rows.shape[1]):
            total[at[i], j] += rows[i, j]


def _gather_rows(a: Any, at: Any) -> Any:
    """a[at], for non-negative integers `at` of any shape: at.shape + a.shape[1:]."""
    return a.take(at, 0)


def _scatter_rows(rows: Any, at: Any, n: int) -> Any:
    """The array of n rows to which every row is added at its place; rows: at.shape + (...)."""
    rest = rows.shape[at.ndim :]
    width = math.prod(rest)
    total = np.zeros((n, width), rows.dtype)
    _add(contiguous(rows).reshape(at.size, width), contiguous(at, np.dtype(np.intp)).reshape(-1), total)
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
