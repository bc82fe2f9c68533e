"""Layers on images (n, channels, height, width)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Parameter
from .convolution import check_groups, conv2d, conv_window
from .init import Initializer, Seed, initial, initial_bias
from .module import Module
from .pooling import avg_pool2d, max_pool2d
from .windows import check_images, pair


class Conv2d(Module):
    """`conv2d` with weight of shape (n_out, n_in / groups, kernel height, kernel width) and bias of shape (n_out,).

    n_in, n_out: channels. kernel, stride, padding, dilation: an integer or a pair (vertical, horizontal); padding also
    "same" or "valid". rng, dtype, init: as for `Linear`. ValueError: for what `conv2d` refuses.

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
        if n_in < 1 or n_out < 1:
            raise ValueError(f"Conv2d: n_in and n_out must be at least 1. Received: n_in={n_in}, n_out={n_out}.")
        check_groups("Conv2d", n_in, n_out, groups)
        kernel = conv_window("Conv2d", kernel, stride, padding, dilation).kernel
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        rng = np.random.default_rng(rng)
        shape = (n_out, n_in // groups, *kernel)
        self.weight = Parameter(initial(init, shape, rng, dtype), name="weight")
        self.bias: Parameter | None = None
        if bias:
            self.bias = Parameter(initial_bias(init, math.prod(shape[1:]), n_out, rng, dtype), name="bias")

    def forward(self, x: Any) -> Any:
        """x: (n, n_in, height, width). Returns (n, n_out, places down, places across)."""
        check_images("Conv2d", x, self.weight.shape[1] * self.groups)
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def __repr__(self) -> str:
        n_out, n_in, *kernel = self.weight.shape
        parts = [str(n_in * self.groups), str(n_out), str(tuple(kernel))]
        defaults = (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))
        parts += [f"{name}={getattr(self, name)!r}" for name, default in defaults if getattr(self, name) != default]
        return f"Conv2d({', '.join(parts)}{'' if self.bias is not None else ', bias=False'})"


class _Pool(Module):
    """Kernel, stride (the kernel unless given) and padding: an integer or a pair (vertical, horizontal) each."""

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
    """`max_pool2d` as a layer.

    >>> MaxPool2d(2)(np.zeros((2, 3, 4, 4))).shape
    (2, 3, 2, 2)
    """

    def forward(self, x: Any) -> Any:
        """x: (n, channels, height, width). Returns (n, channels, places down, places across)."""
        return max_pool2d(x, self.kernel, self.stride, self.padding)


class AvgPool2d(_Pool):
    """`avg_pool2d` as a layer.

    >>> AvgPool2d(3, stride=1, padding=1)(np.zeros((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    def forward(self, x: Any) -> Any:
        """x: (n, channels, height, width). Returns (n, channels, places down, places across)."""
        return avg_pool2d(x, self.kernel, self.stride, self.padding)


class Flatten(Module):
    """All axes from `start` on become one: between convolutions and linear layers.

    >>> Flatten()(np.zeros((2, 3, 4, 4))).shape
    (2, 48)
    """

    def __init__(self, start: int = 1) -> None:
        self.start = start

    def forward(self, x: Any) -> Any:
        """x: (n, ...). Returns (n, the rest). ValueError: x has fewer axes than `start`."""
        if x.ndim <= self.start:
            raise ValueError(f"Flatten: x must have more than {self.start} axes. Received: shape {x.shape}.")
        return np.reshape(x, (*x.shape[: self.start], math.prod(x.shape[self.start :])))

    def __repr__(self) -> str:
        return f"Flatten({self.start if self.start != 1 else ''})"
