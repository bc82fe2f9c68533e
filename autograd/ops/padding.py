"""`np.pad`, whose borders are constants, copies of elements or statistics, and `sliding_window_view`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view

from ..arguments import as_array, holds_tensor, plain
from ..define import composite, linear, primitive
from ..domain import rand, sample
from ..op import Primitive
from .shaping import index_along, replace_length

Axes = tuple[int, ...]

_INDEXED = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS: dict[str, Any] = {"mean": np.mean, "maximum": np.max, "minimum": np.min, "median": np.median}
_MODES = ("constant", *_INDEXED, "linear_ramp", *_STATISTICS)


def _pairs(widths: Any, a: Any) -> list[list[Any]]:
    """(before, after) for every axis, from any of the forms that NumPy accepts."""
    if isinstance(widths, dict):
        by_axis: Any = [widths.get(i, widths.get(i - a.ndim, 0)) for i in range(a.ndim)]
        widths = [np.broadcast_to(width, 2) for width in by_axis]
    pairs: list[list[Any]] = np.broadcast_to(plain(widths), (a.ndim, 2)).tolist()
    return pairs


def _end_values(values: Any, a: Any) -> Any:
    """The values before and after every axis, (axes, 2), in the dtype of a. They may be Tensors."""
    return np.broadcast_to(as_array(values).astype(a.dtype), (a.ndim, 2))


def _with_constants(array: Any, pad_width: Any, constant_values: Any) -> Any:
    return np.pad(array, _pairs(pad_width, array), constant_values=constant_values)


def _constants_vjp(g: Any, y: Any, array: Any, pad_width: Any, constant_values: Any) -> Any:
    return g[tuple(slice(b, b + n) for (b, _), n in zip(_pairs(pad_width, array), array.shape, strict=True))]


pad_constants = primitive(
    _with_constants,
    _constants_vjp,
    samples=[sample(rand(2, 3), 1, 0), sample(rand(3), (0, 2), 7), sample(rand(2, 3), ((1, 0), (2, 1)), 0)],
)


def _border(a: Any, axis: int, width: int, mode: str, edge: int, end_values: Any, stat_length: Any) -> Any:
    """The elements before (edge 0) or after (edge -1) an axis."""
    if mode == "linear_ramp":
        end = _end_values(end_values, a)[axis, edge]
        at_edge = a[index_along(axis, slice(0, 1) if edge == 0 else slice(-1, None))]
        fraction = (np.arange(width) / max(width, 1)).astype(a.dtype).reshape((-1,) + (1,) * (a.ndim - 1 - axis))
        fraction = fraction if edge == 0 else np.flip(fraction, 0)
        return end + (at_edge - end) * fraction
    n = a.shape[axis] if stat_length is None else min(_pairs(stat_length, a)[axis][edge], a.shape[axis])
    part = a[index_along(axis, slice(0, n) if edge == 0 else slice(a.shape[axis] - n, None))]
    value = _STATISTICS[mode](part, axis=axis, keepdims=True)
    return np.broadcast_to(value, replace_length(value.shape, axis, width))


def _extend_by_point_reflection(a: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """Extend the array by point reflection at its ends: 2 * a[-1] - a[-1 - i] follows a[-1]."""
    a = np.moveaxis(a, axis, -1)
    n = a.shape[-1]
    period = max(n - 1, 1) if mode == "reflect" else n
    first, last = a[..., :1], a[..., -1:]

    def beyond(positions: Any) -> Any:
        periods, i = np.divmod(positions, period)
        is_reversed = periods % 2 == 1
        rise = (last - first) * (periods - is_reversed).astype(a.dtype)
        return np.where(is_reversed, 2 * last - a[..., n - 1 - i], a[..., i]) + rise

    parts = [beyond(np.arange(-before, 0)), a, beyond(np.arange(n, n + after))]
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, axis)


@composite(
    np.pad,
    samples=[
        sample(rand(2, 3), 1),
        sample(rand(3), (0, 2), constant_values=7),
        sample(rand(2, 3), ((1, 0), (2, 1)), "constant", constant_values=rand()),
        *(sample(rand(2, 3), ((1, 0), (2, 1)), mode) for mode in (*_INDEXED, "mean", "maximum", "minimum", "median")),
        sample(rand(3), (5, 4), "reflect"),
        sample(rand(3), (5, 4), "wrap"),
        sample(rand(2, 3), (2, 1), "linear_ramp", end_values=(1.0, -2.0)),
        sample(rand(2, 3), (2, 1), "linear_ramp", end_values=((1.0, rand()), (rand(), rand()))),
        sample(rand(2, 3), 1, constant_values=((rand(), 2.0),)),
        sample(rand(4), (2, 1), "mean", stat_length=2),
        sample(rand(2, 3), ((1, 0), (7, 8)), "reflect", reflect_type="odd"),
        sample(rand(3), (5, 7), "symmetric", reflect_type="odd"),
    ],
)
def _pad(
    array: Any,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
    reflect_type: str = "even",
) -> Any:
    if mode not in _MODES:
        raise TypeError(f"np.pad: on Tensors mode must be one of {', '.join(_MODES)}. Received: mode={mode!r}.")
    array = as_array(array)
    if mode == "constant":
        constant_values = _pairs(constant_values, array) if isinstance(constant_values, dict) else constant_values
        if not holds_tensor(constant_values):
            return pad_constants(array, pad_width, constant_values)
    for axis, (before, after) in enumerate(_pairs(pad_width, array)):
        if mode in ("reflect", "symmetric") and reflect_type == "odd":
            array = _extend_by_point_reflection(array, axis, before, after, mode)
        elif mode in _INDEXED:
            positions = np.pad(np.arange(array.shape[axis]), (before, after), mode)  # type: ignore[call-overload]
            array = np.take(array, positions, axis=axis)
        elif mode == "constant":
            ends = _end_values(constant_values, array)[axis]
            shapes = (replace_length(array.shape, axis, n) for n in (before, after))
            first, last = (np.broadcast_to(ends[edge], shape) for edge, shape in enumerate(shapes))
            array = np.concatenate([first, array, last], axis=axis)
        else:
            parts = [_border(array, axis, n, mode, e, end_values, stat_length) for n, e in ((before, 0), (after, -1))]
            array = np.concatenate([parts[0], array, parts[1]], axis=axis)
    return array


# Windows that share elements
def _windows(x: Any, widths: Axes, axes: Axes) -> Any:
    return sliding_window_view(x, widths, axes)


def _add_windows(g: Any, shape: Axes, widths: Axes, axes: Axes) -> Any:
    """Add every element of the windows to the element of the array that it is a view of."""
    result = np.zeros(shape, g.dtype)
    for offsets in np.ndindex(*widths):
        start = [0] * len(shape)
        for axis, offset in zip(axes, offsets, strict=True):  # an axis may be named twice
            start[axis] += offset
        result[tuple(slice(i, i + n) for i, n in zip(start, g.shape, strict=False))] += g[(..., *offsets)]
    return result


windows: Primitive = linear(
    _windows,
    lambda g, y, x, widths, axes: add_windows(g, x.shape, widths, axes),
    samples=[sample(rand(5), (3,), (0,)), sample(rand(3, 4), (2, 2), (1, 1))],
)
windows.is_view = True
add_windows: Primitive = linear(  # the transpose
    _add_windows,
    lambda h, y, g, shape, widths, axes: windows(h, widths, axes),
    samples=[sample(rand(3, 2), (4,), (2,), (0,))],
)


@composite(
    sliding_window_view,
    samples=[
        sample(rand(5), 2),
        sample(rand(3, 4), (2, 3)),
        sample(rand(2, 4), 3, axis=-1),
        sample(rand(2, 5), (2, 2), (1, 1)),
    ],
)
def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    widths = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    if len(widths) != len(axes):
        raise ValueError(f"sliding_window_view: needs one width per axis. Received: {widths} for axes {axes}.")
    return windows(x, widths, axes)
