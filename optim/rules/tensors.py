"""Steps whose length depends on how large a whole parameter is, or on which of its rows have a gradient."""

from __future__ import annotations

from ...kernels import sqrt
from ..hyper import Fraction, NonNegative
from ..norms import norm
from ..optimizer import Optimizer

__all__ = ["LAMB", "LARS", "SparseAdam"]


class SparseAdam(Optimizer):
    """Adam on the rows that have a gradient; others stay as they are, with their m and v. PyTorch's SparseAdam.

    A row is what stands at one index of the first axis. Meant for embeddings, of which a batch uses some rows alone.
    The option weight_decay gives every row a gradient; decoupled_weight_decay shrinks every row.

    Differs: t counts the updates of the parameter, not of the row, and epsilon is added to the root of the uncorrected
    v, as in PyTorch.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: outside the root of the uncorrected v, in units of g.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        rows = g.any(axis=tuple(range(1, g.ndim)))
        m, v = m.copy(), v.copy()
        m[rows] = beta1 * m[rows] + (1 - beta1) * g[rows]
        v[rows] = beta2 * v[rows] + (1 - beta2) * g[rows] ** 2
        x = x.copy()
        x[rows] -= lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m[rows] / (sqrt(v[rows]) + eps)
        return x, m, v


class LARS(Optimizer):
    """Momentum with a rate for each parameter, by its size. You, Gitman & Ginsburg 2017, arXiv:1708.03888, algorithm 1.

    Differs: none. As in the paper, the gradient's size and the decay's are added (optax takes the size of their sum),
    and lr is inside the velocity. Where the paper would divide by 0, or x is 0, the rate is lr itself.

    Args:
        lr: x moves by the velocity, which gains lr times the local rate times the gradient.
        momentum: fraction of the velocity kept at each update.
        trust_coefficient: the first update changes x by about this fraction of its size, times lr.
        weight_decay: weight_decay * x is added to the gradient; the local rate knows of it.
    """

    granularity = "per-tensor"
    lr: NonNegative
    momentum: Fraction = 0.9
    trust_coefficient: NonNegative = 1e-3
    weight_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, v, lr, momentum, trust_coefficient, weight_decay):
        size, pull = norm(x), norm(g) + weight_decay * norm(x)
        local = trust_coefficient * size / pull if size > 0 and pull > 0 else 1.0
        v = momentum * v + lr * local * (g + weight_decay * x)
        x = x - v
        return x, v


class LAMB(Optimizer):
    """Adam with a step as long as a fraction of each parameter. You et al. 2020, arXiv:1904.00962, algorithm 2.

    Differs: none; the paper's function phi of the size of x is the size itself. Where x or the step is 0, the step is
    taken as Adam has it.

    Args:
        lr: x changes by this fraction of its size.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: as in Adam.
        weight_decay: weight_decay * x is added to Adam's step before its size is taken.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-6
    weight_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        step = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * x
        size, length = norm(x), norm(step)
        trust = size / length if size > 0 and length > 0 else 1.0
        x = x - lr * trust * step
        return x, m, v
