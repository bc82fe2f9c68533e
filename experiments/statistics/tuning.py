"""Tuning: the best of k trials, estimated from one random search, and the sensitivity to the learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from .order import costs, diverged

Array = NDArray[np.float64]


def expected_best(
    values: ArrayLike, k: ArrayLike, *, higher_is_better: bool = False, untrained: float | None = None
) -> Array:
    """Return the expected best of k trials, drawn with replacement from the n trials.

    Dodge et al. 2019, arXiv:1909.03004, section 3. It is biased to the pessimistic side, more so for k near n (Tang et
    al. 2020, arXiv:2004.13705); `expected_best_of_distinct` is unbiased.

    Args:
        values: the result of each trial of a random search, shape (n,).
        k: budgets, 1, 2, ..., of any shape.
        higher_is_better: whether higher values are better.
        untrained: the value of a diverged trial, such as that of the untrained model. An expected value needs one:
            divergence is not averaged silently.

    Returns:
        The shape of k.

    Raises:
        ValueError: no values, a budget below 1, or divergence without `untrained`.

    >>> expected_best([0.6, 0.7, 0.8, 0.9], k=[1, 2, 4], higher_is_better=True).round(2).tolist()
    [0.75, 0.81, 0.86]
    """
    ordered, budgets = _ordered(values, k, higher_is_better, untrained, "expected_best")
    worse = np.arange(len(ordered), -1, -1) / len(ordered)  # the fraction of trials that are not better than number i
    weights = worse[:-1] ** budgets[..., None] - worse[1:] ** budgets[..., None]
    return _signed(weights @ ordered, higher_is_better)


def expected_best_of_distinct(
    values: ArrayLike, k: ArrayLike, *, higher_is_better: bool = False, untrained: float | None = None
) -> Array:
    """Return the expected best of k different trials of the n trials: the unbiased estimate.

    It is the mean over all subsets of size k, which Sivaprasad et al. 2020, arXiv:1910.11758, approximate by shuffling.
    Arguments, result and errors are those of `expected_best`; moreover, a budget must be at most n.

    >>> expected_best_of_distinct([0.6, 0.7, 0.8, 0.9], k=[1, 2, 4], higher_is_better=True).round(2).tolist()
    [0.75, 0.83, 0.9]
    """
    ordered, budgets = _ordered(values, k, higher_is_better, untrained, "expected_best_of_distinct")
    return _signed(_probabilities(len(ordered), budgets, "expected_best_of_distinct") @ ordered, higher_is_better)


def quantiles_of_best(
    values: ArrayLike, k: ArrayLike, levels: ArrayLike = (0.25, 0.5, 0.75), *, higher_is_better: bool = False
) -> Array:
    """Return quantiles of the best of k different trials: what a lucky and an unlucky search of this size finds.

    A diverged trial needs no value here, as it is worse than all others. A quantile is infinite if all trials of its
    subset diverged.

    Args:
        values: the result of each trial of a random search, shape (n,).
        k: budgets in 1, ..., n, of any shape.
        levels: in [0, 1], shape (q,); at least this fraction of the subsets reach the quantile or a better value.
        higher_is_better: whether higher values are better. Level 0 is the best value.

    Returns:
        Shape (q, *shape of k).

    Raises:
        ValueError: no values, or a budget outside 1, ..., n.

    >>> quantiles_of_best([0.1, 0.2, 0.3, np.nan], k=[1, 2, 4]).tolist()  # lucky, usual and unlucky searches
    [[0.1, 0.1, 0.1], [0.2, 0.1, 0.1], [0.3, 0.2, 0.1]]
    """
    ordered, budgets = _ordered(values, k, higher_is_better, np.inf, "quantiles_of_best")
    reached = _probabilities(len(ordered), budgets, "quantiles_of_best").cumsum(axis=-1)
    wanted = np.asarray(levels, np.float64).reshape(-1, *[1] * reached.ndim)
    at = np.argmax(reached >= np.minimum(wanted, reached[..., -1:]) - 1e-12, axis=-1)  # rounding of the sums
    return _signed(ordered[at], higher_is_better)


def _probabilities(n: int, budgets: Array, name: str) -> Array:
    """Return the probability of each of n ordered trials to be the best of k different ones, (*budgets, n)."""
    if budgets.max() > n:
        raise ValueError(f"{name}: there are no {int(budgets.max())} different trials among {n}. Make k at most {n}.")
    # There are comb(n, k) subsets; in comb(n - 1 - i, k - 1) of them trial number i (from 0) is the best.
    k = budgets[..., None]
    return np.exp(_log_comb(n - 1 - np.arange(n), k - 1) - _log_comb(n, k))


def _log_comb(n: ArrayLike, k: ArrayLike) -> Array:
    """Return the logarithm of the binomial coefficient; -infinity where k > n."""
    n, k = np.asarray(n, np.float64), np.asarray(k, np.float64)
    found: Array = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)
    return np.where(k > n, -np.inf, found)


def _signed(best: Array, higher_is_better: bool) -> Array:
    return -best if higher_is_better else best


def _ordered(
    values: ArrayLike, k: ArrayLike, higher_is_better: bool, untrained: float | None, name: str
) -> tuple[Array, Array]:
    """Return the costs, the best first, and the budgets. Raises ValueError."""
    array, budgets = np.asarray(values, np.float64), np.asarray(k, np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name}: the results of n >= 1 trials are needed, shape (n,). Received: {array.shape}.")
    if not (budgets >= 1).all() or (budgets % 1).any():
        raise ValueError(f"{name}: budgets must be integers >= 1. Received: k={np.asarray(k).tolist()}.")
    if diverged(array):
        if untrained is None:
            raise ValueError(
                f"{name}: {diverged(array)} of {len(array)} trials diverged, and have no expected value. "
                "Pass their value as untrained=..., such as the value before training."
            )
        array = np.where(np.isfinite(array), array, untrained)
    return np.sort(costs(array, higher_is_better)), budgets


@dataclass(frozen=True)
class GoodInterval:
    """The range of learning rates around the best one in which all learning rates of a grid are good.

    >>> found = good_interval([0.01, 0.1, 1.0], [0.2, 0.3, np.nan], threshold=0.4)
    >>> found.low_is_edge, found.high_is_edge, round(found.decades, 3)
    (True, False, 1.0)
    """

    low: float
    high: float
    best: float
    low_is_edge: bool
    """Whether low is the lowest learning rate of the grid: the interval may extend below it."""
    high_is_edge: bool

    @property
    def decades(self) -> float:
        """The width, log10(high / low)."""
        return math.log10(self.high / self.low)


def good_interval(
    lrs: ArrayLike, values: ArrayLike, threshold: float, *, higher_is_better: bool = False
) -> GoodInterval | None:
    """Return the range of learning rates around the best in which all reach a threshold; None if the best does not.

    This is the width of the minimum in the sensitivity plots of DeepOBS (Schneider et al. 2019, arXiv:1903.05499).

    Args:
        lrs: learning rates, positive and increasing, shape (n,).
        values: the result at each learning rate, shape (n,).
        threshold: the limit of good results, in the units of the values.
        higher_is_better: whether higher values are better.

    Raises:
        ValueError: learning rates and values have different shapes, or learning rates are not positive and increasing.

    >>> found = good_interval([0.001, 0.01, 0.1, 1.0], [0.9, 0.3, 0.2, np.nan], threshold=0.4)
    >>> found.low, found.high, found.best
    (0.01, 0.1, 0.1)
    """
    rates, found = np.asarray(lrs, np.float64), costs(values, higher_is_better)
    if rates.shape != found.shape or rates.ndim != 1 or not rates.size:
        raise ValueError(
            f"good_interval: a value for each learning rate is needed. Received: {rates.shape} and {found.shape}."
        )
    if not (rates[0] > 0 and (np.diff(rates) > 0).all()):
        raise ValueError(
            f"good_interval: learning rates must be positive and increasing. Received: {rates.tolist()}. Sort them."
        )
    good = found <= (-threshold if higher_is_better else threshold)
    best = int(found.argmin())
    if not good[best]:
        return None
    bad = np.flatnonzero(~good)
    low = int(bad[bad < best].max(initial=-1)) + 1
    high = int(bad[bad > best].min(initial=len(rates))) - 1
    return GoodInterval(
        low=float(rates[low]),
        high=float(rates[high]),
        best=float(rates[best]),
        low_is_edge=low == 0,
        high_is_edge=high == len(rates) - 1,
    )
