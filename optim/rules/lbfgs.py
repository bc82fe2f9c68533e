"""Limited-memory BFGS, a quasi-Newton method: it estimates the curvature from the last changes of x and g."""

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

    Meant for losses without noise. `step` takes a closure, does up to max_iter iterations, and evaluates the loss at
    least once in each.

    Differs from the sources, as in PyTorch: the first direction is multiplied by min(1, 1 / |g|_1); a pair of changes
    (s, y) is kept if s @ y is above 1e-10; a line search ends when the bracket would change no element of x by more
    than 1e-9. A point whose loss is not finite counts as too far.

    Args:
        lr: factor of the direction, without units; with a line search, the first factor that is tried.
        max_iter: upper bound of the iterations in one `step`.
        max_eval: no iteration starts after this many evaluations of the loss in one `step`; None means 5/4 of max_iter.
        tolerance_grad: `step` ends when all elements of |g| are at most this, in units of g.
        tolerance_change: `step` ends after an iteration in which no element of x, or not the loss, has changed by more
            than this, and before one in which the derivative along the direction is above -tolerance_change.
        history_size: number of pairs of changes that are kept.
        line_search: "strong_wolfe", or None for steps with the factor lr.
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
        """Zeros: s and y have shape (history_size, n), the other states (n,)."""
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
    """The gradient times the estimate of the inverse Hessian. Nocedal & Wright 2006, algorithm 7.4.

    Args:
        g: gradient, of shape (n,).
        s: changes of x, of shape (history_size, n), as a ring buffer: change i is in row i % history_size.
        y: changes of the gradient, stored in the same way.
        changes: number of changes so far.
    """
    kept = [i % len(s) for i in range(max(0, changes - len(s)), changes)]
    alphas = {}
    for i in reversed(kept):
        alphas[i] = (s[i] @ g) / (s[i] @ y[i])
        g = g - alphas[i] * y[i]
    if kept:
        newest = kept[-1]
        g = (s[newest] @ y[newest]) / (y[newest] @ y[newest]) * g
    for i in kept:
        g = g + (alphas[i] - (y[i] @ g) / (s[i] @ y[i])) * s[i]
    return g


def along(closure: Any, x: Any, d: Any) -> Any:
    """The function that evaluates the loss and its gradient at x + length * d."""

    def at(length: float) -> LinePoint:
        loss, g = closure(x + length * d)
        return LinePoint(length, loss if math.isfinite(loss) else math.inf, float(g @ d), g)

    return at
