"""Functions that choose elements by conditions or indices, apply functions to parts, or assign to an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ..arguments import as_array, plain
from ..define import composite, primitive
from ..dispatch import WRITERS
from ..domain import rand, sample
from ..node import Node
from ..op import Primitive
from .shaping import is_basic, scatter

Path = Sequence[tuple[Primitive, tuple[Any, ...], dict[str, Any]]]

_MASK = np.array([[True, False, True], [False, False, True]])


@composite(
    np.select,
    samples=[sample([_MASK, ~_MASK & _MASK[0]], [rand(2, 3), rand(3)], 7.0), sample([_MASK], [rand()], rand(2, 3))],
)
def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"np.select: needs one choice per condition. Received: {len(choicelist)} for {len(condlist)} conditions."
        )
    y = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        y = np.where(plain(condition), choice, y)
    return y


@composite(
    np.choose,
    samples=[
        sample(np.array([0, 2, 1]), [rand(3), rand(), rand(3)]),
        sample(np.array([-1, 5]), [rand(2), rand(2)], mode="wrap"),
    ],
)
def _choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    n = len(choices)
    which = np.asarray(plain(a))
    if mode == "raise" and np.any((which < 0) | (which >= n)):
        raise ValueError(f"np.choose: there are {n} choices. Received: index {which.max()}, minimum {which.min()}.")
    which = which % n if mode == "wrap" else np.clip(which, 0, n - 1)
    y = choices[0]
    for i in range(1, n):
        y = np.where(which == i, choices[i], y)
    return np.where(which == 0, choices[0], y) if n == 1 else y


@composite(
    np.compress,
    samples=[
        sample([True, False, True], rand(2, 3), axis=1),
        sample([False, True], rand(2, 3), 0),
        sample([1, 0, 1], rand(2, 3)),
    ],
)
def _compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    return np.take(a, np.flatnonzero(plain(condition)), axis=axis)


@composite(np.extract, samples=[sample(_MASK, rand(2, 3))])
def _extract(condition: Any, arr: Any) -> Any:
    return np.ravel(arr)[np.flatnonzero(plain(condition))]


@composite(
    np.piecewise,
    samples=[
        sample(rand(2, 3), [_MASK], [lambda x: x * x, np.sin]),
        sample(rand(3), [_MASK[0], ~_MASK[0]], [lambda x, p: x**p, 2.0], 3),
    ],
)
def _piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    x = as_array(x)
    conditions = np.asarray(plain(condlist))
    conditions = np.broadcast_to(conditions, (1, *x.shape)) if conditions.ndim <= x.ndim else conditions
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    y = np.zeros(x.shape, x.dtype)
    for chosen, f in zip(conditions, funclist, strict=True):
        part = f(x[chosen], *args, **kw) if callable(f) else f
        part = np.broadcast_to(as_array(part).astype(x.dtype), int(chosen.sum()))
        y = np.where(chosen, scatter(part, x.shape, chosen), y)
    return y


@composite(
    np.apply_along_axis,
    samples=[
        sample(np.sum, 0, rand(2, 3)),
        sample(np.diff, 1, rand(2, 3, 2)),
        sample(lambda r: r[:2, None] * r, 0, rand(3, 2)),
    ],
)
def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    axis %= arr.ndim
    rest = arr.shape[:axis] + arr.shape[axis + 1 :]
    rows = np.moveaxis(arr, axis, -1).reshape((-1, arr.shape[axis]))
    y = np.stack([as_array(func1d(row, *args, **kwargs)) for row in rows])
    inner = y.shape[1:]
    return np.moveaxis(
        y.reshape(rest + inner), range(len(rest), len(rest) + len(inner)), range(axis, axis + len(inner))
    )


# Item assignment as a function. path: how the view that is written was taken from a, as (op, args, keywords) each
def _assigned(a: Any, index: Any, value: Any, path: Path = ()) -> Any:
    """A copy of a with view[index] = value."""
    result = np.array(a)
    part = _view(result, path)
    if part is result or part.base is result:
        part[index] = value
        return result
    # In the layout of this array a reshape made a copy: write by the numbers of the elements
    numbers = _view(np.arange(result.size).reshape(result.shape), path)[index]
    flat = result.ravel()
    if flat.dtype.kind == "c" and any(op.func is np.real for op, _, _ in path):
        flat[numbers] = value + 1j * flat[numbers].imag
    else:
        flat[numbers] = value
    return flat.reshape(result.shape)


def _view(a: Any, path: Path) -> Any:
    """The view of an array or a Tensor, taken in these steps."""
    for op, args, kwargs in path:
        args = tuple(a if isinstance(x, Node) else x for x in args)
        a = cast(Any, a)._record(op, args, kwargs) if isinstance(a, Node) else op.forward(*args, **kwargs)
    return a


def _is_last_written(a: Any, index: Any) -> Any:
    """1 for each element of the value that stays in the result, else 0. Of repeated indices the last one stays."""
    written = np.empty(a.shape, np.bool_)[index]
    order = np.arange(written.size).reshape(written.shape)
    winner = np.zeros(a.shape, order.dtype)
    winner[index] = order
    return (winner[index] == order).astype(a.dtype)


def _value_vjp(g: Any, y: Any, a: Any, index: Any, value: Any, path: Path = ()) -> Any:
    g = _view(g, path)
    written = g[index] if is_basic(index) else g[index] * _is_last_written(g, index)
    more = np.ndim(value) - written.ndim  # axes of length 1 that the value has before the others
    return written[(None,) * more] if more > 0 else written


assigned: Primitive = primitive(
    _assigned,
    lambda g, y, a, index, value, path=(): assigned(g, index, 0.0, path=path),
    None,
    _value_vjp,
    samples=[
        sample(rand(3, 4), 1, rand(4)),
        sample(rand(3, 4), (slice(None), 0), rand(3)),
        sample(rand(3, 4), (0, 2), rand()),
        sample(rand(3, 4), (slice(0, 2), slice(None, None, 2)), rand(2)),
        sample(rand(5), ([0, 3, 0],), rand(3)),
        sample(rand(4), (np.array([True, False, True, True]),), rand(3)),
    ],
)


# Functions that write into their first argument, here a Tensor
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if casting != "same_kind":
        raise TypeError(f"np.copyto: casting={casting!r} is not supported on Tensors. Write t[...] = v.")
    value = np.broadcast_to(as_array(src), dst.shape)
    dst._store(np.copy(value) if where is True else np.where(plain(where), value, dst))


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    places, n = np.ravel(plain(ind)), a.size
    if mode == "clip":
        places = np.clip(places, 0, n - 1)
    elif mode == "raise" and np.any((places < -n) | (places >= n)):
        raise IndexError(f"np.put: the Tensor has {n} elements. Received: indices {places.min()} to {places.max()}.")
    a[np.unravel_index(places % n, a.shape)] = np.resize(as_array(v), places.size)


def _putmask(a: Any, mask: Any, values: Any) -> None:
    chosen = np.asarray(plain(mask), bool).reshape(a.shape)
    a[chosen] = np.resize(as_array(values), a.shape)[chosen]


def _place(arr: Any, mask: Any, vals: Any) -> None:
    chosen = np.asarray(plain(mask), bool).reshape(arr.shape)
    arr[chosen] = np.resize(as_array(vals), int(chosen.sum()))


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if wrap:
        raise TypeError("np.fill_diagonal: wrap=True is not supported on Tensors. Write to t.reshape(-1)[::step].")
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ValueError(f"np.fill_diagonal: needs a matrix, or axes of one length. Received: shape {a.shape}.")
    i = np.arange(min(a.shape))
    a[(i,) * a.ndim] = np.resize(as_array(val), i.size)


WRITERS.update(
    {np.copyto: _copyto, np.put: _put, np.putmask: _putmask, np.place: _place, np.fill_diagonal: _fill_diagonal}
)
