"""Layers that normalise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch import plain
from ..ops.reductions import count
from ..tensor import Parameter
from .init import initial
from .module import Module
from .normalization import batch_axes, batch_norm, layer_norm, per_channel, scale_channels


class _BatchNorm(Module):
    """In training, `batch_norm`; in evaluation the same with running statistics in place of those of the batch.

    channels: the length of axis 1. momentum: how much of the running mean and (unbiased) variance each training batch
    replaces, as in PyTorch. affine: whether there are weight (1 at first) and bias (0). dtype: float32 or float64.
    """

    buffers = ("running_mean", "running_var")
    ndims: tuple[int, ...]

    def __init__(
        self, channels: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True, dtype: Any = np.float32
    ) -> None:
        name = type(self).__name__
        if channels < 1:
            raise ValueError(f"{name}: channels must be at least 1. Received: channels={channels}.")
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum must be in [0, 1]. Received: momentum={momentum}.")
        self.channels, self.eps, self.momentum = channels, _positive(name, eps), momentum
        self.running_mean = initial("zeros", (channels,), None, dtype)
        self.running_var = initial("ones", (channels,), None, dtype)
        self.weight = Parameter(initial("ones", (channels,), None, dtype), name="weight") if affine else None
        self.bias = Parameter(initial("zeros", (channels,), None, dtype), name="bias") if affine else None

    def forward(self, x: Any) -> Any:
        """x: (n, channels, ...). Returns the shape of x. ValueError: another shape, one value per channel."""
        if x.ndim not in self.ndims or x.shape[1] != self.channels:
            rest = {2: "", 3: ", length", 4: ", height, width"}
            shapes = " or ".join(f"(n, {self.channels}{rest[ndim]})" for ndim in self.ndims)
            raise ValueError(f"{type(self).__name__}: x must have shape {shapes}. Received: shape {x.shape}.")
        if not self.training:
            scale = 1 / np.sqrt(self.running_var + self.eps)
            y = (x - per_channel(self.running_mean, x.ndim)) * per_channel(scale, x.ndim)
            return scale_channels(y, self.weight, self.bias)
        y = batch_norm(x, self.weight, self.bias, self.eps)
        self._follow(np.asarray(plain(x)))
        return y

    def _follow(self, x: Any) -> None:
        """Moves the running statistics towards those of a batch."""
        axes = batch_axes("batch_norm", x)
        n = count(x.shape, axes)
        for running, value in ((self.running_mean, x.mean(axes)), (self.running_var, x.var(axes) * (n / (n - 1)))):
            running += self.momentum * (value.astype(running.dtype) - running)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channels})"


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (n, channels) or (n, channels, length). Arguments: see `BatchNorm2d`.

    >>> layer, x = BatchNorm1d(1, dtype=np.float64), np.array([[1.0], [3.0]])
    >>> layer(x).data.round(3).tolist(), layer.running_mean.tolist()
    ([[-1.0], [1.0]], [0.2])
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images (n, channels, height, width). Ioffe & Szegedy 2015, arXiv:1502.03167.

    channels: the length of axis 1. momentum: how much of the running mean and (unbiased) variance each training batch
    replaces, as in PyTorch. affine: whether there are weight (1 at first) and bias (0). dtype: float32 or float64.

    >>> layer = BatchNorm2d(3)
    >>> layer(np.ones((2, 3, 4, 4), np.float32)).shape, layer.weight.shape
    ((2, 3, 4, 4), (3,))
    """

    ndims = (4,)


class LayerNorm(Module):
    """`layer_norm` over the last axes, of the given shape (or length), with weight (1 at first) and bias (0).

    >>> LayerNorm(2, dtype=np.float64)(np.array([[1.0, 3.0]])).data.round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(self, shape: int | tuple[int, ...], eps: float = 1e-5, dtype: Any = np.float32) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"LayerNorm: shape must be one or more lengths, at least 1. Received: shape={shape}.")
        self.eps = _positive("LayerNorm", eps)
        self.weight = Parameter(initial("ones", self.shape, None, dtype), name="weight")
        self.bias = Parameter(initial("zeros", self.shape, None, dtype), name="bias")

    def forward(self, x: Any) -> Any:
        """x: (..., *shape). Returns the shape of x. ValueError: another shape."""
        if x.shape[-len(self.shape) :] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise ValueError(f"LayerNorm: x must have shape (..., {wanted}). Received: shape {x.shape}.")
        return layer_norm(x, self.weight, self.bias, len(self.shape), self.eps)

    def __repr__(self) -> str:
        return f"LayerNorm({self.shape[0] if len(self.shape) == 1 else self.shape})"


def _positive(name: str, eps: float) -> float:
    if not eps > 0:
        raise ValueError(f"{name}: eps must be > 0. Received: eps={eps}. It keeps equal entries from dividing by 0.")
    return eps
