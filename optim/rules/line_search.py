"""A line search that finds a point which meets the strong Wolfe conditions.

Nocedal & Wright 2006, algorithms 3.5 (bracketing) and 3.6 (zoom), with their constants for quasi-Newton methods and
with PyTorch's bounds on the distance between two trial points. "Length" is the distance along the direction, as a
multiple of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy.typing as npt

__all__ = ["LinePoint", "cubic_minimum", "strong_wolfe"]

DECREASE = 1e-4
CURVATURE = 0.9


class LinePoint(NamedTuple):
    """A trial point on the line."""

    length: float
    """Distance from the start, as a multiple of the direction."""
    loss: float
    slope: float
    """The derivative of the loss along the direction."""
    g: npt.NDArray[Any]


class Wolfe:
    """The strong Wolfe conditions for a line whose start has length 0 and a negative derivative."""

    def __init__(self, start: LinePoint) -> None:
        self.start = start

    def decreases(self, trial: LinePoint) -> bool:
        """The sufficient decrease condition (3.7a)."""
        return trial.loss <= self.start.loss + DECREASE * trial.length * self.start.slope

    def flattens(self, trial: LinePoint) -> bool:
        """The curvature condition (3.7b)."""
        return abs(trial.slope) <= -CURVATURE * self.start.slope


def strong_wolfe(
    at: Callable[[float], LinePoint], start: LinePoint, length: float, shortest: float, most: int
) -> tuple[LinePoint, int]:
    """Search along a line, algorithm 3.5.

    Args:
        at: evaluates the loss and its gradient at a length.
        start: the point of length 0.
        length: the first length to try.
        shortest: the search ends when the bracket is at most this long.
        most: upper bound of the trials after the first.

    Returns:
        A point that meets the strong Wolfe conditions, or the end of the bracket with the lower loss if none was found;
        and the number of trials.
    """
    wolfe = Wolfe(start)
    previous, trial = start, at(length)
    for count in range(most):
        if not wolfe.decreases(trial) or (count > 1 and trial.loss >= previous.loss):
            return zoom(at, wolfe, previous, trial, shortest, count + 1, most + 1)
        if wolfe.flattens(trial):
            return trial, count + 1
        if trial.slope >= 0:
            return zoom(at, wolfe, previous, trial, shortest, count + 1, most + 1)
        low, high = trial.length + 0.01 * (trial.length - previous.length), 10 * trial.length
        previous, trial = trial, at(cubic_minimum(previous, trial, low, high))
    return min(start, trial, key=lambda t: t.loss), most + 1


def zoom(
    at: Callable[[float], LinePoint], wolfe: Wolfe, a: LinePoint, b: LinePoint, shortest: float, count: int, most: int
) -> tuple[LinePoint, int]:
    """Shrink the bracket [a, b] until a trial meets the conditions, algorithm 3.6; returns as `strong_wolfe`."""
    low, high = sorted((a, b), key=lambda t: t.loss)
    stuck = False
    for trials in range(count, most):
        if abs(high.length - low.length) <= shortest:
            return low, trials
        length, stuck = inside(low, high, stuck)
        trial = at(length)
        if not wolfe.decreases(trial) or trial.loss >= low.loss:
            low, high = sorted((low, trial), key=lambda t: t.loss)
        elif wolfe.flattens(trial):
            return trial, trials + 1
        else:
            low, high = trial, low if (trial.slope >= 0) == (high.length > low.length) else high
    return low, most


def inside(low: LinePoint, high: LinePoint, stuck: bool) -> tuple[float, bool]:
    """The next length to try in a bracket, and whether it is close to an end.

    After a trial close to an end (`stuck`), the next one keeps a margin of a tenth of the bracket, so that it shrinks.
    """
    left, right = sorted((low.length, high.length))
    length, margin = cubic_minimum(low, high, left, right), 0.1 * (right - left)
    if min(right - length, length - left) >= margin:
        return length, False
    if stuck or not left < length < right:
        return (right - margin if right - length < length - left else left + margin), False
    return length, True


def cubic_minimum(a: LinePoint, b: LinePoint, low: float, high: float) -> float:
    """The minimum of the cubic through two points (3.59), clipped to [low, high]; the middle if there is no minimum."""
    a, b = sorted((a, b), key=lambda t: t.length)
    width = b.length - a.length
    d1 = a.slope + b.slope - 3 * (b.loss - a.loss) / (width or math.nan)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (low + high) / 2
    d2 = math.sqrt(square)
    rise, bend = b.slope + d2 - d1, b.slope - a.slope + 2 * d2
    minimum = b.length - width * (rise / bend if bend else math.copysign(math.inf, rise))
    return min(max(minimum, low), high)
