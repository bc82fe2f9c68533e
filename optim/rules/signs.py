"""Steps that have the sign of a gradient, and take their length from elsewhere."""

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

    Differs: none.

    Args:
        lr: how far x moves, unless its gradient is zero.
    """

    lr: NonNegative

    @staticmethod
    def rule(x, g, lr):
        x = x - lr * sign(g)
        return x


class Signum(Optimizer):
    """The sign of the mean gradient. Bernstein et al. 2018, arXiv:1802.04434, algorithm 2.

    Differs: none.

    Args:
        lr: how far x moves.
        momentum: memory of the mean m, about 1 / (1 - momentum) updates.
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

    Differs: none.

    Args:
        lr: how far x moves; a third to a tenth of what suits AdamW.
        beta1: fraction of the mean in the direction; the rest is the gradient's.
        beta2: memory of the mean m, about 1 / (1 - beta2) updates.
        weight_decay: x shrinks by the fraction lr * weight_decay at each update, whatever its gradient.
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

    Differs: none.

    Args:
        lr: the length of the first step; later values of a schedule change no step.
        eta_minus: a step shrinks by this where the gradient has changed its sign.
        eta_plus: a step grows by this where it has kept it.
        min_step: no step is shorter; in units of x.
        max_step: no step is longer; in units of x.

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
