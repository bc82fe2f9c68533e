"""Claims about the final runs, which `ravine verify` checks. A run that diverged or failed counts as the worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...schedules.fields import Interval, NonNegativeInt
from ...schedules.record import Record
from ..errors import UsageError, lookup
from ..statistics import Paired, quantiles, sign_test, wilcoxon

End = Literal["test_metric", "test_loss", "validation_metric", "validation_loss", "train_loss"]
ENDS: tuple[str, ...] = get_args(End)
"""The quantities that a run has at its end."""

Quantity = Literal[End, "epochs_to_target", "steps_to_target", "seconds_to_target"]
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
        """How it ended: "holds", "missed" or "not run"."""
        return "not run" if self.holds is None else "holds" if self.holds else "missed"


GetValues = Callable[[str, str, str], Values | None]
"""A function of the names of a problem, an optimizer and a quantity: its values, None if a run is missing."""


class Claim(Record):
    """A statement about the final runs."""

    registry: ClassVar[dict[str, type[Any]]] = {}

    @staticmethod
    def _registry_key(name: str) -> str:
        return name.lower()

    @property
    def quantity(self) -> str:
        """The quantity whose values decide."""
        return "train_loss"

    @property
    def subject(self) -> tuple[str, tuple[str, ...]]:
        """The names of the problem, and of the optimizers, that the claim is about."""
        raise NotImplementedError

    def check(self, seeds: int, problems: Sequence[str], optimizers: Sequence[str]) -> None:
        """Raise UsageError for an unknown name, or if the claim can't hold with so many final seeds."""
        problem, named = self.subject
        lookup("problem of a claim", problem, dict.fromkeys(problems))
        for name in named:
            lookup("optimizer of a claim", name, dict.fromkeys(optimizers))

    def judge(self, get_values: GetValues) -> Finding:
        """Return the finding; whether the claim holds is None if a run is missing."""
        problem, optimizers = self.subject
        values = [get_values(problem, name, self.quantity) for name in optimizers]
        there = [one for one in values if one is not None]
        return Finding(str(self), *(self._judge(*there) if len(there) == len(values) else ("", None)))

    def _judge(self, *values: Any) -> tuple[str, bool]:
        """The numbers found, and whether the claim holds, given the Values of each optimizer."""
        raise NotImplementedError


class Better(Claim):
    """One optimizer is better than another on a problem: it wins most pairs, and a two-sided paired test gives p < `p`.

    >>> from ravine.experiments.sweep.claims import Values
    >>> runs = {"adam": Values(np.arange(6.0), False), "sgd": Values(np.arange(6.0) + 1, False)}
    >>> finding = Better("adam", than="sgd", on="booth").judge(lambda problem, optimizer, quantity: runs[optimizer])
    >>> finding.found, finding.verdict
    ('6 won, 0 lost, 0 tied, p = 0.031', 'holds')
    """

    better: str
    than: str
    on: str
    quantity: Quantity = "test_metric"
    test: Literal["sign", "wilcoxon"] = "sign"
    p: Annotated[float, Interval(gt=0, lt=1)] = 0.05

    def __str__(self) -> str:
        return f"{self.better} better than {self.than} on {self.on}: {self.quantity}, {self.test} test, p < {self.p:g}"

    @property
    def subject(self) -> tuple[str, tuple[str, ...]]:
        """The names of the problem, and of both optimizers."""
        return self.on, (self.better, self.than)

    def check(self, seeds: int, problems: Sequence[str], optimizers: Sequence[str]) -> None:
        """Raise UsageError for an unknown name, or if p would not be small enough even if every pair were won."""
        super().check(seeds, problems, optimizers)
        if self.better == self.than:
            raise UsageError(f"{self.better!r} can't be better than itself. Name two optimizers.")
        least = TESTS[self.test](np.arange(seeds), np.arange(1, 2 * seeds + 1, 2)).p
        if least >= self.p:
            raise UsageError(f"Claim '{self}': with seeds.final = {seeds}, p is at least {least:.2g}. Take more seeds.")

    def _judge(self, ours: Values, theirs: Values) -> tuple[str, bool]:
        """Test the pairs of runs on equal seeds."""
        pairs = TESTS[self.test](ours.values, theirs.values, higher_is_better=ours.higher_is_better)
        found = f"{pairs.wins} won, {pairs.losses} lost, {pairs.ties} tied, p = {pairs.p:.2g}{ours.note()}"
        return found, pairs.effect > 0 and pairs.p < self.p


class Median(Claim):
    """The median of an optimizer's final runs on a problem lies below a number, above one, or between two.

    Raises:
        TypeError, ValueError: no bound is given, or no number lies between the bounds.

    >>> str(Median("adam", on="digits", above=0.95))
    'median test_metric of adam on digits above 0.95'
    """

    median: str
    on: str
    below: float | None = None
    above: float | None = None
    quantity: Quantity = "test_metric"

    def _check_together(self) -> None:
        if self.below is None and self.above is None:
            raise ValueError("say below = number, above = number, or both. Received: neither.")
        if self.below is not None and self.above is not None and not self.above < self.below:
            raise ValueError(
                "below must be greater than above, or no number lies between them. "
                f"Received: below={self.below}, above={self.above}. Exchange them."
            )

    def __str__(self) -> str:
        bounds = {"above": self.above, "below": self.below}
        limits = " and ".join(f"{word} {value:g}" for word, value in bounds.items() if value is not None)
        return f"median {self.quantity} of {self.median} on {self.on} {limits}"

    @property
    def subject(self) -> tuple[str, tuple[str, ...]]:
        """The names of the problem and the optimizer."""
        return self.on, (self.median,)

    def _judge(self, found: Values) -> tuple[str, bool]:
        """Compare the median with the bounds."""
        (median,) = quantiles(found.values, (0.5,), higher_is_better=found.higher_is_better)
        holds = (self.below is None or median < self.below) and (self.above is None or median > self.above)
        return f"{median:.4g}{found.note()}", bool(np.isfinite(median) and holds)


class Diverging(Claim):
    """At most so many of an optimizer's final runs on a problem diverge or fail.

    >>> str(Diverging("adam", on="digits", at_most=2))
    'at most 2 runs of adam on digits diverge'
    """

    diverging: str
    on: str
    at_most: NonNegativeInt = 0

    def __str__(self) -> str:
        return f"at most {self.at_most} runs of {self.diverging} on {self.on} diverge"

    @property
    def subject(self) -> tuple[str, tuple[str, ...]]:
        """The names of the problem and the optimizer."""
        return self.on, (self.diverging,)

    def _judge(self, found: Values) -> tuple[str, bool]:
        """Count the runs that did not finish."""
        count = int(np.isnan(found.values).sum())
        return f"{count} of {len(found.values)}", count <= self.at_most
