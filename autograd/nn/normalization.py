"""Normalisation to mean 0 and variance 1, as functions and as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import plain
from ..define import primitive
from ..domain import rand, sample
from ..ops.reductions import add_reduce, group_size
from ..tensor import Parameter
from .init import check_sizes, draw_values
from .module import Module

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm", "batch_norm", "layer_norm"]

Axes = tuple[int, ...]


class _BatchNorm(Module):
    """Batch normalisation of arrays with `ndims` axes."""

    buffers = ("running_mean", "running_var")
    ndims: tuple[int, ...]

    def __init__(
        self, channels: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True, dtype: Any = np.float32
    ) -> None:
        name = type(self).__name__
        check_sizes(name, channels=channels)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum must be in [0, 1]. Received: momentum={momentum}.")
        self.channels, self.eps, self.momentum = channels, _positive(name, eps), momentum
        self.running_mean = draw_values("zeros", (channels,), None, dtype)
        self.running_var = draw_values("ones", (channels,), None, dtype)
        self.weight = Parameter(draw_values("ones", (channels,), None, dtype), name="weight") if affine else None
        self.bias = Parameter(draw_values("zeros", (channels,), None, dtype), name="bias") if affine else None

    def forward(self, x: Any) -> Any:
        """Normalise x of shape (n, channels, ...). Returns the shape of x.

        Raises:
            ValueError: x has another shape or, in training, only one value per channel.
        """
        if x.ndim not in self.ndims or x.shape[1] != self.channels:
            rest = {2: "", 3: ", length", 4: ", height, width"}
            shapes = " or ".join(f"(n, {self.channels}{rest[ndim]})" for ndim in self.ndims)
            raise ValueError(f"{type(self).__name__}: x must have shape {shapes}. Received: shape {x.shape}.")
        if not self.training:
            scale = 1 / np.sqrt(self.running_var + self.eps)
            y = (x - per_channel(self.running_mean, x.ndim)) * per_channel(scale, x.ndim)
            return scale_channels(y, self.weight, self.bias)
        y = batch_norm(x, self.weight, self.bias, self.eps)
        self._update_statistics(np.asarray(plain(x)))
        return y

    def _update_statistics(self, x: Any) -> None:
        """Move the running statistics towards those of a batch."""
        axes = batch_axes("batch_norm", x)
        n = group_size(x.shape, axes)
        for running, value in ((self.running_mean, x.mean(axes)), (self.running_var, x.var(axes) * (n / (n - 1)))):
            running += self.momentum * (value.astype(running.dtype) - running)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channels})"


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (n, channels) or (n, channels, length). The arguments are those of `BatchNorm2d`.

    >>> layer, x = BatchNorm1d(1, dtype=np.float64), np.array([[1.0], [3.0]])
    >>> layer(x).data.round(3).tolist(), layer.running_mean.tolist()
    ([[-1.0], [1.0]], [0.2])
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images (n, channels, height, width). Ioffe & Szegedy 2015, arXiv:1502.03167.

    In training, each channel is normalised with its mean and variance in the batch (see `batch_norm`). In evaluation,
    running statistics take their place.

    Parameters: `weight`, initially 1, and `bias`, initially 0, of shape (channels,). Buffers: `running_mean`, initially
    0, and `running_var`, initially 1.

    Args:
        channels: length of axis 1.
        eps: number added to the variance.
        momentum: fraction of the running mean and (unbiased) variance that each training batch replaces, as in PyTorch.
        affine: whether there are `weight` and `bias`.
        dtype: float32 or float64.

    Raises:
        ValueError: channels below 1, eps not above 0, momentum outside [0, 1].
        TypeError: another dtype.

    >>> layer = BatchNorm2d(3)
    >>> layer(np.ones((2, 3, 4, 4), np.float32)).shape, layer.weight.shape
    ((2, 3, 4, 4), (3,))
    """

    ndims = (4,)


