"""Linear layers, embeddings, dropout, and modules in sequence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arguments import plain
from ..define import primitive
from ..domain import rand, sample
from ..tensor import Parameter
from .init import Initializer, Seed, check_sizes, draw_values, weight_and_bias
from .loops import gather_rows
from .module import Module

__all__ = ["Dropout", "Embedding", "Flatten", "Linear", "Sequential", "embedding", "linear"]


class Linear(Module):
    """A linear (dense, fully connected) layer: x @ weight + bias.

    Parameters: `weight` of shape (n_in, n_out) and `bias` of shape (n_out,).

    Args:
        n_in: length of the last axis of x.
        n_out: length of the last axis of the result.
        bias: whether there is a bias.
        rng: seed or Generator of the initial weights.
        dtype: float32 or float64.
        init: initializer of the weight, a name or a function of `nn.init`. By default weight and bias are uniform
            within +-1 / sqrt(n_in), as in PyTorch. With any other initializer the bias is 0.

    Raises:
        ValueError: n_in or n_out below 1, or an unknown initializer.
        TypeError: another dtype.

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
        check_sizes("Linear", n_in=n_in, n_out=n_out)
        self.weight, self.bias = weight_and_bias(init, (n_in, n_out), n_out, bias, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Map x of shape (..., n_in) to (..., n_out).

        Raises:
            ValueError: the last axis of x has another length.
        """
        n_in, n_out = self.weight.data.shape
        if x.shape[-1:] != (n_in,):
            raise ValueError(f"Linear({n_in}, {n_out}): x must have shape (..., {n_in}). Received: shape {x.shape}.")
        return x @ self.weight if self.bias is None else linear(x, self.weight, self.bias)

    def __repr__(self) -> str:
        n_in, n_out = self.weight.shape
        return f"Linear({n_in}, {n_out}{'' if self.bias is not None else ', bias=False'})"


class Embedding(Module):
    """A learned vector for every integer below `count`. See `embedding`.

    Parameter: `weight` of shape (count, size).

    Args:
        count: number of vectors.
        size: length of a vector.
        rng: seed or Generator of the initial weights.
        dtype: float32 or float64.
        init: initializer of the weight, a name or a function of `nn.init`; standard normal by default, as in PyTorch.

    Raises:
        ValueError: count or size below 1, or an unknown initializer.
        TypeError: another dtype.

    >>> words = np.array([[1, 2, 3], [3, 3, 0]])
    >>> Embedding(10, 4, rng=0)(words).shape
    (2, 3, 4)
    """

    def __init__(
        self, count: int, size: int, rng: Seed = None, dtype: Any = np.float32, init: str | Initializer = "normal"
    ) -> None:
        check_sizes("Embedding", count=count, size=size)
        self.weight = Parameter(draw_values(init, (count, size), rng, dtype), name="weight")

    def forward(self, x: Any) -> Any:
        """Look up integers x of any shape. Returns (*x.shape, size). Raises the errors of `embedding`."""
        return embedding(x, self.weight)

    def __repr__(self) -> str:
        count, size = self.weight.shape
        return f"Embedding({count}, {size})"


def embedding(x: Any, weight: Any) -> Any:
    """weight[x]: a row of the weight for every integer of x. The gradients of repeated rows are added.

    Args:
        x: integers in [0, count), of any shape.
        weight: (count, ...).

    Returns:
        (*x.shape, ...), in the dtype of the weight.

    Raises:
        TypeError: x holds no integers.
        ValueError: an integer is outside [0, count).

    >>> embedding(np.array([2, 0]), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    indices, count = np.asarray(plain(x)), weight.shape[0]
    if indices.dtype.kind not in "iu":
        raise TypeError(f"embedding: x must hold integers. Received: dtype {indices.dtype}.")
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ValueError(f"embedding: x must be in [0, {count}). Received: {indices.min()} to {indices.max()}.")
    return gather_rows(weight, indices)


class Dropout(Module):
    """In training, set each element to 0 with probability p and divide the others by 1 - p. In evaluation, return x.

    Srivastava et al. 2014, JMLR 15, with the division in training instead of evaluation ("inverted dropout").

    Args:
        p: probability, in [0, 1).
        rng: seed or Generator of the masks. Do not share a Generator with another layer.

    Raises:
        ValueError: p is outside [0, 1).

    >>> layer, x = Dropout(0.5, rng=0), np.ones(100)
    >>> sorted(set(layer(x).tolist())), layer.eval()(x) is x
    ([0.0, 2.0], True)
    """

    def __init__(self, p: float = 0.5, rng: Seed = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p must be in [0, 1). Received: p={p}. With p=1 every element would be 0.")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        """Apply a new random mask to x, of any shape. Returns the shape of x."""
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.shape, dtype=np.float32) >= self.p
        return x * (kept / x.dtype.type(1 - self.p))

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class Sequential(Module):
    """Modules, or any functions of one argument, applied one after the other.

    >>> net = Sequential(Linear(4, 8, rng=0), np.tanh, Linear(8, 3, rng=1))
    >>> net(np.ones((2, 4), np.float32)).shape, list(net.named_parameters())
    ((2, 3), ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    def __init__(self, *layers: Any) -> None:
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """Apply the layers in order; the input of each is the result of the one before."""
        for layer in self.layers:
            x = layer(x)
        return x

    def children(self) -> dict[str, Any]:
        """The layers by position: "0", "1", ..."""
        return {str(i): layer for i, layer in enumerate(self.layers)}

    def __getitem__(self, index: Any) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


class Flatten(Module):
    """Join the axes from `start` on into one, as between convolutions and linear layers.

    >>> Flatten()(np.zeros((2, 3, 4, 4))).shape
    (2, 48)
    """

    def __init__(self, start: int = 1) -> None:
        self.start = start

    def forward(self, x: Any) -> Any:
        """Reshape x of shape (*first, *rest), with `start` axes in `first`, to (*first, product of rest).

        Raises:
            ValueError: x has no more than `start` axes.
        """
        if x.ndim <= self.start:
            raise ValueError(f"Flatten: x must have more than {self.start} axes. Received: shape {x.shape}.")
        return np.reshape(x, (*x.shape[: self.start], math.prod(x.shape[self.start :])))

    def __repr__(self) -> str:
        return f"Flatten({self.start if self.start != 1 else ''})"


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias. x: (..., n_in), weight: (n_in, n_out), bias: (n_out,). Returns (..., n_out).

    >>> linear(np.ones((1, 2)), np.eye(2), np.array([0.0, 1.0])).tolist()
    [[1.0, 2.0]]
    """
    y = x.dot(weight)
    return np.add(y, bias, out=y) if y.dtype == np.result_type(y, bias) else y + bias


def _rows(x: Any) -> Any:
    """x as a matrix whose rows are the vectors along its last axis."""
    return x if x.ndim == 2 else x.reshape((-1, x.shape[-1]))


linear = primitive(
    _linear,
    lambda g, y, x, weight, bias: np.dot(g, weight.T),
    lambda g, y, x, weight, bias: np.dot(_rows(x).T, _rows(g)),
    lambda g, y, x, weight, bias: g,
    samples=[sample(rand(*batch, 3), rand(3, 2), rand(2)) for batch in ((4,), (2, 4), ())],
)
