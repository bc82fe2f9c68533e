"""Inverses, determinants, systems and powers, on stacks of matrices where NumPy allows them."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..dispatch import as_array, conjugated, plain
from ..domain import INVERTIBLE, ZERO, rand, sample
from ..op import composite, primitive
from .decompositions import transposed
from .reductions import others

primitive(
    np.linalg.inv,
    lambda g, y, a: -(transposed(y) @ g @ transposed(y)),
    samples=[sample(rand(3, 3, domain=INVERTIBLE)), sample(rand(2, 2, 2, domain=INVERTIBLE))],
)


# The determinant's derivative is the matrix of cofactors: a polynomial, which exists of a singular matrix too
def _cofactors(a: Any, determinant: Any) -> Any:
    """(-1)**(i + j) times the determinant of a without row i and column j.

    From the minors if these are few; else from singular values, without a division; of Tensors, whose expression must
    be differentiable, from the inverse while that has digits to spare.
    """
    n = a.shape[-1]
    if n < 2:
        return np.ones_like(a)
    if n <= 4:
        return _signed_minors(a)
    if isinstance(a, np.ndarray):
        u, s, vh = np.linalg.svd(a)
        sign = np.linalg.slogdet(u).sign * np.linalg.slogdet(vh).sign
        return sign[..., None, None] * (conjugated(u) * others(s)[..., None, :]) @ conjugated(vh)
    limit = np.finfo(a.dtype).eps ** -0.25  # a second derivative loses the square of the condition number
    if np.all(np.linalg.cond(plain(a)) < limit):
        return determinant[..., None, None] * transposed(np.linalg.inv(a))
    return _signed_minors(a)


def _signed_minors(a: Any) -> Any:
    n = a.shape[-1]
    left = np.array([[k for k in range(n) if k != i] for i in range(n)])
    signs = np.where(np.add.outer(np.arange(n), np.arange(n)) % 2, -1, 1).astype(a.dtype)
    return np.linalg.det(a[..., left[:, None, :, None], left[None, :, None, :]]) * signs


primitive(
    np.linalg.det,
    lambda g, y, a: g[..., None, None] * _cofactors(a, y),
    samples=[
        sample(rand(3, 3, domain=INVERTIBLE)),
        sample(rand(2, 2, 2, domain=INVERTIBLE)),
        sample(rand(6, 6, domain=INVERTIBLE)),
        sample(rand(3, 3, domain=ZERO)),
        sample(rand(1, 1)),
    ],
)


def _solve_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    c = np.linalg.solve(transposed(a), g)
    return -c[..., None] * y[..., None, :] if b.ndim == 1 else -(c @ transposed(y))


primitive(
    np.linalg.solve,
    _solve_left,
    lambda g, y, a, b: np.linalg.solve(transposed(a), g),
    samples=[
        sample(rand(3, 3, domain=INVERTIBLE), rand(3)),
        sample(rand(3, 3, domain=INVERTIBLE), rand(3, 2)),
        sample(rand(2, 2, 2, domain=INVERTIBLE), rand(2, 1)),
    ],
)


def _log_determinant(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


log_determinant = primitive(
    _log_determinant,
    lambda g, y, a: g[..., None, None] * transposed(np.linalg.inv(a)),
    samples=[sample(rand(3, 3, domain=INVERTIBLE)), sample(rand(2, 2, 2, domain=INVERTIBLE))],
)
_SLOGDET: Any = type(np.linalg.slogdet(np.eye(1)))
composite(np.linalg.slogdet, lambda a: _SLOGDET(np.linalg.slogdet(plain(a)).sign, log_determinant(a)), samples=[])


def _matrix_power(a: Any, n: Any) -> Any:
    n = operator.index(n)
    if n < 0:
        return _matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) + 0 * a
    square = a if n < 2 else _matrix_power(a @ a, n // 2)
    return square if n == 1 or n % 2 == 0 else square @ a


composite(
    np.linalg.matrix_power,
    _matrix_power,
    samples=[sample(rand(3, 3), n) for n in (0, 1, 3, 4, 5)] + [sample(rand(2, 2, 2, domain=INVERTIBLE), -2)],
)


@lru_cache(maxsize=256)
def _best_split(sizes: tuple[int, ...]) -> tuple[int, int]:
    """(number of multiplications, where the last product is) for a chain of matrices sizes[i] x sizes[i + 1]."""
    if len(sizes) == 2:
        return 0, 0
    outer = sizes[0] * sizes[-1]
    return min(
        (_best_split(sizes[: i + 1])[0] + _best_split(sizes[i:])[0] + outer * sizes[i], i)
        for i in range(1, len(sizes) - 1)
    )


def _chain(matrices: Sequence[Any]) -> Any:
    if len(matrices) == 1:
        return matrices[0]
    i = _best_split((*(m.shape[0] for m in matrices), matrices[-1].shape[1]))[1]
    return _chain(matrices[:i]) @ _chain(matrices[i:])


def _multi_dot(arrays: Sequence[Any], *, out: None = None) -> Any:
    first, *_, last = matrices = [as_array(a) for a in arrays]
    matrices[0] = first[None, :] if first.ndim == 1 else first
    matrices[-1] = last[:, None] if last.ndim == 1 else last
    y = _chain(matrices)
    return y.reshape(first.shape[:-1] + last.shape[1:])


composite(
    np.linalg.multi_dot,
    _multi_dot,
    samples=[
        sample([rand(2, 3), rand(3, 4), rand(4, 2)]),
        sample([rand(3), rand(3, 4), rand(4, 2), rand(2)]),
        sample([rand(2), rand(2)]),
        sample([rand(1, 4), rand(4, 3), rand(3, 1), rand(1, 2)]),
    ],
)


def _tensorinv(a: Any, ind: int = 2) -> Any:
    rows = math.prod(a.shape[:ind])
    return np.linalg.inv(a.reshape(rows, -1)).reshape(a.shape[ind:] + a.shape[:ind])


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        last = [i % a.ndim for i in axes]
        a = np.transpose(a, [i for i in range(a.ndim) if i not in last] + last)
    return np.linalg.solve(a.reshape(b.size, -1), b.reshape(-1)).reshape(a.shape[b.ndim :])


_CUBE = rand(4, 4, domain=INVERTIBLE)
composite(np.linalg.tensorinv, _tensorinv, samples=[sample(_CUBE, 1)])
composite(np.linalg.tensorsolve, _tensorsolve, samples=[sample(_CUBE, rand(4)), sample(_CUBE, rand(4), axes=(0,))])
