"""What can be measured at every step, besides the scores at the end of every epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEASURES", "Moment"]

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Moment:
    """One step: the loss before it, the gradients it used last, the parameters before and after."""

    loss: float
    gradients: Arrays
    before: Arrays
    after: Arrays


def norm(arrays: Arrays) -> float:
    """Return the joint Euclidean norm, summed in float64."""
    return sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays))


def update_norm(moment: Moment) -> float:
    """Return the length of the step."""
    return norm([after - before for before, after in zip(moment.before, moment.after, strict=True)])


MEASURES: dict[str, Callable[[Moment], float]] = {
    "batch_loss": lambda moment: moment.loss,
    "gradient_norm": lambda moment: norm(moment.gradients),
    "parameter_norm": lambda moment: norm(moment.after),
    "update_norm": update_norm,
    "update_ratio": lambda moment: update_norm(moment) / (norm(moment.before) or 1.0),
}
"""By name; of an epoch, the mean over its steps is kept."""
