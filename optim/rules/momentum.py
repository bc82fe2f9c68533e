"""Steps along the gradient, and along a velocity that gradients give."""

from __future__ import annotations

from ..hyper import Fraction, NonNegative, Unit
from ..optimizer import Optimizer

__all__ = ["NAG", "SGD", "Momentum"]


class SGD(Optimizer):
    """Gradient descent. Robbins & Monro 1951.

    Differs: none.

    Args:
        lr: x moves by lr * g.
    """

    lr: NonNegative

    @staticmethod
    def rule(x, g, lr):
        x = x - lr * g
        return x


class Momentum(Optimizer):
    """Gradient descent with momentum, the heavy ball. Polyak 1964; Sutskever et al. 2013, eq. 1-2.

    Differs: the velocity holds gradients and lr multiplies it outside, as in PyTorch, so that a change of lr acts at
    once on the whole velocity; the two are the same at constant lr. The first velocity is g, without dampening.

    Args:
        lr: x moves by lr * v.
        momentum: fraction of the velocity kept at each update; it remembers about 1 / (1 - momentum) gradients.
        dampening: fraction of each gradient but the first that is left out of the velocity.
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

    Differs: written at the point where the gradient is taken, x + momentum * velocity (Bengio et al. 2012,
    arXiv:1212.0901, eq. 7), with lr outside the velocity, as in PyTorch.

    Args:
        lr: x moves by lr * (g + momentum * v).
        momentum: fraction of the velocity kept at each update.
    """

    lr: NonNegative
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v + g
        x = x - lr * (g + momentum * v)
        return x, v
