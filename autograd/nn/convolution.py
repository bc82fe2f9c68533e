"""Convolution. It is bilinear, and so are its two gradients: each of the three is the others' derivative.

The images are laid out as rows of windows R (see `rows`), the kernels as a matrix W; for one row of results and one
group, y = W R, the gradient by W is g R^T, and the gradient by x is W^T g, moved back to where the windows came from.
The rows are laid out again for each gradient rather than kept: this takes little beside the products. It is done for a
few images at a time, so that they stay in the processor's cache.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain import rand, sample
from ..op import Primitive, primitive
from .compiled import contiguous
from .rows import add_rows, to_rows
from .windows import Pair, Window, check_fits, check_images, pair

CACHED = 1 << 20
"""So many entries of rows are worked on at a time, unless a single image has more."""


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Cross-correlation of images with kernels, zero outside the image, as in PyTorch.

    x: (n, channels, height, width). weight: (n_out, channels / groups, kernel height, kernel width). bias: (n_out,).
    stride, dilation: an integer or a pair (vertical, horizontal). padding: likewise, or "valid" (none) or "same" (the
    result has the size of x; of an odd number the larger half is below and to the right; needs stride 1).
    Returns (n, n_out, places down, places across) in the common dtype of the arguments.
    ValueError: shapes that do not fit, an unknown padding, groups that do not divide the channels. TypeError: integers.

    >>> image, edges = np.array([[[[1.0, 1.0, 5.0, 5.0]]]]), np.array([[[[-1.0, 1.0]]]])
    >>> conv2d(image, edges).tolist()
    [[[[0.0, 4.0, 0.0]]]]
    """
    check_images("conv2d", x)
    _check_weight(x, weight, bias, groups)
    window = conv_window("conv2d", weight.shape[2:], stride, padding, dilation)
    check_fits("conv2d", window, x.shape[2:])
    return convolve(x, weight, bias, window, groups)


