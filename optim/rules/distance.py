"""Steps that estimate how far the solution is, from all parameters together."""

from __future__ import annotations

from ...kernels import absolute, sqrt
from ..hyper import Fraction, NonNegative, Positive
from ..optimizer import Optimizer

__all__ = ["Prodigy"]


class Prodigy(Optimizer):
    """Adam whose lr is an estimate of the distance to the solution. Mishchenko & Defazio 2024, arXiv:2306.06101.

    Algorithm 4. The estimate d is one number for all parameters of a group, and grows alone.

    Differs: r and s are kept without their common factor, and over d0; epsilon is multiplied by the new d, and x
    decays: so has it its authors' code. m and v are not corrected, as there by default (optax multiplies lr by Adam's
    correction).

    Args:
        lr: a factor of d; 1, or a schedule from 1 to 0.
        beta1: as in Adam.
        beta2: as in Adam; r and s are remembered with its root.
        eps: outside the root of v, in units of g.
        d0: the first estimate, in units of x; too small rather than too large.
        weight_decay: x shrinks by the share d * lr * weight_decay at each update, whatever its gradient.
    """

    granularity = "flat-vector"
    lr: NonNegative = 1.0
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
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
