"""Functions that reduce axes: sum, mean, product, extrema, variance; and running sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..define import linear, primitive
from ..domain import ZERO, rand, sample
from .elementwise import without_zeros

Axis = int | tuple[int, ...] | None

# The ufunc methods behind np.sum, np.max and np.min, with the arguments (a, axis, dtype, out, keepdims). The Python
# wrappers that NumPy puts around them cost more than a small sum.
add_reduce: Any = np.add.reduce
max_reduce: Any = np.maximum.reduce
min_reduce: Any = np.minimum.reduce

# The sample inputs of a function with `axis` and `keepdims`, without and with a scalar, and of a cumulative function
AXIS_SAMPLES = [
    sample(rand(2, 3)),
    sample(rand(2, 3), axis=0),
    sample(rand(2, 3), axis=-1, keepdims=True),
    sample(rand(2, 3, 2), (0, 2)),
    sample(rand(2, 3, 2), axis=(2, 0), keepdims=True),
]
REDUCTION_SAMPLES = [*AXIS_SAMPLES, sample(rand())]
CUMULATIVE_SAMPLES = [sample(rand(2, 3)), sample(rand(2, 3), axis=0), sample(rand(2, 3), -1)]


def keepdims_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction with keepdims=True: length 1 for every reduced axis."""
    if axis is None:
        return (1,) * len(shape)
    reduced = {i % len(shape) for i in (axis if isinstance(axis, tuple) else (axis,))} if shape else ()
    return tuple(1 if i in reduced else n for i, n in enumerate(shape))


def restore_axes(g: Any, a: Any, axis: Axis) -> Any:
    """Reshape g, which has one element per reduced group, so that it broadcasts against a."""
    shape = keepdims_shape(a.shape, axis)
    return g if g.shape == shape else g.reshape(shape)


def group_size(shape: tuple[int, ...], axis: Axis) -> int:
    """The number of elements that are reduced to one."""
    n = math.prod(shape)
    return n if axis is None or n == 0 else n // math.prod(keepdims_shape(shape, axis))


def groups_last(a: Any, axis: Axis) -> Any:
    """The array with the elements of each reduced group along its last axis."""
    if axis is None or a.ndim == 0:
        return a.reshape(-1)
    axes = [i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]
    rest = [i for i in range(a.ndim) if i not in axes]
    return np.transpose(a, rest + axes).reshape((*(a.shape[i] for i in rest), math.prod(a.shape[i] for i in axes)))


# Sums
def _spread(g: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """A new array of the given shape, in which g is repeated along the reduced axes."""
    result = np.empty(shape, g.dtype)
    result[...] = g.reshape(keepdims_shape(shape, axis)) if g.ndim else g
    return result


spread = linear(  # the transpose of the sum
    _spread,
    lambda h, y, g, shape, axis: add_reduce(h, axis).reshape(g.shape),
    samples=[sample(rand(3), (2, 3), 0), sample(rand(2, 1), (2, 3), (1,)), sample(rand(), (2, 3), None)],
)

linear(
    np.sum,
    lambda g, y, a, axis=None, dtype=None, out=None, keepdims=False: spread(g, a.shape, axis),
    forward=lambda a, axis=None, dtype=None, out=None, keepdims=False: add_reduce(a, axis, dtype, None, keepdims),
    samples=REDUCTION_SAMPLES,
)


def _mean(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    if a.dtype.kind == "f" and a.size:
        return add_reduce(a, axis, dtype, None, keepdims) / group_size(a.shape, axis)
    return np.mean(a, axis, dtype, keepdims=keepdims)


linear(
    np.mean,
    lambda g, y, a, axis=None, dtype=None, out=None, keepdims=False: spread(
        g / group_size(a.shape, axis), a.shape, axis
    ),
    forward=_mean,
    samples=REDUCTION_SAMPLES,
)


def _cumsum_vjp(g: Any, y: Any, a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    i = axis or 0
    return np.flip(np.cumsum(np.flip(g, i), axis=i), i).reshape(a.shape)


linear(np.cumsum, _cumsum_vjp, samples=CUMULATIVE_SAMPLES)


# Extrema: equal elements get equal parts of the gradient; NaN is extreme, as in NumPy
def _extremum_vjp(g: Any, y: Any, a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
    mask = (a == restore_axes(y, a, axis)) | (a != a)
    return restore_axes(g, a, axis) * (mask / add_reduce(mask, axis, y.dtype, None, True))


def _extremum_forward(reduce: Any) -> Any:
    return lambda a, axis=None, out=None, keepdims=False: reduce(a, axis, None, None, keepdims)


for _func, _reduce in ((np.max, max_reduce), (np.amax, max_reduce), (np.min, min_reduce), (np.amin, min_reduce)):
    primitive(_func, _extremum_vjp, forward=_extremum_forward(_reduce), samples=REDUCTION_SAMPLES)


# The derivative of a product is the product of the other factors. y / a would be wrong where a is 0.
def products_of_others(a: Any) -> Any:
    """For every element, the product of all others along the last axis."""
    n = a.shape[-1]
    if not isinstance(a, np.ndarray):  # in differentiable functions, with n * n elements
        return np.prod(np.where(np.eye(n, dtype=bool), 1, a[..., None, :]), axis=-1)
    before, after = np.ones_like(a), np.ones_like(a)
    np.cumprod(a[..., :-1], axis=-1, out=before[..., 1:])
    np.cumprod(a[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return before * after


def _prod_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False
) -> Any:
    if a.ndim == 0:
        return g
    target = keepdims_shape(a.shape, axis)
    order = sorted(range(a.ndim), key=lambda i: target[i] == 1 and a.shape[i] != 1)
    groups = a.transpose(order)
    rows = (*(n for n in target if n != 1), group_size(a.shape, axis))
    rest = products_of_others(groups.reshape(rows)).reshape(groups.shape)
    return restore_axes(g, a, axis) * rest.transpose(sorted(range(a.ndim), key=order.__getitem__))


primitive(
    np.prod,
    _prod_vjp,
    samples=[*REDUCTION_SAMPLES, sample(rand(2, 1, 3), axis=(0, 1)), sample(rand(2, 3, domain=ZERO), axis=1)],
)


# Variance and standard deviation. Where all elements are equal, the standard deviation has derivative 0.
def _reciprocal(n: float) -> float:
    """1 / n, and NaN where no degree of freedom is left."""
    return 1 / n if n > 0 else math.nan


def _variance_vjp(g: Any, a: Any, axis: Axis, ddof: float) -> Any:
    deviation = a - np.mean(a, axis=axis, keepdims=True)
    return restore_axes(g, a, axis) * deviation * (2 * _reciprocal(group_size(a.shape, axis) - ddof))


primitive(
    np.var,
    lambda g, y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False: _variance_vjp(g, a, axis, ddof),
    samples=[*REDUCTION_SAMPLES, sample(rand(4, 2), axis=0, ddof=1)],
)
primitive(
    np.std,
    lambda g, y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False: _variance_vjp(
        # a single element has the constant deviation 0
        g / (without_zeros(2 * y) if group_size(a.shape, axis) > 1 else 2 * y + (y == 0)),
        a,
        axis,
        ddof,
    ),
    samples=[*AXIS_SAMPLES, sample(rand(4, 2), axis=0, ddof=1)],
)
