"""The sensitivity of results to the learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .order import costs


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
