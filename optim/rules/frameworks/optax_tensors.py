"""optax's rules that read a whole parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels import sqrt
from ...hyper import Count, Fraction, NonNegative, Positive
from ...norms import norm
from ...optimizer import Optimizer
from ..matrices import rms
from ..tensors import LARS

__all__ = ["NovoGrad", "OptaxAdafactor", "OptaxLARS"]


class OptaxLARS(LARS):
    """optax's lars.

    Differs from LARS: the local learning rate divides by the norm of g + weight_decay * x, not by the sum of the two
    norms. Takes the hyperparameters of LARS, and two more.

    Args:
        eps: added to that norm, in units of g.
        nesterov: whether the step uses Nesterov momentum, as NAG's.
    """

    eps: NonNegative = 0.0
    nesterov: bool = False

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
    """Momentum of gradients that are normalized per parameter. Ginsburg et al. 2019, arXiv:1905.11286, algorithm 1.

    Differs from the paper, as in optax: there is a second epsilon, inside the root.

    Args:
        lr: learning rate, in units of x: x moves by lr * m.
        beta1: fraction of the sum m kept at each update; the effective window is 1 / (1 - beta1) updates.
        beta2: decay rate of v, the moving average of the squared norm of g; the effective window is 1 / (1 - beta2)
            updates.
        eps: added to the root of v, in units of g.
        eps_root: added to v inside the root, in units of g**2.
        weight_decay: weight_decay * x is added to the normalized gradient, in units of 1 / x.
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

    Differs from Adafactor: eps is added to g**2; lr is not bounded by 1 / sqrt(t); the two largest axes are factored,
    if both are long enough; and weight decay is not multiplied by lr.

    Args:
        lr: learning rate: with by_size, the root mean square (RMS) of a step is about lr times that of x, which counts
            as at least 1e-3.
        factored_from: the least length of the two largest axes with which they are factored.
        decay: exponent of the decay rate of v: at update t it is 1 - t**-decay.
        eps: added to g**2, in units of g**2.
        clip_threshold: upper bound of the RMS of g / sqrt(v), without units; None means no bound.
        by_size: whether the step is multiplied by the RMS of x.
        weight_decay: fraction by which each update shrinks x, in addition to the step.
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
        """Zeros: rows and columns if two axes are factored, otherwise v; the unused states are empty."""
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
        square, forgotten = g**2 + eps, t**-decay
        axes = largest_axes(x.shape, factored_from)
        if axes is not None:
            rows = (1 - forgotten) * rows + forgotten * np.mean(square, axis=axes[1], keepdims=True)
            columns = (1 - forgotten) * columns + forgotten * np.mean(square, axis=axes[0], keepdims=True)
            step = g / np.sqrt(rows / np.mean(rows, axis=axes[0], keepdims=True)) / np.sqrt(columns)
        else:
            v = (1 - forgotten) * v + forgotten * square
            step = g / np.sqrt(v)
        if clip_threshold is not None:
            step = step / max(1.0, rms(step) / clip_threshold)
        step = step * (lr * max(rms(x), 1e-3) if by_size else lr)
        x = x - step - weight_decay * x
        return x, rows, columns, v


def largest_axes(shape: tuple[int, ...], least: int) -> tuple[int, int] | None:
    """The second largest axis and the largest, if both have at least this length; otherwise None."""
    if len(shape) < 2:
        return None
    *_, smaller, larger = np.argsort(shape).tolist()
    return (smaller, larger) if shape[smaller] >= least else None
