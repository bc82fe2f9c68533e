"""Where optax has another formula than the papers, or than the rules here."""

from __future__ import annotations

from ....kernels import clip, maximum, sign, sqrt, where
from ...hyper import Fraction, NonNegative, Positive
from ...optimizer import Optimizer
from ..signs import Growth

__all__ = [
    "CorrectedAMSGrad",
    "OptaxAdaBelief",
    "OptaxAdam",
    "OptaxAdan",
    "OptaxRAdam",
    "OptaxRMSprop",
    "OptaxYogi",
    "StaleRprop",
]


class OptaxAdam(Optimizer):
    """optax's adam(eps_root, nesterov).

    Differs from Adam: an epsilon inside the root too; with nesterov, Dozat's first form, without a schedule.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: as in Adam.
        eps_root: inside the root of the corrected v, in units of g**2.
        nesterov: step along the mean as the next update will have it, as far as it is known.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_root: NonNegative = 0.0
    nesterov: bool = False

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, eps_root, nesterov):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        if nesterov:
            step = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
        else:
            step = m / (1 - beta1**t)
        x = x - lr * step / (sqrt(v / (1 - beta2**t) + eps_root) + eps)
        return x, m, v


class CorrectedAMSGrad(Optimizer):
    """optax's amsgrad.

    Differs from AMSGrad: the largest of the corrected v is kept, so that the first gradients weigh more, for ever.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in Adam.
        eps: as in Adam.
        eps_root: inside the root, in units of g**2.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_root: NonNegative = 0.0

    @staticmethod
    def rule(x, g, m, v, v_max, t, lr, beta1, beta2, eps, eps_root):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = maximum(v_max, v / (1 - beta2**t))
        x = x - lr * m / (1 - beta1**t) / (sqrt(v_max + eps_root) + eps)
        return x, m, v, v_max


class OptaxRAdam(Optimizer):
    """optax's radam.

    Differs from RAdam: the threshold is an argument, which rho may also be equal to; an epsilon inside the root too.

    Args:
        lr: as in RAdam.
        beta1: as in RAdam.
        beta2: as in RAdam.
        eps: as in RAdam.
        eps_root: inside the root of the corrected v, in units of g**2.
        threshold: rectified from this rho on.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_root: NonNegative = 0.0
    threshold: Positive = 5.0

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, eps_root, threshold):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho >= threshold:
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            x = x - lr * r * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t) + eps_root) + eps)
        else:
            x = x - lr * m / (1 - beta1**t)
        return x, m, v


class OptaxAdaBelief(Optimizer):
    """optax's adabelief.

    Differs from AdaBelief: the epsilon that is added to v is another than the one outside the root.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in AdaBelief.
        eps: outside the root of the corrected v, in units of g.
        eps_root: added to v at each update, in units of g**2.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-16
    eps_root: NonNegative = 1e-16

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, eps_root):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g - m) ** 2 + eps_root
        x = x - lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)
        return x, m, v


class OptaxYogi(Optimizer):
    """optax's yogi.

    Differs from Yogi: m starts where v does, not at 0.

    Args:
        lr: as in Adam.
        beta1: as in Adam.
        beta2: as in Yogi.
        eps: as in Yogi.
        initial_accumulator: where v, in units of g**2, and m, in units of g, start.
    """

    lr: NonNegative = 1e-2
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-3
    initial_accumulator: NonNegative = 1e-6
    starts = {"m": "initial_accumulator", "v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = v - (1 - beta2) * sign(v - g**2) * g**2
        x = x - lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)
        return x, m, v


class OptaxRMSprop(Optimizer):
    """optax's rmsprop.

    Differs from RMSprop: epsilon may be inside the root, lr is inside the velocity, v may start elsewhere, be corrected
    as Adam's is, and the velocity be Nesterov's.

    Args:
        lr: x moves by about lr where gradients are steady.
        rho: memory of the mean of squares, about 1 / (1 - rho) updates.
        eps: inside the root, in units of g**2, or outside, in units of g.
        initial_accumulator: where v starts; in units of g**2.
        eps_in_sqrt: whether epsilon is inside the root.
        centered: divide by the deviation from the mean gradient instead of the size of the gradient.
        momentum: fraction of the velocity kept at each update; 0 keeps none.
        nesterov: look ahead, as NAG does.
        bias_correction: correct the means for where they started, as Adam does.
    """

    lr: NonNegative = 1e-3
    rho: Fraction = 0.9
    eps: NonNegative = 1e-8
    initial_accumulator: NonNegative = 0.0
    eps_in_sqrt: bool = True
    centered: bool = False
    momentum: Fraction = 0.0
    nesterov: bool = False
    bias_correction: bool = False
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, m, b, t, lr, rho, eps, eps_in_sqrt, centered, momentum, nesterov, bias_correction):
        v = rho * v + (1 - rho) * g**2
        share = 1.0
        if bias_correction:
            share = 1 - rho**t
        if centered:
            m = rho * m + (1 - rho) * g
            variance = v / share - (m / share) ** 2
        else:
            variance = v / share
        if eps_in_sqrt:  # noqa: SIM108
            step = lr * g / sqrt(variance + eps)
        else:
            step = lr * g / (sqrt(variance) + eps)
        if momentum:
            b = momentum * b + step
            if nesterov:  # noqa: SIM108
                step = step + momentum * b
            else:
                step = b
        x = x - step
        return x, v, m, b


class StaleRprop(Optimizer):
    """optax's rprop, as of 0.2.8.

    Differs from Rprop: the step taken is the one computed at the update before, unless the sign has changed; the first
    update leaves x where it is.

    Args:
        lr: as in Rprop.
        eta_minus: as in Rprop.
        eta_plus: as in Rprop.
        min_step: as in Rprop.
        max_step: as in Rprop.
    """

    lr: NonNegative = 1e-2
    eta_minus: Fraction = 0.5
    eta_plus: Growth = 1.2
    min_step: Positive = 1e-6
    max_step: Positive = 50.0
    starts = {"step": "lr"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, step, last, eta_minus, eta_plus, min_step, max_step):
        turn = g * last
        grown = clip(where(turn > 0, eta_plus * step, eta_minus * step), min_step, max_step)
        step = where(turn == 0, step, grown)
        x = x - where(turn < 0, 0, last)
        last = where(turn < 0, 0, sign(g) * step)
        return x, step, last


class OptaxAdan(Optimizer):
    """optax's adan, as of 0.2.8.

    Differs from Adan: a change of the gradient is followed 1 - beta2 far ahead, not beta2; an epsilon inside the root
    too.

    Args:
        lr: as in Adan.
        beta1: as in Adan.
        beta2: memory of the mean change of the gradient d.
        beta3: as in Adan.
        eps: as in Adan.
        eps_root: inside the root of the corrected v, in units of g**2.
    """

    lr: NonNegative = 1e-3
    beta1: Fraction = 0.98
    beta2: Fraction = 0.92
    beta3: Fraction = 0.99
    eps: NonNegative = 1e-8
    eps_root: NonNegative = 1e-8

    @staticmethod
    def rule(x, g, m, d, v, last, t, lr, beta1, beta2, beta3, eps, eps_root):
        last = g if t == 1 else last
        m = beta1 * m + (1 - beta1) * g
        d = beta2 * d + (1 - beta2) * (g - last)
        v = beta3 * v + (1 - beta3) * (g + (1 - beta2) * (g - last)) ** 2
        ahead = m / (1 - beta1**t) + (1 - beta2) / (1 - beta2**t) * d
        x = x - lr * ahead / (sqrt(v / (1 - beta3**t) + eps_root) + eps)
        return x, m, d, v, g