class LayerNorm(Module):
    """Layer normalisation over the last axes. Ba, Kiros & Hinton 2016, arXiv:1607.06450. See `layer_norm`.

    Parameters: `weight`, initially 1, and `bias`, initially 0, of the given shape.

    Args:
        shape: lengths of the axes to normalise over, or the length of the last axis.
        eps: number added to the variance.
        dtype: float32 or float64.

    Raises:
        ValueError: an empty shape, a length below 1, eps not above 0.
        TypeError: another dtype.

    >>> LayerNorm(2, dtype=np.float64)(np.array([[1.0, 3.0]])).data.round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(self, shape: int | tuple[int, ...], eps: float = 1e-5, dtype: Any = np.float32) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"LayerNorm: shape must be one or more lengths, at least 1. Received: shape={shape}.")
        self.eps = _positive("LayerNorm", eps)
        self.weight = Parameter(draw_values("ones", self.shape, None, dtype), name="weight")
        self.bias = Parameter(draw_values("zeros", self.shape, None, dtype), name="bias")

    def forward(self, x: Any) -> Any:
        """Normalise x of shape (..., *shape). Returns the shape of x.

        Raises:
            ValueError: x has another shape.
        """
        if x.shape[-len(self.shape) :] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise ValueError(f"LayerNorm: x must have shape (..., {wanted}). Received: shape {x.shape}.")
        return layer_norm(x, self.weight, self.bias, len(self.shape), self.eps)

    def __repr__(self) -> str:
        return f"LayerNorm({self.shape[0] if len(self.shape) == 1 else self.shape})"


def _positive(name: str, eps: float) -> float:
    if not eps > 0:
        raise ValueError(f"{name}: eps must be > 0. Received: eps={eps}. Without it, equal elements would divide by 0.")
    return eps


def layer_norm(x: Any, weight: Any = None, bias: Any = None, axes: int = 1, eps: float = 1e-5) -> Any:
    """Normalise x over its last axes: (x - mean) / sqrt(variance + eps) * weight + bias.

    Ba, Kiros & Hinton 2016, arXiv:1607.06450. The variance is the biased one.

    Args:
        x: floats of any shape.
        weight: factor, of the shape of the last `axes` axes, or None for 1.
        bias: summand, of the shape of the last `axes` axes, or None for 0.
        axes: number of axes to normalise over.
        eps: number added to the variance.

    Returns:
        The shape of x.

    Raises:
        ValueError: axes is not from 1 to x.ndim, or weight or bias has another shape.

    >>> layer_norm(np.array([[1.0, 3.0], [5.0, 9.0]])).round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    if not 1 <= axes <= x.ndim:
        raise ValueError(f"layer_norm: axes must be from 1 to {x.ndim}, the axes of x. Received: axes={axes}.")
    for name, p in (("weight", weight), ("bias", bias)):
        if p is not None and p.shape != x.shape[-axes:]:
            raise ValueError(f"layer_norm: {name} must have shape {x.shape[-axes:]}. Received: shape {p.shape}.")
    y = normalize(x, tuple(range(-axes, 0)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def batch_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Normalise each channel of x over a batch: (x - mean) / sqrt(variance + eps) * weight + bias.

    Ioffe & Szegedy 2015, Algorithm 1, arXiv:1502.03167. Mean and variance (the biased one) are those of this batch.

    Args:
        x: floats, (n, channels, ...).
        weight: factor, (channels,), or None for 1.
        bias: summand, (channels,), or None for 0.
        eps: number added to the variance.

    Returns:
        The shape of x.

    Raises:
        ValueError: x has no second axis or only one value per channel, or weight or bias has another shape.

    >>> batch_norm(np.array([[1.0, 5.0], [3.0, 9.0]])).round(3).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    axes = batch_axes("batch_norm", x)
    if group_size(x.shape, axes) < 2:
        raise ValueError(
            "batch_norm: in training every channel needs at least 2 values, since one alone has no variance. "
            f"Received: x of shape {x.shape}. Use a larger batch, or eval()."
        )
    return scale_channels(normalize(x, axes, eps), weight, bias)


def batch_axes(name: str, x: Any) -> Axes:
    """All axes but the second. Raises a ValueError if there is no second one."""
    if x.ndim < 2:
        raise ValueError(f"{name}: x must have shape (n, channels, ...). Received: shape {x.shape}.")
    return (0, *range(2, x.ndim))


def scale_channels(x: Any, weight: Any, bias: Any) -> Any:
    """x * weight + bias, both of shape (channels,) or None. Raises a ValueError for another shape."""
    for name, p in (("weight", weight), ("bias", bias)):
        if p is not None and p.shape != x.shape[1:2]:
            raise ValueError(f"batch_norm: {name} must have shape {x.shape[1:2]}. Received: shape {p.shape}.")
    x = x if weight is None else x * per_channel(weight, x.ndim)
    return x if bias is None else x + per_channel(bias, x.ndim)


def per_channel(a: Any, ndim: int) -> Any:
    """Reshape a vector so that it broadcasts along axis 1 of arrays with `ndim` axes."""
    return np.reshape(a, (-1, *(1,) * (ndim - 2)))


def _normalize(x: Any, axes: Axes, eps: float) -> Any:
    """(x - mean) / sqrt(variance + eps) over the axes, with the biased variance."""
    n = group_size(x.shape, axes)
    y = x - add_reduce(x, axes, None, None, True) / n
    y /= np.sqrt(add_reduce(y * y, axes, None, None, True) / n + eps)
    return y


def _normalize_vjp(g: Any, y: Any, x: Any, axes: Axes, eps: float) -> Any:
    """g without its components along 1 and along y, to which normalisation is invariant, divided by the deviation."""
    projected = g - np.mean(g, axis=axes, keepdims=True) - y * np.mean(g * y, axis=axes, keepdims=True)
    return projected / np.sqrt(np.var(x, axis=axes, keepdims=True) + eps)


normalize = primitive(
    _normalize,
    _normalize_vjp,
    samples=[sample(rand(3, 4), (-1,), 1e-5), sample(rand(3, 2, 2), (0, 2), 0.1)],
)
