"""Paired tests of two methods on the same problems or seeds.

A diverged run loses against a finite one; two diverged runs tie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .order import costs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """The result of a paired, two-sided test of `a` against `b`.

    >>> found = sign_test([0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, np.nan])  # one run of b diverged
    >>> found.wins, found.effect, round(found.p, 3)
    (4, 1.0, 0.125)
    """

    wins: int
    """Pairs in which a is better."""
    losses: int
    ties: int
    effect: float
    """The fraction of wins minus the fraction of losses, of pairs or ranks: 1 if a always wins, -1 if b always wins."""
    p: float


def sign_test(a: ArrayLike, b: ArrayLike, *, higher_is_better: bool = False) -> Paired:
    """Return the sign test: it counts wins and losses, and ignores ties. Dixon & Mood 1946.

    The effect is (wins - losses) / (wins + losses). With n pairs, p is at least 2 / 2**n.

    Raises:
        ValueError: a and b are not of one shape (n,), n >= 1.

    >>> found = sign_test([1, 2, 3, 4, 9], [2, 3, 4, 5, 1])
    >>> found.wins, found.losses, round(found.effect, 3), round(found.p, 3)
    (4, 1, 0.6, 0.375)
    """
    gains = _gains(a, b, higher_is_better, "sign_test")
    wins, losses, ties = _counts(gains)
    decided = wins + losses
    p = float(stats.binomtest(wins, decided).pvalue) if decided else 1.0
    return Paired(wins, losses, ties, (wins - losses) / decided if decided else 0.0, p)


def wilcoxon(a: ArrayLike, b: ArrayLike, *, higher_is_better: bool = False) -> Paired:
    """Return the signed-rank test: it compares the rank sums of wins and losses, and ignores ties. Wilcoxon 1945.

    p is exact for up to 13 pairs, and for up to 50 if no two differences have equal size. Otherwise it is SciPy's
    normal approximation. A difference with divergence on one side ranks above all numbers. The effect is the
    rank-biserial correlation of matched pairs: Kerby 2014, doi:10.2466/11.IT.3.1.

    Raises:
        ValueError: a and b are not of one shape (n,), n >= 1.

    >>> found = wilcoxon([1, 2, 3, 4, 9], [2, 3, 4, 5, 1])  # the one loss is the greatest difference
    >>> found.wins, found.losses, round(found.effect, 3), round(found.p, 3)
    (4, 1, 0.333, 0.75)
    """
    gains = _gains(a, b, higher_is_better, "wilcoxon")
    wins, losses, ties = _counts(gains)
    decided = gains[gains != 0]
    if not decided.size:
        return Paired(wins, losses, ties, 0.0, 1.0)
    ranks = stats.rankdata(abs(decided))
    signed = np.sign(decided) * ranks  # the test uses only these; they are finite, also with divergence
    return Paired(wins, losses, ties, float(signed.sum() / ranks.sum()), float(stats.wilcoxon(signed).pvalue))


def holm(p: ArrayLike) -> Array:
    """Return p values adjusted for multiple tests: reject those that are at most the level. Holm 1979.

    The probability of any false rejection is then at most the level, for all dependencies between the tests.

    Raises:
        ValueError: a value outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"holm: p values must be in [0, 1]. Received: {values.tolist()}.")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _gains(a: ArrayLike, b: ArrayLike, higher_is_better: bool, name: str) -> Array:
    """Return how much better a is, pair by pair: infinite if only b diverged, zero if both did."""
    ours, theirs = costs(a, higher_is_better), costs(b, higher_is_better)
    if ours.shape != theirs.shape or ours.ndim != 1 or not ours.size:
        raise ValueError(
            f"{name}: pairs are needed, two arrays of one shape (n,). Received: {ours.shape} and {theirs.shape}. "
            "Use NaN for a missing run."
        )
    with np.errstate(invalid="ignore"):
        return np.where(ours == theirs, 0.0, theirs - ours)


def _counts(gains: Array) -> tuple[int, int, int]:
    wins, losses = int((gains > 0).sum()), int((gains < 0).sum())
    return wins, losses, len(gains) - wins - losses
