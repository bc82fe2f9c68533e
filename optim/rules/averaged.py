"""Rules that keep an average of where they have been: the point to evaluate at, `with opt.averaged(): ...`."""

from __future__ import annotations

from ...kernels import maximum, sqrt
from ..hyper import Fraction, Integer, NonNegative, PositiveFraction
from ..optimizer import Optimizer

__all__ = ["ASGD", "ScheduleFreeAdamW", "ScheduleFreeSGD"]


class ASGD(Optimizer):
    """Gradient descent and the mean of its points. Polyak & Juditsky 1992; lengths of steps: Xu 2011, arXiv:1107.2490.

    Differs: x shrinks by itself, and the mean starts late, as in PyTorch (where a changed lr acts one update later).

    Args:
        lr: the first x moves by lr * g.
        lambd: how fast steps become shorter; x shrinks by the share lambd * eta at each update.
        alpha: steps are lr / (1 + lambd * lr * (t - 1))**alpha long.
        t0: up to the update t0 + 2 the mean is x itself; from there on it is the mean of all x.
    """

    lr: NonNegative = 1e-2
    lambd: NonNegative = 1e-4
    alpha: NonNegative = 0.75
    t0: Integer = 1_000_000

    @staticmethod
    def rule(x, g, mean, t, lr, lambd, alpha, t0):
        eta = lr / (1 + lambd * lr * (t - 1)) ** alpha
        x = (1 - lambd * eta) * x - eta * g
        mean = mean + (x - mean) / maximum(1, t - 1 - t0)
        return x, mean

    @staticmethod
    def average(mean):
        return mean


class ScheduleFreeSGD(Optimizer):
    """Gradient descent without a schedule. Defazio et al. 2024, arXiv:2405.15682, eq. 2-4.

    Here x is the paper's y, the point where gradients are taken; z is where they lead; the paper's x, a mean of the
    points z, follows from both, and is the point to evaluate at. lr may warm up, and need not fall.

    Differs: a point's weight in the mean is the square of the largest lr so far, as in its authors' code.

    Args:
        lr: z moves by lr * g.
        beta: fraction of the mean in x; the rest is z's.
    """

    lr: NonNegative = 1.0
    beta: PositiveFraction = 0.9
    starts = {"z": "x"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, z, peak: float, total: float, lr, beta):
        peak = maximum(peak, lr)
        if peak > 0:
            total = total + peak**2
            share = peak**2 / total
            x = x + share * (z - x) - lr * (1 - beta * (1 - share)) * g
            z = z - lr * g
        return x, z, peak, total

    @staticmethod
    def average(x, z, beta):
        return (x - (1 - beta) * z) / beta


class ScheduleFreeAdamW(Optimizer):
    """AdamW without a schedule. Defazio et al. 2024, arXiv:2405.15682, algorithm 1.

    See ScheduleFreeSGD for x, z and their mean.

    Differs: v is corrected before epsilon is added, and a point's weight in the mean is the square of the largest lr so
    far, both as in its authors' code.

    Args:
        lr: z moves by about lr at first.
        beta1: fraction of the mean in x; the rest is z's.
        beta2: memory of the mean of squares v, about 1 / (1 - beta2) updates.
        eps: outside the root of the corrected v, in units of g.
        weight_decay: z and x move by lr * weight_decay * x towards 0, as they do by the gradient.
    """

    lr: NonNegative = 2.5e-3
    beta1: PositiveFraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    starts = {"z": "x"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, z, v, peak: float, total: float, t, lr, beta1, beta2, eps, weight_decay):
        v = beta2 * v + (1 - beta2) * g**2
        step = g / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * x
        peak = maximum(peak, lr)
        if peak > 0:
            total = total + peak**2
            share = peak**2 / total
            x = x + share * (z - x) - lr * (1 - beta1 * (1 - share)) * step
            z = z - lr * step
        return x, z, v, peak, total

    @staticmethod
    def average(x, z, beta1):
        return (x - (1 - beta1) * z) / beta1
