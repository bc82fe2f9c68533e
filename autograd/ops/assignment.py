"""Item assignment as a function: the array with some of its entries replaced."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import rand, sample
from ..op import Primitive, primitive


def _assigned(a: Any, index: Any, value: Any) -> Any:
    result = np.array(a)
    result[index] = value
    return result


def _survives(a: Any, index: Any) -> Any:
    """1 for each entry that is not written over: an index array may name a place twice, and the last one wins."""
    written = np.empty(a.shape, np.bool_)[index]
    order = np.arange(written.size).reshape(written.shape)
    winner = np.zeros(a.shape, order.dtype)
    winner[index] = order
    return (winner[index] == order).astype(a.dtype)


assigned: Primitive = primitive(
    _assigned,
    lambda g, y, a, index, value: assigned(g, index, 0.0),
    None,
    lambda g, y, a, index, value: g[index] * _survives(a, index),
    samples=[
        sample(rand(3, 4), 1, rand(4)),
        sample(rand(3, 4), (slice(None), 0), rand(3)),
        sample(rand(3, 4), (0, 2), rand()),
        sample(rand(3, 4), (slice(0, 2), slice(None, None, 2)), rand(2)),
        sample(rand(5), ([0, 3, 0],), rand(3)),
        sample(rand(4), (np.array([True, False, True, True]),), rand(3)),
    ],
)
