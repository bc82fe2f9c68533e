"""TensorFlow 1's rules with L1 and L2 penalties, which no other framework has."""

from __future__ import annotations

from ....kernels import absolute, maximum, sign, sqrt
from ...hyper import NonNegative, Positive
from ...optimizer import Optimizer

__all__ = ["AdagradDA", "ProximalAdagrad", "ProximalSGD"]


class ProximalSGD(Optimizer):
    """Proximal gradient descent. Duchi & Singer 2009, JMLR 10, section 2. TensorFlow's.

    Args:
        lr: learning rate: x moves by lr * g before the proximal step, so lr has the units of x / g.
        l1: strength of the L1 penalty, in units of g: x becomes 0 where |x| would be at most lr * l1.
        l2: strength of the L2 penalty, in units of g / x: x is divided by 1 + lr * l2.
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
    """Proximal Adagrad: ProximalSGD with a learning rate for each element. TensorFlow's.

    Duchi, Hazan & Singer 2011, JMLR 12, section 5, in the form of composite mirror descent.

    Args:
        lr: learning rate, in units of x: x moves by lr * g / sqrt(v) before the proximal step.
        initial_accumulator: first value of v, the sum of squared gradients, in units of g**2.
        l1: strength of the L1 penalty, in units of g.
        l2: strength of the L2 penalty, in units of g / x.
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


class AdagradDA(ProximalAdagrad):
    """Adagrad by dual averaging. Duchi, Hazan & Singer 2011, JMLR 12, section 5, in the form of eq. 3. TensorFlow's.

    x depends on s and v alone, so the first update overwrites the initial x. Takes the hyperparameters of
    ProximalAdagrad.

    Args:
        lr: learning rate, in units of x: without penalties x is -lr * s / sqrt(v), where s is the sum of gradients.
        l1: strength of the L1 penalty, in units of g: x is 0 where the absolute mean gradient is at most l1.
    """

    @staticmethod
    def rule(x, g, s, v, t, lr, l1, l2):
        s = s + g
        v = v + g**2
        x = -lr * sign(s) * maximum(absolute(s) - l1 * t, 0) / (l2 * t * lr + sqrt(v))
        return x, s, v
