"""Images as rows of windows: with them a convolution is one matrix product per row of the result.

Cho & Brand 2017, MEC: memory-efficient convolution, arXiv:1706.06873. Only the horizontal windows are laid out, so
there are as many numbers as in the images times the kernel's width; the rows that a kernel covers lie one after the
other, and are used where they are.
Images: (n, channels, height, width). Rows: (groups, rows, channels / groups, kernel width, n, places across). `order`
says which row of the padded image comes where.
"""

from __future__ import annotations

from typing import Any

from .compiled import compiled


@compiled
def to_rows(x: Any, rows: Any, order: Any, stride: int, dilation: int, top: int, left: int) -> None:
    """Fills the rows from the images; padding is 0."""
    groups, count, channels, kernel, images, across = rows.shape
    height, width = x.shape[2:]
    for group in range(groups):
        for r in range(count):
            h = order[r] - top
            for c in range(channels):
                for j in range(kernel):
                    shift = j * dilation - left
                    first = min(max((stride - 1 - shift) // stride, 0), across)  # the places inside the image
                    last = max(min((width - 1 - shift) // stride + 1, across), first)
                    for n in range(images):
                        out = rows[group, r, c, j, n]
                        if h < 0 or h >= height or first == last:
                            out[:] = 0
                            continue
                        out[:first] = 0
                        out[last:] = 0
                        inside = out[first:last]
                        entries = x[n, group * channels + c, h, first * stride + shift :]
                        if stride == 1:  # a case of its own, which vectorises
                            for w in range(inside.size):
                                inside[w] = entries[w]
                        else:
                            for w in range(inside.size):
                                inside[w] = entries[w * stride]


@compiled
def add_rows(rows: Any, x: Any, order: Any, stride: int, dilation: int, top: int, left: int) -> None:
    """Adds every entry of the rows to the entry of the images that it came from: the transpose of `to_rows`."""
    groups, count, channels, kernel, images, across = rows.shape
    height, width = x.shape[2:]
    for group in range(groups):
        for r in range(count):
            h = order[r] - top
            if h < 0 or h >= height:
                continue
            for c in range(channels):
                for j in range(kernel):
                    shift = j * dilation - left
                    first = min(max((stride - 1 - shift) // stride, 0), across)
                    last = max(min((width - 1 - shift) // stride + 1, across), first)
                    if first == last:
                        continue
                    for n in range(images):
                        inside = rows[group, r, c, j, n, first:last]
                        entries = x[n, group * channels + c, h, first * stride + shift :]
                        if stride == 1:
                            for w in range(inside.size):
                                entries[w] += inside[w]
                        else:
                            for w in range(inside.size):
                                entries[w * stride] += inside[w]
