"""Layers that act entry by entry, and softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import activations, functional
from .module import Module


class Pointwise(Module):
    """A function as a layer."""

    function: Any = None

    def forward(self, x: Any) -> Any:
        """Entry by entry."""
        return self.function(x)


class ReLU(Pointwise):
    """max(x, 0).

    >>> ReLU()(np.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    """

    function = functional.relu


class Tanh(Pointwise):
    """tanh(x).

    >>> Tanh()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.762, 0.0, 0.762]
    """

    function = np.tanh


class Sigmoid(Pointwise):
    """1 / (1 + exp(-x)).

    >>> Sigmoid()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [0.269, 0.5, 0.731]
    """

    function = functional.sigmoid


class SiLU(Pointwise):
    """x * sigmoid(x), also called swish.

    >>> SiLU()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.269, 0.0, 0.731]
    """

    function = activations.silu


class Softplus(Pointwise):
    """log(1 + exp(x)).

    >>> Softplus()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [0.313, 0.693, 1.313]
    """

    function = activations.softplus


class GELU(Module):
    """`gelu`; approximate: "none" or "tanh".

    >>> GELU()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.159, 0.0, 0.841]
    """

    def __init__(self, approximate: str = "none") -> None:
        activations.gelu(0.0, approximate)
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """Entry by entry."""
        return activations.gelu(x, self.approximate)

    def __repr__(self) -> str:
        return f"GELU({self.approximate!r})"


class ELU(Module):
    """`elu`: x above 0, alpha * (exp(x) - 1) below.

    >>> ELU()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.632, 0.0, 1.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Entry by entry."""
        return activations.elu(x, self.alpha)

    def __repr__(self) -> str:
        return f"ELU({self.alpha})"


class LeakyReLU(Module):
    """`leaky_relu`: x above 0, slope * x below.

    >>> LeakyReLU(0.1)(np.array([-1.0, 0.0, 1.0])).tolist()
    [-0.1, 0.0, 1.0]
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Any) -> Any:
        """Entry by entry."""
        return activations.leaky_relu(x, self.slope)

    def __repr__(self) -> str:
        return f"LeakyReLU({self.slope})"


class Softmax(Module):
    """exp(x) / sum(exp(x)) along an axis. For a loss, prefer logits and `cross_entropy`.

    >>> Softmax()(np.log([1.0, 2.0, 5.0])).round(3).tolist()
    [0.125, 0.25, 0.625]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """x: any shape that has the axis."""
        return functional.softmax(x, axis=self.axis)

    def __repr__(self) -> str:
        return f"Softmax(axis={self.axis})"
