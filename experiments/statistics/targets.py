"""Steps and time to a target, and performance profiles of them: Dolan & Moré 2002, doi:10.1007/s101070100263.

A profile depends on the set of methods, because times are relative to the best method. Compute it again after removing
a method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .order import costs, table

Array = NDArray[np.float64]


def steps_to_target(curves: ArrayLike, target: float, *, higher_is_better: bool = False) -> Array:
    """Return the index of the first value that reaches a target.

    A curve whose last value is not finite has diverged. It counts as one that never reached the target, even if an
    earlier value did.

    Args:
        curves: shape (..., steps + 1). If a run stopped early, fill it up with NaN if it diverged, and with its last
            value if not.
        target: the value to reach; a value equal to it counts.
        higher_is_better: whether higher values are better.

    Returns:
        Shape (...): integers or infinity, as float64.

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
    """Return the time of the first value that reaches a target, in the units of `times`; see `steps_to_target`.

    Args:
        times: the time of each value, shape (steps + 1,) or that of the curves.
        curves: shape (..., steps + 1).
        target: the value to reach; a value equal to it counts.
        higher_is_better: whether higher values are better.

    Raises:
        ValueError: times don't fit the curves.

    >>> time_to_target([0, 0.5, 1.0, 1.5], [[4, 2, 1, 1], [4, 1, 3, np.nan]], target=1).tolist()
    [1.0, inf]
    """
    steps = steps_to_target(curves, target, higher_is_better=higher_is_better)
    every = np.broadcast_to(np.asarray(times, np.float64), np.shape(curves))
    first = np.where(np.isfinite(steps), steps, 0).astype(np.intp)
    at = np.take_along_axis(every, first[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(steps), at, np.inf)


def performance_ratios(times: ArrayLike) -> Array:
    """Return each time divided by the best time on its problem: 1 for the best, infinity where the target was missed.

    Args:
        times: shape (problems, methods); infinity or NaN where a run missed the target, diverged or is missing.

    Returns:
        The same shape; a problem that no method solved is a row of infinities.

    Raises:
        ValueError: not a table, or a negative time.

    >>> performance_ratios([[10, 20], [np.inf, 5]]).tolist()
    [[1.0, 2.0], [inf, 1.0]]
    """
    found = costs(table(times, "performance_ratios"))
    if (found < 0).any():
        raise ValueError(f"performance_ratios: times must be >= 0. Received: {found.min()}. A missed target is inf.")
    best = found.min(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(found == best, 1.0, found / best)  # also where both are 0
    return np.asarray(np.where(np.isfinite(found), ratios, np.inf))


def performance_profile(times: ArrayLike, taus: ArrayLike) -> Array:
    """Return rho(tau): the fraction of problems that a method solves within tau times the best time.

    Args:
        times: shape (problems, methods), as in `performance_ratios`.
        taus: shape (points,).

    Returns:
        Shape (points, methods). Problems that no method solves count: then no profile reaches 1.

    >>> performance_profile([[10, 20], [np.inf, 5]], taus=[1, 2]).tolist()
    [[0.5, 0.5], [0.5, 1.0]]
    """
    ratios, points = performance_ratios(times), np.asarray(taus, np.float64)
    return np.asarray((ratios <= points[:, None, None]).mean(axis=1))


def algoperf_score(times: ArrayLike, *, tau_max: float = 4.0, points: int = 100) -> Array:
    """Return the mean height of the profile over 1 <= tau <= tau_max: 1 for a method that is best everywhere.

    Dahl et al. 2023, arXiv:2306.07179. As in the code of the competition, tau_max is 4, and the trapezoidal rule has
    100 points.

    Args:
        times: shape (problems, methods), as in `performance_ratios`.
        tau_max: times beyond this multiple of the best count as missed.
        points: number of points of the trapezoidal rule.

    Returns:
        Shape (methods,), in [0, 1].

    Raises:
        ValueError: as `performance_ratios`, or tau_max is not above 1.

    >>> algoperf_score([[10, 15], [np.inf, 5]]).round(2).tolist()
    [0.5, 0.92]
    """
    if not tau_max > 1:
        raise ValueError(f"algoperf_score: tau_max must be above 1. Received: {tau_max}. The competition has 4.")
    taus = np.linspace(1.0, tau_max, points)
    return np.asarray(np.trapezoid(performance_profile(times, taus), taus, axis=0)) / (tau_max - 1)


def tuned_time(times: ArrayLike) -> Array:
    """Return the median over studies of the best time among their trials: AlgoPerf's rule for external tuning.

    Args:
        times: shape (studies, trials, ...); NaN for a missing trial, which counts as failed.

    Returns:
        Shape (...): infinity if in half of the studies or more no trial reached the target.

    >>> float(tuned_time([[30, 20, np.nan], [25, 40, 35], [np.nan, np.nan, np.nan]]))
    25.0
    """
    best = np.sort(costs(times).min(axis=1), axis=0)
    middle = (len(best) - 1) / 2
    return np.asarray((best[int(middle)] + best[int(np.ceil(middle))]) / 2)
