"""Rules for matrices: Adafactor uses means of rows and columns, Muon singular values."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...kernels import sqrt
from ..hyper import Count, Fraction, Hyper, NonNegative, NonPositive, Positive
from ..norms import norm
from ..optimizer import Optimizer

__all__ = ["Adafactor", "Muon"]


class Adafactor(Optimizer):
    """Adam without m, with v factored into means of rows and of columns. Shazeer & Stern 2018, arXiv:1804.04235.

    Algorithm 4 for arrays with two or more axes, of which the last two are factored; algorithm 5 for vectors and
    numbers, which keep v itself.

    Differs from the paper, as in PyTorch: lr is the upper bound of the relative step, 0.01 in the paper; eps1 is a
    lower bound of the root of v and of the mean of rows, where the paper adds it to g**2; and there is weight decay.

    Args:
        lr: upper bound of the relative step: the root mean square (RMS) of a step is about min(lr, 1 / sqrt(t)) times
            that of x.
        beta2_decay: exponent of the decay rate of v: at update t it is 1 - t**beta2_decay.
        eps1: lower bound of the root of v, in units of g; None means the machine epsilon of the dtype.
        eps2: lower bound of the RMS of x, in units of x.
        d: upper bound of the RMS of g / sqrt(v), without units.
        weight_decay: each update shrinks x by the fraction lr * weight_decay, in addition to the step.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-2
    beta2_decay: NonPositive = -0.8
    eps1: Positive | None = None
    eps2: NonNegative = 1e-3
    d: Positive = 1.0
    weight_decay: NonNegative = 0.0

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros: rows and columns for an array with two or more axes, v for the others; the unused states are empty."""
        if slot not in ("rows", "columns", "v"):
            return super().start(slot, x)
        if (slot == "v") == (x.ndim > 1):
            return np.zeros(0, x.dtype)
        shapes = {"rows": (*x.shape[:-1], 1), "columns": (*x.shape[:-2], 1, *x.shape[-1:]), "v": x.shape}
        return np.zeros(shapes[slot], x.dtype)

    @staticmethod
    def rule(x, g, rows, columns, v, t, lr, beta2_decay, eps1, eps2, d, weight_decay):
        eps1 = float(np.finfo(x.dtype).eps) if eps1 is None else eps1
        forgotten = t**beta2_decay
        length = max(eps2, rms(x)) * min(lr, 1 / sqrt(t))
        x = (1 - lr * weight_decay) * x
        if x.ndim > 1:
            rows = rows + forgotten * (np.mean(g**2, axis=-1, keepdims=True) - rows)
            columns = columns + forgotten * (np.mean(g**2, axis=-2, keepdims=True) - columns)
            square = rows * columns / np.maximum(np.mean(rows, axis=-2, keepdims=True), eps1)
        else:
            square = v = v + forgotten * (g**2 - v)
        step = g / sqrt(np.maximum(square, eps1**2))
        x = x - length / max(1.0, rms(step) / d) * step
        return x, rows, columns, v


def rms(a: Any) -> float:
    """The root mean square of all elements."""
    return float(norm(a) / sqrt(float(a.size)))


class Muon(Optimizer):
    """Momentum with orthogonalized steps. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.

    Muon takes matrices only. Give other parameters, and usually the first and the last layer, to another optimizer.

    Differs from the source: m is a moving average, as in PyTorch, and all is computed in the dtype of x, where PyTorch
    uses bfloat16.

    Args:
        lr: learning rate, in units of x: the singular values of a step are about lr times the factor of `adjust_lr`.
        momentum: decay rate of m, the moving average of g; the effective window is 1 / (1 - momentum) updates.
        nesterov: whether the step uses Nesterov momentum, as NAG's.
        ns_steps: number of Newton-Schulz iterations.
        a, b, c: coefficients of an iteration, which maps each singular value s to a * s + b * s**3 + c * s**5.
        eps: lower bound of the norm by which the matrix is divided, in units of g.
        adjust_lr: "original" multiplies lr by max(1, sqrt(rows / columns)); "match_rms_adamw" multiplies it by
            0.2 * sqrt(max(rows, columns)), so that steps are as large as AdamW's (Liu et al. 2025, arXiv:2502.16982).
        weight_decay: each update shrinks x by the fraction lr * weight_decay, in addition to the step.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-3
    momentum: Fraction = 0.95
    nesterov: bool = True
    ns_steps: Count = 5
    a: Hyper = 3.4445
    b: Hyper = -4.775
    c: Hyper = 2.0315
    eps: Positive = 1e-7
    adjust_lr: Literal["original", "match_rms_adamw"] = "original"
    weight_decay: NonNegative = 0.1

    def refusal(self, x: npt.NDArray[Any]) -> str | None:
        """The message for a parameter that is not a matrix."""
        if x.ndim == 2:
            return None
        return f"must be a matrix. Received: shape {x.shape}. Give it to another optimizer, such as AdamW."

    @staticmethod
    def rule(x, g, m, lr, momentum, nesterov, ns_steps, a, b, c, eps, adjust_lr, weight_decay):
        m = momentum * m + (1 - momentum) * g
        step = momentum * m + (1 - momentum) * g if nesterov else m
        step = orthogonal(step / max(norm(step), eps), ns_steps, a, b, c)
        rows, columns = x.shape
        scale = sqrt(max(1, rows / columns)) if adjust_lr == "original" else 0.2 * sqrt(max(rows, columns))
        x = (1 - lr * weight_decay) * x
        x = x - lr * scale * step
        return x, m


def orthogonal(s: Any, steps: int, a: float, b: float, c: float) -> Any:
    """Bring the singular values of a matrix of norm at most 1 near to 1, by Newton-Schulz iterations."""
    tall = s.shape[0] > s.shape[1]
    s = s.T if tall else s
    for _ in range(steps):
        square = s @ s.T
        s = a * s + (b * square + c * square @ square) @ s
    return s.T if tall else s
