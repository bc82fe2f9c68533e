"""Which seeds the runs have. Every contender has the same ones: run by run, comparisons are paired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import UsageError, lookup
from ..trial import Seeds
from .entries import within

__all__ = ["Seeding"]

STREAMS = dict.fromkeys(Seeds._fields)


@dataclass(frozen=True)
class Seeding:
    """Seeds 0, 1, ... for tuning, the next ones for the final runs, so that no run is judged on what it was tuned on.

    Args:
        tuning: how many seeds a setting is tried on.
        final: how many runs the best setting gets.
        fixed: streams (data, initial, order, noise) that have one seed always, and it; the others vary together.
        reshuffled: whether every epoch has an order of its own; otherwise all have that of the first.

    >>> seeding = Seeding(tuning=2, final=3)
    >>> seeding.judged[0]
    Seeds(data=0, initial=2, order=2, noise=2)
    """

    tuning: int = 2
    final: int = 5
    fixed: Mapping[str, int] = field(default_factory=lambda: {"data": 0})
    reshuffled: bool = True

    def __post_init__(self) -> None:
        for name in ("tuning", "final"):
            count = getattr(self, name)
            if not isinstance(count, int) or isinstance(count, bool) or count < 1:
                raise UsageError(f"seeds.{name} must be a whole number >= 1. Received: {count!r}.")
        for stream, seed in self.fixed.items():
            with within("seeds.fixed"):
                lookup("stream of random numbers", stream, STREAMS)
            if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
                raise UsageError(f"seeds.fixed.{stream} must be a whole number >= 0. Received: {seed!r}.")
        if not isinstance(self.reshuffled, bool):
            raise UsageError(f"seeds.reshuffled must be true or false. Received: {self.reshuffled!r}.")

    def seeds(self, number: int) -> Seeds:
        """Return the seeds of run number 0, 1, ..."""
        return Seeds(**{stream: self.fixed.get(stream, number) for stream in STREAMS})

    @property
    def tuned(self) -> list[Seeds]:
        """The seeds of the search."""
        return [self.seeds(number) for number in range(self.tuning)]

    @property
    def judged(self) -> list[Seeds]:
        """The seeds of the final runs."""
        return [self.seeds(self.tuning + number) for number in range(self.final)]
