"""TensorFlow 1's rules that no other framework has: steps that a penalty leaves sparse."""

from __future__ import annotations

from ....kernels import absolute, maximum, sign, sqrt
from ...hyper import NonNegative, Positive
from ...optimizer import Optimizer

__all__ = ["AdagradDA", "ProximalAdagrad", "ProximalSGD"]


class ProximalSGD(Optimizer):
    """Gradient descent, then the penalty's own step. Duchi & Singer 2009, JMLR 10, section 2. TensorFlow's.

    Differs: none.

    Args:
        lr: x moves by lr * g.
        l1: x is 0 where it would be at most lr * l1; in units of g.
        l2: x is divided by 1 + lr * l2.
    """

    lr: NonNegative
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0

    @staticmethod
    def rule(x, g, lr, l1, l2):
        x = x - lr * g
        x = sign(x) * maximum(absolute(x) - lr * l1, 0) / (1 + lr * l2)
        return x


class ProximalAdagrad(Optimizer):
    """Adagrad, then the penalty's own step, as in ProximalSGD, with each element's own lr. TensorFlow's.

    Duchi, Hazan & Singer 2011, JMLR 12, section 5, in the form of composite mirror descent.

    Differs: none.

    Args:
        lr: x moves by lr * g / sqrt(v).
        initial_accumulator: where v, the sum of squares, starts; in units of g**2.
        l1: as in ProximalSGD.
        l2: as in ProximalSGD.
    """

    lr: NonNegative
    initial_accumulator: Positive = 0.1
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, lr, l1, l2):
        v = v + g**2
        rate = lr / sqrt(v)
        x = x - rate * g
        x = sign(x) * maximum(absolute(x) - rate * l1, 0) / (1 + rate * l2)
        return x, v


class AdagradDA(Optimizer):
    """Adagrad by dual averaging. Duchi, Hazan & Singer 2011, JMLR 12, section 5, in the form of eq. 3. TensorFlow's.

    x is a function of s and v alone: where it starts is forgotten.

    Differs: none.

    Args:
        lr: x is lr times the sum of gradients, over sqrt(v).
        initial_accumulator: where v, the sum of squares, starts; in units of g**2.
        l1: x is 0 where the mean gradient is at most this; in units of g.
        l2: pulls x to 0, more at each update; in units of g per unit of x.
    """

    lr: NonNegative
    initial_accumulator: Positive = 0.1
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, s, v, t, lr, l1, l2):
        s = s + g
        v = v + g**2
        x = -lr * sign(s) * maximum(absolute(s) - l1 * t, 0) / (l2 * t * lr + sqrt(v))
        return x, s, v
