"""The best model on disk."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ..store import write
from . import archive
from .callback import Callback, Logs, Monitor
from .checks import make_room


class SaveBest(Callback):
    """Writes the model to a file after each epoch that is better than all before: Keras's save_best_only.

    The file is an .npz of the model's parameters and buffers, as they are validated; it appears whole or not at all.
    `with np.load(path) as file: model.load_state_dict(file)` takes them back. To resume a training, use a `Checkpoint`.

    Args:
        path: the file.
        monitor: the name of a number in the logs.
        mode: "min", "max", or "auto": "max" for an accuracy, "min" for a loss or an error.
        min_delta: better is better by more than this.

    Attributes:
        best: the best number so far; None before a finite one.
        best_epoch: its epoch.

    Raises:
        UsageError: an argument is not what it may be, or the logs lack the number.

    >>> SaveBest("runs/best.npz", "val_accuracy").monitor.mode
    'max'
    """

    def __init__(
        self, path: str | PathLike[str], monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0
    ) -> None:
        self.path = Path(path)
        self.monitor = Monitor("SaveBest", monitor, mode, min_delta)

    def on_train_begin(self, logs: Logs) -> None:
        """Start afresh."""
        make_room("SaveBest", self.path)
        self.best: float | None = None
        self.best_epoch: int | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write, if it is the best."""
        value = self.monitor.value(logs)
        if self.monitor.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            write(self.path, archive.npz(self.training.snapshot()))

    def state_dict(self) -> dict[str, Any]:
        """What it has seen."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
