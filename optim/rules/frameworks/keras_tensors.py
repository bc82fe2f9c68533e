"""Keras's rules that see a parameter as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels import sqrt
from ...hyper import Count, Fraction, Hyper, NonNegative, NonPositive, Positive
from ...optimizer import Optimizer

__all__ = ["KerasAdafactor", "KerasLamb", "KerasMuon"]


class KerasLamb(Optimizer):
    """Keras's Lamb. You et al. 2020, arXiv:1904.00962, algorithm 2.

    Differs: weights decay before, outside the ratio of norms, which has no bounds.

    Args:
        lr: a parameter moves by lr times its norm.
        beta1: memory of the mean m, about 1 / (1 - beta1) updates.
        beta2: memory of the mean of squares v, about 1 / (1 - beta2) updates.
        eps: outside the root of the corrected v, in units of g.
    """

    lr: NonNegative = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-7
    granularity = "per-tensor"

    @staticmethod
    def rule(x, g, m, v, t, lr, beta1, beta2, eps):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        size, length = np.sqrt(np.sum(x**2)), np.sqrt(np.sum(step**2))
        ratio = size / length if size > 0 and length > 0 else 1
        x = x - lr * ratio * step
        return x, m, v


class KerasAdafactor(Optimizer):
    """Keras's Adafactor. Shazeer & Stern 2018, arXiv:1804.04235, algorithms 4 and 5.

    Differs: lr is at most 1 / sqrt(t), always; v is kept whole beside its factors.

    Args:
        lr: x moves by about lr times the root mean square of x.
        decay: at update t the mean of squares forgets the share t**decay.
        eps1: added to g**2.
        eps2: the root mean square of x is taken to be at least this.
        clip_threshold: the root mean square of a step, before lr, is scaled down to this.
    """

    lr: NonNegative = 0.001
    decay: NonPositive = -0.8
    eps1: NonNegative = 1e-30
    eps2: NonNegative = 1e-3
    clip_threshold: Positive = 1.0
    granularity = "per-tensor"

    @staticmethod
    def rule(x, g, r, c, v, t, lr, decay, eps1, eps2, clip_threshold):
        square = g**2 + eps1
        forgotten = t**decay
        if x.ndim < 2:
            v = (1 - forgotten) * v + forgotten * square
        else:
            r = (1 - forgotten) * r + forgotten * np.mean(square, axis=-1)
            c = (1 - forgotten) * c + forgotten * np.mean(square, axis=-2)
            v = r[..., None] * c[..., None, :] / np.mean(r, axis=-1)[..., None, None]
        step = g / np.sqrt(v)
        step = step / np.maximum(1, np.sqrt(np.mean(step**2)) / clip_threshold)
        x = x - np.maximum(eps2, np.sqrt(np.mean(x**2))) * min(lr, 1 / sqrt(t)) * step
        return x, r, c, v

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros: r for each row of the last two axes and c for each column, if there are two."""
        if slot not in ("r", "c"):
            return super().start(slot, x)
        if x.ndim < 2:
            return np.zeros((), x.dtype)
        return np.zeros(x.shape[:-1] if slot == "r" else x.shape[:-2] + x.shape[-1:], x.dtype)


class KerasMuon(Optimizer):
    """Keras's Muon. Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982, algorithm 1.

    A matrix steps along its momentum, all singular values brought near 1; what is no matrix takes EpsHatAdam's step.

    Differs: the momentum is a sum, which gives the same direction as a mean.

    Args:
        lr: a matrix of n rows and m columns moves by about lr * rms_rate * sqrt(max(n, m)) along each singular vector.
        momentum: fraction of the momentum kept at each update.
        nesterov: step along the gradient plus `momentum` times the momentum.
        ns_steps: how often the polynomial a * s + b * s**3 + c * s**5 is applied to the singular values s.
        a: see ns_steps.
        b: see ns_steps.
        c: see ns_steps.
        rms_rate: the root mean square of a step, before lr, for a matrix of full rank; None: leave it as it is.
        adam: take EpsHatAdam's step for matrices too.
        adam_lr_ratio: its lr is this times lr.
        beta1: as in EpsHatAdam.
        beta2: as in EpsHatAdam.
        eps: as in EpsHatAdam.
    """

    lr: NonNegative = 0.001
    momentum: Fraction = 0.95
    nesterov: bool = True
    ns_steps: Count = 5
    a: Hyper = 3.4445
    b: Hyper = -4.7750
    c: Hyper = 2.0315
    rms_rate: NonNegative | None = None
    adam: bool = False
    adam_lr_ratio: NonNegative = 1.0
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-7
    granularity = "per-tensor"

    @staticmethod
    def rule(
        x, g, m, v, t, lr, momentum, nesterov, ns_steps, a, b, c, rms_rate, adam, adam_lr_ratio, beta1, beta2, eps
    ):
        if x.ndim == 2 and not adam:
            m = momentum * m + g
            step = g + momentum * m if nesterov else m
            step = step / (np.linalg.norm(step) + 1e-7)
            s = step.T if x.shape[0] > x.shape[1] else step
            for _ in range(ns_steps):
                square = s @ s.T
                s = a * s + (b * square + c * square @ square) @ s
            step = s.T if x.shape[0] > x.shape[1] else s
            x = x - lr * (1 if rms_rate is None else rms_rate * sqrt(max(x.shape))) * step
        else:
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            x = x - lr * adam_lr_ratio * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps)
        return x, m, v

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros; of v none where it has no use."""
        return np.zeros((0,), x.dtype) if slot == "v" and x.ndim == 2 and not self.adam else super().start(slot, x)
