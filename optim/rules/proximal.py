"""Steps to the minimum of all gradients so far, linearized, with a penalty that leaves x sparse."""

from __future__ import annotations

from ...kernels import clip, sqrt
from ..hyper import NonNegative, Positive
from ..optimizer import Optimizer

__all__ = ["Ftrl"]


class Ftrl(Optimizer):
    """Follow the regularized leader, proximal. McMahan et al. 2013, KDD, algorithm 1.

    x is a function of z and v alone: where it starts is forgotten, and what else moves it is undone by the next update.

    Differs: none.

    Args:
        lr: x moves by about lr at the first update, and by lr * g / (beta + sqrt(v)) without penalties.
        beta: keeps the first steps short, in units of g.
        l1: x is 0 where |z| is at most this; in units of g.
        l2: pulls x to 0; in units of g per unit of x.
    """

    lr: Positive
    beta: Positive = 1.0
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0

    @staticmethod
    def rule(x, g, z, v, lr, beta, l1, l2):
        z = z + g - (sqrt(v + g**2) - sqrt(v)) / lr * x
        v = v + g**2
        x = (clip(z, -l1, l1) - z) / ((beta + sqrt(v)) / lr + l2)
        return x, z, v
