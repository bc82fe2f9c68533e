"""Rules that read a whole parameter, or all of a group: its norm, its rows, or the distance that it has moved."""

from __future__ import annotations

from ...kernels import absolute, sqrt
from ..hyper import Fraction, NonNegative, Positive
from ..norms import norm
from ..optimizer import Optimizer
from .adam import Adam

__all__ = ["LAMB", "LARS", "Prodigy", "SparseAdam"]


class SparseAdam(Adam):
    """Adam for the rows that have a gradient; other rows, their m and v do not change. PyTorch's SparseAdam.

    A row is x[i], for an index i of the first axis. SparseAdam is meant for embeddings, where a batch uses few rows.
    The option weight_decay gives every row a gradient; decoupled_weight_decay shrinks every row.

    Takes the hyperparameters of Adam. Differs from Adam, as in PyTorch: t counts the updates of the parameter, not
    those of the row, and epsilon is added to the root of the uncorrected v.

    Args:
        eps: added to the root of the uncorrected v, in units of g.
    """

    granularity = "per-tensor"

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
    """Momentum with layer-wise learning rates. You, Gitman & Ginsburg 2017, arXiv:1708.03888, algorithm 1.

    Same as in the paper: the local learning rate divides by the norm of g plus weight_decay times the norm of x, where
    optax takes the norm of the sum; and lr is a factor of what is added to the velocity. Where the norm of x or the
    divisor is 0, the local learning rate is 1.

    Args:
        lr: factor of the local learning rate, without units.
        momentum: fraction of the velocity v kept at each update.
        trust_coefficient: the first update changes x by about lr * trust_coefficient of its norm.
        weight_decay: weight_decay * x is added to g, in units of g / x.
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


class LAMB(Adam):
    """Adam with steps in proportion to the norm of each parameter. You et al. 2020, arXiv:1904.00962, algorithm 2.

    Takes the hyperparameters of Adam, and weight_decay. Same as in the paper, with the identity as its function phi.
    Where the norm of x or of the step is 0, the step is Adam's.

    Args:
        lr: learning rate: the norm of each step is lr times the norm of the parameter.
        weight_decay: weight_decay * x is added to Adam's step before its norm is computed.
    """

    granularity = "per-tensor"
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


class Prodigy(Adam):
    """Adam with lr from the estimated distance to the solution. Mishchenko & Defazio 2024, arXiv:2306.06101.

    Algorithm 4. The estimate d is one number for all parameters of a group. It never decreases.

    Takes the hyperparameters of Adam, and two more. Differs from the paper, as in its authors' code: r and s leave out
    their common factor and are divided by d0; epsilon is multiplied by the new d; x decays. m and v are not corrected,
    which is the default there (optax multiplies lr by Adam's correction).

    Args:
        lr: factor of d, without units: usually 1, or a schedule from 1 to 0.
        beta2: decay rate of v, as in Adam; the decay rate of r and s is its root.
        eps: added to the root of v, in units of g.
        d0: first value of d, in units of x. Too small a value only costs updates; too large a value may diverge.
        weight_decay: each update shrinks x by the fraction d * lr * weight_decay, in addition to the step.
    """

    granularity = "flat-vector"
    lr: NonNegative = 1.0
    d0: Positive = 1e-6
    weight_decay: NonNegative = 0.0
    starts = {"d": "d0", "origin": "x"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, m, v, s, origin, r: float, d: float, lr, beta1, beta2, eps, d0, weight_decay):
        step = d * lr
        m = beta1 * m + (1 - beta1) * d * g
        v = beta2 * v + (1 - beta2) * (d * g) ** 2
        r = sqrt(beta2) * r + step * d / d0 * float(g @ (origin - x))
        s = sqrt(beta2) * s + step * d / d0 * g
        total = float(absolute(s).sum())
        d = max(d, r / total) if total > 0 else d
        x = (1 - step * weight_decay) * x - step * m / (sqrt(v) + d * eps)
        return x, m, v, s, origin, r, d
