"""Callbacks: objects with methods that are called at the events of a training."""

from __future__ import annotations

import math
from typing import Literal

from ...schedules.fields import NonNegative
from ...schedules.plateau import beats
from ..errors import UsageError, checked
from .training import Logs, Training


class Callback:
    """A base class of callbacks. A subclass defines the methods that it needs.

    Epochs and batches count from 0. `logs` holds numbers by name. All callbacks of an event share it: a number that is
    added to the logs of `on_epoch_end` becomes part of the history.

    The base class is optional: any object that has one of these methods is a callback. One with `set_optimizer`, such
    as a dialect's, receives the optimizer. One with `state_dict` and `load_state_dict` is part of checkpoints.

    Attributes:
        training: the training, with `model`, `optimizer`, `history`, `epoch`, `batch` and `stop(reason)`.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> class GoodEnough(Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         if logs["loss"] < 0.5:
    ...             self.training.stop(f"good enough after epoch {epoch}")
    >>> fit(nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3)), SGD(lr=1.0), epochs=99, callbacks=[GoodEnough()]).stopped
    'good enough after epoch 4'
    """

    training: Training

    def set_training(self, training: Training) -> None:
        """Receive the training, before its first event."""
        self.training = training

    def on_train_begin(self, logs: Logs) -> None:
        """Called before the first epoch of a call of `fit`."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Called before an epoch's first batch."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Called after the step with a batch."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Called after an epoch and its validation."""

    def on_train_end(self, logs: Logs) -> None:
        """Called after the last epoch, unless an error ended the training."""


class Monitor:
    """A number in the logs, and whether it has improved.

    Args:
        owner: the name of the callback, for error messages.
        name: the name of a loss or a metric.
        mode: "min", "max", or "auto": "max" for an accuracy, "min" for a loss or an error.
        min_delta: an improvement of this or less does not count.
    """

    def __init__(self, owner: str, name: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        self.owner: str = owner
        self.name: str = checked(owner, str, monitor=name)
        self.mode: str = checked(owner, Literal["auto", "min", "max"], mode=mode)
        self.min_delta: float = checked(owner, NonNegative, min_delta=min_delta)
        if mode == "auto":
            guesses = {"accuracy": "max", "loss": "min", "error": "min"}
            found = [guess for ending, guess in guesses.items() if name.endswith(ending)]
            if not found:
                raise UsageError(f"{owner}: mode must be 'min' or 'max' for {name!r}. Received: mode='auto'.")
            self.mode = found[0]

    def value(self, logs: Logs) -> float:
        """Return the number. Raises UsageError if the logs lack it."""
        if self.name not in logs:
            hint = " Give validation data." if self.name.startswith("val_") else ""
            raise UsageError(f"{self.owner}: there is no {self.name!r} in the logs: {', '.join(logs)}.{hint}")
        return float(logs[self.name])

    def better(self, value: float, best: float | None) -> bool:
        """Return whether a number beats the best one; the first finite number does, a NaN never."""
        if best is None or not math.isfinite(value):
            return math.isfinite(value)
        return beats(value + (self.min_delta if self.mode == "min" else -self.min_delta), best, self.mode)
