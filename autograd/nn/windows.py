"""Windows that slide over the last two axes of images (n, channels, height, width), and copies of their pixels.

The copies are laid out so that a convolution becomes one matrix product per row of the result: Cho & Brand 2017, MEC:
memory-efficient convolution, arXiv:1706.06873. Only the horizontal windows are copied, so there are as many copies as
pixels times the width of the kernel. The rows of the image that a kernel covers lie one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .loops import compiled

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """The shape of a window and how it moves.

    Every field is a pair (vertical, horizontal); `padding` is a pair of pairs, ((top, bottom), (left, right)).
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)

    def output_size(self, size: Pair) -> Pair:
        """Height and width of the result for an image of that height and width; 0 or less where it does not fit."""
        extents = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        padded = [n + sum(p) for n, p in zip(size, self.padding, strict=True)]
        height, width = ((n - k) // s + 1 for n, k, s in zip(padded, extents, self.stride, strict=True))
        return height, width


def pair(name: str, argument: str, value: Any, least: int = 1) -> Pair:
    """Turn the value of an argument, an integer or a pair of integers, into a pair.

    Raises:
        ValueError: anything else, or an integer below `least`.
    """
    both = (value, value) if not isinstance(value, (tuple, list)) else tuple(value)
    if len(both) == 2 and all(hasattr(i, "__index__") and i >= least for i in both):
        return int(both[0]), int(both[1])
    raise ValueError(
        f"{name}: {argument} must be an integer >= {least} or a pair of them. Received: {argument}={value!r}."
    )


def check_images(name: str, x: Any, channels: int | None = None) -> None:
    """Raise a ValueError unless x has shape (n, channels, height, width)."""
    if x.ndim != 4 or (channels is not None and x.shape[1] != channels):
        wanted = "channels" if channels is None else channels
        raise ValueError(
            f"{name}: x must have shape (n, {wanted}, height, width). Received: shape {x.shape}."
            + (" Give a single image a batch axis: x[None]." if x.ndim == 3 else "")
        )


def check_fits(name: str, window: Window, size: Pair) -> None:
    """Raise a ValueError if the window is larger than the padded image."""
    if min(window.output_size(size)) < 1:
        raise ValueError(
            f"{name}: the window must fit into the padded image. Received: kernel {window.kernel} with dilation "
            f"{window.dilation} on an image of {size[0]} x {size[1]} with padding {window.padding}."
        )


@compiled
def to_windows(x: Any, rows: Any, order: Any, stride: int, dilation: int, top: int, left: int) -> None:
    """Copy the pixels of all windows into the array `rows`, with 0 as padding.

    x: (n, channels, height, width). rows: (groups, rows, channels / groups, kernel width, n, output width). order: for
    each of the rows, the row of the padded image that it holds.
    """
    groups, count, channels, kernel, images, out_width = rows.shape
    height, width = x.shape[2:]
    for group in range(groups):
        for r in range(count):
            h = order[r] - top
            for c in range(channels):
                for j in range(kernel):
                    shift = j * dilation - left
                    first = min(max((stride - 1 - shift) // stride, 0), out_width)  # the positions inside the image
                    last = max(min((width - 1 - shift) // stride + 1, out_width), first)
                    for n in range(images):
                        out = rows[group, r, c, j, n]
                        if h < 0 or h >= height or first == last:
                            out[:] = 0
                            continue
                        out[:first] = 0
                        out[last:] = 0
                        inside = out[first:last]
                        pixels = x[n, group * channels + c, h, first * stride + shift :]
                        if stride == 1:  # a separate loop, which vectorises
                            for w in range(inside.size):
                                inside[w] = pixels[w]
                        else:
                            for w in range(inside.size):
                                inside[w] = pixels[w * stride]


@compiled
def add_from_windows(rows: Any, x: Any, order: Any, stride: int, dilation: int, top: int, left: int) -> None:
    """Add every element of `rows` to the pixel that `to_windows` copied it from: the transpose of `to_windows`."""
    groups, count, channels, kernel, images, out_width = rows.shape
    height, width = x.shape[2:]
    for group in range(groups):
        for r in range(count):
            h = order[r] - top
            if h < 0 or h >= height:
                continue
            for c in range(channels):
                for j in range(kernel):
                    shift = j * dilation - left
                    first = min(max((stride - 1 - shift) // stride, 0), out_width)
                    last = max(min((width - 1 - shift) // stride + 1, out_width), first)
                    if first == last:
                        continue
                    for n in range(images):
                        inside = rows[group, r, c, j, n, first:last]
                        pixels = x[n, group * channels + c, h, first * stride + shift :]
                        if stride == 1:
                            for w in range(inside.size):
                                pixels[w] += inside[w]
                        else:
                            for w in range(inside.size):
                                pixels[w * stride] += inside[w]