def conv_window(name: str, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Window:
    """The window of a convolution. ValueError: for what `conv2d` refuses."""
    kernel, stride = pair(name, "kernel", kernel), pair(name, "stride", stride)
    dilation = pair(name, "dilation", dilation)
    if padding == "valid":
        padding = 0
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f'{name}: padding="same" needs stride 1. Received: stride={stride}. Pass numbers.')
        sides = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        halves = [(n // 2, n - n // 2) for n in sides]
        return Window(kernel, stride, (halves[0], halves[1]), dilation)
    if isinstance(padding, str):
        raise ValueError(f'{name}: padding must be "same", "valid", an integer or a pair. Received: {padding!r}.')
    down, across = pair(name, "padding", padding, 0)
    return Window(kernel, stride, ((down, down), (across, across)), dilation)


def check_groups(name: str, n_in: int, n_out: int, groups: int) -> None:
    """ValueError: the groups do not divide the channels."""
    if not hasattr(groups, "__index__") or groups < 1 or n_in % groups or n_out % groups:
        raise ValueError(
            f"{name}: groups must be a positive integer that divides the channels, in and out. "
            f"Received: groups={groups}, {n_in} channels in, {n_out} out."
        )


def _check_weight(x: Any, weight: Any, bias: Any, groups: int) -> None:
    n_in, n_out = x.shape[1], weight.shape[0] if weight.ndim else 0
    if weight.ndim == 4:
        check_groups("conv2d", n_in, n_out, groups)
    if weight.ndim != 4 or weight.shape[1] * groups != n_in:
        raise ValueError(
            f"conv2d: weight must have shape (n_out, channels / groups, kernel height, kernel width), for {n_in} "
            f"channels in {groups} group(s). Received: shape {weight.shape}."
        )
    if bias is not None and bias.shape != (n_out,):
        raise ValueError(f"conv2d: bias must have shape ({n_out},). Received: shape {bias.shape}.")
    if np.result_type(x.dtype, weight.dtype) not in (np.float32, np.float64):
        raise TypeError(
            f"conv2d: x and weight must be float32 or float64. Received: {x.dtype} and {weight.dtype}. "
            "Convert with .astype(np.float32)."
        )


# On arrays, a few images at a time


class _Plan:
    """One convolution in products: its shapes, and rows of windows (see `rows`) of a few images at a time."""

    def __init__(self, x_shape: Any, weight_shape: Any, window: Window, groups: int, dtype: Any) -> None:
        n, channels, height, width = x_shape
        (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
        (top, bottom), (left, _) = window.padding
        self.groups = groups
        self.per_group = weight_shape[0] // groups
        self.down, self.across = window.places((height, width))
        # Rows that a dilated kernel covers together lie together.
        self.order = np.array(sorted(range(top + height + bottom), key=lambda h: (h % dh, h)), np.intp)
        self.lengths = len(self.order), channels // groups, kw
        self.steps = sw, dw, top, left
        deep = channels // groups * kw
        starts = np.argsort(self.order)[: self.down * sh : sh].tolist()
        self.blocks = [slice(start * deep, (start + kh) * deep) for start in starts]
        entries = len(self.order) * channels * kw * self.across
        step = max(1, CACHED // max(entries, 1))
        self.parts = [slice(i, min(i + step, n)) for i in range(0, n, step)]
        self.buffer = np.empty(entries * min(step, n), dtype)

    def rows(self, images: int) -> NDArray[Any]:
        """Room for the rows of so many images: (groups, rows, channels / groups, kernel width, images, across)."""
        shape = (self.groups, *self.lengths, images, self.across)
        return self.buffer[: math.prod(shape)].reshape(shape)

    def matrices(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The rows as a matrix per group. Its `blocks` hold what is multiplied with the kernels, per row of results."""
        return rows.reshape(self.groups, -1, rows.shape[-2] * self.across)

    def filled(self, x: NDArray[Any]) -> NDArray[Any]:
        """The matrices of some images."""
        rows = self.rows(len(x))
        to_rows(x, rows, self.order, *self.steps)
        return self.matrices(rows)

    def results(self, g: NDArray[Any]) -> NDArray[Any]:
        """Results (n, n_out, down, across) as matrices (down, groups, n_out / groups, n * across)."""
        return g.transpose(2, 1, 0, 3).reshape(self.down, self.groups, self.per_group, -1)

    def kernels(self, weight: Any, dtype: Any) -> NDArray[Any]:
        """The kernels as matrices (groups, n_out / groups, entries of a block)."""
        return contiguous(weight.transpose(0, 2, 1, 3), dtype).reshape(self.groups, self.per_group, -1)


def _convolve(x: Any, weight: Any, bias: Any, window: Window, groups: int = 1) -> Any:
    """Cross-correlation of images with kernels, plus a bias per channel."""
    dtype = np.result_type(x, weight) if bias is None else np.result_type(x, weight, bias)
    x = contiguous(x, dtype)
    plan = _Plan(x.shape, weight.shape, window, groups, dtype)
    kernels = plan.kernels(weight, dtype)
    y = np.empty((len(x), len(weight), plan.down, plan.across), dtype)
    shift = dtype.type(0) if bias is None else bias[:, None, None]
    for part in plan.parts:
        matrices = plan.filled(x[part])
        products = np.empty((plan.down, *kernels.shape[:2], matrices.shape[2]), dtype)
        for block, product in zip(plan.blocks, products, strict=True):
            np.matmul(kernels, matrices[:, block], out=product)
        by_image = products.reshape(plan.down, len(weight), -1, plan.across).transpose(2, 1, 0, 3)
        np.add(by_image, shift, out=y[part])
    return y


def _convolve_input(g: Any, weight: Any, size: Pair, window: Window, groups: int = 1) -> Any:
    """The gradient of a convolution by its images, of the given height and width."""
    dtype = np.result_type(g, weight)
    x = np.zeros((len(g), weight.shape[1] * groups, *size), dtype)
    plan = _Plan(x.shape, weight.shape, window, groups, dtype)
    kernels = plan.kernels(weight, dtype).swapaxes(1, 2)
    for part in plan.parts:
        rows = plan.rows(part.stop - part.start)
        rows[...] = 0
        matrices = plan.matrices(rows)
        for block, result in zip(plan.blocks, plan.results(g[part]), strict=True):
            matrices[:, block] += kernels @ result
        add_rows(rows, x[part], plan.order, *plan.steps)
    return x


def _convolve_weight(x: Any, g: Any, window: Window, groups: int = 1) -> Any:
    """The gradient of a convolution by its kernels."""
    dtype = np.result_type(x, g)
    x = contiguous(x, dtype)
    n_out, channels, (kh, kw) = g.shape[1], x.shape[1] // groups, window.kernel
    plan = _Plan(x.shape, (n_out, channels, kh, kw), window, groups, dtype)
    total = np.zeros((groups, kh * channels * kw, n_out // groups), dtype)
    for part in plan.parts:
        matrices = plan.filled(x[part])
        for block, result in zip(plan.blocks, plan.results(g[part]), strict=True):
            total += matrices[:, block] @ result.swapaxes(1, 2)
    return total.swapaxes(1, 2).reshape(n_out, kh, channels, kw).swapaxes(1, 2)


# The rows


def _size(x: Any) -> Pair:
    return x.shape[2], x.shape[3]


_PLAIN = Window((2, 3), (1, 1), ((1, 0), (0, 2)))
_STRIDED = Window((2, 1), (2, 3), ((1, 1), (0, 0)), (2, 1))

convolve: Primitive = primitive(
    _convolve,
    lambda g, y, x, weight, bias, window, groups=1: convolve_input(g, weight, _size(x), window, groups),
    lambda g, y, x, weight, bias, window, groups=1: convolve_weight(x, g, window, groups),
    lambda g, y, x, weight, bias, window, groups=1: np.sum(g, axis=(0, 2, 3)),
    samples=[
        sample(rand(2, 2, 3, 4), rand(3, 2, 2, 3), rand(3), _PLAIN),
        sample(rand(1, 4, 5, 4), rand(2, 2, 2, 1), None, _STRIDED, 2),
    ],
)
convolve_input: Primitive = primitive(
    _convolve_input,
    lambda h, x, g, weight, size, window, groups=1: convolve(h, weight, None, window, groups),
    lambda h, x, g, weight, size, window, groups=1: convolve_weight(h, g, window, groups),
    samples=[
        sample(rand(2, 3, 3, 4), rand(3, 2, 2, 3), (3, 4), _PLAIN),
        sample(rand(1, 2, 3, 2), rand(2, 2, 2, 1), (5, 4), _STRIDED, 2),
    ],
)
convolve_weight: Primitive = primitive(
    _convolve_weight,
    lambda h, w, x, g, window, groups=1: convolve_input(g, h, _size(x), window, groups),
    lambda h, w, x, g, window, groups=1: convolve(x, h, None, window, groups),
    samples=[
        sample(rand(2, 2, 3, 4), rand(2, 3, 3, 4), _PLAIN),
        sample(rand(1, 4, 5, 4), rand(1, 2, 3, 2), _STRIDED, 2),
    ],
)
