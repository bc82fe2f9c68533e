"""Keras's rules that read a whole parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels import sqrt
from ...hyper import Count, Fraction, Hyper, NonNegative, NonPositive, Positive
from ...optimizer import Optimizer
from ..adam import Adam

__all__ = ["KerasAdafactor", "KerasLamb", "KerasMuon"]


class KerasLamb(Adam):
    """Keras's Lamb. You et al. 2020, arXiv:1904.00962, algorithm 2.

    Differs from LAMB: weight decay is left to the options, and is not part of the norm of the step. Takes the
    hyperparameters of Adam.

    Args:
        lr: learning rate: the norm of each step is lr times the norm of the parameter.
    """

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

    Differs from the paper: the relative step is always at most 1 / sqrt(t), and v is stored besides its factors.

    Args:
        lr: upper bound of the relative step: the root mean square (RMS) of a step is about min(lr, 1 / sqrt(t)) times
            that of x.
        decay: exponent of the decay rate of v: at update t it is 1 - t**decay.
        eps1: added to g**2, in units of g**2.
        eps2: lower bound of the RMS of x, in units of x.
        clip_threshold: upper bound of the RMS of g / sqrt(v), without units.
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
            v = (r / np.mean(r, axis=-1)[..., None])[..., None] * c[..., None, :]
        step = g / np.sqrt(v)
        step = step / np.maximum(1, np.sqrt(np.mean(step**2)) / clip_threshold)
        x = x - np.maximum(eps2, np.sqrt(np.mean(x**2))) * min(lr, 1 / sqrt(t)) * step
        return x, r, c, v

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros: r has one element per row of the last two axes, c one per column; for a vector both are unused."""
        if slot not in ("r", "c"):
            return super().start(slot, x)
        if x.ndim < 2:
            return np.zeros((), x.dtype)
        return np.zeros(x.shape[:-1] if slot == "r" else x.shape[:-2] + x.shape[-1:], x.dtype)


class KerasMuon(Optimizer):
    """Keras's Muon. Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982, algorithm 1.

    Differs from Muon: m is a sum of gradients, which gives the same direction as their mean; and parameters that are
    not matrices take EpsHatAdam's step.

    Args:
        lr: learning rate, in units of x: the singular values of a matrix' step are about lr, times
            rms_rate * sqrt(max(rows, columns)) if rms_rate is given.
        momentum: fraction of m kept at each update; the effective window is 1 / (1 - momentum) updates.
        nesterov: whether the step is along g + momentum * m, instead of m.
        ns_steps: number of Newton-Schulz iterations.
        a, b, c: coefficients of an iteration, which maps each singular value s to a * s + b * s**3 + c * s**5.
        rms_rate: root mean square of the elements of a matrix' step, before lr; None leaves the step unscaled.
        adam: whether matrices take EpsHatAdam's step too.
        adam_lr_ratio: factor of lr in EpsHatAdam's step, without units.
        beta1: decay rate of m in EpsHatAdam's step; the effective window is 1 / (1 - beta1) updates.
        beta2: decay rate of v in EpsHatAdam's step; the effective window is 1 / (1 - beta2) updates.
        eps: added to the root of the uncorrected v in EpsHatAdam's step, in units of g.
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
        """Zeros; v is empty for a matrix that takes Muon's step."""
        return np.zeros((0,), x.dtype) if slot == "v" and x.ndim == 2 and not self.adam else super().start(slot, x)
