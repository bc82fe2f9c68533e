"""Ranks over several problems or seeds: Demšar 2006, Statistical comparisons of classifiers over multiple data sets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .order import costs, table

Array = NDArray[np.float64]


def average_ranks(values: ArrayLike, *, higher_is_better: bool = False) -> Array:
    """Return the mean rank of each method; 1 is best. Equal results, and diverged ones, get the mean of their ranks.

    Args:
        values: shape (problems, methods).
        higher_is_better: whether higher values are better.

    Returns:
        Shape (methods,); their mean is (methods + 1) / 2.

    Raises:
        ValueError: not a table.

    >>> average_ranks([[0.1, 0.2, 0.3], [0.5, 0.5, np.nan]]).tolist()
    [1.25, 1.75, 3.0]
    """
    found: Array = stats.rankdata(costs(table(values, "average_ranks"), higher_is_better), axis=1).mean(axis=0)
    return found


@dataclass(frozen=True)
class Friedman:
    """The result of `friedman`: chi square, and the less conservative F of Iman & Davenport 1980, with their p values.

    >>> found = friedman([[0.1, 0.2, 0.3], [0.2, 0.3, 0.4], [0.5, 0.4, 0.6], [0.1, 0.4, 0.3]])
    >>> round(found.p_chi_square, 3), round(found.p_f, 3)
    (0.105, 0.084)
    """

    chi_square: float
    p_chi_square: float
    f: float
    p_f: float


def friedman(values: ArrayLike, *, higher_is_better: bool = False) -> Friedman:
    """Test whether all methods are equal. Friedman 1937; as in Demšar 2006, section 3.2.2, without correction for ties.

    Args:
        values: shape (problems, methods), two methods or more.
        higher_is_better: whether higher values are better.

    Raises:
        ValueError: not a table, or a single method.

    >>> found = friedman([[0.1, 0.2, 0.3], [0.2, 0.3, 0.4], [0.5, 0.4, 0.6], [0.1, 0.4, 0.3]])
    >>> round(found.chi_square, 3), round(found.f, 3)
    (4.5, 3.857)
    """
    n, k = table(values, "friedman").shape
    if k < 2:
        raise ValueError("friedman: two methods or more are needed. Received: 1.")
    ranks = average_ranks(values, higher_is_better=higher_is_better)
    chi_square = 12 * n / (k * (k + 1)) * float(((ranks - (k + 1) / 2) ** 2).sum())
    rest = n * (k - 1) - chi_square  # zero if all problems have the same ranking
    f = (n - 1) * chi_square / rest if rest > 1e-9 * n * k else math.inf
    p_f = float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))) if n > 1 else math.nan
    return Friedman(chi_square, float(stats.chi2.sf(chi_square, k - 1)), f, p_f)


def critical_difference(problems: int, methods: int, level: float = 0.05) -> float:
    """Return the smallest significant difference of two mean ranks, by Nemenyi's test. Demšar 2006, section 3.2.2.

    Raises:
        ValueError: no problem, or fewer than two methods.

    >>> round(critical_difference(problems=14, methods=4), 2)  # Demšar's example
    1.25
    """
    if problems < 1 or methods < 2:
        raise ValueError(
            f"critical_difference: at least one problem and two methods are needed. Received: {problems} and {methods}."
        )
    q = float(stats.studentized_range.ppf(1 - level, methods, np.inf)) / math.sqrt(2)
    return q * math.sqrt(methods * (methods + 1) / (6 * problems))


def indistinguishable(ranks: ArrayLike, difference: float) -> list[tuple[int, ...]]:
    """Return the largest groups of methods whose ranks differ by less than the critical difference, best first.

    Args:
        ranks: mean ranks, shape (methods,).
        difference: the critical difference.

    Returns:
        Indices into ranks, ordered by rank. A method that differs from all others is in no group.

    >>> indistinguishable([1.2, 2.1, 2.8, 3.9], 1.0)  # the first and the third differ, neighbours do not
    [(0, 1), (1, 2)]
    """
    means = np.asarray(ranks, np.float64)
    order = np.argsort(means, kind="stable")
    ordered = means[order]
    groups: list[tuple[int, ...]] = []
    reached = 0
    for first in range(len(order)):
        last = int(np.flatnonzero(ordered - ordered[first] < difference)[-1]) if difference > 0 else first
        if last > max(first, reached):
            groups.append(tuple(int(i) for i in order[first : last + 1]))
            reached = last
    return groups
