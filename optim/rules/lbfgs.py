"""A quasi-Newton step: its direction from the last changes of x and of the gradient, its length from a line search."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..hyper import Count, NonNegative
from ..optimizer import Optimizer
from .line_search import LinePoint, strong_wolfe

__all__ = ["LBFGS"]

LEAST_CURVATURE = 1e-10
SHORTEST = 1e-9


class LBFGS(Optimizer):
    """Limited-memory BFGS. Liu & Nocedal 1989; Nocedal & Wright 2006, algorithms 7.4 and 7.5.

    For losses without noise. `step` takes a closure and several iterations; it evaluates the loss at each.

    Differs, as in PyTorch: the first step is min(1, 1 / |g|_1) * lr long; a change is remembered if it has a curvature
    above 1e-10; a line search ends where it would change no element of x by more than 1e-9. A trial whose loss is not
    finite counts as too far.

    Args:
        lr: the length of a step along the direction; with a line search, the first that is tried.
        max_iter: iterations of one `step`, at most.
        max_eval: no iteration begins after so many evaluations in one `step`; 5/4 of max_iter by default.
        tolerance_grad: a `step` ends where no element of the gradient is larger.
        tolerance_change: a `step` ends after an iteration that changes no element of x, or the loss, by more, and
            before one whose slope is not steeper.
        history_size: the changes that are remembered.
        line_search: "strong_wolfe", or None for steps of length lr.
    """

    granularity = "flat-vector"
    lr: NonNegative = 1.0
    max_iter: Count = 20
    max_eval: Count | None = None
    tolerance_grad: NonNegative = 1e-7
    tolerance_change: NonNegative = 1e-9
    history_size: Count = 100
    line_search: Literal["strong_wolfe"] | None = None

    def start(self, slot: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros; one row for each change that is remembered."""
        return np.zeros((self.history_size, x.size) if slot in ("s", "y") else x.shape, x.dtype)

    @staticmethod
    def rule(
        x, g, s, y, step, last, changes: float, iterations: float, closure,
        lr, max_iter, max_eval, tolerance_grad, tolerance_change, line_search,
    ):  # fmt: skip
        most = max_iter * 5 // 4 if max_eval is None else max_eval
        s, y, evaluations = s.copy(), y.copy(), 1
        loss, g = closure()
        for k in range(1, max_iter + 1):
            if largest(g) <= tolerance_grad:
                break
            change = g - last
            if step @ change > LEAST_CURVATURE:
                newest = int(changes) % len(s)
                s[newest], y[newest] = step, change
                changes = changes + 1
            d = -newton(g, s, y, int(changes))
            length = lr if iterations > 0 else lr * min(1.0, 1 / float(np.abs(g).sum()))
            iterations = iterations + 1
            start = LinePoint(0.0, loss, float(g @ d), g)
            step, last = np.zeros_like(x), g
            if start.slope > -tolerance_change:
                break
            if line_search is not None:
                shortest = SHORTEST / largest(d)
                end, trials = strong_wolfe(along(closure, x, d), start, length, shortest, most - evaluations)
                length, loss, g = end.length, end.loss, end.g
                x, evaluations = x + length * d, evaluations + trials
            else:
                x = x + length * d
                if k < max_iter:
                    (loss, g), evaluations = closure(x), evaluations + 1
            step = length * d
            small = largest(step) <= tolerance_change or abs(loss - start.loss) < tolerance_change
            if small or evaluations >= most:
                break
        return x, s, y, step, last, changes, iterations


def largest(a: Any) -> float:
    """The largest absolute value."""
    return float(np.abs(a).max(initial=0.0))


def newton(g: Any, s: Any, y: Any, changes: int) -> Any:
    """The gradient times an inverse Hessian that takes the changes y of the gradient to s of x. Algorithm 7.4.

    Row i of s and y is the change i, i + len(s), ..., whichever was last.
    """
    kept = [i % len(s) for i in range(max(0, changes - len(s)), changes)]
    shares = {}
    for i in reversed(kept):
        shares[i] = (s[i] @ g) / (s[i] @ y[i])
        g = g - shares[i] * y[i]
    if kept:
        newest = kept[-1]
        g = (s[newest] @ y[newest]) / (y[newest] @ y[newest]) * g
    for i in kept:
        g = g + (shares[i] - (y[i] @ g) / (s[i] @ y[i])) * s[i]
    return g


def along(closure: Any, x: Any, d: Any) -> Any:
    """The function from a length along the direction d to a trial there."""

    def at(length: float) -> LinePoint:
        loss, g = closure(x + length * d)
        return LinePoint(length, loss if math.isfinite(loss) else math.inf, float(g @ d), g)

    return at
