"""`np.lib.stride_tricks.sliding_window_view`: windows that share entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view

from ..domain import rand, sample
from ..op import Primitive, composite, linear

Axes = tuple[int, ...]


def _windows(x: Any, widths: Axes, axes: Axes) -> Any:
    return sliding_window_view(x, widths, axes)


def _add_windows(g: Any, shape: Axes, widths: Axes, axes: Axes) -> Any:
    """Adds every entry of the windows to the entry that it shows."""
    result = np.zeros(shape, g.dtype)
    for place in np.ndindex(*widths):
        start = [0] * len(shape)
        for axis, offset in zip(axes, place, strict=True):  # an axis may be named twice
            start[axis] += offset
        result[tuple(slice(i, i + n) for i, n in zip(start, g.shape, strict=False))] += g[(..., *place)]
    return result


windows: Primitive = linear(
    _windows,
    lambda g, y, x, widths, axes: add_windows(g, x.shape, widths, axes),
    samples=[sample(rand(5), (3,), (0,)), sample(rand(3, 4), (2, 2), (1, 1))],
)
add_windows: Primitive = linear(  # the transpose
    _add_windows,
    lambda h, y, g, shape, widths, axes: windows(h, widths, axes),
    samples=[sample(rand(3, 2), (4,), (2,), (0,))],
)


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    widths = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    if len(widths) != len(axes):
        raise ValueError(f"sliding_window_view: needs one width per axis. Received: {widths} for axes {axes}.")
    return windows(x, widths, axes)


composite(
    sliding_window_view,
    _sliding_window_view,
    samples=[
        sample(rand(5), 2),
        sample(rand(3, 4), (2, 3)),
        sample(rand(2, 4), 3, axis=-1),
        sample(rand(2, 5), (2, 2), (1, 1)),
    ],
)
