"""Update rules that use the sign of the gradient, not its size."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from ...kernels import clip, sign, where
from ...schedules import Schedule
from ...schedules.fields import Interval
from ..hyper import Fraction, NonNegative, Positive
from ..optimizer import Optimizer

__all__ = ["Lion", "Rprop", "SignSGD", "Signum"]

Growth: TypeAlias = Annotated[float | Schedule, Interval(gt=1)]


class SignSGD(Optimizer):
    """Gradient descent by signs. Bernstein et al. 2018, arXiv:1802.04434, algorithm 1.

    Args:
        lr: learning rate, in units of x: each element moves by lr, unless its gradient is zero.
    """

    lr: NonNegative

    @staticmethod
    def rule(x, g, lr):
        x = x - lr * sign(g)
        return x


class Signum(Optimizer):
    """The sign of the mean gradient. Bernstein et al. 2018, arXiv:1802.04434, algorithm 2.

    Args:
        lr: learning rate, in units of x: each element moves by lr.
        momentum: decay rate of m, the moving average of g; the effective window is 1 / (1 - momentum) updates.
    """

    lr: NonNegative
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x, g, m, lr, momentum):
        m = momentum * m + (1 - momentum) * g
        x = x - lr * sign(m)
        return x, m


class Lion(Optimizer):
    """Evolved sign momentum. Chen et al. 2023, arXiv:2302.06675, algorithm 2.

    Args:
        lr: learning rate, in units of x: each element moves by lr. The paper advises 1/10 to 1/3 of AdamW's.
        beta1: weight of m in the direction of the step; g has the weight 1 - beta1.
        beta2: decay rate of m, the moving average of g; the effective window is 1 / (1 - beta2) updates.
        weight_decay: each update shrinks x by the fraction lr * weight_decay, in addition to the step.
    """

    lr: NonNegative = 1e-4
    beta1: Fraction = 0.9
    beta2: Fraction = 0.99
    weight_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, m, lr, beta1, beta2, weight_decay):
        x = (1 - lr * weight_decay) * x
        x = x - lr * sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
        return x, m


class Rprop(Optimizer):
    """Resilient propagation. Riedmiller & Braun 1993; as iRprop-, Igel & Hüsken 2000, figure 3.

    An element whose gradient changes its sign stays where it is for one update. Meant for full batches: the noise of
    small ones looks like a change of sign.

    Args:
        lr: length of the first step, in units of x. Only the first value of a schedule has an effect.
        eta_minus: factor of an element's step where its gradient has changed its sign.
        eta_plus: factor of an element's step where its gradient has kept its sign.
        min_step: lower bound of a step, in units of x.
        max_step: upper bound of a step, in units of x.

    Raises:
        ValueError: min_step is above max_step.
    """

    lr: NonNegative = 1e-2
    eta_minus: Fraction = 0.5
    eta_plus: Growth = 1.2
    min_step: Positive = 1e-6
    max_step: Positive = 50.0
    starts = {"step": "lr"}  # noqa: RUF012

    def _check_together(self) -> None:
        super()._check_together()
        low, high = self.min_step, self.max_step
        if isinstance(low, float) and isinstance(high, float) and low > high:
            raise ValueError(
                f"min_step must be at most max_step. Received: min_step={low!r}, max_step={high!r}. Exchange them."
            )

    @staticmethod
    def rule(x, g, step, last, eta_minus, eta_plus, min_step, max_step):
        g = sign(g)
        turn = g * last
        step = where(turn > 0, eta_plus * step, where(turn < 0, eta_minus * step, step))
        step = clip(step, min_step, max_step)
        last = where(turn < 0, 0, g)
        x = x - last * step
        return x, step, last
