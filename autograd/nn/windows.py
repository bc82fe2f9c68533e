"""Windows that slide over the last two axes of images (n, channels, height, width)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """The shape of a window and how it moves: (vertical, horizontal) each; padding has both sides of each axis."""

    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)

    def places(self, size: Pair) -> Pair:
        """How many times it fits into an image of that height and width; 0 or less where it does not."""
        extents = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        padded = [n + sum(p) for n, p in zip(size, self.padding, strict=True)]
        down, across = ((n - k) // s + 1 for n, k, s in zip(padded, extents, self.stride, strict=True))
        return down, across


def pair(name: str, what: str, value: Any, least: int = 1) -> Pair:
    """An integer for both directions, or one for each. ValueError: anything else, or less than `least`."""
    both = (value, value) if not isinstance(value, (tuple, list)) else tuple(value)
    if len(both) == 2 and all(hasattr(i, "__index__") and i >= least for i in both):
        return int(both[0]), int(both[1])
    raise ValueError(f"{name}: {what} must be an integer >= {least} or a pair of them. Received: {what}={value!r}.")


def check_images(name: str, x: Any, channels: int | None = None) -> None:
    """ValueError: x is no batch of images, or does not have that many channels."""
    if x.ndim != 4 or (channels is not None and x.shape[1] != channels):
        wanted = "channels" if channels is None else channels
        raise ValueError(
            f"{name}: x must have shape (n, {wanted}, height, width). Received: shape {x.shape}."
            + (" Give a single image a batch axis: x[None]." if x.ndim == 3 else "")
        )


def check_fits(name: str, window: Window, size: Pair) -> None:
    """ValueError: the window is larger than the image."""
    if min(window.places(size)) < 1:
        raise ValueError(
            f"{name}: the window must fit into the padded image. Received: kernel {window.kernel} with dilation "
            f"{window.dilation} on an image of {size[0]} x {size[1]} with padding {window.padding}."
        )
