"""Functions of numpy.linalg, on stacks of matrices where NumPy allows them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import INVERTIBLE, NONZERO, arr, case
from ..op import composite, structural
from .reductions import Axis, add_up, keep


def _t(a: Any) -> Any:
    return a.swapaxes(-1, -2)


structural(
    np.linalg.inv,
    lambda g, y, a: -(_t(y) @ g @ _t(y)),
    samples=[case(arr(3, 3, domain=INVERTIBLE)), case(arr(2, 2, 2, domain=INVERTIBLE))],
)
structural(
    np.linalg.det,
    lambda g, y, a: (g * y)[..., None, None] * _t(np.linalg.inv(a)),
    samples=[case(arr(3, 3, domain=INVERTIBLE)), case(arr(2, 2, 2, domain=INVERTIBLE))],
)


def _solve_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    c = np.linalg.solve(_t(a), g)
    return -c[..., None] * y[..., None, :] if b.ndim == 1 else -(c @ _t(y))


structural(
    np.linalg.solve,
    _solve_left,
    lambda g, y, a, b: np.linalg.solve(_t(a), g),
    samples=[
        case(arr(3, 3, domain=INVERTIBLE), arr(3)),
        case(arr(3, 3, domain=INVERTIBLE), arr(3, 2)),
        case(arr(2, 2, 2, domain=INVERTIBLE), arr(2, 1)),
    ],
)


def _euclid(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sqrt(add_up(a * a, axis, None, None, keepdims))


euclid = structural(  # the derivative at 0 is 0, the subgradient of smallest norm
    _euclid,
    lambda g, y, a, axis=None, keepdims=False: keep(g / (y + (y == 0)), a, axis) * a,
    samples=[case(arr(2, 3)), case(arr(2, 3), axis=0, keepdims=True)],
)


def _norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    is_vector = isinstance(axis, int) or (axis is None and x.ndim == 1) or (isinstance(axis, tuple) and len(axis) == 1)
    if ord is None or (ord == 2 and is_vector) or (ord == "fro" and not is_vector):
        return euclid(x, axis, keepdims=keepdims)
    if not is_vector:
        raise TypeError(f"np.linalg.norm: of matrices only ord=None and 'fro' have a row. Received: ord={ord!r}.")
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims, dtype=x.dtype)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


composite(
    np.linalg.norm,
    _norm,
    samples=[
        case(arr(2, 3)),
        case(arr(3), ord=2),
        case(arr(2, 3), "fro", axis=(0, 1)),
        case(arr(2, 3, domain=NONZERO), 1, axis=1, keepdims=True),
        case(arr(2, 3, domain=NONZERO), np.inf, axis=0),
        case(arr(4, domain=NONZERO), 3),
    ],
)
