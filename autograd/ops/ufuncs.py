"""Functions that have no derivative to record, and what all ufuncs share: their methods and the keyword `where=`.

The first have a derivative that is zero wherever it exists, or a result that is no real number. Called with Tensors,
they get the plain arrays and return plain arrays.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from ..arguments import TO_FILL, as_array, plain
from ..define import constant
from ..dispatch import UFUNC_METHODS, dispatch, name_of
from ..node import Node
from .shaping import scatter

# Step functions
constant(np.floor, np.ceil, np.trunc, np.fix, np.rint, np.round, np.around, np.sign, np.floor_divide)

# Comparisons and tests
constant(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
constant(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.signbit)
constant(np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.iscomplexobj, np.isrealobj)
constant(np.iscomplex, np.isreal)
constant(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.array_equiv)

# Indices
constant(np.argmax, np.argmin, np.argsort, np.argpartition, np.nonzero, np.flatnonzero, np.argwhere)
constant(np.nanargmax, np.nanargmin, np.searchsorted, np.digitize, np.lexsort, np.count_nonzero)

# Shapes, dtypes and new arrays
constant(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.min_scalar_type)
constant(np.shares_memory, np.may_share_memory)
constant(np.common_type, np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
constant(np.linalg.matrix_rank, np.imag, np.angle, np.isin, np.einsum_path)
constant(np.array_repr, np.array_str, np.array2string)


_REDUCTIONS: dict[Any, Any] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
_RUNNING: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}


def _reduce(
    ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, out: None = None, *args: Any, **kwargs: Any
) -> Any:
    reduction = _REDUCTIONS.get(ufunc)
    if reduction is not None:
        keywords = dict(zip(("keepdims", "initial", "where"), args, strict=False)) | kwargs
        if dtype is not None:
            keywords["dtype"] = dtype
        return dispatch(reduction, (array, axis), keywords)
    return _fold(ufunc, array, axis, dtype, *args, **kwargs)


def _fold(ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """ufunc(... ufunc(ufunc(x0, x1), x2) ...) along one axis."""
    array = as_array(array) if dtype is None else as_array(array).astype(dtype)
    if axis is None and array.ndim == 1:
        axis = 0
    if not isinstance(axis, int):
        raise TypeError(f"np.{ufunc.__name__}.reduce: on Tensors axis must be one integer. Received: axis={axis!r}.")
    rows = list(np.moveaxis(array, axis, 0))
    y = rows.pop(0) if initial is None else initial
    for row in rows:
        y = ufunc(y, row)
    return np.expand_dims(y, axis) if keepdims else y


def _accumulate(ufunc: Any, array: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
    array = as_array(array) if dtype is None else as_array(array).astype(dtype)
    if ufunc in _RUNNING:
        return _RUNNING[ufunc](array, axis=axis)
    results: list[Any] = []
    for row in np.moveaxis(array, axis, 0):
        results.append(ufunc(results[-1], row) if results else row)
    return np.stack(results, axis=axis)


def _outer(ufunc: Any, a: Any, b: Any, **kwargs: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return ufunc(a.reshape(a.shape + (1,) * b.ndim), b, **kwargs)


def _where(ufunc: Any, inputs: tuple[Any, ...], where: Any, **kwargs: Any) -> Any:
    """The function of the chosen elements, which alone get a gradient. The others are NaN (in NumPy: undefined)."""
    if np.all(plain(where)):
        return ufunc(*inputs, **kwargs)
    if ufunc.signature is not None or ufunc.nout > 1:
        raise TypeError(f"np.{ufunc.__name__}: where= is not supported on Tensors. Use np.where on the result.")
    shape = np.broadcast_shapes(np.shape(where), *(np.shape(x) for x in inputs))
    mask = np.broadcast_to(plain(where), shape)
    chosen = ufunc(*(np.broadcast_to(x, shape)[mask] for x in inputs), **kwargs)
    return np.where(mask, scatter(chosen, shape, mask), math.nan)


def _out(ufunc: Any, method: str, inputs: tuple[Any, ...], out: tuple[Any, ...], **kwargs: Any) -> Any:
    """A ufunc, or one of its methods, that writes its result. TypeError: if the gradient would be lost."""
    target = out[0]
    if method == "__call__" and len(out) == 1 and isinstance(target, Node):
        return _written(ufunc, inputs, target, **kwargs)
    if any(isinstance(x, Node) and x.requires_grad for x in (*inputs, *out)):
        raise TypeError(
            f"{name_of(ufunc)}: cannot write a Tensor into an array (out=, or `array += tensor`): the gradient would "
            f"be lost. Write `array = array + tensor`. {TO_FILL}"
        )
    return getattr(ufunc, method)(*plain(inputs), out=plain(out), **plain(kwargs))


def _written(ufunc: Any, inputs: tuple[Any, ...], t: Any, where: Any = True, **kwargs: Any) -> Any:
    """Writes the function of the chosen elements into a Tensor, which keeps the others."""
    if ufunc.signature is None:
        inputs = tuple([np.broadcast_to(as_array(x), t.shape) for x in inputs])
    if where is True:
        t._store(ufunc(*inputs, **kwargs))
    else:
        t._store(np.where(plain(where), ufunc(*inputs, where=where, **kwargs), t))
    return t


def _at(ufunc: Any, a: Any, indices: Any, b: Any = None) -> None:
    """`np.add.at` and `np.subtract.at` of a Tensor: unbuffered, so that each of repeated indices counts."""
    if ufunc not in (np.add, np.subtract) or not isinstance(a, Node):
        raise TypeError(
            f"np.{ufunc.__name__}.at is not supported on Tensors. Use np.add.at or np.subtract.at of a Tensor, "
            "Tensor(array), or t[i] = v."
        )
    t, index = cast(Any, a), plain(indices)
    added = np.broadcast_to(as_array(b).astype(t.dtype), np.zeros(t.shape)[index].shape)
    t._store(ufunc(t, scatter(added, t.shape, index)))


UFUNC_METHODS.update(reduce=_reduce, accumulate=_accumulate, outer=_outer, at=_at, where=_where, out=_out)
