"""What is measured beside the loss: functions of outputs and targets, arrays, that return the mean over the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, lookup

Array = NDArray[Any]
Metric = Callable[[Array, Array], float]


def accuracy(outputs: Array, targets: Array) -> float:
    """Share of rows whose largest of k >= 2 outputs is at the class."""
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise UsageError(
            f"accuracy: outputs must have shape (n, k), one a class. Received: shape {outputs.shape}. "
            "For one probability a row, use 'binary_accuracy'."
        )
    return float(np.mean(outputs.argmax(axis=1) == targets))


def binary_accuracy(outputs: Array, targets: Array) -> float:
    """Share of rows whose one output, a probability, lies on the target's side of 1/2."""
    if outputs.size != targets.size:
        raise UsageError(
            f"binary_accuracy: there must be one output for each target. Received: shapes {outputs.shape} and "
            f"{targets.shape}."
        )
    return float(np.mean((outputs.reshape(-1) > 0.5) == targets.reshape(-1)))


def mean_absolute_error(outputs: Array, targets: Array) -> float:
    """Mean of |output - target|, whose shapes are equal."""
    if outputs.shape != targets.shape:
        raise UsageError(
            f"mean_absolute_error: outputs and targets must have one shape. Received: {outputs.shape} and "
            f"{targets.shape}."
        )
    return float(np.mean(np.abs(outputs - targets)))


METRICS: dict[str, Metric] = {f.__name__: f for f in (accuracy, binary_accuracy, mean_absolute_error)}


def named(metrics: str | Metric | Sequence[str | Metric]) -> dict[str, Metric]:
    """Return metrics by name; a function goes by its own."""
    chosen = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    functions = [m if callable(m) else lookup("metric", m, METRICS) for m in chosen]
    return {getattr(f, "__name__", type(f).__name__): f for f in functions}
