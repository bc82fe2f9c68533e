"""Metrics: functions of outputs and targets, two arrays, that return the mean over the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, lookup

Array = NDArray[Any]
Metric = Callable[[Array, Array], float]


def accuracy(outputs: Array, targets: Array) -> float:
    """Return the fraction of rows whose largest output is that of their class; outputs (n, k), k >= 2, targets (n,)."""
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise UsageError(
            f"accuracy: outputs must have shape (n, k), one a class. Received: shape {outputs.shape}. "
            "For one probability a row, use 'binary_accuracy'."
        )
    return float(np.mean(outputs.argmax(axis=1) == targets))


def binary_accuracy(outputs: Array, targets: Array) -> float:
    """Return the fraction of rows with an output, a probability, on the target's side of 1/2; shapes (n,) or (n, 1)."""
    if outputs.size != targets.size:
        raise UsageError(
            f"binary_accuracy: there must be one output for each target. Received: shapes {outputs.shape} and "
            f"{targets.shape}."
        )
    return float(np.mean((outputs.reshape(-1) > 0.5) == targets.reshape(-1)))


def mean_absolute_error(outputs: Array, targets: Array) -> float:
    """Return the mean of |output - target|; outputs and targets have one shape."""
    if outputs.shape != targets.shape:
        raise UsageError(
            f"mean_absolute_error: outputs and targets must have one shape. Received: {outputs.shape} and "
            f"{targets.shape}."
        )
    return float(np.mean(np.abs(outputs - targets)))


METRICS: dict[str, Metric] = {f.__name__: f for f in (accuracy, binary_accuracy, mean_absolute_error)}


def name_of(function: Any) -> str:
    """Return the name of a function, or of the class of a callable object."""
    return str(getattr(function, "__name__", type(function).__name__))


RESERVED = ("epoch", "loss", "lr")
"""Names in the history that no metric may have."""


def named(metrics: str | Metric | Sequence[str | Metric]) -> dict[str, Metric]:
    """Return the metrics by name, a function by its `__name__`. Raises UsageError for unknown and for equal names."""
    chosen = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics
    if not isinstance(chosen, Iterable):
        raise UsageError(f"fit: metrics must be a name, a function, or a list of them. Received: metrics={metrics!r}.")
    functions: dict[str, Metric] = {}
    for function in (m if callable(m) else lookup("metric", m, METRICS) for m in chosen):
        name = name_of(function)
        if name in RESERVED:
            raise UsageError(f"fit: no metric may be called {name!r}, as another number is. Give it a __name__.")
        if name in functions:
            raise UsageError(f"fit: two metrics are called {name!r}. Give one another __name__.")
        functions[name] = function
    return functions


def compute(metrics: Mapping[str, Metric], outputs: Array, targets: Array) -> dict[str, float]:
    """Return the values of the metrics for a batch, by name. Raises UsageError if one is no number."""
    values = {name: metric(outputs, targets) for name, metric in metrics.items()}
    for name, value in values.items():
        if np.ndim(value) or np.asarray(value).dtype.kind not in "biuf":
            raise UsageError(f"fit: the metric {name!r} must return a number. Received: {value!r}.")
    return {name: float(value) for name, value in values.items()}
