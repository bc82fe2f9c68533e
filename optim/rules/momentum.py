"""Gradient descent, without and with momentum."""

from __future__ import annotations

from ..hyper import Fraction, NonNegative, Unit
from ..optimizer import Optimizer

__all__ = ["NAG", "SGD", "Momentum"]


class SGD(Optimizer):
    """Gradient descent. Robbins & Monro 1951.

    Args:
        lr: learning rate: x moves by lr * g, so lr has the units of x / g.
    """

    lr: NonNegative

    @staticmethod
    def rule(x, g, lr):
        x = x - lr * g
        return x


class Momentum(Optimizer):
    """Gradient descent with momentum, the heavy ball. Polyak 1964; Sutskever et al. 2013, eq. 1-2.

    Differs from the sources, as in PyTorch: the velocity v sums gradients, and lr multiplies it, so that a new lr acts
    on the whole velocity at once. At constant lr the two forms are equal. The first velocity is g, without dampening.

    Args:
        lr: learning rate: x moves by lr * v, so lr has the units of x / g.
        momentum: fraction of v kept at each update; the effective window is 1 / (1 - momentum) updates.
        dampening: fraction of each gradient that is not added to v; the first gradient is added whole.
    """

    lr: NonNegative
    momentum: Fraction = 0.9
    dampening: Unit = 0.0

    @staticmethod
    def rule(x, g, v, t, lr, momentum, dampening):
        v = g if t == 1 else momentum * v + (1 - dampening) * g
        x = x - lr * v
        return x, v


class NAG(Optimizer):
    """Nesterov's accelerated gradient. Nesterov 1983; Sutskever et al. 2013, eq. 3-4.

    Differs from the sources: x is the point at which the gradient is taken, which they write as x + momentum * velocity
    (Bengio et al. 2012, arXiv:1212.0901, eq. 7); and lr multiplies the velocity, as in PyTorch.

    Args:
        lr: learning rate: x moves by lr * (g + momentum * v), so lr has the units of x / g.
        momentum: fraction of v kept at each update; the effective window is 1 / (1 - momentum) updates.
    """

    lr: NonNegative
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v + g
        x = x - lr * (g + momentum * v)
        return x, v
