"""Keras's formulas, where they differ from the rules in the folder above: the place of epsilon and of lr.

Keras 2 and TensorFlow 1 use them too. Weight decay is left to the option `decoupled_weight_decay`. A subclass takes the
hyperparameters of its base class. Its docstring lists those that are new or have another meaning.
"""

from __future__ import annotations

from ....kernels import absolute, clip, maximum, sqrt
from ...hyper import Fraction, Integer, NonNegative, NonPositive, Positive, PositiveFraction
from ...optimizer import Optimizer
from ..adam import Adam, Adamax
from ..adaptive import Adagrad, RMSprop

__all__ = [
    "EpsHatAMSGrad",
    "EpsHatAdam",
    "KerasAdagrad",
    "KerasAdamax",
    "KerasFtrl",
    "KerasMomentum",
    "KerasNAG",
    "KerasRMSprop",
    "KerasScheduleFreeAdamW",
]


class KerasMomentum(Optimizer):
    """Keras's SGD(momentum).

    Differs from Momentum: lr multiplies each gradient that is added to the velocity v, so a new lr acts on new
    gradients only.

    Args:
        lr: learning rate: the first update moves x by lr * g, so lr has the units of x / g.
        momentum: fraction of v kept at each update; the effective window is 1 / (1 - momentum) updates.
    """

    lr: NonNegative = 0.01
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v - lr * g
        x = x + v
        return x, v


class KerasNAG(KerasMomentum):
    """Keras's SGD(momentum, nesterov=True).

    Differs from NAG in the place of lr, as KerasMomentum from Momentum.
    """

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v - lr * g
        x = x + momentum * v - lr * g
        return x, v


class KerasAdagrad(Adagrad):
    """Keras 3's Adagrad; without epsilon TensorFlow 1's.

    Differs from Adagrad: epsilon is added to v inside the root.

    Args:
        lr: learning rate, in units of x: x moves by lr * g / sqrt(v + eps).
        eps: added to v inside the root, in units of g**2.
    """

    lr: NonNegative = 0.001
    eps: NonNegative = 1e-7
    initial_accumulator: NonNegative = 0.1

    @staticmethod
    def rule(x, g, v, lr, eps):
        v = v + g**2
        x = x - lr * g / sqrt(v + eps)
        return x, v


class KerasRMSprop(RMSprop):
    """Keras 3's RMSprop; with v starting at 1 TensorFlow 1's.

    Differs from RMSprop: epsilon is added to v inside the root, and lr multiplies what is added to the velocity b.

    Args:
        eps: added to v inside the root, in units of g**2.
        initial_accumulator: first value of v, the moving average of g**2, in units of g**2.
    """

    lr: NonNegative = 0.001
    rho: Fraction = 0.9
    eps: NonNegative = 1e-7
    initial_accumulator: NonNegative = 0.0
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, m, b, lr, rho, eps, momentum, centered):
        v = rho * v + (1 - rho) * g**2
        if centered:
            m = rho * m + (1 - rho) * g
            step = lr * g / sqrt(v - m**2 + eps)
        else:
            step = lr * g / sqrt(v + eps)
        if momentum:
            b = momentum * b + step
            x = x - b
        else:
            x = x - step
        return x, v, m, b


class EpsHatAdam(Adam):
    """Adam as at the end of the paper's section 2. Kingma & Ba 2015, arXiv:1412.6980. Keras's and TensorFlow's Adam.

    Differs from Adam: epsilon is added to the root of the uncorrected v, which multiplies it by 1 / sqrt(1 - beta2**t).

    Args:
        eps: the paper's epsilon-hat, added to the root of the uncorrected v, in units of g.
    """

    eps: NonNegative = 1e-7

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        x = x - lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + eps)
        return x, m, v


class EpsHatAMSGrad(EpsHatAdam):
    """Keras's Adam(amsgrad=True).

    Differs from AMSGrad in the place of epsilon, as EpsHatAdam from Adam.
    """

    @staticmethod
    def rule(x, g, m, v, v_max, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = maximum(v_max, v)
        x = x - lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v_max) + eps)
        return x, m, v, v_max


class KerasAdamax(Adamax):
    """Keras's Adamax.

    Differs from Adamax: epsilon is added to u where it divides, and not to |g|.

    Args:
        eps: added to u, in units of g.
    """

    lr: NonNegative = 0.001
    eps: NonNegative = 1e-7

    @staticmethod
    def rule(x, g, m, u, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        u = maximum(beta2 * u, absolute(g))
        x = x - lr / (1 - beta1**t) * m / (u + eps)
        return x, m, u


class KerasScheduleFreeAdamW(Optimizer):
    """Keras's ScheduleFreeAdamW. Defazio et al. 2024, arXiv:2405.15682, algorithm 1.

    Differs from ScheduleFreeAdamW: all points have the same weight in the mean, even during the warmup of lr.

    Args:
        lr: learning rate, in units of x: z moves by about lr at the first update after the warmup.
        beta1: weight of the mean in x; z has the weight 1 - beta1.
        beta2: decay rate of v, the moving average of g**2; the effective window is 1 / (1 - beta2) updates.
        eps: added to the root of the corrected v, in units of g.
        warmup: number of updates over which the learning rate rises linearly, from lr / warmup to lr.
    """

    lr: NonNegative = 0.0025
    beta1: PositiveFraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    warmup: Integer = 0
    starts = {"z": "x"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, z, v, t, lr, beta1, beta2, eps, warmup):
        v = beta2 * v + (1 - beta2) * g**2
        rate = lr * min(t / warmup, 1) if warmup else lr
        step = rate * g / (sqrt(v / (1 - beta2**t)) + eps)
        mean = (x - (1 - beta1) * z) / beta1
        z = z - step
        mean = mean + (z - mean) / t
        x = beta1 * mean + (1 - beta1) * z
        return x, z, v

    @staticmethod
    def average(x, z, beta1):
        return (x - (1 - beta1) * z) / beta1


class KerasFtrl(Optimizer):
    """Keras's and TensorFlow's Ftrl. McMahan et al. 2013, KDD, algorithm 1, with any power of v.

    Differs from Ftrl: v starts above 0; the exponent of v is a hyperparameter; l2 is doubled; and shrinkage is an L2
    penalty that is added to g, but not to v.

    Args:
        lr: learning rate: without penalties x moves by about lr * g * v**power.
        power: exponent of v in the step; 0 means a constant learning rate.
        initial_accumulator: first value of v, the sum of squared gradients, in units of g**2.
        l1: strength of the L1 penalty, in units of g: x is 0 where |z| is at most l1.
        l2: strength of the L2 penalty, in units of g / x.
        shrinkage: 2 * shrinkage * x is added to g, in units of g / x.
        beta: added to v**-power, which shortens the first steps.
    """

    lr: Positive = 0.001
    power: NonPositive = -0.5
    initial_accumulator: NonNegative = 0.1
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    shrinkage: NonNegative = 0.0
    beta: NonNegative = 0.0
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, z, lr, power, l1, l2, shrinkage, beta):
        new = (v + g**2) ** -power
        z = z + g + 2 * shrinkage * x - (new - v**-power) / lr * x
        v = v + g**2
        x = (clip(z, -l1, l1) - z) / ((new + beta) / lr + 2 * l2)
        return x, v, z
