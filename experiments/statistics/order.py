"""What needs nothing but order: divergence is worse than any number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["costs", "diverged", "quantiles", "table"]

Array = NDArray[np.float64]


def diverged(values: ArrayLike) -> int:
    """Return how many values are not finite.

    >>> diverged([0.3, np.nan, np.inf])
    2
    """
    return int(np.count_nonzero(~np.isfinite(np.asarray(values, np.float64))))


def costs(values: ArrayLike, higher_is_better: bool = False) -> Array:
    """Return numbers of which the smaller is the better: the sign is turned if need be, and divergence is infinity.

    >>> costs([0.9, 0.7, np.nan], higher_is_better=True).tolist()
    [-0.9, -0.7, inf]
    """
    array = np.asarray(values, np.float64)
    return np.where(np.isfinite(array), -array if higher_is_better else array, np.inf)


def table(values: ArrayLike, name: str) -> Array:
    """Return an array of two axes, neither empty. Raises ValueError if it isn't one; `name` asks for it."""
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"{name}: a table of results is needed, a row a problem or seed, a column a method. "
            f"Received: shape {array.shape}. One column is values[:, None]."
        )
    return array


def quantiles(
    values: ArrayLike, shares: ArrayLike = (0.25, 0.5, 0.75), *, higher_is_better: bool = False, axis: int = 0
) -> Array:
    """Return quantiles with divergence as the worst value: an infinity where a diverged run takes part.

    Linear between order statistics: Hyndman & Fan 1996, definition 7, which is NumPy's default.

    Args:
        values: results, along `axis`; the rest of the shape is kept.
        shares: in [0, 1], of shape (q,); a quantile has this share of the values at or below it.
        higher_is_better: whether divergence counts as -infinity, or else as +infinity.
        axis: along which.

    Returns:
        Shape (q, *rest).

    Raises:
        ValueError: no values, or a share outside [0, 1].

    >>> quantiles([1.0, 2.0, 4.0, np.nan]).tolist()  # one of four diverged
    [1.75, 3.0, inf]
    """
    array, wanted = np.asarray(values, np.float64), np.atleast_1d(np.asarray(shares, np.float64))
    if array.ndim == 0 or array.shape[axis] == 0:
        raise ValueError(f"quantiles: there are no values. Received: shape {array.shape}. Give at least one.")
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"quantiles: shares must be in [0, 1]. Received: {wanted.tolist()}. The median is 0.5.")
    worst = -np.inf if higher_is_better else np.inf
    ordered = np.sort(np.moveaxis(np.where(np.isfinite(array), array, worst), axis, 0), axis=0)
    place = wanted * (len(ordered) - 1)
    below = np.floor(place).astype(np.intp)
    between = (place - below).reshape(-1, *[1] * (ordered.ndim - 1))
    low, high = ordered[below], ordered[np.ceil(place).astype(np.intp)]
    with np.errstate(invalid="ignore"):  # infinity - infinity: these are set to the worst value
        value = low + between * (high - low)
    return np.where(between == 0, low, np.where(np.isfinite(low) & np.isfinite(high), value, worst))
