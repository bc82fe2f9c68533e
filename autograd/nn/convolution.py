"""Convolution of images, as a function and as a layer.

A convolution is bilinear, and so are its two gradients: each of the three operations is the derivative of the others.
The windows of the images are copied into a matrix R (see `windows`), and the kernels form a matrix W. For one row of
the result and one group, y = W R; the gradient by W is g R^T; the gradient by x is W^T g, added to the pixels that the
windows were copied from. R is built again for each gradient instead of being kept, since this is cheap compared with
the products. A few images are processed at a time, so that they stay in the processor's cache.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..define import primitive
from ..domain import rand, sample
from ..op import Primitive
from .init import Initializer, Seed, check_sizes, weight_and_bias
from .loops import contiguous
from .module import Module
from .windows import Pair, Window, add_from_windows, check_fits, check_images, pair, to_windows

__all__ = ["Conv2d", "conv2d"]

ELEMENTS_AT_A_TIME = 1 << 20
"""Limit for the elements of R (see above) that are in memory at a time. A single image may have more."""


class Conv2d(Module):
    """Convolution of images with learned kernels, plus a bias per output channel. See `conv2d`.

    Parameters: `weight` of shape (n_out, n_in / groups, kernel height, kernel width) and `bias` of shape (n_out,).

    Args:
        n_in: number of input channels.
        n_out: number of output channels.
        kernel: height and width of the kernels. Like stride, padding and dilation, an integer or a pair (vertical,
            horizontal).
        stride: distance of neighbouring windows in pixels.
        padding: pixels of zeros around the image, or "same" or "valid" as for `conv2d`.
        dilation: distance in the image of neighbouring elements of a kernel.
        groups: number of groups that the channels are divided into. Outputs see only the inputs of their own group.
        bias: whether there is a bias.
        rng: seed or Generator of the initial weights.
        dtype: float32 or float64.
        init: initializer of the weight, a name or a function of `nn.init`. By default weight and bias are uniform
            within +-1 / sqrt(n_in / groups * kernel height * kernel width), as in PyTorch. With any other initializer
            the bias is 0.

    Raises:
        ValueError: a number of channels below 1, or an argument that `conv2d` refuses.
        TypeError: another dtype.

    >>> Conv2d(3, 8, kernel=3, padding="same", rng=0)(np.zeros((2, 3, 5, 5), np.float32)).shape
    (2, 8, 5, 5)
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        rng: Seed = None,
        dtype: Any = np.float32,
        init: str | Initializer = "fan_in_uniform",
    ) -> None:
        check_sizes("Conv2d", n_in=n_in, n_out=n_out)
        check_groups("Conv2d", n_in, n_out, groups)
        kernel = conv_window("Conv2d", kernel, stride, padding, dilation).kernel
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        shape = (n_out, n_in // groups, *kernel)
        self.weight, self.bias = weight_and_bias(init, shape, n_out, bias, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Convolve x of shape (n, n_in, height, width). Returns (n, n_out, output height, output width)."""
        check_images("Conv2d", x, self.weight.shape[1] * self.groups)
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def __repr__(self) -> str:
        n_out, n_in, *kernel = self.weight.shape
        parts = [str(n_in * self.groups), str(n_out), str(tuple(kernel))]
        defaults = (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))
        parts += [f"{name}={getattr(self, name)!r}" for name, default in defaults if getattr(self, name) != default]
        return f"Conv2d({', '.join(parts)}{'' if self.bias is not None else ', bias=False'})"


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Cross-correlation of images with kernels, as in PyTorch. Pixels outside the image are 0.

    Args:
        x: images, (n, channels, height, width), float32 or float64.
        weight: kernels, (n_out, channels / groups, kernel height, kernel width).
        bias: one number per output channel, (n_out,), or None.
        stride: distance of neighbouring windows in pixels. Like padding and dilation, an integer or a pair (vertical,
            horizontal).
        padding: pixels of zeros around the image. "valid" means none. "same" gives the result the size of x and needs
            stride 1; an odd number of pixels has its larger half below and to the right.
        dilation: distance in the image of neighbouring elements of a kernel.
        groups: number of groups that the channels are divided into. Outputs see only the inputs of their own group.

    Returns:
        (n, n_out, output height, output width), in the common dtype of the arguments.

    Raises:
        ValueError: shapes that do not fit, an unknown padding, groups that do not divide the channels.
        TypeError: x or weight is not float32 or float64.

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
    """The window of a convolution. Raises a ValueError for arguments that `conv2d` refuses."""
    kernel, stride = pair(name, "kernel", kernel), pair(name, "stride", stride)
    dilation = pair(name, "dilation", dilation)
    if padding == "valid":
        padding = 0
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f'{name}: padding="same" needs stride 1. Received: stride={stride}. Pass numbers.')
        missing = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        halves = [(n // 2, n - n // 2) for n in missing]
        return Window(kernel, stride, (halves[0], halves[1]), dilation)
    if isinstance(padding, str):
        raise ValueError(f'{name}: padding must be "same", "valid", an integer or a pair. Received: {padding!r}.')
    vertical, horizontal = pair(name, "padding", padding, 0)
    return Window(kernel, stride, ((vertical, vertical), (horizontal, horizontal)), dilation)


def check_groups(name: str, n_in: int, n_out: int, groups: int) -> None:
    """Raise a ValueError unless the groups divide the channels."""
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


# The computation on arrays, a few images at a time


class _Plan:
    """One convolution as matrix products: its shapes, and the layout (see `windows`) of a few images at a time."""

    def __init__(self, x_shape: Any, weight_shape: Any, window: Window, groups: int, dtype: Any) -> None:
        n, channels, height, width = x_shape
        (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
        (top, bottom), (left, _) = window.padding
        self.groups = groups
        self.per_group = weight_shape[0] // groups
        self.out_height, self.out_width = window.output_size((height, width))
        # The rows that a dilated kernel covers are neighbours in the layout.
        self.order = np.array(sorted(range(top + height + bottom), key=lambda h: (h % dh, h)), np.intp)
        self.lengths = len(self.order), channels // groups, kw
        self.steps = sw, dw, top, left
        row_length = channels // groups * kw
        starts = np.argsort(self.order)[: self.out_height * sh : sh].tolist()
        self.blocks = [slice(start * row_length, (start + kh) * row_length) for start in starts]
        elements = len(self.order) * channels * kw * self.out_width
        step = max(1, ELEMENTS_AT_A_TIME // max(elements, 1))
        self.parts = [slice(i, min(i + step, n)) for i in range(0, n, step)]
        self.buffer = np.empty(elements * min(step, n), dtype)

    def rows(self, images: int) -> NDArray[Any]:
        """Memory for the layout: (groups, rows, channels / groups, kernel width, images, output width)."""
        shape = (self.groups, *self.lengths, images, self.out_width)
        return self.buffer[: math.prod(shape)].reshape(shape)

    def matrices(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The layout as a matrix per group. Each of its `blocks` times the kernels is one row of the result."""
        return rows.reshape(self.groups, -1, rows.shape[-2] * self.out_width)

    def filled(self, x: NDArray[Any]) -> NDArray[Any]:
        """The matrices of a few images."""
        rows = self.rows(len(x))
        to_windows(x, rows, self.order, *self.steps)
        return self.matrices(rows)

    def results(self, g: NDArray[Any]) -> NDArray[Any]:
        """An array like the result as matrices (output height, groups, n_out / groups, n * output width)."""
        return g.transpose(2, 1, 0, 3).reshape(self.out_height, self.groups, self.per_group, -1)

    def kernels(self, weight: Any, dtype: Any) -> NDArray[Any]:
        """The kernels as matrices (groups, n_out / groups, elements of a block)."""
        return contiguous(weight.transpose(0, 2, 1, 3), dtype).reshape(self.groups, self.per_group, -1)


def _convolve(x: Any, weight: Any, bias: Any, window: Window, groups: int = 1) -> Any:
    """Cross-correlation of images with kernels, plus a bias per channel."""
    dtype = np.result_type(x, weight) if bias is None else np.result_type(x, weight, bias)
    x = contiguous(x, dtype)
    plan = _Plan(x.shape, weight.shape, window, groups, dtype)
    kernels = plan.kernels(weight, dtype)
    y = np.empty((len(x), len(weight), plan.out_height, plan.out_width), dtype)
    shift = dtype.type(0) if bias is None else bias[:, None, None]
    for part in plan.parts:
        matrices = plan.filled(x[part])
        products = np.empty((plan.out_height, *kernels.shape[:2], matrices.shape[2]), dtype)
        for block, product in zip(plan.blocks, products, strict=True):
            np.matmul(kernels, matrices[:, block], out=product)
        by_image = products.reshape(plan.out_height, len(weight), -1, plan.out_width).transpose(2, 1, 0, 3)
        np.add(by_image, shift, out=y[part])
    return y


def _convolve_input(g: Any, weight: Any, size: Pair, window: Window, groups: int = 1) -> Any:
    """The gradient of a convolution with respect to its images, which have height and width `size`."""
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
        add_from_windows(rows, x[part], plan.order, *plan.steps)
    return x


def _convolve_weight(x: Any, g: Any, window: Window, groups: int = 1) -> Any:
    """The gradient of a convolution with respect to its kernels."""
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


# The ops


def _height_and_width(x: Any) -> Pair:
    return x.shape[2], x.shape[3]


_PLAIN = Window((2, 3), (1, 1), ((1, 0), (0, 2)))
_STRIDED = Window((2, 1), (2, 3), ((1, 1), (0, 0)), (2, 1))

convolve: Primitive = primitive(
    _convolve,
    lambda g, y, x, weight, bias, window, groups=1: convolve_input(g, weight, _height_and_width(x), window, groups),
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
    lambda h, w, x, g, window, groups=1: convolve_input(g, h, _height_and_width(x), window, groups),
    lambda h, w, x, g, window, groups=1: convolve(x, h, None, window, groups),
    samples=[
        sample(rand(2, 2, 3, 4), rand(2, 3, 3, 4), _PLAIN),
        sample(rand(1, 4, 5, 4), rand(1, 2, 3, 2), _STRIDED, 2),
    ],
)
