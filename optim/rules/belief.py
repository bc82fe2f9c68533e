"""Adam with another estimate of how large or how certain gradients are."""

from __future__ import annotations

from ...kernels import clip, maximum, sign, sqrt
from ..hyper import Fraction, NonNegative, Positive
from ..optimizer import Optimizer

__all__ = ["ADOPT", "AdaBelief", "Adan", "Yogi"]


class Yogi(Optimizer):
    """Adam whose v moves towards g**2 by at most a fraction of g**2. Zaheer et al. 2018, NeurIPS, algorithm 2.

    Differs: m and v are corrected as in Adam, which the paper leaves out for clarity.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: v moves by (1 - beta2) * g**2.
        eps: as in Adam; the paper's is large, against steps that grow as v forgets.
        initial_accumulator: where v starts; in units of g**2.
    """

    lr: NonNegative = 1e-2
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
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


class AdaBelief(Optimizer):
    """Adam with v the variance around m instead of the mean square. Zhuang et al. 2020, arXiv:2010.07468, algorithm 2.

    Differs: none.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: memory of the variance v, about 1 / (1 - beta2) updates.
        eps: added to v at each update, in units of g**2, and outside the root of the corrected v, in units of g.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-16

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g - m) ** 2 + eps
        root = sqrt(1 - beta2**t)
        x = x - lr * root / (1 - beta1**t) * m / (sqrt(v) + eps * root)
        return x, m, v


class ADOPT(Optimizer):
    """Adam with each gradient over the root of the v before it. Taniguchi et al. 2024, arXiv:2411.02853, algorithm 2.

    Differs: none; the first update only starts v, and leaves x where it is.

    Args:
        lr: x moves by lr * m, where m is a mean of gradients of about unit size.
        beta1: memory of the mean m, about 1 / (1 - beta1) updates.
        beta2: memory of the mean of squares v, about 1 / (1 - beta2) updates.
        eps: the root of v is taken to be at least this, in units of g.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
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

    Differs: beta1, beta2 and beta3 are what a mean keeps, 1 minus the paper's; the means are corrected as in Adam. Both
    as in its authors' code.

    Args:
        lr: x moves by about lr where gradients are steady.
        beta1: memory of the mean gradient m, about 1 / (1 - beta1) updates.
        beta2: memory of the mean change of the gradient d; also how far ahead a change is followed.
        beta3: memory of the mean of squares v, about 1 / (1 - beta3) updates.
        eps: outside the root of the corrected v, in units of g.
        weight_decay: x is divided by 1 + lr * weight_decay at each update.
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
