"""Costs and quantiles, in which a diverged run is worse than any finite value, and bootstrap confidence intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]


def diverged(values: ArrayLike) -> int:
    """Return the number of values that are not finite.

    >>> diverged([0.3, np.nan, np.inf])
    2
    """
    return int(np.count_nonzero(~np.isfinite(np.asarray(values, np.float64))))


def costs(values: ArrayLike, higher_is_better: bool = False) -> Array:
    """Return the values as costs, where lower is better: negated if higher is better, and infinite for a diverged run.

    >>> costs([0.9, 0.7, np.nan], higher_is_better=True).tolist()
    [-0.9, -0.7, inf]
    """
    array = np.asarray(values, np.float64)
    return np.where(np.isfinite(array), -array if higher_is_better else array, np.inf)


def table(values: ArrayLike, name: str) -> Array:
    """Return a non-empty array with two axes. Raises ValueError, with the function's name, if it is none."""
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"{name}: a table of results is needed, with a row for each problem or seed and a column for each method. "
            f"Received: shape {array.shape}. Pass values[:, None] for one column."
        )
    return array


def quantiles(
    values: ArrayLike, levels: ArrayLike = (0.25, 0.5, 0.75), *, higher_is_better: bool = False, axis: int = 0
) -> Array:
    """Return quantiles with divergence as the worst value; a quantile that involves a diverged run is infinite.

    Linear between order statistics: Hyndman & Fan 1996, definition 7, which is NumPy's default.

    Args:
        values: results, along `axis`; the other axes are kept.
        levels: in [0, 1], shape (q,); a quantile has this fraction of the values at or below it.
        higher_is_better: divergence counts as -infinity if it is True, as +infinity if not.
        axis: the axis of the runs.

    Returns:
        Shape (q, *rest).

    Raises:
        ValueError: no values, or a level outside [0, 1].

    >>> quantiles([1.0, 2.0, 4.0, np.nan]).tolist()  # one of four diverged
    [1.75, 3.0, inf]
    """
    array, wanted = np.asarray(values, np.float64), np.atleast_1d(np.asarray(levels, np.float64))
    if array.ndim == 0 or array.shape[axis] == 0:
        raise ValueError(f"quantiles: there are no values. Received: shape {array.shape}. Give at least one.")
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"quantiles: levels must be in [0, 1]. Received: {wanted.tolist()}. The median is 0.5.")
    worst = -np.inf if higher_is_better else np.inf
    ordered = np.sort(np.moveaxis(np.where(np.isfinite(array), array, worst), axis, 0), axis=0)
    place = wanted * (len(ordered) - 1)
    below = np.floor(place).astype(np.intp)
    between = (place - below).reshape(-1, *[1] * (ordered.ndim - 1))
    low, high = ordered[below], ordered[np.ceil(place).astype(np.intp)]
    with np.errstate(invalid="ignore"):  # infinity - infinity, which becomes the worst value
        value = low + between * (high - low)
    return np.where(between == 0, low, np.where(np.isfinite(low) & np.isfinite(high), value, worst))


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[..., Any] = np.mean,
    *,
    level: float = 0.95,
    method: Literal["BCa", "percentile", "basic"] = "BCa",
    resamples: int = 9999,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a bootstrap confidence interval of a statistic; equal arguments give equal intervals.

    Efron & Tibshirani 1993, chapters 13 and 14. It is too narrow for few values: with five, an interval of level 0.95
    contains the mean of a normal distribution with a probability of about 5/6.

    Args:
        values: finite results, shape (n,), n >= 2.
        statistic: takes an array and `axis`, such as np.mean and np.median.
        level: the fraction of samples whose interval should contain the true value.
        method: "BCa" corrects bias and skewness; "percentile" uses quantiles of the resamples; "basic" reflects them.
        resamples: the number of resamples.
        seed: determines the resamples.

    Raises:
        ValueError: there are fewer than two values, or one is not finite. Leaving it out would hide a divergence.

    >>> accuracies = [0.90, 0.92, 0.91, 0.97, 0.93, 0.91, 0.92, 0.90]
    >>> low, high = bootstrap_interval(accuracies)  # of their mean, 0.92
    >>> round(low, 2), round(high, 2)
    (0.91, 0.94)
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) < 2:
        raise ValueError(f"bootstrap_interval: two values or more are needed, shape (n,). Received: {array.shape}.")
    if count := diverged(array):
        raise ValueError(
            f"bootstrap_interval: {count} of {len(array)} values are not finite. "
            "Pass the finished runs, and report how many diverged; or compare quantiles."
        )
    if (array == array[0]).all():  # without variation BCa has no correction
        point = float(statistic(array, axis=0))
        return point, point
    found = stats.bootstrap(
        (array,),
        statistic,
        n_resamples=resamples,
        confidence_level=level,
        method=method,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
