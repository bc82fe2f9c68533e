"""Where PyTorch has another formula than the papers, or than the rules here."""

from __future__ import annotations

from ....kernels import sqrt
from ...hyper import Fraction, Integer, NonNegative
from ...optimizer import Optimizer

__all__ = ["DecayingAdagrad", "TorchASGD", "TorchRAdam"]


class DecayingAdagrad(Optimizer):
    """PyTorch's Adagrad(lr_decay).

    Differs from Adagrad: lr falls with the updates that the parameter has had.

    Args:
        lr: as in Adagrad, at the first update.
        lr_decay: at update t, lr is divided by 1 + (t - 1) * lr_decay.
        eps: outside the root, in units of g.
        initial_accumulator: where v, the sum of squares, starts; in units of g**2.
    """

    lr: NonNegative = 1e-2
    lr_decay: NonNegative = 0.0
    eps: NonNegative = 1e-10
    initial_accumulator: NonNegative = 0.0
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, t, lr, lr_decay, eps):
        v = v + g**2
        x = x - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(v) + eps)
        return x, v


class TorchASGD(Optimizer):
    """PyTorch's ASGD.

    Differs from ASGD: the length of a step, eta, and the weight of a point, mu, are kept for the next update, so that
    a changed lr acts one update later.

    Args:
        lr: as in ASGD.
        lambd: as in ASGD.
        alpha: as in ASGD.
        t0: as in ASGD.
    """

    lr: NonNegative = 1e-2
    lambd: NonNegative = 1e-4
    alpha: NonNegative = 0.75
    t0: Integer = 1_000_000
    starts = {"mu": 1.0}  # noqa: RUF012

    @staticmethod
    def rule(x, g, mean, eta: float, mu: float, t, lr, lambd, alpha, t0):
        eta = lr if t == 1 else eta
        x = (1 - lambd * eta) * x - eta * g
        mean = mean + mu * (x - mean)
        eta = lr / (1 + lambd * lr * t) ** alpha
        mu = 1 / max(1.0, t - t0)
        return x, mean, eta, mu

    @staticmethod
    def average(mean):
        return mean


class TorchRAdam(Optimizer):
    """PyTorch's RAdam.

    Differs from RAdam: rectified where rho > 5, and epsilon is added to the root of the uncorrected v.

    Args:
        lr: as in RAdam.
        beta1: as in RAdam.
        beta2: as in RAdam.
        eps: outside the root of the uncorrected v, in units of g.
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
        if rho > 5:
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            x = x - lr * r * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + eps)
        else:
            x = x - lr / (1 - beta1**t) * m
        return x, m, v
