"""Functions that move elements without changing them: shape, axes, order, repetition, dtype."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import as_array, plain
from ..define import composite, linear
from ..domain import rand, sample
from ..node import Node
from ..op import TABLE


def index_along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index that selects `part` along one axis, which may be negative."""
    return (..., part) + (slice(None),) * (-axis - 1) if axis < 0 else (slice(None),) * axis + (part,)


def replace_length(shape: tuple[int, ...], axis: int, length: int) -> tuple[int, ...]:
    """The shape with another length along one axis, which may be negative."""
    axis %= len(shape)
    return (*shape[:axis], length, *shape[axis + 1 :])


# Shapes
def _prepare_reshape(
    a: Any, shape: Any = None, order: str = "C", **keywords: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of np.reshape, without the default of `order`."""
    shape = keywords.pop("newshape", shape)
    return (a, shape), keywords if order == "C" else {"order": _order(a, order), **keywords}


def _order(a: Any, order: str) -> str:
    """The order "C" or "F" that "A" or "K" means for this array."""
    flags = np.asarray(plain(a)).flags
    if order == "K" and not flags.forc:
        raise ValueError(
            f"np.ravel: order='K' of an array that is not contiguous. Received: shape {np.shape(a)}. Use 'C'."
        )
    return order if order in ("C", "F") else "F" if flags.fnc else "C"


linear(
    np.reshape,
    lambda g, y, a, shape, order="C": g.reshape(a.shape, order=order),
    forward=lambda a, shape, order="C": a.reshape(shape, order=order),
    prepare=_prepare_reshape,
    samples=[sample(rand(2, 3), (3, 2)), sample(rand(2, 3), -1), sample(rand(2, 3), (3, -1), order="F")],
)
linear(
    np.expand_dims,
    lambda g, y, a, axis: g.reshape(a.shape),
    samples=[sample(rand(2, 3), 1), sample(rand(2, 3), axis=(0, -1))],
)
linear(
    np.squeeze,
    lambda g, y, a, axis=None: g.reshape(a.shape),
    samples=[sample(rand(1, 3, 1)), sample(rand(1, 3, 1), axis=0)],
)
linear(
    np.broadcast_to,
    lambda g, y, array, shape: g,  # the backward pass sums over broadcast axes
    samples=[sample(rand(3), (2, 3)), sample(rand(2, 1), (4, 2, 3)), sample(rand(), (2,))],
)
linear(
    np.ravel,  # a copy if the elements are not contiguous; np.reshape(a, -1) may be a view then
    lambda g, y, a, order="C": g.reshape(a.shape, order=order),
    forward=lambda a, order="C": a.ravel(order),
    prepare=lambda a, order="C": ((a,), {} if order == "C" else {"order": _order(a, order)}),
    samples=[sample(rand(2, 3)), sample(rand(2, 3), order="F")],
)
composite(np.atleast_1d, lambda a: np.reshape(a, np.shape(a) or 1), samples=[sample(rand()), sample(rand(2, 3))])
composite(
    np.atleast_3d,
    lambda a: a if np.ndim(a) >= 3 else np.expand_dims(a, -1) if np.ndim(a) == 2 else np.reshape(a, (1, -1, 1)),
    samples=[sample(rand()), sample(rand(3)), sample(rand(2, 3))],
)
composite(
    np.atleast_2d,
    lambda a: a if np.ndim(a) >= 2 else np.reshape(a, (1, -1)),
    samples=[sample(rand()), sample(rand(3)), sample(rand(1, 2, 3))],
)


# Axes
def _inverse_permutation(axes: Sequence[int]) -> list[int]:
    """The inverse of the permutation `axes`."""
    order = [i % len(axes) for i in axes]
    return sorted(range(len(axes)), key=order.__getitem__)


linear(
    np.transpose,
    lambda g, y, a, axes=None: g.transpose(None if axes is None else _inverse_permutation(axes)),
    forward=lambda a, axes=None: a.transpose(axes),
    samples=[sample(rand(2, 3)), sample(rand(2, 3, 4), (2, 0, 1)), sample(rand(2, 3, 4), axes=(-1, 0, 1))],
)
linear(
    np.swapaxes,
    lambda g, y, a, axis1, axis2: g.swapaxes(axis1, axis2),
    forward=lambda a, axis1, axis2: a.swapaxes(axis1, axis2),
    samples=[sample(rand(2, 3, 4), 0, 2), sample(rand(2, 3), -1, 0)],
)
linear(
    np.moveaxis,
    lambda g, y, a, source, destination: np.moveaxis(g, destination, source),
    samples=[sample(rand(2, 3, 4), 0, 2), sample(rand(2, 3, 4), (0, 1), (-1, 0))],
)

linear(
    np.matrix_transpose,
    lambda g, y, x: g.swapaxes(-1, -2),
    forward=lambda x: x.swapaxes(-1, -2),
    samples=[sample(rand(2, 3)), sample(rand(2, 3, 2))],
)


@composite(np.rollaxis, samples=[sample(rand(2, 3, 4), 2), sample(rand(2, 3, 4), 0, 2), sample(rand(2, 3, 4), 1, -1)])
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - (axis < start))


# Order
linear(
    np.flip,
    lambda g, y, m, axis=None: np.flip(g, axis),
    samples=[sample(rand(2, 3)), sample(rand(2, 3), axis=(0,)), sample(rand(2, 3), 1)],
)


def _negated(shift: int | tuple[int, ...]) -> int | tuple[int, ...]:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


linear(
    np.roll,
    lambda g, y, a, shift, axis=None: np.roll(g, _negated(shift), axis),
    samples=[
        sample(rand(5), 2),
        sample(rand(2, 3), (1, -1), axis=(0, 1)),
        sample(rand(2, 3), 1, 0),
        sample(rand(2, 3), 4),
    ],
)


@composite(np.rot90, samples=[sample(rand(2, 3), k) for k in range(4)] + [sample(rand(2, 3, 2), -1, (2, 1))])
def _rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    i, j = axes
    rotated = m if k % 2 == 0 else np.swapaxes(np.flip(m, j), i, j)
    return np.flip(rotated, (i, j)) if k % 4 >= 2 else rotated


composite(np.fliplr, lambda m: np.flip(m, 1), samples=[sample(rand(2, 3))])
composite(np.flipud, lambda m: np.flip(m, 0), samples=[sample(rand(2, 3))])

# Triangles and diagonals
linear(np.triu, lambda g, y, m, k=0: np.triu(g, k), samples=[sample(rand(3, 4)), sample(rand(2, 3, 3), k=-1)])
linear(np.tril, lambda g, y, m, k=0: np.tril(g, k), samples=[sample(rand(3, 4)), sample(rand(2, 3, 3), k=1)])


def _diagonal_vjp(g: Any, y: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    rows, columns = max(-offset, 0), max(offset, 0)
    i = np.arange(y.shape[-1])
    axes = (axis1 % a.ndim, axis2 % a.ndim)
    rest = tuple(n for k, n in enumerate(a.shape) if k not in axes)
    spread = scatter(np.moveaxis(g, -1, 0), (a.shape[axes[0]], a.shape[axes[1]], *rest), (i + rows, i + columns))
    return np.moveaxis(spread, (0, 1), axes)


linear(
    np.diagonal,
    _diagonal_vjp,
    samples=[
        sample(rand(3, 4)),
        sample(rand(4, 3), offset=1),
        sample(rand(2, 3, 4), -1, 1, 2),
        sample(rand(2, 3, 4), 0, 2, 0),
    ],
)


@composite(np.diag, samples=[sample(rand(3)), sample(rand(3), k=-1), sample(rand(3, 4), 1)])
def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    rows = np.arange(v.size) + max(-k, 0)
    return scatter(v, (v.size + abs(k),) * 2, (rows, rows + k))


composite(np.diagflat, lambda v, k=0: np.diag(np.ravel(v), k), samples=[sample(rand(2, 2), 1), sample(rand(3))])
composite(
    np.trace,
    lambda a, offset=0, axis1=0, axis2=1, dtype=None: np.sum(np.diagonal(a, offset, axis1, axis2), -1, dtype),
    samples=[sample(rand(3, 3)), sample(rand(3, 4), offset=1), sample(rand(2, 3, 4), axis1=1, axis2=2)],
)


composite(
    np.linalg.diagonal,
    lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1),
    samples=[sample(rand(2, 3, 4), offset=1)],
)
composite(
    np.linalg.trace,
    lambda x, /, *, offset=0, dtype=None: np.sum(np.diagonal(x, offset, -2, -1), axis=-1, dtype=dtype),
    samples=[sample(rand(2, 3, 4))],
)
composite(np.linalg.matrix_transpose, lambda x, /: np.matrix_transpose(x), samples=[sample(rand(2, 3, 2))])


# Selection
def is_basic(index: Any) -> bool:
    """Whether an index consists of integers, slices, None and Ellipsis, so that it names each element once."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or isinstance(part, (int, slice, type(...))) for part in parts)


def _scatter(g: Any, shape: tuple[int, ...], index: Any) -> Any:
    result = np.zeros(shape, g.dtype)
    if is_basic(index):
        result[index] = g
    else:
        np.add.at(result, index, g)
    return result


def _getitem(a: Any, index: Any) -> Any:
    return a[index]


scatter = linear(  # the transpose of getitem
    _scatter,
    lambda h, y, g, shape, index: h[index],
    samples=[sample(rand(2, 2), (3, 2), slice(0, 2)), sample(rand(3), (4,), np.array([1, 1, 3]))],
)
getitem = linear(
    _getitem,
    lambda g, y, a, index: scatter(g, a.shape, index),
    samples=[
        sample(rand(4), 2),
        sample(rand(4, 3), (slice(None, None, -2), None, 1)),
        sample(rand(4, 3), (..., slice(1, 2))),
        sample(rand(4, 3), np.array([0, 0, 3])),
        sample(rand(4, 3), (np.array([[0], [2]]), np.array([1, 1]))),
        sample(rand(4), np.array([True, False, True, True])),
        sample(rand(2, 3, 4), (0, slice(None), np.array([3, 1, 3]))),
    ],
)


_OUTSIDE = [sample(rand(2, 3), [-4, 7], axis=1, mode=mode) for mode in ("wrap", "clip")]


@composite(
    np.take,
    samples=[sample(rand(2, 3), [0, 5, 5]), sample(rand(2, 3), 1, axis=-1), sample(rand(3, 2), [[0, 2]], 0), *_OUTSIDE],
)
def _take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis % a.ndim)
    where, n = np.asarray(indices), a.shape[axis]
    if mode != "raise":
        where = where % n if mode == "wrap" else np.clip(where, 0, n - 1)
    return a[index_along(axis, where)]


