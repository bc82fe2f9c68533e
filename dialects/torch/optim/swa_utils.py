"""torch.optim.swa_utils."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .lr_scheduler import SWALR

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_swa_avg_fn"]

Average = Callable[[Any, Any, int], Any]


def get_swa_avg_fn() -> Average:
    """A function that computes the mean of all models so far."""
    return lambda averaged, present, count: averaged + (present - averaged) / (count + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A function that computes an exponential moving average. Raises ValueError if decay is outside [0, 1]."""
    if not 0 <= decay <= 1:
        raise ValueError(f"decay must be in [0, 1]. Received: decay={decay!r}. It is the weight of the old average.")
    return lambda averaged, present, count: decay * averaged + (1 - decay) * present


class AveragedModel:
    """A copy of a model with averaged parameters. Izmailov et al. 2018, arXiv:1803.05407.

    Args:
        model: an object with `parameters()` that can be called and copied.
        avg_fn: a function of the averaged array, the present array and the number of models so far that returns the new
            average; by default the mean.

    Attributes:
        module: the copy.
        n_averaged: the number of calls of `update_parameters`. The first one copies.
    """

    def __init__(self, model: Any, avg_fn: Average | None = None) -> None:
        """Copy the model."""
        self.module = copy.deepcopy(model)
        self.n_averaged = 0
        self.avg_fn = avg_fn or get_swa_avg_fn()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the averaged model."""
        return self.module(*args, **kwargs)

    def parameters(self) -> Any:
        """The averaged parameters."""
        return self.module.parameters()

    def update_parameters(self, model: Any) -> None:
        """Include the model's present parameters in the average."""
        for averaged, present in zip(self.parameters(), model.parameters(), strict=True):
            new = self.avg_fn(averaged.data, present.data, self.n_averaged) if self.n_averaged else present.data
            np.copyto(averaged.data, new)
            if hasattr(averaged, "memory_of"):
                averaged.memory_of(averaged.data).written("update_parameters")
        self.n_averaged += 1
