"""The optimizers, in order of increasing complexity: each differs from one above it by a line or two.

Notation: x parameter, g gradient, t = 1, 2, ... the update, lr the length of a step; m a mean of gradients, v a mean
(or sum) of their squares or, in the momentum family, the velocity. A rule runs as it stands on floats, NumPy arrays,
Tensors and Decimals, and is the source of the kernel.
"""

from __future__ import annotations

from ..kernels import sqrt
from .hyper import Fraction, NonNegative, Unit
from .optimizer import Optimizer

__all__ = ["NAG", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Momentum", "RAdam", "RMSprop"]


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
        momentum: share of the velocity kept at each update; it remembers about 1 / (1 - momentum) gradients.
        dampening: share of each gradient but the first that is left out of the velocity.
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
        momentum: share of the velocity kept at each update.
    """

    lr: NonNegative
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v + g
        x = x - lr * (g + momentum * v)
        return x, v


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
        momentum: share of the velocity kept at each update; 0 keeps none.
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
        variance = v
        if centered:
            m = rho * m + (1 - rho) * g
            variance = v - m**2
        step = g / (sqrt(variance) + eps)
        if momentum:
            b = momentum * b + step
            step = b
        x = x - lr * step
        return x, v, m, b


class Adam(Optimizer):
    """Adam. Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.

    Differs: none; the corrections of m and v are computed in the order that the end of the paper's section 2 gives, and
    epsilon is scaled so that it acts as in algorithm 1: outside the root of the corrected v.

    Args:
        lr: x moves by at most about lr.
        beta1: memory of the mean m, about 1 / (1 - beta1) updates.
        beta2: memory of the mean of squares v, about 1 / (1 - beta2) updates.
        eps: outside the root, in units of g.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        return x, m, v


class AdamW(Optimizer):
    """Adam with decoupled weight decay. Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.

    Differs: the decay is multiplied by lr, as in PyTorch; in the paper by the schedule's multiplier alone.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: as in Adam.
        weight_decay: x shrinks by the share lr * weight_decay at each update, whatever its gradient.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 1e-2

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        x = (1 - lr * weight_decay) * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        return x, m, v


class RAdam(Optimizer):
    """Rectified Adam. Liu et al. 2020, arXiv:1908.03265, algorithm 2.

    Differs: epsilon, which the paper's algorithm does not have, is added to the root of the corrected v. Rectified
    where rho > 4, as the paper has it (its authors' code and PyTorch wait one update longer).

    Args:
        lr: as in Adam; while the variance is intractable, at the first updates, x moves by lr times the corrected m.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: as in Adam.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 4:
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            root = sqrt(1 - beta2**t)
            x = x - lr * r * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        else:
            x = x - lr / (1 - beta1**t) * m
        return x, m, v
