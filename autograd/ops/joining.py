"""Functions of a sequence of arrays. `prepare` flattens the sequence into positional arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..domain import arr, case
from ..op import composite, linear


def _flatten(arrays: Iterable[Any], axis: int | None = 0, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    arrays = tuple(arrays)
    if axis is None:
        arrays, axis = tuple(np.ravel(a) for a in arrays), 0
    return arrays, {"axis": axis, **keywords}


def _concatenate_vjp(g: Any, y: Any, i: int, *arrays: Any, axis: int) -> Any:
    axis %= y.ndim
    start = sum(np.shape(a)[axis] for a in arrays[:i])
    return g[(slice(None),) * axis + (slice(start, start + arrays[i].shape[axis]),)]


linear(
    np.concatenate,
    each=_concatenate_vjp,
    forward=lambda *arrays, axis: np.concatenate(arrays, axis),
    prepare=_flatten,
    samples=[
        case([arr(2, 3), arr(1, 3)]),
        case((arr(2, 1), arr(2, 2), arr(2, 1)), axis=-1),
        case([arr(2, 3), arr(2)], axis=None),
    ],
)
linear(
    np.stack,
    each=lambda g, y, i, *arrays, axis: g[(slice(None),) * (axis % y.ndim) + (i,)],
    forward=lambda *arrays, axis: np.stack(arrays, axis),
    prepare=_flatten,
    samples=[case([arr(2, 3), arr(2, 3)]), case((arr(2), arr(2), arr(2)), axis=-1), case([arr(), arr()])],
)
composite(
    np.vstack,
    lambda tup: np.concatenate([np.atleast_2d(a) for a in tup], axis=0),
    samples=[case([arr(3), arr(2, 3)]), case((arr(), arr()))],
)


def _hstack(tup: Iterable[Any]) -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return np.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


composite(np.hstack, _hstack, samples=[case([arr(3), arr(2)]), case((arr(2, 1), arr(2, 2)))])


def _column_stack(tup: Iterable[Any]) -> Any:
    return np.concatenate([a[:, None] if a.ndim == 1 else a for a in map(np.atleast_1d, tup)], axis=1)


composite(np.column_stack, _column_stack, samples=[case([arr(3), arr(3)]), case([arr(2), arr(2, 2)])])
