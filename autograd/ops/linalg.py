"""Linear algebra without decompositions: norms, inverses, determinants, linear systems, powers of matrices.

Stacks of matrices are allowed where NumPy allows them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..arguments import as_array, conjugated, holds_tensor, plain, scalar, undifferentiated
from ..define import composite, primitive
from ..domain import INVERTIBLE, NONZERO, POSITIVE, ZERO, rand, sample
from .decompositions import transposed
from .elementwise import without_zeros
from .reductions import AXIS_SAMPLES, Axis, add_reduce, groups_last, keepdims_shape, products_of_others, restore_axes


# Norms of vectors and matrices, of every order
def _euclidean_norm(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sqrt(add_reduce(a * a, axis, None, None, keepdims))


euclidean_norm = primitive(  # the derivative at 0 is 0, the subgradient of smallest norm
    _euclidean_norm,
    lambda g, y, a, axis=None, keepdims=False: restore_axes(g / without_zeros(y), a, axis) * a,
    samples=AXIS_SAMPLES,
)


def _root(x: Any, power: float) -> Any:
    """x ** power, for x >= 0 and 0 < power. The derivative at 0 is defined as 0."""
    return x**power


root = primitive(
    _root, lambda g, y, x, power: g * (power * y / without_zeros(x)), samples=[sample(rand(3, domain=POSITIVE), 0.4)]
)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if holds_tensor(ord):
        return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)
    if ord is None or ord == 2:
        return euclidean_norm(x, axis, keepdims=keepdims)
    size = np.abs(x)
    if ord in (math.inf, -math.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"np.linalg.norm: for vectors ord must be a number. Received: ord={ord!r}.")
    total = np.sum(size**ord, axis=axis, keepdims=keepdims)
    if ord < 0:
        return total ** (1 / ord)
    return root(total, 1 / ord)


def _matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    ord = undifferentiated(ord, "np.linalg.norm: ord for matrices")
    if ord is None or ord == "fro":
        return euclidean_norm(x, axis, keepdims=keepdims)
    x = np.moveaxis(x, axis, (-2, -1)) if x.ndim > 2 or axis != (0, 1) else x
    if ord == "nuc" or ord in (2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return (np.sum if ord == "nuc" else np.max if ord == 2 else np.min)(s, axis=-1)
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(
            f"np.linalg.norm: for matrices ord must be 'fro', 'nuc', 1, 2, inf, -1, -2 or -inf. Received: {ord!r}."
        )
    sums = np.sum(np.abs(x), axis=-2 if abs(ord) == 1 else -1)
    return (np.max if ord > 0 else np.min)(sums, axis=-1)


_ORDERS = (1, 2, 3, 2.5, -1, -2, math.inf, -math.inf)


def _norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    x = as_array(x)
    x = x if x.dtype.kind in "fc" else x.astype(float)
    if axis is None and ord is None:
        return euclidean_norm(x, None, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"np.linalg.norm: with ord=, axis must name one or two axes. Received: {len(axes)} axes.")
    y = _matrix_norm(x, ord, (axes[0] % x.ndim, axes[1] % x.ndim), False)
    return y.reshape(keepdims_shape(x.shape, axes)) if keepdims else y


@composite(
    np.linalg.vector_norm,
    samples=[
        sample(rand(2, 3)),
        sample(rand(2, 3), axis=1, keepdims=True, ord=3),
        sample(rand(2, 3, 2), axis=(0, 2), keepdims=True),
    ],
)
def _numpy_vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if isinstance(axis, int):
        return _vector_norm(x, ord, axis, keepdims)
    axes = None if axis is None else tuple(axis)
    y = _vector_norm(groups_last(x, axes), ord, -1, False)
    return y.reshape(keepdims_shape(x.shape, axes)) if keepdims else y


@composite(np.linalg.cond, samples=[sample(rand(3, 3, domain=INVERTIBLE)), sample(rand(2, 2, 2, domain=INVERTIBLE), 1)])
def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, axis=(-2, -1))


composite(
    np.linalg.norm,
    _norm,
    samples=[
        sample(rand(2, 3)),
        sample(rand(2, 3, 2)),
        sample(rand(2, 3), "fro", axis=(0, 1)),
        *(sample(rand(2, 3, domain=NONZERO), ord, axis=1) for ord in _ORDERS),
        *(sample(rand(2, 3, domain=NONZERO), ord) for ord in (1, -1, 2, -2, math.inf, -math.inf, "nuc")),
        sample(rand(2, 3, 2, domain=NONZERO), 2, axis=(2, 0), keepdims=True),
        sample(rand(2, 3, 2, domain=NONZERO), 1, axis=(-1, 1)),
    ],
)
composite(
    np.linalg.matrix_norm,
    lambda x, /, *, keepdims=False, ord="fro": _norm(x, ord, (-2, -1), keepdims),
    samples=[sample(rand(2, 3, 2)), sample(rand(2, 3), ord="nuc", keepdims=True)],
)


# Inverses, determinants and linear systems
primitive(
    np.linalg.inv,
    lambda g, y, a: -(transposed(y) @ g @ transposed(y)),
    samples=[sample(rand(3, 3, domain=INVERTIBLE)), sample(rand(2, 2, 2, domain=INVERTIBLE))],
)


# The derivative of the determinant is the matrix of cofactors, a polynomial: it exists for singular matrices too
def _cofactors(a: Any, determinant: Any) -> Any:
    """(-1)**(i + j) times the determinant of a without row i and column j.

    Up to n = 4 it is computed from the minors. For larger arrays it comes from the singular values, without a
    division. For larger Tensors, whose expression must be differentiable, it comes from the inverse unless the
    condition number is too large, and then from the minors.
    """
    n = a.shape[-1]
    if n < 2:
        return np.ones_like(a)
    if n <= 4:
        return _signed_minors(a)
    if isinstance(a, np.ndarray):
        u, s, vh = np.linalg.svd(a)
        sign = np.linalg.slogdet(u).sign * np.linalg.slogdet(vh).sign
        return sign[..., None, None] * (conjugated(u) * products_of_others(s)[..., None, :]) @ conjugated(vh)
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


def _solve_matrix_vjp(g: Any, y: Any, a: Any, b: Any) -> Any:
    c = np.linalg.solve(transposed(a), g)
    return -c[..., None] * y[..., None, :] if b.ndim == 1 else -(c @ transposed(y))


primitive(
    np.linalg.solve,
    _solve_matrix_vjp,
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
def _cheapest_split(sizes: tuple[int, ...]) -> tuple[int, int]:
    """(number of multiplications, position of the last product) for a chain of matrices sizes[i] x sizes[i + 1]."""
    if len(sizes) == 2:
        return 0, 0
    outer = sizes[0] * sizes[-1]
    return min(
        (_cheapest_split(sizes[: i + 1])[0] + _cheapest_split(sizes[i:])[0] + outer * sizes[i], i)
        for i in range(1, len(sizes) - 1)
    )


def _multiply_chain(matrices: Sequence[Any]) -> Any:
    """The product of matrices, in the order with the fewest multiplications."""
    if len(matrices) == 1:
        return matrices[0]
    i = _cheapest_split((*(m.shape[0] for m in matrices), matrices[-1].shape[1]))[1]
    return _multiply_chain(matrices[:i]) @ _multiply_chain(matrices[i:])


@composite(
    np.linalg.multi_dot,
    samples=[
        sample([rand(2, 3), rand(3, 4), rand(4, 2)]),
        sample([rand(3), rand(3, 4), rand(4, 2), rand(2)]),
        sample([rand(2), rand(2)]),
        sample([rand(1, 4), rand(4, 3), rand(3, 1), rand(1, 2)]),
    ],
)
def _multi_dot(arrays: Sequence[Any], *, out: None = None) -> Any:
    first, *_, last = matrices = [as_array(a) for a in arrays]
    matrices[0] = first[None, :] if first.ndim == 1 else first
    matrices[-1] = last[:, None] if last.ndim == 1 else last
    y = _multiply_chain(matrices)
    return scalar(y.reshape(first.shape[:-1] + last.shape[1:]))


_MATRIX = rand(4, 4, domain=INVERTIBLE)


@composite(np.linalg.tensorinv, samples=[sample(_MATRIX, 1)])
def _tensorinv(a: Any, ind: int = 2) -> Any:
    rows = math.prod(a.shape[:ind])
    return np.linalg.inv(a.reshape(rows, -1)).reshape(a.shape[ind:] + a.shape[:ind])


@composite(np.linalg.tensorsolve, samples=[sample(_MATRIX, rand(4)), sample(_MATRIX, rand(4), axes=(0,))])
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        last = [i % a.ndim for i in axes]
        a = np.transpose(a, [i for i in range(a.ndim) if i not in last] + last)
    return np.linalg.solve(a.reshape(b.size, -1), b.reshape(-1)).reshape(a.shape[b.ndim :])
