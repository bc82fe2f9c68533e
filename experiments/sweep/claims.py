"""Claims about the final runs, which `ravine verify` checks. A run that diverged or failed counts as the worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, lookup
from ..statistics import Paired, quantiles, sign_test, wilcoxon

__all__ = ["CLAIMS", "ENDS", "QUANTITIES", "TO_TARGET", "Better", "Claim", "Diverging", "Finding", "Median", "Values"]

ENDS = ("test_metric", "test_loss", "validation_metric", "validation_loss", "train_loss")
TO_TARGET = ("epochs_to_target", "steps_to_target", "seconds_to_target")
QUANTITIES = (*ENDS, *TO_TARGET)
TESTS: dict[str, Callable[..., Paired]] = {"sign": sign_test, "wilcoxon": wilcoxon}


@dataclass(frozen=True)
class Values:
    """A quantity at the end of an optimizer's final runs, shape (seeds,); NaN where a run diverged or failed."""

    values: NDArray[np.float64]
    higher_is_better: bool
    timed_in_parallel: bool = False

    def note(self) -> str:
        """Return a note on timings to append to a finding, or an empty string."""
        return ", timed while other runs shared the machine" * self.timed_in_parallel


@dataclass(frozen=True)
class Finding:
    """A claim, the numbers found, and whether it holds: None if runs are missing."""

    claim: str
    found: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """"holds", "missed" or "not run"."""
        return "not run" if self.holds is None else "holds" if self.holds else "missed"


GetValues = Callable[[str, str, str], Values | None]
"""A function of the names of a problem, an optimizer and a quantity: its values, None if a run is missing."""


class Claim(Protocol):
    """A statement about the final runs."""

    kind: ClassVar[str]

    def check(self, seeds: int, problems: Sequence[str], optimizers: Sequence[str]) -> None:
        """Raise UsageError for an unknown name, or if the claim can't hold with so many final seeds."""

    def judge(self, get_values: GetValues) -> Finding:
        """Return the finding."""


@dataclass(frozen=True)
class Better:
    """One optimizer is better than another on a problem: it wins most pairs, and a two-sided paired test gives p < `p`.

    >>> from ravine.experiments.sweep.claims import Values
    >>> runs = {"adam": Values(np.arange(6.0), False), "sgd": Values(np.arange(6.0) + 1, False)}
    >>> finding = Better("adam", than="sgd", on="booth").judge(lambda problem, optimizer, quantity: runs[optimizer])
    >>> finding.found, finding.verdict
    ('6 won, 0 lost, 0 tied, p = 0.031', 'holds')
    """

    kind: ClassVar[str] = "better"
    better: str
    than: str
    on: str
    quantity: str = "test_metric"
    test: str = "sign"
    p: float = 0.05

    def __str__(self) -> str:
        return f"{self.better} better than {self.than} on {self.on}: {self.quantity}, {self.test} test, p < {self.p:g}"

    def check(self, seeds: int, problems: Sequence[str], optimizers: Sequence[str]) -> None:
        """Raise UsageError for an unknown name, or if p would not be small enough even if every pair were won."""
        check_names(self, problems, [self.better, self.than], optimizers)
        lookup("paired test", self.test, TESTS)
        if self.better == self.than:
            raise UsageError(f"{self.better!r} can't be better than itself. Name two optimizers.")
        if not 0 < self.p < 1:
            raise UsageError(f"p must be above 0 and below 1. Received: {self.p!r}.")
        least = TESTS[self.test](np.arange(seeds), np.arange(1, 2 * seeds + 1, 2)).p
        if least >= self.p:
            raise UsageError(f"Claim '{self}': with seeds.final = {seeds}, p is at least {least:.2g}. Take more seeds.")

    def judge(self, get_values: GetValues) -> Finding:
        """Test the pairs of runs on equal seeds."""
        ours, theirs = get_values(self.on, self.better, self.quantity), get_values(self.on, self.than, self.quantity)
        if ours is None or theirs is None:
            return Finding(str(self), "", None)
        pairs = TESTS[self.test](ours.values, theirs.values, higher_is_better=ours.higher_is_better)
        found = f"{pairs.wins} won, {pairs.losses} lost, {pairs.ties} tied, p = {pairs.p:.2g}{ours.note()}"
        return Finding(str(self), found, pairs.effect > 0 and pairs.p < self.p)


