"""Pooling: one number per window of each channel. Windows, padding and sizes as in PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dispatch import plain
from ..domain import rand, sample
from ..op import Primitive, linear
from .compiled import compiled, contiguous
from .gathering import gather_rows
from .windows import Pair, Window, check_fits, check_images, pair


def max_pool2d(x: Any, kernel: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The largest entry of each window; padding is never the largest. A NaN counts as largest.

    x: (n, channels, height, width). kernel, stride, padding: an integer or a pair (vertical, horizontal); the stride is
    the kernel unless given; padding is at most half the kernel. Returns (n, channels, places down, places across).
    Of equal entries the first has the gradient, as in PyTorch. ValueError: a window that does not fit.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    window = pool_window("max_pool2d", x, kernel, stride, padding)
    values = contiguous(plain(x))
    n, channels, height, width = values.shape
    down, across = window.places((height, width))
    at = np.empty((n, channels, down, across), np.intp)
    (kh, kw), (sh, sw), ((top, _), (left, _)) = window.kernel, window.stride, window.padding
    _find_largest(values.reshape(-1, height, width), at.reshape(-1, down, across), kh, kw, sh, sw, top, left)
    return gather_rows(np.reshape(x, -1), at)


def avg_pool2d(x: Any, kernel: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window; padding counts as zeros, as in PyTorch. Arguments and errors as for `max_pool2d`.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return average(x, pool_window("avg_pool2d", x, kernel, stride, padding))


def pool_window(name: str, x: Any, kernel: Any, stride: Any, padding: Any) -> Window:
    """The window of a pooling of x. ValueError: for what `max_pool2d` refuses. TypeError: x holds no floats."""
    check_images(name, x)
    if x.dtype.newbyteorder("=") not in (np.float32, np.float64):
        raise TypeError(f"{name}: x must be float32 or float64. Received: {x.dtype}. Convert with .astype(np.float32).")
    kernel = pair(name, "kernel", kernel)
    stride = kernel if stride is None else pair(name, "stride", stride)
    down, across = pair(name, "padding", padding, 0)
    if 2 * down > kernel[0] or 2 * across > kernel[1]:
        raise ValueError(
            f"{name}: padding must be at most half the kernel, or windows lie outside the image. "
            f"Received: padding={padding}, kernel={kernel}."
        )
    window = Window(kernel, stride, ((down, down), (across, across)))
    check_fits(name, window, x.shape[2:])
    return window


@compiled
def _find_largest(x: Any, at: Any, kh: int, kw: int, sh: int, sw: int, top: int, left: int) -> None:
    """Where in all of x each window has its largest entry, the first of equal ones. x, at: (planes, ., .)."""
    planes, height, width = x.shape
    for p in range(planes):
        for i in range(at.shape[1]):
            for j in range(at.shape[2]):
                first_h, first_w = max(i * sh - top, 0), max(j * sw - left, 0)
                best_h, best_w, best = first_h, first_w, x[p, first_h, first_w]
                for h in range(first_h, min(i * sh - top + kh, height)):
                    for w in range(first_w, min(j * sw - left + kw, width)):
                        value = x[p, h, w]
                        if value > best or value != value:
                            best_h, best_w, best = h, w, value
                at[p, i, j] = (p * height + best_h) * width + best_w


@compiled
def _sum_windows(x: Any, y: Any, kh: int, kw: int, sh: int, sw: int, top: int, left: int) -> None:
    planes, height, width = x.shape
    for p in range(planes):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                total = y[p, i, j]
                for h in range(max(i * sh - top, 0), min(i * sh - top + kh, height)):
                    for w in range(max(j * sw - left, 0), min(j * sw - left + kw, width)):
                        total += x[p, h, w]
                y[p, i, j] = total


@compiled
def _add_to_windows(y: Any, x: Any, kh: int, kw: int, sh: int, sw: int, top: int, left: int) -> None:
    planes, height, width = x.shape
    for p in range(planes):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for h in range(max(i * sh - top, 0), min(i * sh - top + kh, height)):
                    for w in range(max(j * sw - left, 0), min(j * sw - left + kw, width)):
                        x[p, h, w] += y[p, i, j]


def _over_planes(loops: Any, source: Any, size: Pair, window: Window) -> Any:
    """Applies loops to every channel of every image of `source`; the result has the given height and width."""
    source = contiguous(source)
    result = np.zeros((*source.shape[:2], *size), source.dtype)
    (kh, kw), (sh, sw), ((top, _), (left, _)) = window.kernel, window.stride, window.padding
    planes = (a.reshape(-1, *a.shape[2:]) for a in (source, result))
    loops(*planes, kh, kw, sh, sw, top, left)
    result /= math.prod(window.kernel)
    return result


def _average(x: Any, window: Window) -> Any:
    """The mean of each window, with zeros outside the image."""
    return _over_planes(_sum_windows, x, window.places(x.shape[2:]), window)


def _share_average(g: Any, size: Pair, window: Window) -> Any:
    """Every number shared equally by the entries of its window, in images of the given height and width."""
    return _over_planes(_add_to_windows, g, size, window)


_WINDOW = Window((2, 3), (1, 2), ((1, 1), (0, 0)))

average: Primitive = linear(
    _average,
    lambda g, y, x, window: share_average(g, (x.shape[2], x.shape[3]), window),
    samples=[sample(rand(1, 2, 4, 5), _WINDOW)],
)
share_average: Primitive = linear(
    _share_average,
    lambda h, y, g, size, window: average(h, window),
    samples=[sample(rand(1, 2, 5, 2), (4, 5), _WINDOW)],
)
