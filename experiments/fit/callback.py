"""What a callback is: any object with some of these methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from .training import Training

Logs = dict[str, Any]
HOOKS = ("on_train_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_train_end")


class Callback:
    """What is told of each event of a training. A subclass defines the methods that it needs.

    Epochs and batches count from 0. `logs` are numbers by name, shared by all callbacks of the event: what is added to
    those of `on_epoch_end` goes into the history.

    Any object with one of these methods will do; one that has `set_optimizer`, as a dialect's callbacks have, is given
    the optimizer. With `state_dict` and `load_state_dict` its state is part of a checkpoint.

    Attributes:
        training: the run, with `model`, `optimizer`, `history`, `epoch`, `batch` and `stop(reason)`.

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

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch of a call of `fit`."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before an epoch's first batch."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """After the step with a batch."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch and its validation."""

    def on_train_end(self, logs: Logs) -> None:
        """After the last epoch; not after an error."""


def attach(callback: Any, training: Training) -> None:
    """Tell a callback whose it is. Raises UsageError if it is none."""
    if isinstance(callback, type):
        raise UsageError(f"fit: a callback must be an object, not a class. Received: {callback!r}.")
    if not any(callable(getattr(callback, hook, None)) for hook in HOOKS):
        raise UsageError(f"fit: a callback must have one of {', '.join(HOOKS)}. Received: {callback!r}.")
    if isinstance(callback, Callback):
        callback.training = training
    elif hasattr(callback, "set_optimizer"):
        callback.set_optimizer(training.optimizer)


class Monitor:
    """A number in the logs, and what is better for it.

    Args:
        owner: who asks, for errors.
        name: of a loss or a metric.
        mode: "min", "max", or "auto": "max" for an accuracy, "min" for a loss or an error.
        min_delta: better is better by more than this, whatever the number's size.
    """

    def __init__(self, owner: str, name: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        if not isinstance(name, str):
            raise UsageError(f"{owner}: monitor must be the name of a number in the logs. Received: monitor={name!r}.")
        if mode not in ("auto", "min", "max"):
            raise UsageError(f"{owner}: mode must be 'auto', 'min' or 'max'. Received: mode={mode!r}.")
        if not (isinstance(min_delta, int | float) and 0 <= min_delta < math.inf):
            raise UsageError(f"{owner}: min_delta must be a number >= 0. Received: min_delta={min_delta!r}.")
        if mode == "auto":
            guesses = {"accuracy": "max", "loss": "min", "error": "min"}
            found = [guess for ending, guess in guesses.items() if name.endswith(ending)]
            if not found:
                raise UsageError(f"{owner}: mode must be 'min' or 'max' for {name!r}. Received: mode='auto'.")
            mode = found[0]
        self.owner, self.name, self.mode, self.min_delta = owner, name, mode, min_delta

    def value(self, logs: Logs) -> float:
        """The number. Raises UsageError if it isn't there."""
        if self.name not in logs:
            hint = " Give validation data." if self.name.startswith("val_") else ""
            raise UsageError(f"{self.owner}: there is no {self.name!r} in the logs: {', '.join(logs)}.{hint}")
        return float(logs[self.name])

    def better(self, value: float, best: float | None) -> bool:
        """Whether a number beats the best one; the first finite one does, a NaN never."""
        if best is None or not math.isfinite(value):
            return math.isfinite(value)
        return value + self.min_delta < best if self.mode == "min" else value - self.min_delta > best
