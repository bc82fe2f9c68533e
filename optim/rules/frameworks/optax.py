"""optax's formulas, where they differ from the rules in the folder above.

A subclass takes the hyperparameters of its base class. Its docstring lists those that are new or have another meaning.
"""

from __future__ import annotations

from ....kernels import clip, maximum, sign, sqrt, where
from ...hyper import Fraction, NonNegative, Positive
from ...optimizer import Optimizer
from ..adam import Adam, AMSGrad, RAdam
from ..adaptive import RMSprop
from ..belief import AdaBelief, Yogi
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


class OptaxAdam(Adam):
    """optax's adam(eps_root, nesterov).

    Differs from Adam: there is a second epsilon, inside the root; and nesterov=True gives NAdam with constant momentum
    (Dozat 2016).

    Args:
        eps_root: added to the corrected v inside the root, in units of g**2.
        nesterov: whether the step uses Nesterov momentum.
    """

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


class CorrectedAMSGrad(AMSGrad):
    """optax's amsgrad.

    Differs from AMSGrad: v is corrected before its maximum is taken, which gives the first gradients a lasting weight;
    and there is a second epsilon.

    Args:
        eps_root: added to the largest v inside the root, in units of g**2.
    """

    eps_root: NonNegative = 0.0

    @staticmethod
    def rule(x, g, m, v, v_max, t, lr, beta1, beta2, eps, eps_root):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        v_max = maximum(v_max, v / (1 - beta2**t))
        x = x - lr * m / (1 - beta1**t) / (sqrt(v_max + eps_root) + eps)
        return x, m, v, v_max


class OptaxRAdam(RAdam):
    """optax's radam.

    Differs from RAdam: the threshold of rho is a hyperparameter, and there is a second epsilon, inside the root.

    Args:
        eps_root: added to the corrected v inside the root, in units of g**2.
        threshold: the step is rectified where rho is at least this.
    """

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


class OptaxAdaBelief(AdaBelief):
    """optax's adabelief.

    Differs from AdaBelief: the epsilon added to v and the one added to its root are two hyperparameters.

    Args:
        eps: added to the root of the corrected v, in units of g.
        eps_root: added to v at each update, in units of g**2.
    """

    eps_root: NonNegative = 1e-16

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps, eps_root):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g - m) ** 2 + eps_root
        x = x - lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)
        return x, m, v


class OptaxYogi(Yogi):
    """optax's yogi.

    Differs from Yogi: m starts at initial_accumulator, as v does, and not at 0.

    Args:
        initial_accumulator: first value of v, in units of g**2, and of m, in units of g.
    """

    starts = {"m": "initial_accumulator", "v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = v - (1 - beta2) * sign(v - g**2) * g**2
        x = x - lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)
        return x, m, v


class OptaxRMSprop(RMSprop):
    """optax's rmsprop.

    Differs from RMSprop: lr multiplies what is added to the velocity b, not b, and there are options for the place of
    epsilon, the first value of v, bias correction, and Nesterov momentum.

    Args:
        eps: added to v inside the root, in units of g**2; with eps_in_sqrt=False, added to the root, in units of g.
        initial_accumulator: first value of v, in units of g**2.
        eps_in_sqrt: whether epsilon is inside the root.
        nesterov: whether the step uses Nesterov momentum, as NAG's.
        bias_correction: whether m and v are corrected for their start, as in Adam.
    """

    lr: NonNegative = 1e-3
    rho: Fraction = 0.9
    initial_accumulator: NonNegative = 0.0
    eps_in_sqrt: bool = True
    nesterov: bool = False
    bias_correction: bool = False
    starts = {"v": "initial_accumulator"}  # noqa: RUF012

    @staticmethod
    def rule(x, g, v, m, b, t, lr, rho, eps, eps_in_sqrt, centered, momentum, nesterov, bias_correction):
        v = rho * v + (1 - rho) * g**2
        weight = 1.0
        if bias_correction:
            weight = 1 - rho**t
        if centered:
            m = rho * m + (1 - rho) * g
            variance = v / weight - (m / weight) ** 2
        else:
            variance = v / weight
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

    Differs from Rprop: x moves by the step that the previous update has computed, unless the sign of g has changed; so
    the first update does not move x.

    Args:
        lr: length of the first step, in units of x.
        eta_minus: factor of an element's step where its gradient has changed its sign.
        eta_plus: factor of an element's step where its gradient has kept its sign.
        min_step: lower bound of a step, in units of x.
        max_step: upper bound of a step, in units of x.
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

    Differs from Adan: the weight of the change of g in the step is 1 - beta2, not beta2; there is a second epsilon; and
    weight decay is left to the options.

    Args:
        lr: learning rate, in units of x: where g is constant, one update moves x by about lr.
        beta1: decay rate of m, the moving average of g; the effective window is 1 / (1 - beta1) updates.
        beta2: decay rate of d, the moving average of the change of g.
        beta3: decay rate of v, a moving average of squares; the effective window is 1 / (1 - beta3) updates.
        eps: added to the root of the corrected v, in units of g.
        eps_root: added to the corrected v inside the root, in units of g**2.
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
