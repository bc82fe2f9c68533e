"""Steps that see a matrix: by its rows and columns, or by its singular values."""

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
    """Adam without a mean, its v kept as means of rows and of columns. Shazeer & Stern 2018, arXiv:1804.04235.

    Algorithm 4 for arrays of two and more axes, of which the last two are factored; algorithm 5 for vectors and
    numbers, which keep v itself.

    Differs, as in PyTorch: lr bounds the relative step, for the paper's 0.01; eps1 is the least root of v and the least
    mean of rows, where the paper adds it to the square of g; weight decay, which the paper does not have.

    Args:
        lr: a step is at most this fraction of the root mean square of x, and at most 1 / sqrt(t) of it.
        beta2_decay: v remembers all but the share t**beta2_decay.
        eps1: least root of v, in units of g; by default the resolution of the dtype.
        eps2: the root mean square of x counts as at least this.
        d: the root mean square of a step over the root of v is at most this.
        weight_decay: x shrinks by the fraction lr * weight_decay at each update, whatever its gradient.
    """

    granularity = "per-tensor"
    lr: NonNegative = 1e-2
    beta2_decay: NonPositive = -0.8
    eps1: Positive | None = None
    eps2: NonNegative = 1e-3
    d: Positive = 1.0
    weight_decay: NonNegative = 0.0

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros in the shape of what is kept; nothing is kept in the slots that only other shapes of x need."""
        if slot not in ("rows", "columns", "v"):
            return super().start(slot, x)
        if (slot == "v") == (x.ndim > 1):
            return np.zeros(0, x.dtype)
        shapes = {"rows": (*x.shape[:-1], 1), "columns": (*x.shape[:-2], 1, *x.shape[-1:]), "v": x.shape}
        return np.zeros(shapes[slot], x.dtype)

    @staticmethod
    def rule(x, g, rows, columns, v, t, lr, beta2_decay, eps1, eps2, d, weight_decay):
        eps1 = float(np.finfo(x.dtype).eps) if eps1 is None else eps1
        share = t**beta2_decay
        length = max(eps2, rms(x)) * min(lr, 1 / sqrt(t))
        x = (1 - lr * weight_decay) * x
        if x.ndim > 1:
            rows = rows + share * (np.mean(g**2, axis=-1, keepdims=True) - rows)
            columns = columns + share * (np.mean(g**2, axis=-2, keepdims=True) - columns)
            square = rows * columns / np.maximum(np.mean(rows, axis=-2, keepdims=True), eps1)
        else:
            square = v = v + share * (g**2 - v)
        step = g / sqrt(np.maximum(square, eps1**2))
        x = x - length / max(1.0, rms(step) / d) * step
        return x, rows, columns, v


def rms(a: Any) -> float:
    """The root mean square of all elements."""
    return float(norm(a) / sqrt(float(a.size)))


class Muon(Optimizer):
    """Momentum made orthogonal. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.

    For matrices alone; give other parameters, and usually the first and the last layer, to another optimizer.

    Differs: computed in the dtype of x, where PyTorch takes bfloat16, and m is a mean, as there.

    Args:
        lr: the singular values of a step are about this large, before `adjust_lr`.
        momentum: memory of the mean m, about 1 / (1 - momentum) updates.
        nesterov: the step looks ahead, as NAG's does.
        ns_steps: iterations of Newton and Schulz.
        a, b, c: their polynomial, a * s + b * s**3 + c * s**5 for a singular value s.
        eps: the least norm that the matrix is divided by.
        adjust_lr: "original" multiplies lr by the root of rows / columns, if that is more than 1; "match_rms_adamw" by
            0.2 times the root of the larger of them, so that steps are as large as AdamW's (Liu et al. 2025,
            arXiv:2502.16982).
        weight_decay: x shrinks by the fraction lr * weight_decay at each update, whatever its gradient.
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
        """Refuse what is no matrix."""
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
    """Bring the singular values of a matrix of norm 1 near to 1, by iterations of Newton and Schulz."""
    tall = s.shape[0] > s.shape[1]
    s = s.T if tall else s
    for _ in range(steps):
        square = s @ s.T
        s = a * s + (b * square + c * square @ square) @ s
    return s.T if tall else s