# Repetition
@composite(np.repeat, samples=[sample(rand(2, 3), 2), sample(rand(2, 3), [1, 0, 2], axis=1), sample(rand(2, 3), 2, 0)])
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis=axis)


@composite(
    np.full_like,
    samples=[sample(rand(2, 3), rand()), sample(rand(2, 3), rand(3)), sample(rand(2), rand(), shape=(2, 2))],
)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    a, value = as_array(a), as_array(fill_value)
    if isinstance(value, np.ndarray):
        return _tensor_like(a, np.full_like(plain(a), value, dtype, shape=shape))
    shape = a.shape if shape is None else (shape,) if isinstance(shape, int) else shape
    return np.broadcast_to(value, shape).astype(a.dtype if dtype is None else dtype)


def _tensor_like(a: Any, array: Any) -> Any:
    """The array as a constant Tensor if a is a Tensor, so that Tensors can be assigned to its elements."""
    is_new = isinstance(a, Node) and not isinstance(array, Node)
    return a._record(TABLE[np.copy], (array,), {}) if is_new else array


def _add_new_like(func: Any) -> None:
    def definition(a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, *, shape: Any = None) -> Any:
        return _tensor_like(a, func(plain(a), dtype, order, subok, shape=shape))

    composite(func, definition, samples=[])


