"""`np.pad`: borders of constants, of entries (an indexing), or of statistics of the edge."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import as_array, holds_tensor, plain
from ..domain import rand, sample
from ..op import composite, primitive
from .sequences import along

_INDEXED = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS: dict[str, Any] = {"mean": np.mean, "maximum": np.max, "minimum": np.min, "median": np.median}
_MODES = ("constant", *_INDEXED, "linear_ramp", *_STATISTICS)


def _pairs(widths: Any, a: Any) -> list[list[Any]]:
    """(before, after) for every axis, from any of NumPy's short forms."""
    if isinstance(widths, dict):
        by_axis: Any = [widths.get(i, widths.get(i - a.ndim, 0)) for i in range(a.ndim)]
        widths = [np.broadcast_to(width, 2) for width in by_axis]
    pairs: list[list[Any]] = np.broadcast_to(plain(widths), (a.ndim, 2)).tolist()
    return pairs


def _ends(values: Any, a: Any) -> Any:
    """The values before and after every axis, [axis, edge], of the type of a: they may be Tensors."""
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
    """The entries before (edge 0) or after (edge -1) an axis."""
    if mode == "linear_ramp":
        end = _ends(end_values, a)[axis, edge]
        at_edge = a[along(axis, slice(0, 1) if edge == 0 else slice(-1, None))]
        share = (np.arange(width) / max(width, 1)).astype(a.dtype).reshape((-1,) + (1,) * (a.ndim - 1 - axis))
        share = share if edge == 0 else np.flip(share, 0)
        return end + (at_edge - end) * share
    n = a.shape[axis] if stat_length is None else min(_pairs(stat_length, a)[axis][edge], a.shape[axis])
    part = a[along(axis, slice(0, n) if edge == 0 else slice(a.shape[axis] - n, None))]
    value = _STATISTICS[mode](part, axis=axis, keepdims=True)
    return np.broadcast_to(value, [width if i == axis else m for i, m in enumerate(value.shape)])


def _odd(a: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """Turned around the first and the last entry instead of mirrored: 2 * a[-1] - a[-1 - i] follows."""
    a = np.moveaxis(a, axis, -1)
    n = a.shape[-1]
    period = max(n - 1, 1) if mode == "reflect" else n
    first, last = a[..., :1], a[..., -1:]

    def beyond(places: Any) -> Any:
        turns, i = np.divmod(places, period)
        is_turned = turns % 2 == 1
        rise = (last - first) * (turns - is_turned).astype(a.dtype)
        return np.where(is_turned, 2 * last - a[..., n - 1 - i], a[..., i]) + rise

    parts = [beyond(np.arange(-before, 0)), a, beyond(np.arange(n, n + after))]
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, axis)


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
            array = _odd(array, axis, before, after, mode)
        elif mode in _INDEXED:
            places = np.pad(np.arange(array.shape[axis]), (before, after), mode)  # type: ignore[call-overload]
            array = np.take(array, places, axis=axis)
        elif mode == "constant":
            shape = [[n if i == axis else m for i, m in enumerate(array.shape)] for n in (before, after)]
            ends = _ends(constant_values, array)[axis]
            first, last = (np.broadcast_to(ends[edge], s) for edge, s in enumerate(shape))
            array = np.concatenate([first, array, last], axis=axis)
        else:
            parts = [_border(array, axis, n, mode, e, end_values, stat_length) for n, e in ((before, 0), (after, -1))]
            array = np.concatenate([parts[0], array, parts[1]], axis=axis)
    return array


composite(
    np.pad,
    _pad,
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