@dataclass(frozen=True)
class Median:
    """The median of an optimizer's final runs on a problem lies below a number, above one, or between two.

    >>> str(Median("adam", on="digits", above=0.95))
    'median test_metric of adam on digits above 0.95'
    """

    kind: ClassVar[str] = "median"
    median: str
    on: str
    below: float | None = None
    above: float | None = None
    quantity: str = "test_metric"

    def __str__(self) -> str:
        bounds = {"above": self.above, "below": self.below}
        limits = " and ".join(f"{word} {value:g}" for word, value in bounds.items() if value is not None)
        return f"median {self.quantity} of {self.median} on {self.on} {limits}"

    def check(self, seeds: int, problems: Sequence[str], optimizers: Sequence[str]) -> None:
        """Raise UsageError for an unknown name, a missing bound, or bounds that exclude every number."""
        check_names(self, problems, [self.median], optimizers)
        if self.below is None and self.above is None:
            raise UsageError(f"Claim '{self}': say below = number, above = number, or both.")
        if self.below is not None and self.above is not None and not self.above < self.below:
            raise UsageError(f"Claim '{self}': no number lies above the one and below the other. Exchange them.")

    def judge(self, get_values: GetValues) -> Finding:
        """Compare the median with the bounds."""
        found = get_values(self.on, self.median, self.quantity)
        if found is None:
            return Finding(str(self), "", None)
        (median,) = quantiles(found.values, (0.5,), higher_is_better=found.higher_is_better)
        holds = (self.below is None or median < self.below) and (self.above is None or median > self.above)
        return Finding(str(self), f"{median:.4g}{found.note()}", bool(np.isfinite(median) and holds))


@dataclass(frozen=True)
class Diverging:
    """At most so many of an optimizer's final runs on a problem diverge or fail.

    >>> str(Diverging("adam", on="digits", at_most=2))
    'at most 2 runs of adam on digits diverge'
    """

    kind: ClassVar[str] = "diverging"
    diverging: str
    on: str
    at_most: int = 0

    def __str__(self) -> str:
        return f"at most {self.at_most} runs of {self.diverging} on {self.on} diverge"

    def check(self, seeds: int, problems: Sequence[str], optimizers: Sequence[str]) -> None:
        """Raise UsageError for an unknown name or a negative bound."""
        check_names(self, problems, [self.diverging], optimizers)
        if self.at_most < 0:
            raise UsageError(f"at_most must be >= 0. Received: {self.at_most!r}.")

    def judge(self, get_values: GetValues) -> Finding:
        """Count the runs without an end."""
        found = get_values(self.on, self.diverging, "train_loss")
        if found is None:
            return Finding(str(self), "", None)
        count = int(np.isnan(found.values).sum())
        return Finding(str(self), f"{count} of {len(found.values)}", count <= self.at_most)


CLAIMS: dict[str, Any] = {cls.kind: cls for cls in (Better, Median, Diverging)}
"""The kinds of claims, by the key that names them in a configuration."""


def check_names(claim: Any, problems: Sequence[str], named: Sequence[str], optimizers: Sequence[str]) -> None:
    """Raise UsageError if a claim names an unknown problem, optimizer or quantity."""
    lookup("problem of a claim", claim.on, dict.fromkeys(problems))
    for name in named:
        lookup("optimizer of a claim", name, dict.fromkeys(optimizers))
    lookup("quantity of a claim", getattr(claim, "quantity", QUANTITIES[0]), dict.fromkeys(QUANTITIES))
