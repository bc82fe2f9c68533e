"""Callbacks that end a training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .callback import Callback, Logs, Monitor
from .checks import whole


class TerminateOnNaN(Callback):
    """Stops after a batch whose loss is not finite; the epoch is still validated, as in Keras.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> data = np.ones((2, 1)), np.array([[1.0], [np.nan]])
    >>> fit(nn.Linear(1, 1, rng=0), data, SGD(lr=0.1), epochs=9, callbacks=[TerminateOnNaN()]).stopped
    'TerminateOnNaN: the loss of batch 0 of epoch 0 is not finite'
    """

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Look at the loss."""
        if not math.isfinite(logs["loss"]):
            place = f"batch {batch} of epoch {self.training.epoch}"
            self.training.stop(f"TerminateOnNaN: the loss of {place} is not finite")


class EarlyStopping(Callback):
    """Stops when `patience` epochs in a row have not been better than the best one; 0 and 1 are the same.

    Keras's. Differs: a NaN is never the best, where Keras takes it as a first value and then nothing beats it.

    Args:
        monitor: the name of a number in the logs.
        min_delta: better is better by more than this.
        patience: epochs.
        mode: "min", "max", or "auto": "max" for an accuracy, "min" for a loss or an error.
        restore_best: at the end, put the best epoch's parameters back, whether it stopped early or not.

    Attributes:
        best: the best number so far; None before a finite one.
        best_epoch: its epoch.

    Raises:
        UsageError: an argument is not what it may be, or the logs lack the number.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> contrary = {"validation_data": (-np.eye(3), np.arange(3)), "callbacks": [EarlyStopping(patience=2)]}
    >>> fit(nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3)), SGD(lr=1.0), epochs=100, **contrary).stopped
    'EarlyStopping: val_loss was best in epoch 0'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "auto",
        restore_best: bool = False,
    ) -> None:
        self.monitor = Monitor("EarlyStopping", monitor, mode, min_delta)
        self.patience, self.restore_best = whole("EarlyStopping", "patience", patience, 0), restore_best
        self.forget()

    def forget(self) -> None:
        """Start afresh."""
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.wait = 0
        self.weights: Any = None

    def on_train_begin(self, logs: Logs) -> None:
        """Start afresh."""
        self.forget()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best."""
        value = self.monitor.value(logs)
        if self.monitor.better(value, self.best):
            self.best, self.best_epoch, self.wait = value, epoch, 0
            if self.restore_best:
                self.weights = self.training.snapshot()
            return
        self.wait += 1
        if self.wait >= self.patience and epoch > 0:
            self.training.stop(f"EarlyStopping: {self.monitor.name} was best in epoch {self.best_epoch}")

    def on_train_end(self, logs: Logs) -> None:
        """Put the best parameters back."""
        if self.weights is not None:
            self.training.put_back(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """What it has seen."""
        return {name: getattr(self, name) for name in ("best", "best_epoch", "wait", "weights")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        for name in self.state_dict():
            setattr(self, name, state[name])
