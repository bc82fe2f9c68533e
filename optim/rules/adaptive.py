"""A step length for each element, from the squares of its gradients."""

from __future__ import annotations

from ...kernels import sqrt
from ..hyper import Fraction, NonNegative
from ..optimizer import Optimizer

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(Optimizer):
    """Adagrad with a diagonal matrix. Duchi, Hazan & Singer 2011, JMLR 12, figure 1.

    Differs: epsilon stands outside the root, as in PyTorch; the paper adds it to the matrix's root as delta.

    Args:
        lr: x moves by lr * g / sqrt(v), at the first update by about lr.
        eps: outside the root, in units of g.
        initial_accumulator: where v, the sum of squares, starts; in units of g**2.
    """

    lr: NonNegative = 1e-2
    eps: NonNegative = 1e-10
    initial_accumulator: NonNegative = 0.0
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, lr, eps):
        v = v + g**2
        x = x - lr * g / (sqrt(v) + eps)
        return x, v


class Adadelta(Optimizer):
    """Adadelta. Zeiler 2012, arXiv:1212.5701, algorithm 1.

    Differs: lr, which the paper does not have; at 1 it is the paper's.

    Args:
        lr: multiplies the step, which has the units of x by itself.
        rho: memory of both means of squares, about 1 / (1 - rho) updates.
        eps: inside both roots; the first steps are about sqrt(eps) long.
    """

    lr: NonNegative = 1.0
    rho: Fraction = 0.9
    eps: NonNegative = 1e-6

    @staticmethod
    def rule(x, g, v, u, lr, rho, eps):
        v = rho * v + (1 - rho) * g**2
        step = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * step**2
        x = x - lr * step
        return x, v, u


class RMSprop(Optimizer):
    """RMSprop. Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, arXiv:1308.0850, eq. 38-45.

    Differs: epsilon stands outside the root and lr outside the momentum, as in PyTorch; Graves has epsilon inside.

    Args:
        lr: x moves by about lr where gradients are steady.
        rho: memory of the mean of squares, about 1 / (1 - rho) updates.
        eps: outside the root, in units of g.
        momentum: fraction of the velocity kept at each update; 0 keeps none.
        centered: divide by the deviation from the mean gradient instead of the size of the gradient.
    """

    lr: NonNegative = 1e-2
    rho: Fraction = 0.99
    eps: NonNegative = 1e-8
    momentum: Fraction = 0.0
    centered: bool = False

    @staticmethod
    def rule(x, g, v, m, b, lr, rho, eps, momentum, centered):
        v = rho * v + (1 - rho) * g**2
        if centered:
            m = rho * m + (1 - rho) * g
            step = g / (sqrt(v - m**2) + eps)
        else:
            step = g / (sqrt(v) + eps)
        if momentum:
            b = momentum * b + step
            x = x - lr * b
        else:
            x = x - lr * step
        return x, v, m, b
