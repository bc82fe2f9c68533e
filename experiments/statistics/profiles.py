"""Performance profiles of times to a target: Dolan & More 2002, doi:10.1007/s101070100263; AlgoPerf's score of them.

A profile depends on who takes part: times are measured against the best of those present. Compute it again after
leaving one out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .order import costs, table

__all__ = ["algoperf_score", "performance_profile", "performance_ratios", "tuned_time"]

Array = NDArray[np.float64]


def performance_ratios(times: ArrayLike) -> Array:
    """Return each time over the best on its problem: 1 for the best, infinity where the target was missed.

    Args:
        times: shape (problems, methods); infinity or NaN where a run missed the target, diverged or is missing.

    Returns:
        The same shape; a problem on which everyone failed is a row of infinities.

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
    """Return rho(tau): the share of problems that a method solves within tau times the best time.

    Args:
        times: shape (problems, methods), as in `performance_ratios`.
        taus: shape (points,).

    Returns:
        Shape (points, methods). Problems that nobody solves count: no profile then reaches 1.

    >>> performance_profile([[10, 20], [np.inf, 5]], taus=[1, 2]).tolist()
    [[0.5, 0.5], [0.5, 1.0]]
    """
    ratios, points = performance_ratios(times), np.asarray(taus, np.float64)
    return np.asarray((ratios <= points[:, None, None]).mean(axis=1))


def algoperf_score(times: ArrayLike, *, tau_max: float = 4.0, points: int = 100) -> Array:
    """Return the mean height of the profile over 1 <= tau <= tau_max: 1 for a method that is best everywhere.

    Dahl et al. 2023, arXiv:2306.07179, with tau_max 4 and the trapezoidal rule at 100 points as in the code of
    the competition, whose published scores these are.

    Args:
        times: shape (problems, methods), as in `performance_ratios`.
        tau_max: times beyond this multiple of the best count as missed.
        points: of the trapezoidal rule.

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
        times: shape (studies, trials, ...); NaN for a trial that is missing, which counts as one that failed.

    Returns:
        Shape (...): infinity where half of the studies or more have no trial that reached the target.

    >>> float(tuned_time([[30, 20, np.nan], [25, 40, 35], [np.nan, np.nan, np.nan]]))
    25.0
    """
    best = np.sort(costs(times).min(axis=1), axis=0)
    middle = (len(best) - 1) / 2
    return np.asarray((best[int(middle)] + best[int(np.ceil(middle))]) / 2)
