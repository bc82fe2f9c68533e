"""Variants of Adam whose v, or whose use of v, differs: Yogi, AdaBelief, ADOPT and Adan."""

from __future__ import annotations

from ...kernels import clip, maximum, sign, sqrt
from ..hyper import Fraction, NonNegative, Positive
from ..optimizer import Optimizer
from .adam import Adam

__all__ = ["ADOPT", "AdaBelief", "Adan", "Yogi"]


class Yogi(Adam):
    """Adam whose v moves towards g**2 by at most a fraction of g**2. Zaheer et al. 2018, NeurIPS, algorithm 2.

    Takes the hyperparameters of Adam, and one more.

    Differs from the paper: m and v are corrected as in Adam; the paper leaves the corrections out for clarity.

    Args:
        beta2: v moves towards g**2 by (1 - beta2) * g**2 at each update.
        eps: added to the root of the corrected v, in units of g. The default is the paper's, larger than Adam's.
        initial_accumulator: first value of v, in units of g**2.
    """

    lr: NonNegative = 1e-2
    eps: NonNegative = 1e-3
    initial_accumulator: NonNegative = 1e-6
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = v - (1 - beta2) * sign(v - g**2) * g**2
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        return x, m, v


class AdaBelief(Adam):
    """Adam with v the variance around m instead of the mean square. Zhuang et al. 2020, arXiv:2010.07468, algorithm 2.

    Takes the hyperparameters of Adam. Same as in the paper.

    Args:
        beta2: decay rate of the variance v; the effective window is 1 / (1 - beta2) updates.
        eps: added to v at each update, in units of g**2, and to the root of the corrected v, in units of g.
    """

    eps: NonNegative = 1e-16

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g - m) ** 2 + eps
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        return x, m, v


class ADOPT(Adam):
    """Adam with g divided by the root of the previous v. Taniguchi et al. 2024, arXiv:2411.02853, algorithm 2.

    Takes the hyperparameters of Adam. Same as in the paper: the first update only sets v and does not move x.

    Args:
        lr: learning rate, in units of x: x moves by lr * m, where m averages gradients of about unit size.
        eps: lower bound of the root of v, in units of g.
    """

    beta2: Fraction = 0.9999
    eps: Positive = 1e-6

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        bound = (t - 1) ** 0.25
        m = beta1 * m + (1 - beta1) * clip(g / maximum(sqrt(v), eps), -bound, bound)
        x = x - lr * m
        v = g**2 if t == 1 else beta2 * v + (1 - beta2) * g**2
        return x, m, v


class Adan(Optimizer):
    """Adaptive Nesterov momentum. Xie et al. 2022, arXiv:2208.06677, algorithm 1.

    Differs from the paper, as in its authors' code: beta1, beta2 and beta3 are 1 minus the paper's, and m, d and v are
    corrected for their start at 0, as in Adam.

    Args:
        lr: learning rate, in units of x: where g is constant, one update moves x by about lr.
        beta1: decay rate of m, the moving average of g; the effective window is 1 / (1 - beta1) updates.
        beta2: decay rate of d, the moving average of the change of g; also the weight of that change in the step.
        beta3: decay rate of v, a moving average of squares; the effective window is 1 / (1 - beta3) updates.
        eps: added to the root of the corrected v, in units of g.
        weight_decay: each update divides x by 1 + lr * weight_decay.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.98
    beta2: Fraction = 0.92
    beta3: Fraction = 0.99
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, m, d, v, last, t, lr, beta1, beta2, beta3, eps, weight_decay):
        last = g if t == 1 else last
        m = beta1 * m + (1 - beta1) * g
        d = beta2 * d + (1 - beta2) * (g - last)
        v = beta3 * v + (1 - beta3) * (g + beta2 * (g - last)) ** 2
        ahead = m / (1 - beta1**t) + beta2 / (1 - beta2**t) * d
        x = x - lr * ahead / (sqrt(v / (1 - beta3**t)) + eps)
        x = x / (1 + lr * weight_decay)
        return x, m, d, v, g
