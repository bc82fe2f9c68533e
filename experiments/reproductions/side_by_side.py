"""Many runs of one optimizer at once: what differs in hyperparameters or seed alone shares each product of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from ...optim import Optimizer

__all__ = ["SideBySide"]


class SideBySide:
    """An optimizer bound once for each run.

    Args:
        spec: the optimizer.
        arrays: parameters, (runs, ...); updated in place.
        hyper: hyperparameters in which the runs differ: for each a sequence of numbers or schedules, one a run.
    """

    def __init__(self, spec: Optimizer, arrays: Sequence[NDArray[Any]], **hyper: Any) -> None:
        self.runs = range(len(arrays[0]))
        own = [{name: values[i] for name, values in hyper.items()} for i in self.runs]
        self.optimizer = spec.bind([{"params": [a[i] for a in arrays], **own[i]} for i in self.runs])

    def step(self, gradients: Sequence[NDArray[Any]]) -> None:
        """Take one step of every run; gradients are shaped like the parameters."""
        self.optimizer.step([g[i] for i in self.runs for g in gradients])
