"""Adaptive learning rates: each element's gradient is divided by the root of a sum or mean of its squares."""

from __future__ import annotations

from ...kernels import clip, sqrt
from ..hyper import Fraction, NonNegative, Positive
from ..optimizer import Optimizer

__all__ = ["Adadelta", "Adagrad", "Ftrl", "RMSprop"]


class Adagrad(Optimizer):
    """Adagrad with a diagonal matrix. Duchi, Hazan & Singer 2011, JMLR 12, figure 1.

    Same as in the paper, where epsilon is called delta.

    Args:
        lr: learning rate, in units of x: x moves by lr * g / sqrt(v), about lr at the first update.
        eps: added to the root of v, in units of g.
        initial_accumulator: first value of v, the sum of squared gradients, in units of g**2.
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

    Differs from the paper: lr, which the paper does not have; lr = 1 gives the paper's step.

    Args:
        lr: factor of the step, without units: the step without it has the units of x already.
        rho: decay rate of both moving averages, v of g**2 and u of step**2; the effective window is 1 / (1 - rho)
            updates.
        eps: added to v and u inside their roots; the first steps are about sqrt(eps) long.
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

    Differs from Graves, as in PyTorch: epsilon is added to the root of v, not to v, and lr multiplies the velocity b,
    not the terms that are added to it.

    Args:
        lr: learning rate, in units of x: where g is constant, one update moves x by about lr.
        rho: decay rate of v, the moving average of g**2; the effective window is 1 / (1 - rho) updates.
        eps: added to the root of v, in units of g.
        momentum: fraction of the velocity b kept at each update; 0 means no momentum.
        centered: divide by the standard deviation of g, sqrt(v - m**2), instead of sqrt(v).
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


class Ftrl(Optimizer):
    """Follow the regularized leader, proximal. McMahan et al. 2013, KDD, algorithm 1.

    The new x minimizes the sum of all linearized losses so far and the penalties. It depends on z and v alone, so the
    first update overwrites the initial x, and each update overwrites what else has changed x.

    Args:
        lr: learning rate, in units of x: without penalties x moves by lr * g / (beta + sqrt(v)).
        beta: added to the root of v, in units of g, which shortens the first steps.
        l1: strength of the L1 penalty, in units of g: x is 0 where |z| is at most l1.
        l2: strength of the L2 penalty, in units of g / x.
    """

    lr: Positive
    beta: Positive = 1.0
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0

    @staticmethod
    def rule(x, g, z, v, lr, beta, l1, l2):
        z = z + g - (sqrt(v + g**2) - sqrt(v)) / lr * x
        v = v + g**2
        x = (clip(z, -l1, l1) - z) / ((beta + sqrt(v)) / lr + l2)
        return x, z, v
