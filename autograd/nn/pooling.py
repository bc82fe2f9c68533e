"""Pooling of images: one number per window of each channel. Windows, padding and sizes are those of PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import plain
from ..define import linear
from ..domain import rand, sample
from ..op import Primitive
from .loops import compiled, contiguous, gather_rows
from .module import Module
from .windows import Pair, Window, check_fits, check_images, pair

__all__ = ["AvgPool2d", "MaxPool2d", "avg_pool2d", "max_pool2d"]


class _Pool(Module):
    """The arguments of a pooling layer."""

    def __init__(self, kernel: Any, stride: Any = None, padding: Any = 0) -> None:
        name = type(self).__name__
        self.kernel = pair(name, "kernel", kernel)
        self.stride = self.kernel if stride is None else pair(name, "stride", stride)
        self.padding = pair(name, "padding", padding, 0)

    def __repr__(self) -> str:
        parts = [str(self.kernel)]
        parts += [f"stride={self.stride}"] if self.stride != self.kernel else []
        parts += [f"padding={self.padding}"] if self.padding != (0, 0) else []
        return f"{type(self).__name__}({', '.join(parts)})"


class MaxPool2d(_Pool):
    """The largest element of each window of images. See `max_pool2d`.

    Args:
        kernel: size of the window. Like stride and padding, an integer or a pair (vertical, horizontal).
        stride: distance of neighbouring windows in pixels; by default the kernel.
        padding: pixels around the image, at most half the kernel.

    Raises:
        ValueError: sizes that are not positive integers (0 is allowed for padding).

    >>> MaxPool2d(2)(np.zeros((2, 3, 4, 4))).shape
    (2, 3, 2, 2)
    """

    def forward(self, x: Any) -> Any:
        """Pool x of shape (n, channels, height, width). Returns (n, channels, output height, output width)."""
        return max_pool2d(x, self.kernel, self.stride, self.padding)


class AvgPool2d(_Pool):
    """The mean of each window of images. See `avg_pool2d`. The arguments are those of `MaxPool2d`.

    >>> AvgPool2d(3, stride=1, padding=1)(np.zeros((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    def forward(self, x: Any) -> Any:
        """Pool x of shape (n, channels, height, width). Returns (n, channels, output height, output width)."""
        return avg_pool2d(x, self.kernel, self.stride, self.padding)


def max_pool2d(x: Any, kernel: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The largest element of each window. NaN counts as largest, padding never does.

    If several elements are largest, the gradient goes to the first of them, as in PyTorch.

    Args:
        x: images, (n, channels, height, width), float32 or float64.
        kernel: size of the window. Like stride and padding, an integer or a pair (vertical, horizontal).
        stride: distance of neighbouring windows in pixels; by default the kernel, so that windows do not overlap.
        padding: pixels around the image, at most half the kernel.

    Returns:
        (n, channels, output height, output width), in the dtype of x.

    Raises:
        ValueError: a window that does not fit, or an x of another shape.
        TypeError: x is not float32 or float64.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    window = pool_window("max_pool2d", x, kernel, stride, padding)
    values = contiguous(plain(x))
    n, channels, height, width = values.shape
    out_height, out_width = window.output_size((height, width))
    at = np.empty((n, channels, out_height, out_width), np.intp)
    (kh, kw), (sh, sw), ((top, _), (left, _)) = window.kernel, window.stride, window.padding
    _find_largest(values.reshape(-1, height, width), at.reshape(-1, out_height, out_width), kh, kw, sh, sw, top, left)
    return gather_rows(np.reshape(x, -1), at)


def avg_pool2d(x: Any, kernel: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window, in which padding counts as 0, as in PyTorch.

    Arguments, shapes and errors are those of `max_pool2d`.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return average(x, pool_window("avg_pool2d", x, kernel, stride, padding))


def pool_window(name: str, x: Any, kernel: Any, stride: Any, padding: Any) -> Window:
    """The window of a pooling of x. Raises the errors of `max_pool2d`."""
    check_images(name, x)
    if x.dtype.newbyteorder("=") not in (np.float32, np.float64):
        raise TypeError(f"{name}: x must be float32 or float64. Received: {x.dtype}. Convert with .astype(np.float32).")
    kernel = pair(name, "kernel", kernel)
    stride = kernel if stride is None else pair(name, "stride", stride)
    vertical, horizontal = pair(name, "padding", padding, 0)
    if 2 * vertical > kernel[0] or 2 * horizontal > kernel[1]:
        raise ValueError(
            f"{name}: padding must be at most half the kernel, or windows lie outside the image. "
            f"Received: padding={padding}, kernel={kernel}."
        )
    window = Window(kernel, stride, ((vertical, vertical), (horizontal, horizontal)))
    check_fits(name, window, x.shape[2:])
    return window


@compiled
def _find_largest(x: Any, at: Any, kh: int, kw: int, sh: int, sw: int, top: int, left: int) -> None:
    """Write into `at` the flat index in x of the first largest element of each window. x, at: (planes, ., .)."""
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
    """Add to each element of y the sum of its window of x. x, y: (planes, ., .)."""
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
    """Add each element of y to all elements of its window of x. x, y: (planes, ., .)."""
    planes, height, width = x.shape
    for p in range(planes):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for h in range(max(i * sh - top, 0), min(i * sh - top + kh, height)):
                    for w in range(max(j * sw - left, 0), min(j * sw - left + kw, width)):
                        x[p, h, w] += y[p, i, j]


def _over_planes(loops: Any, source: Any, size: Pair, window: Window) -> Any:
    """Apply loops to every channel of every image; the result has height and width `size`."""
    source = contiguous(source)
    result = np.zeros((*source.shape[:2], *size), source.dtype)
    (kh, kw), (sh, sw), ((top, _), (left, _)) = window.kernel, window.stride, window.padding
    planes = (a.reshape(-1, *a.shape[2:]) for a in (source, result))
    loops(*planes, kh, kw, sh, sw, top, left)
    result /= math.prod(window.kernel)
    return result


def _average(x: Any, window: Window) -> Any:
    """The mean of each window, with zeros outside the image."""
    return _over_planes(_sum_windows, x, window.output_size(x.shape[2:]), window)


def _spread_average(g: Any, size: Pair, window: Window) -> Any:
    """Divide each number equally among the elements of its window, in images of height and width `size`."""
    return _over_planes(_add_to_windows, g, size, window)


_WINDOW = Window((2, 3), (1, 2), ((1, 1), (0, 0)))

average: Primitive = linear(
    _average,
    lambda g, y, x, window: spread_average(g, (x.shape[2], x.shape[3]), window),
    samples=[sample(rand(1, 2, 4, 5), _WINDOW)],
)
spread_average: Primitive = linear(
    _spread_average,
    lambda h, y, g, size, window: average(h, window),
    samples=[sample(rand(1, 2, 5, 2), (4, 5), _WINDOW)],
)
