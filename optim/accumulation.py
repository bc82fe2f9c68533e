"""The mean of the gradients of several calls of `step`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .storage import Block

__all__ = ["Accumulated"]


class Accumulated:
    """The gradients of one block that have come since its last update.

    Attributes:
        total: their sum, flat, in the dtype of x.
        arrived: which parameters have had one. Of these, calls without one count as zeros.
    """

    def __init__(self, block: Block) -> None:
        """Start at nothing."""
        self.block = block
        self.total = np.zeros_like(block.x)
        self.arrived = [False] * len(block.parameters)

    def add(self, runs: Sequence[tuple[int, int]]) -> None:
        """Add the gradients of the parameters [i, j) of each run."""
        for first, last in runs:
            total = self.block.stretch(self.total, first, last)
            total += self.block.stretch(self.block.g, first, last)
            self.arrived[first:last] = [True] * (last - first)

    def mean(self, calls: int) -> Sequence[tuple[int, int]]:
        """Put the mean in the place of the gradients and start anew; gives the runs to update."""
        self.block.g = self.total / calls
        runs = list(self.block.runs(self.arrived))
        self.__init__(self.block)  # type: ignore[misc]
        return runs
