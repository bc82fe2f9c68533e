"""Adam, and what differs from it in one line: a mean of gradients over the root of a mean of their squares."""

from __future__ import annotations

from ...kernels import absolute, maximum, sqrt
from ..hyper import Fraction, NonNegative
from ..optimizer import Optimizer

__all__ = ["AMSGrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam"]


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
        weight_decay: x shrinks by the fraction lr * weight_decay at each update, whatever its gradient.
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


class AMSGrad(Optimizer):
    """Adam whose steps can't grow again. Reddi, Kale & Kumar 2018, arXiv:1904.09237, algorithm 2.

    Differs: m and the largest v are corrected as in Adam, and epsilon is added, as in PyTorch.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: as in Adam.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8

    @staticmethod
    def rule(x, g, m, v, v_max, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = maximum(v_max, v)
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v_max) + eps * root)
        return x, m, v, v_max


class Adamax(Optimizer):
    """Adam with the maximum norm. Kingma & Ba 2015, arXiv:1412.6980, algorithm 2.

    Differs: epsilon, which the paper's algorithm does not have, is added to |g|, as in PyTorch.

    Args:
        lr: x moves by at most about lr.
        beta1: as in Adam.
        beta2: the largest gradient u is forgotten by this fraction at each update.
        eps: added to |g|, in units of g.
    """

    lr: NonNegative = 2e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8

    @staticmethod
    def rule(x, g, m, u, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        u = maximum(beta2 * u, absolute(g) + eps)
        x = x - lr / (1 - beta1**t) * m / u
        return x, m, u


class NAdam(Optimizer):
    """Adam with Nesterov's momentum. Dozat 2016, ICLR workshop, algorithm 2; the schedule: its author's report, 2015.

    Differs: none; PyTorch's form.

    Args:
        lr: as in Adam.
        beta1: as in Adam; the fraction of m in the step grows towards it from the half of it.
        beta2: as in Adam.
        eps: as in Adam.
        momentum_decay: how fast it grows; about 17 / momentum_decay updates take it half the way.
    """

    lr: NonNegative = 2e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    momentum_decay: NonNegative = 4e-3
    starts = {"product": 1.0}  # noqa: RUF012

    @staticmethod
    def rule(x, g, m, v, product: float, t, lr, beta1, beta2, eps, momentum_decay):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        now = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)
        ahead = beta1 * (1 - 0.96 ** ((t + 1) * momentum_decay) / 2)
        product = product * now
        step = (1 - now) / (1 - product) * g + ahead / (1 - product * ahead) * m
        x = x - lr * step / (sqrt(v / (1 - beta2**t)) + eps)
        return x, m, v, product


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
