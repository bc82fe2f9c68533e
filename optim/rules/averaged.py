"""Rules with an average of x, at which the model is evaluated: `with opt.averaged(): ...`."""

from __future__ import annotations

from ...kernels import maximum, sqrt
from ..hyper import Fraction, Integer, NonNegative, PositiveFraction
from ..optimizer import Optimizer

__all__ = ["ASGD", "ScheduleFreeAdamW", "ScheduleFreeSGD"]


class ASGD(Optimizer):
    """Averaged gradient descent. Polyak & Juditsky 1992; step sizes: Xu 2011, arXiv:1107.2490.

    Differs from the sources, as in PyTorch: each update also shrinks x, and the mean starts late. In PyTorch a new lr
    acts one update later.

    Args:
        lr: learning rate of the first update: x moves by lr * g, so lr has the units of x / g.
        lambd: speed at which the learning rate falls; each update shrinks x by the fraction lambd * eta.
        alpha: exponent of the learning rate: at update t it is eta = lr / (1 + lambd * lr * (t - 1))**alpha.
        t0: start of the averaging: up to update t0 + 2 the mean is x itself, later it is the mean of all x from that
            update on.
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

    Here x is the paper's y, the point at which gradients are taken, and z is moved by them. The paper's x, a mean of
    the points z, is computed from both and is the point to evaluate at. The learning rate may warm up and need not
    fall.

    Differs from the paper, as in its authors' code: the weight of a point in the mean is the square of the largest lr
    so far.

    Args:
        lr: learning rate: z moves by lr * g, so lr has the units of x / g.
        beta: weight of the mean in x; z has the weight 1 - beta.
    """

    lr: NonNegative = 1.0
    beta: PositiveFraction = 0.9
    starts = {"z": "x"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, z, peak: float, total: float, lr, beta):
        peak = maximum(peak, lr)
        if peak > 0:
            total = total + peak**2
            weight = peak**2 / total
            x = x + weight * (z - x) - lr * (1 - beta * (1 - weight)) * g
            z = z - lr * g
        return x, z, peak, total

    @staticmethod
    def average(x, z, beta):
        return (x - (1 - beta) * z) / beta


class ScheduleFreeAdamW(Optimizer):
    """AdamW without a schedule. Defazio et al. 2024, arXiv:2405.15682, algorithm 1.

    See ScheduleFreeSGD for x, z and their mean.

    Differs from the paper, as in its authors' code: v is corrected before epsilon is added, and the weight of a point
    in the mean is the square of the largest lr so far.

    Args:
        lr: learning rate, in units of x: z moves by about lr at the first update.
        beta1: weight of the mean in x; z has the weight 1 - beta1.
        beta2: decay rate of v, the moving average of g**2; the effective window is 1 / (1 - beta2) updates.
        eps: added to the root of the corrected v, in units of g.
        weight_decay: weight_decay * x is added to the step before it is multiplied by lr.
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
            weight = peak**2 / total
            x = x + weight * (z - x) - lr * (1 - beta1 * (1 - weight)) * step
            z = z - lr * step
        return x, z, v, peak, total

    @staticmethod
    def average(x, z, beta1):
        return (x - (1 - beta1) * z) / beta1
