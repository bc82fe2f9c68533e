"""A Trial is one training run, as a value: everything that its outcome depends on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from ..optim import Optimizer
from .digests import canonical, engine_digest, sha256, source_digest
from .problems import Problem

__all__ = ["Seeds", "Trial"]

installed = cache(version)


class Seeds(NamedTuple):
    """The four sources of chance in a run, which can be varied one at a time."""

    data: int  # how the data is split; 0 is the problem's own split
    initial: int  # the parameters before training
    order: int  # which rows make up which batch
    noise: int  # what a model draws while it trains, such as dropout

    @classmethod
    def of(cls, seed: int) -> Seeds:
        """Return all seeds equal, on the usual split of the data."""
        return cls(0, seed, seed, seed)


@dataclass(frozen=True)
class Trial:
    """One training run. Its outcome is a function of these fields alone."""

    problem: Problem
    optimizer: Optimizer
    epochs: int
    seeds: Seeds
    tested: bool  # whether the test split is scored at the end
    reshuffled: bool = True  # False: every epoch has the batches of the first one
    measures: tuple[str, ...] = ()  # of measures.MEASURES

    @property
    def key(self) -> dict[str, Any]:
        """What the outcome depends on: the fields, and the code they name."""
        classes: list[type] = [type(self.problem), type(self.optimizer)]
        return {
            "problem": repr(self.problem),
            "optimizer": repr(self.optimizer),
            "epochs": self.epochs,
            "seeds": self.seeds._asdict(),
            "tested": self.tested,
            "reshuffled": self.reshuffled,
            "measures": list(self.measures),
            "sources": [engine_digest(), *map(source_digest, classes)],
            "version": installed("ravine"),
        }

    @property
    def digest(self) -> str:
        """The content address of the outcome."""
        return sha256(canonical(self.key))
