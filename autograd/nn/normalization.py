"""Normalisation: entries shifted and scaled to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import rand, sample
from ..op import primitive
from ..ops.reductions import add_up, count

Axes = tuple[int, ...]


def layer_norm(x: Any, weight: Any = None, bias: Any = None, axes: int = 1, eps: float = 1e-5) -> Any:
    """x normalised over its last `axes` axes, then times weight plus bias, of the shape of those axes.

    The variance is the biased one, eps is added to it. Ba, Kiros & Hinton 2016, arXiv:1607.06450.
    ValueError: axes not from 1 to x.ndim, or weight or bias of another shape.

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
    """x normalised over all axes but the channels (axis 1), then times weight plus bias, of shape (channels,).

    The variance is the biased one, eps is added to it. Ioffe & Szegedy 2015, Algorithm 1, arXiv:1502.03167.
    ValueError: x without a second axis or with a single value per channel, weight or bias of another shape.

    >>> batch_norm(np.array([[1.0, 5.0], [3.0, 9.0]])).round(3).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    axes = batch_axes("batch_norm", x)
    if count(x.shape, axes) < 2:
        raise ValueError(
            "batch_norm: in training every channel needs at least 2 values: one alone has no variance. "
            f"Received: x of shape {x.shape}. Use a larger batch, or eval()."
        )
    return scale_channels(normalize(x, axes, eps), weight, bias)


def batch_axes(name: str, x: Any) -> Axes:
    """All axes but the second. ValueError: there is no second."""
    if x.ndim < 2:
        raise ValueError(f"{name}: x must have shape (n, channels, ...). Received: shape {x.shape}.")
    return (0, *range(2, x.ndim))


def scale_channels(x: Any, weight: Any, bias: Any) -> Any:
    """x times weight plus bias, of shape (channels,) or None. ValueError: another shape."""
    for name, p in (("weight", weight), ("bias", bias)):
        if p is not None and p.shape != x.shape[1:2]:
            raise ValueError(f"batch_norm: {name} must have shape {x.shape[1:2]}. Received: shape {p.shape}.")
    x = x if weight is None else x * per_channel(weight, x.ndim)
    return x if bias is None else x + per_channel(bias, x.ndim)


def per_channel(a: Any, ndim: int) -> Any:
    """A vector along axis 1 of arrays with so many axes."""
    return np.reshape(a, (-1, *(1,) * (ndim - 2)))


def _normalize(x: Any, axes: Axes, eps: float) -> Any:
    """(x - mean) / sqrt(variance + eps) over the axes; the biased variance."""
    n = count(x.shape, axes)
    y = x - add_up(x, axes, None, None, True) / n
    y /= np.sqrt(add_up(y * y, axes, None, None, True) / n + eps)
    return y


def _normalize_vjp(g: Any, y: Any, x: Any, axes: Axes, eps: float) -> Any:
    """Without its parts along the constant and along y, over the deviation: both were normalised away."""
    across = g - np.mean(g, axis=axes, keepdims=True) - y * np.mean(g * y, axis=axes, keepdims=True)
    return across / np.sqrt(np.var(x, axis=axes, keepdims=True) + eps)


normalize = primitive(
    _normalize,
    _normalize_vjp,
    samples=[sample(rand(3, 4), (-1,), 1e-5), sample(rand(3, 2, 2), (0, 2), 0.1)],
)
