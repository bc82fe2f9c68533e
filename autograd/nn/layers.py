"""Layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..dispatch import plain
from ..tensor import Parameter
from . import functional
from .gathering import gather_rows
from .init import Initializer, Seed, initial, initial_bias
from .module import Module


class Linear(Module):
    """x @ weight + bias, with weight of shape (n_in, n_out) and bias of shape (n_out,).

    rng: a seed or a Generator. dtype: float32 or float64. init: a name or function of `nn.init`, for the weight; the
    bias is uniform within +-1 / sqrt(n_in) by default (`fan_in_uniform`, PyTorch's), and zero with every other one.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer, layer(np.ones((5, 3), np.float32)).shape
    (Linear(3, 2), (5, 2))
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        rng: Seed = None,
        dtype: Any = np.float32,
        init: str | Initializer = "fan_in_uniform",
    ) -> None:
        if n_in < 1 or n_out < 1:
            raise ValueError(f"Linear: n_in and n_out must be at least 1. Received: n_in={n_in}, n_out={n_out}.")
        rng = np.random.default_rng(rng)
        self.weight = Parameter(initial(init, (n_in, n_out), rng, dtype), name="weight")
        self.bias: Parameter | None = None
        if bias:
            self.bias = Parameter(initial_bias(init, n_in, n_out, rng, dtype), name="bias")

    def forward(self, x: Any) -> Any:
        """x: (..., n_in). Returns (..., n_out). ValueError: the last axis has another length."""
        n_in, n_out = self.weight.data.shape
        if x.shape[-1:] != (n_in,):
            raise ValueError(f"Linear({n_in}, {n_out}): x must have shape (..., {n_in}). Received: shape {x.shape}.")
        return x @ self.weight if self.bias is None else functional.linear(x, self.weight, self.bias)

    def __repr__(self) -> str:
        n_in, n_out = self.weight.shape
        return f"Linear({n_in}, {n_out}{'' if self.bias is not None else ', bias=False'})"


class Embedding(Module):
    """A row of the weight, of shape (count, size), for every integer of x.

    The gradient of rows that are asked for several times is the sum. rng, dtype, init: as for `Linear`.

    >>> words = np.array([[1, 2, 3], [3, 3, 0]])
    >>> Embedding(10, 4, rng=0)(words).shape
    (2, 3, 4)
    """

    def __init__(
        self, count: int, size: int, rng: Seed = None, dtype: Any = np.float32, init: str | Initializer = "normal"
    ) -> None:
        if count < 1 or size < 1:
            raise ValueError(f"Embedding: count and size must be at least 1. Received: count={count}, size={size}.")
        self.weight = Parameter(initial(init, (count, size), rng, dtype), name="weight")

    def forward(self, x: Any) -> Any:
        """x: integers in [0, count), of any shape. Returns (*x.shape, size). TypeError, ValueError: on others."""
        return embedding(x, self.weight)

    def __repr__(self) -> str:
        count, size = self.weight.shape
        return f"Embedding({count}, {size})"


def embedding(x: Any, weight: Any) -> Any:
    """weight[x]: a row of weight, of shape (count, ...), for every integer of x.

    TypeError: x holds no integers. ValueError: one is outside [0, count).

    >>> embedding(np.array([2, 0]), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    at, count = np.asarray(plain(x)), weight.shape[0]
    if at.dtype.kind not in "iu":
        raise TypeError(f"embedding: x must hold integers. Received: dtype {at.dtype}.")
    if at.size and (at.min() < 0 or at.max() >= count):
        raise ValueError(f"embedding: x must be in [0, {count}). Received: {at.min()} to {at.max()}.")
    return gather_rows(weight, at)


class Dropout(Module):
    """In training, each entry is 0 with probability p and divided by 1 - p otherwise; in evaluation, x.

    rng: a seed or a Generator, of this layer alone. Srivastava et al. 2014, in the inverted form.

    >>> layer, x = Dropout(0.5, rng=0), np.ones(100)
    >>> sorted(set(layer(x).tolist())), layer.eval()(x) is x
    ([0.0, 2.0], True)
    """

    def __init__(self, p: float = 0.5, rng: Seed = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p must be in [0, 1). Received: p={p}. At 1 nothing would be left.")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        """Entry by entry, with a new mask at each call."""
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.shape, dtype=np.float32) >= self.p
        return x * (kept / x.dtype.type(1 - self.p))

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class Sequential(Module):
    """Modules (or any functions) applied one after the other.

    >>> net = Sequential(Linear(4, 8, rng=0), np.tanh, Linear(8, 3, rng=1))
    >>> net(np.ones((2, 4), np.float32)).shape, list(net.named_parameters())
    ((2, 3), ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    def __init__(self, *layers: Any) -> None:
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """The last layer of the ... of the first layer of x."""
        for layer in self.layers:
            x = layer(x)
        return x

    def children(self) -> dict[str, Any]:
        """The layers by their positions: "0", "1", ..."""
        return {str(i): layer for i, layer in enumerate(self.layers)}

    def __getitem__(self, index: Any) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)
