"""Where Keras and TensorFlow have another formula than PyTorch: epsilon elsewhere, lr inside the velocity.

They decay weights by `decoupled_weight_decay`, an option of every optimizer. Keras 2 and TensorFlow 1 take their rules
from here too.
"""

from __future__ import annotations

from ....kernels import absolute, clip, maximum, sqrt
from ...hyper import Fraction, Integer, NonNegative, NonPositive, Positive, PositiveFraction
from ...optimizer import Optimizer

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

    Differs from Momentum: lr is inside the velocity, so that a new lr acts on new gradients alone.

    Args:
        lr: x moves by lr * g at first.
        momentum: fraction of the velocity kept at each update.
    """

    lr: NonNegative = 0.01
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v - lr * g
        x = x + v
        return x, v


class KerasNAG(Optimizer):
    """Keras's SGD(momentum, nesterov=True).

    Differs from NAG: as KerasMomentum from Momentum.

    Args:
        lr: as in KerasMomentum.
        momentum: as in KerasMomentum.
    """

    lr: NonNegative = 0.01
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, v, lr, momentum):
        v = momentum * v - lr * g
        x = x + momentum * v - lr * g
        return x, v


class KerasAdagrad(Optimizer):
    """Keras 3's Adagrad; without epsilon TensorFlow 1's.

    Differs from Adagrad: epsilon is inside the root.

    Args:
        lr: x moves by lr * g / sqrt(v + eps).
        eps: inside the root, in units of g**2.
        initial_accumulator: where v, the sum of squares, starts; in units of g**2.
    """

    lr: NonNegative = 0.001
    eps: NonNegative = 1e-7
    initial_accumulator: NonNegative = 0.1
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, lr, eps):
        v = v + g**2
        x = x - lr * g / sqrt(v + eps)
        return x, v


class KerasRMSprop(Optimizer):
    """Keras 3's RMSprop; with v starting at 1 TensorFlow 1's.

    Differs from RMSprop: epsilon is inside the root, and lr inside the velocity.

    Args:
        lr: x moves by about lr where gradients are steady.
        rho: memory of the mean of squares, about 1 / (1 - rho) updates.
        eps: inside the root, in units of g**2.
        momentum: fraction of the velocity kept at each update; 0 keeps none.
        centered: divide by the deviation from the mean gradient instead of the size of the gradient.
        initial_accumulator: where v, the mean of squares, starts; in units of g**2.
    """

    lr: NonNegative = 0.001
    rho: Fraction = 0.9
    eps: NonNegative = 1e-7
    momentum: Fraction = 0.0
    centered: bool = False
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


class EpsHatAdam(Optimizer):
    """Adam as at the end of the paper's section 2. Kingma & Ba 2015, arXiv:1412.6980. Keras's and TensorFlow's Adam.

    Differs from Adam: epsilon is added to the root of the raw v, so it weighs 1 / sqrt(1 - beta2**t) times as much.

    Args:
        lr: x moves by at most about lr.
        beta1: memory of the mean m, about 1 / (1 - beta1) updates.
        beta2: memory of the mean of squares v, about 1 / (1 - beta2) updates.
        eps: the paper's epsilon-hat, outside the root of the raw v, in units of g.
    """

    lr: NonNegative = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-7

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        x = x - lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + eps)
        return x, m, v


class EpsHatAMSGrad(Optimizer):
    """Keras's Adam(amsgrad=True).

    Differs from AMSGrad: as EpsHatAdam from Adam.

    Args:
        lr: as in EpsHatAdam.
        beta1: as in EpsHatAdam.
        beta2: as in EpsHatAdam.
        eps: as in EpsHatAdam.
    """

    lr: NonNegative = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-7

    @staticmethod
    def rule(x, g, m, v, v_max, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = maximum(v_max, v)
        x = x - lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v_max) + eps)
        return x, m, v, v_max


class KerasAdamax(Optimizer):
    """Keras's Adamax.

    Differs from Adamax: epsilon is added to the largest gradient at each use, and is not kept in it.

    Args:
        lr: x moves by at most about lr.
        beta1: memory of the mean m, about 1 / (1 - beta1) updates.
        beta2: the largest gradient u is forgotten by this fraction at each update.
        eps: added to u, in units of g.
    """

    lr: NonNegative = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-7

    @staticmethod
    def rule(x, g, m, u, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        u = maximum(beta2 * u, absolute(g))
        x = x - lr / (1 - beta1**t) * m / (u + eps)
        return x, m, u


class KerasScheduleFreeAdamW(Optimizer):
    """Keras's ScheduleFreeAdamW, of Defazio et al. 2024, arXiv:2405.15682, algorithm 1.

    Differs from ScheduleFreeAdamW: all points have the same weight in the mean, also while lr warms up.

    Args:
        lr: z moves by about lr at first.
        beta1: fraction of the mean in x; the rest is z's.
        beta2: memory of the mean of squares v, about 1 / (1 - beta2) updates.
        eps: outside the root of the corrected v, in units of g.
        warmup: lr rises over this many updates, to lr / warmup at the first.
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
    """Keras's and TensorFlow's Ftrl. McMahan et al. 2013, KDD, algorithm 1, with another power than the root's.

    Differs from Ftrl: v starts above 0; a power; l2 counts twice; shrinkage, an l2 that only gradients see.

    Args:
        lr: x moves by about lr * g * v**power without penalties.
        power: how steps shorten as v grows; 0 keeps them.
        initial_accumulator: where v, the sum of squares, starts; in units of g**2.
        l1: x is 0 where |z| is at most this; in units of g.
        l2: pulls x to 0; in units of g per unit of x.
        shrinkage: 2 * shrinkage * x is added to the gradient, but not to its square.
        beta: keeps the first steps short, in units of g.
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
