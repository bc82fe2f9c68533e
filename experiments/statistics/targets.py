"""Steps and time to a target; infinite for a run that doesn't reach it, or diverges."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .order import costs

__all__ = ["steps_to_target", "time_to_target"]

Array = NDArray[np.float64]


def steps_to_target(curves: ArrayLike, target: float, *, higher_is_better: bool = False) -> Array:
    """Return the index of the first value that reaches a target.

    A curve whose last value is not finite has diverged, and counts as one that reached nothing, even if it passed the
    target on its way.

    Args:
        curves: shape (..., steps + 1); a run that stopped early is filled up with NaN if it diverged, and with its last
            value if not.
        target: reached by a value equal to it.
        higher_is_better: of the values.

    Returns:
        Shape (...): whole numbers or infinity, as float64.

    Raises:
        ValueError: curves without values.

    >>> steps_to_target([[4, 2, 1, 1], [4, 1, 3, np.nan]], target=1).tolist()
    [2.0, inf]
    """
    found = costs(curves, higher_is_better)
    if not found.ndim or not found.shape[-1]:
        raise ValueError(f"steps_to_target: curves have no values. Received: shape {found.shape}.")
    reached = found <= (-target if higher_is_better else target)
    arrived = reached.any(axis=-1) & np.isfinite(found[..., -1])
    return np.where(arrived, reached.argmax(axis=-1), np.inf)


def time_to_target(times: ArrayLike, curves: ArrayLike, target: float, *, higher_is_better: bool = False) -> Array:
    """Return the time of the first value that reaches a target, in the units of `times`; else as `steps_to_target`.

    Args:
        times: of each value, shape (steps + 1,) or that of the curves.
        curves: shape (..., steps + 1).
        target: reached by a value equal to it.
        higher_is_better: of the values.

    Raises:
        ValueError: times don't fit the curves.

    >>> time_to_target([0, 0.5, 1.0, 1.5], [[4, 2, 1, 1], [4, 1, 3, np.nan]], target=1).tolist()
    [1.0, inf]
    """
    steps = steps_to_target(curves, target, higher_is_better=higher_is_better)
    clocks = np.broadcast_to(np.asarray(times, np.float64), np.shape(curves))
    first = np.where(np.isfinite(steps), steps, 0).astype(np.intp)
    at = np.take_along_axis(clocks, first[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(steps), at, np.inf)
