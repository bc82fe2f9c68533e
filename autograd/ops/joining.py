"""Functions that join, insert, delete and split arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arguments import as_array
from ..define import composite, linear
from ..domain import rand, sample
from .shaping import index_along, replace_length


def _prepare_join(
    arrays: Iterable[Any], axis: int | None = 0, **keywords: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """One positional argument per array of a sequence."""
    arrays = tuple([as_array(a) if isinstance(a, (list, tuple)) else a for a in arrays])
    if axis is None:
        arrays, axis = tuple(np.ravel(a) for a in arrays), 0
    return arrays, {"axis": axis, **keywords}


def _parts(g: Any, y: Any, *arrays: Any, axis: int) -> Iterator[Any]:
    start = 0
    for a in arrays:
        stop = start + a.shape[axis]
        yield g[index_along(axis, slice(start, stop))]
        start = stop


_concatenate: Any = linear(
    np.concatenate,
    each=lambda g, y, i, *arrays, axis: next(islice(_parts(g, y, *arrays, axis=axis), i, None)),
    forward=lambda *arrays, axis: np.concatenate(arrays, axis),
    prepare=_prepare_join,
    samples=[
        sample([rand(2, 3), rand(1, 3)]),
        sample((rand(2, 1), rand(2, 2), rand(2, 1)), axis=-1),
        sample([rand(2, 3), rand(2)], axis=None),
    ],
)
_concatenate.derivatives.parts = _parts
_stack: Any = linear(
    np.stack,
    each=lambda g, y, i, *arrays, axis: g[index_along(axis, i)],
    forward=lambda *arrays, axis: np.stack(arrays, axis),
    prepare=_prepare_join,
    samples=[sample([rand(2, 3), rand(2, 3)]), sample((rand(2), rand(2), rand(2)), axis=-1), sample([rand(), rand()])],
)
_stack.derivatives.parts = lambda g, y, *arrays, axis: np.moveaxis(g, axis, 0)
composite(
    np.vstack,
    lambda tup: np.concatenate([np.atleast_2d(a) for a in tup], axis=0),
    samples=[sample([rand(3), rand(2, 3)]), sample((rand(), rand()))],
)


@composite(np.hstack, samples=[sample([rand(3), rand(2)]), sample((rand(2, 1), rand(2, 2)))])
def _hstack(tup: Iterable[Any]) -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return np.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


@composite(np.column_stack, samples=[sample([rand(3), rand(3)]), sample([rand(2), rand(2, 2)])])
def _column_stack(tup: Iterable[Any]) -> Any:
    return np.concatenate([a[:, None] if a.ndim == 1 else a for a in map(np.atleast_1d, tup)], axis=1)


composite(
    np.dstack,
    lambda tup: np.concatenate([np.atleast_3d(a) for a in tup], axis=2),
    samples=[sample([rand(3), rand(3)]), sample((rand(2, 3), rand(2, 3, 2)))],
)
composite(
    np.append,
    lambda arr, values, axis=None: np.concatenate([as_array(arr), as_array(values)], axis=axis),
    samples=[sample(rand(2, 3), rand(2)), sample(rand(2, 3), rand(1, 3), axis=0), sample(rand(2), [rand(), 1.0])],
)


def _depth(arrays: Any) -> int:
    """How deep the lists are nested."""
    return 1 + max(map(_depth, arrays)) if isinstance(arrays, list) else 0


def _ndim(arrays: Any) -> int:
    """The largest number of axes of an array in nested lists."""
    return max(map(_ndim, arrays)) if isinstance(arrays, list) else np.ndim(arrays)


def _joined_blocks(arrays: Any, ndim: int, axis: int) -> Any:
    if isinstance(arrays, list):
        return np.concatenate([_joined_blocks(part, ndim, axis + 1) for part in arrays], axis=axis)
    a = as_array(arrays)
    return a.reshape((1,) * (ndim - a.ndim) + a.shape)


composite(
    np.block,
    lambda arrays: _joined_blocks(arrays, max(_ndim(arrays), _depth(arrays)), -_depth(arrays)),
    samples=[
        sample([[rand(2, 2), rand(2, 1)], [rand(1, 3)]]),
        sample([rand(2), rand()]),
        sample([[rand(2)], [rand(2)]]),
    ],
)


# Insertion and deletion: NumPy's functions, applied to indices, tell which element goes where
@composite(
    np.insert,
    samples=[
        sample(rand(2, 3), 1, rand(3), axis=0),
        sample(rand(2, 3), 1, rand(2, 1), axis=1),
        sample(rand(2, 3), 1, rand(2), axis=1),
        sample(rand(2, 3), [0, 2], rand(2, 2), 1),
        sample(rand(3), [0, 3, 1], rand(3)),
        sample(rand(2, 3), 4, rand(2)),
        sample(rand(4), slice(0, 4, 2), rand()),
        sample(rand(4), -1, 7.0),
    ],
)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    a, values = as_array(arr), as_array(values)
    if axis is None:
        a, axis = a.reshape(-1), 0
    axis %= a.ndim
    values = values.reshape((1,) * (a.ndim - values.ndim) + values.shape)
    if np.ndim(obj) == 0 and not isinstance(obj, slice):
        values = np.moveaxis(values, 0, axis)
    n = a.shape[axis]
    count = _inserted_count(n, obj, values.shape[axis])
    values = np.broadcast_to(values, replace_length(a.shape, axis, count))
    order = np.insert(np.arange(n), obj, n + np.arange(count))
    return np.take(np.concatenate([a, values.astype(a.dtype)], axis=axis), order, axis=axis)


def _inserted_count(n: int, obj: Any, width: int) -> int:
    """The number of elements that np.insert adds to n."""
    return np.insert(np.arange(n), obj, np.zeros(width, int)).size - n


@composite(
    np.delete,
    samples=[
        sample(rand(4), 1),
        sample(rand(2, 3), [0, -1], axis=1),
        sample(rand(3, 2), slice(0, 2), 0),
        sample(rand(2, 3), 4),
    ],
)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    n = arr.size if axis is None else arr.shape[axis]
    return np.take(arr, np.delete(np.arange(n), obj), axis=axis)


# Splitting: NumPy's functions, applied to indices, tell where the parts begin and end
def _split_by(split: Any) -> Any:
    def definition(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
        axis = normalize_axis_index(axis, ary.ndim)
        parts = split(np.arange(ary.shape[axis]), indices_or_sections)
        slices = [slice(int(p[0]), int(p[-1]) + 1) if p.size else slice(0, 0) for p in parts]
        return [ary[index_along(axis, part)] for part in slices]

    return definition


def _split_along(axis: int) -> Any:
    def definition(ary: Any, indices_or_sections: Any) -> Any:
        if ary.ndim <= axis:
            raise ValueError(f"np.{'vhd'[axis]}split: needs at least {axis + 1} axes. Received: {ary.ndim}.")
        return np.split(ary, indices_or_sections, axis)

    return definition


composite(np.split, _split_by(np.split), samples=[])
composite(np.array_split, _split_by(np.array_split), samples=[])
composite(np.vsplit, _split_along(0), samples=[])
composite(np.hsplit, lambda ary, sections: np.split(ary, sections, 1 if ary.ndim > 1 else 0), samples=[])
composite(np.dsplit, _split_along(2), samples=[])
if hasattr(np, "unstack"):  # since NumPy 2.1
    composite(np.unstack, lambda x, /, *, axis=0: tuple(np.moveaxis(x, axis, 0)), samples=[])


# Grids
@composite(np.broadcast_arrays, samples=[])
def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*(np.shape(x) for x in args))
    return tuple(np.broadcast_to(x, shape) for x in args)


@composite(np.meshgrid, samples=[])
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid: indexing must be 'xy' or 'ij'. Received: {indexing!r}.")
    places: Sequence[int] = range(len(xi))
    if indexing == "xy" and len(xi) > 1:
        places = [1, 0, *places[2:]]
    grids = [
        np.reshape(x, [-1 if i == place else 1 for i in range(len(xi))]) for x, place in zip(xi, places, strict=True)
    ]
    shared = tuple(grids) if sparse else np.broadcast_arrays(*grids)
    return tuple(map(np.copy, shared)) if copy else shared
