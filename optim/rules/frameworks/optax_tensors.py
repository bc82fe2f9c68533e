"""optax's rules that see a parameter as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels import sqrt
from ...hyper import Count, Fraction, NonNegative, Positive
from ...norms import norm
from ...optimizer import Optimizer
from ..matrices import rms

__all__ = ["NovoGrad", "OptaxAdafactor", "OptaxLARS"]


class OptaxLARS(Optimizer):
    """optax's lars.

    Differs from LARS: the local rate is by the size of the gradient with its decay, not by the sum of their sizes.

    Args:
        lr: as in LARS.
        momentum: as in LARS.
        trust_coefficient: as in LARS.
        eps: added to the size of the gradient, in units of g.
        nesterov: look ahead, as NAG does.
        weight_decay: weight_decay * x is added to the gradient; the local rate knows of it.
    """

    granularity = "per-tensor"
    lr: NonNegative
    momentum: Fraction = 0.9
    trust_coefficient: NonNegative = 1e-3
    eps: NonNegative = 0.0
    nesterov: bool = False
    weight_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, v, lr, momentum, trust_coefficient, eps, nesterov, weight_decay):
        g = g + weight_decay * x
        size, pull = norm(x), norm(g)
        local = trust_coefficient * size / (pull + eps) if size > 0 and pull > 0 else 1.0
        step = lr * local * g
        v = momentum * v + step
        x = x - (step + momentum * v) if nesterov else x - v
        return x, v


class NovoGrad(Optimizer):
    """Momentum of gradients of unit size. Ginsburg et al. 2019, arXiv:1905.11286, algorithm 1.

    Differs: as in optax, an epsilon inside the root too.

    Args:
        lr: x moves by lr * m.
        beta1: fraction of the sum m kept at each update.
        beta2: memory of v, the mean square of the gradient's size.
        eps: outside the root of v, in units of g.
        eps_root: inside the root, in units of g**2.
        weight_decay: weight_decay * x is added to the gradient over its size.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.25
    eps: NonNegative = 1e-6
    eps_root: NonNegative = 0.0
    weight_decay: NonNegative = 0.0

    @staticmethod
    def rule(x, g, m, v: float, t, lr, beta1, beta2, eps, eps_root, weight_decay):
        square = norm(g) ** 2
        v = square if t == 1 else beta2 * v + (1 - beta2) * square
        step = g / (sqrt(v + eps_root) + eps) + weight_decay * x
        m = beta1 * m + step
        x = x - lr * m
        return x, m, v


class OptaxAdafactor(Optimizer):
    """optax's adafactor. Shazeer & Stern 2018, arXiv:1804.04235.

    Differs from Adafactor: eps is added to the square of g; lr is not bounded by 1 / sqrt(t); the two largest axes are
    factored, if both are large; weight decay is not multiplied by lr.

    Args:
        lr: x moves by lr times its root mean square, which counts as at least 1e-3.
        factored_from: axes of at least this length are factored.
        decay: v remembers all but the share t**-decay.
        eps: added to g**2.
        clip_threshold: the root mean square of a step, before lr, is scaled down to this; None leaves it.
        by_size: multiply by the root mean square of x.
        weight_decay: x shrinks by this fraction at each update.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-2
    factored_from: Count = 128
    decay: NonNegative = 0.8
    eps: NonNegative = 1e-30
    clip_threshold: Positive | None = None
    by_size: bool = True
    weight_decay: NonNegative = 0.0

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros in the shape of what is kept; nothing is kept in the slots that only other shapes of x need."""
        if slot not in ("rows", "columns", "v"):
            return super().start(slot, x)
        axes = largest_axes(x.shape, self.factored_from)
        if (slot == "v") == (axes is not None):
            return np.zeros(0, x.dtype)
        if axes is None:
            return np.zeros_like(x)
        return np.zeros_like(x.take([0], axes[1] if slot == "rows" else axes[0]))

    @staticmethod
    def rule(x, g, rows, columns, v, t, lr, factored_from, decay, eps, clip_threshold, by_size, weight_decay):
        square, share = g**2 + eps, t**-decay
        axes = largest_axes(x.shape, factored_from)
        if axes is not None:
            rows = (1 - share) * rows + share * np.mean(square, axis=axes[1], keepdims=True)
            columns = (1 - share) * columns + share * np.mean(square, axis=axes[0], keepdims=True)
            step = g / np.sqrt(rows / np.mean(rows, axis=axes[0], keepdims=True)) / np.sqrt(columns)
        else:
            v = (1 - share) * v + share * square
            step = g / np.sqrt(v)
        if clip_threshold is not None:
            step = step / max(1.0, rms(step) / clip_threshold)
        step = step * (lr * max(rms(x), 1e-3) if by_size else lr)
        x = x - step - weight_decay * x
        return x, rows, columns, v


def largest_axes(shape: tuple[int, ...], least: int) -> tuple[int, int] | None:
    """The second largest axis and the largest, if both are at least so long."""
    if len(shape) < 2:
        return None
    *_, smaller, larger = np.argsort(shape).tolist()
    return (smaller, larger) if shape[smaller] >= least else None