for _func in (np.zeros_like, np.ones_like, np.empty_like):
    _add_new_like(_func)


@composite(np.tile, samples=[sample(rand(3), 2), sample(rand(2, 3), (2, 1, 2)), sample(rand(2, 3), 3)])
def _tile(A: Any, reps: int | Sequence[int]) -> Any:
    counts = (reps,) if isinstance(reps, int) else tuple(reps)
    ndim = max(A.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - A.ndim) + A.shape
    pairs = list(zip(counts, shape, strict=True))
    split = np.reshape(A, tuple(m for n in shape for m in (1, n)))
    copies = np.broadcast_to(split, tuple(m for pair in pairs for m in pair))
    return np.copy(np.reshape(copies, tuple(c * n for c, n in pairs)))


@composite(np.resize, samples=[sample(rand(2, 3), (2, 2)), sample(rand(3), (2, 4)), sample(rand(2), 3)])
def _resize(a: Any, new_shape: Any) -> Any:
    shape = (new_shape,) if isinstance(new_shape, int) else tuple(new_shape)
    return np.reshape(np.take(a, np.arange(math.prod(shape)) % np.size(a)), shape)


# Dtype
linear(np.copy, lambda g, y, a, order="K", subok=False: g, samples=[sample(rand(2, 3)), sample(rand(2), order="C")])


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


astype = linear(
    _astype,
    lambda g, y, x, dtype: g,  # the backward pass casts
    samples=[],
)
if hasattr(np, "astype"):  # since NumPy 2.1
    composite(
        np.astype,
        lambda x, dtype, /, *, copy=True, device=None: astype(x, np.dtype(dtype)),
        samples=[],
    )

# Of these the result shares the elements of the argument wherever NumPy's does
_VIEWS: list[Any] = [np.reshape, np.expand_dims, np.squeeze, np.broadcast_to, np.transpose, np.swapaxes, np.moveaxis]
_VIEWS += [np.matrix_transpose, np.flip, np.diagonal, np.ravel]
for _func in _VIEWS:
    TABLE[_func].is_view = True
getitem.is_view = True
