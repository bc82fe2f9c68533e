"""Adam and its closest variants: the mean of the gradients, divided by the root of the mean of their squares.

The variants take the hyperparameters of Adam; a docstring lists those that are new or have another meaning.
"""

from __future__ import annotations

from ...kernels import absolute, maximum, sqrt
from ..hyper import Fraction, NonNegative
from ..optimizer import Optimizer

__all__ = ["AMSGrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam"]


class Adam(Optimizer):
    """Adam. Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.

    Same as in the paper. The bias corrections of m and v are computed in the order given at the end of section 2;
    epsilon is scaled so that it acts as in algorithm 1, added to the root of the corrected v.

    Args:
        lr: learning rate, in units of x: one update moves an element by at most about lr.
        beta1: decay rate of m, the moving average of g; the effective window is 1 / (1 - beta1) updates.
        beta2: decay rate of v, the moving average of g**2; the effective window is 1 / (1 - beta2) updates.
        eps: added to the root of the corrected v, in units of g.
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


class AdamW(Adam):
    """Adam with decoupled weight decay. Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.

    Differs from the paper: the decay is multiplied by lr, as in PyTorch. The paper multiplies it only by the factor of
    the schedule.

    Args:
        weight_decay: each update shrinks x by the fraction lr * weight_decay, in addition to Adam's step.
    """

    weight_decay: NonNegative = 1e-2

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        x = (1 - lr * weight_decay) * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        return x, m, v


class AMSGrad(Adam):
    """Adam that divides by the largest v so far. Reddi, Kale & Kumar 2018, arXiv:1904.09237, algorithm 2.

    Differs from the paper, as in PyTorch: m and the largest v are corrected as in Adam, and epsilon is added.
    """

    @staticmethod
    def rule(x, g, m, v, v_max, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = maximum(v_max, v)
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v_max) + eps * root)
        return x, m, v, v_max


class Adamax(Adam):
    """Adam with the maximum norm. Kingma & Ba 2015, arXiv:1412.6980, algorithm 2.

    Differs from the paper: epsilon, which the paper's algorithm does not have, is added to |g|, as in PyTorch.

    Args:
        beta2: u, the largest |g| so far, is multiplied by beta2 at each update, so that old maxima fade.
        eps: added to |g|, in units of g.
    """

    lr: NonNegative = 2e-3

    @staticmethod
    def rule(x, g, m, u, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        u = maximum(beta2 * u, absolute(g) + eps)
        x = x - lr / (1 - beta1**t) * m / u
        return x, m, u


class NAdam(Adam):
    """Adam with Nesterov's momentum. Dozat 2016, ICLR workshop, algorithm 2; the schedule: its author's report, 2015.

    Same as in the paper, with the formula written as in PyTorch.

    Args:
        beta1: decay rate of m, as in Adam. The weight of m in the step starts near beta1 / 2 and rises to beta1.
        momentum_decay: how fast that weight rises: after about 17 / momentum_decay updates it is 3/4 of beta1.
    """

    lr: NonNegative = 2e-3
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


class RAdam(Adam):
    """Rectified Adam. Liu et al. 2020, arXiv:1908.03265, algorithm 2.

    In the first updates, while rho is at most 4, there are too few gradients to estimate their variance: x moves by lr
    times the corrected m. From then on the step is Adam's times the rectification r.

    Differs from the paper: epsilon, which the paper's algorithm does not have, is added to the root of the corrected v.
    The threshold rho > 4 is the paper's; its authors' code and PyTorch wait until rho > 5.
    """

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
