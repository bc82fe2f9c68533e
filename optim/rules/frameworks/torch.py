"""PyTorch's formulas, where they differ from the rules in the folder above."""

from __future__ import annotations

from ....kernels import sqrt
from ...hyper import NonNegative
from ..adam import RAdam
from ..adaptive import Adagrad
from ..averaged import ASGD

__all__ = ["DecayingAdagrad", "TorchASGD", "TorchRAdam"]


class DecayingAdagrad(Adagrad):
    """PyTorch's Adagrad(lr_decay).

    Differs from Adagrad: lr falls with the number of updates.

    Args:
        lr_decay: at update t, lr is divided by 1 + (t - 1) * lr_decay.
    """

    lr_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, v, t, lr, lr_decay, eps):
        v = v + g**2
        x = x - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(v) + eps)
        return x, v


class TorchASGD(ASGD):
    """PyTorch's ASGD.

    Differs from ASGD: the learning rate eta and the weight mu of x in the mean are computed at the end of an update for
    the next one, so that a new lr acts one update later. Takes the hyperparameters of ASGD.
    """

    starts = {"mu": 1.0}  # noqa: RUF012

    @staticmethod
    def rule(x, g, mean, eta: float, mu: float, t, lr, lambd, alpha, t0):
        eta = lr if t == 1 else eta
        x = (1 - lambd * eta) * x - eta * g
        mean = mean + mu * (x - mean)
        eta = lr / (1 + lambd * lr * t) ** alpha
        mu = 1 / max(1.0, t - t0)
        return x, mean, eta, mu


class TorchRAdam(RAdam):
    """PyTorch's RAdam.

    Differs from RAdam: the threshold is rho > 5, and epsilon is added to the root of the uncorrected v. Takes the
    hyperparameters of RAdam.

    Args:
        eps: added to the root of the uncorrected v, in units of g.
    """

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
