"""Quantities that can be measured at every step, besides the scores at the end of every epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..optim.norms import global_norm

__all__ = ["MEASURES", "StepValues"]

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class StepValues:
    """The values of one step: the loss before it, the gradients of its last evaluation, the parameters around it."""

    loss: float
    gradients: Arrays
    before: Arrays
    after: Arrays


def norm(arrays: Arrays) -> float:
    """Return the global Euclidean norm, summed in float64."""
    return global_norm(array.ravel() for array in arrays)


def update_norm(step: StepValues) -> float:
    """Return the norm of the update."""
    return norm([after - before for before, after in zip(step.before, step.after, strict=True)])


MEASURES: dict[str, Callable[[StepValues], float]] = {
    "batch_loss": lambda step: step.loss,
    "gradient_norm": lambda step: norm(step.gradients),
    "parameter_norm": lambda step: norm(step.after),
    "update_norm": update_norm,
    "update_ratio": lambda step: update_norm(step) / (norm(step.before) or 1.0),
}
"""The measures by name. A result has the mean of each over the steps of an epoch."""
