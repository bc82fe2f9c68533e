"""Callbacks that write files: checkpoints, the best model, the history as CSV. All files are written atomically."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from ...kernels.files import atomic_file
from ...optim import archive
from ...schedules.fields import Interval
from ..errors import UsageError, checked
from .callback import Callback
from .callbacks import BestEpoch
from .training import Logs

KIND = "a checkpoint of fit"
BATCHES = Annotated[int, Interval(ge=1, integer=True, remedy="Write a number of batches, or 'epoch'.")]


def make_folder(callback: Any) -> None:
    """Make the folder that the callback's file goes into. Raises UsageError if the path itself is a folder."""
    if callback.path.is_dir():
        name = type(callback).__name__
        raise UsageError(f"{name}: path must be a file's. Received: the folder {callback.path}. Add a file name.")
    callback.path.parent.mkdir(parents=True, exist_ok=True)


class Checkpoint(Callback):
    """Saves the whole training, and resumes it: the same call of `fit` continues where the last one was interrupted.

    The file holds the model with its buffers and random generators (of dropout), the optimizer with the hyperparameters
    that were changed, the callbacks that have a `state_dict`, the history, and the position, which need not be the end
    of an epoch. A resumed training gives the same bits as one without the interruption. With more epochs, a finished
    training continues.

    Args:
        path: the file.
        every: "epoch", or a number of batches, counted through all epochs; then also after each epoch.

    Raises:
        UsageError: path is a folder; the file is damaged, or of a training with other data, batches, seed, loss,
            metrics, hyperparameters or callbacks.

    >>> from tempfile import TemporaryDirectory
    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import Adam
    >>> def train(epochs, *callbacks):
    ...     data = np.eye(3), np.arange(3)
    ...     return fit(nn.Linear(3, 3, rng=0), data, Adam(lr=0.1), epochs, callbacks=callbacks)["loss"]
    >>> with TemporaryDirectory() as folder:
    ...     first, resumed = (train(epochs, Checkpoint(f"{folder}/training.npz")) for epochs in (2, 5))
    >>> len(first), len(resumed), resumed == train(5)
    (2, 5, True)
    """

    def __init__(self, path: str | PathLike[str], every: Literal["epoch"] | int = "epoch") -> None:
        self.path = Path(path)
        self.every = every if every == "epoch" else checked("Checkpoint", BATCHES, every=every)

    def on_train_ready(self) -> None:
        """Load the file, if there is one, after all callbacks have begun."""
        make_folder(self)
        if self.path.exists():
            state = self._read()
            try:
                self.training.load_state_dict(state)
            except UsageError:
                raise
            except ValueError as error:
                remedy = "Name another file, or delete this one."
                raise UsageError(f"Checkpoint: {self.path} is of another training: {error} {remedy}") from error

    def _read(self) -> Any:
        try:
            return archive.read(self.path, KIND)
        except ValueError as error:
            raise UsageError(f"Checkpoint: {error} Remove the file to start again.") from error

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Save, after the number of batches."""
        if isinstance(self.every, int) and len(self.training.history.steps["loss"]) % self.every == 0:
            self.save()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save."""
        self.save()

    def save(self) -> None:
        """Write the file."""
        archive.write(self.path, KIND, self.training.state_dict())


def checkpoints_last(callbacks: list[Any]) -> list[Any]:
    """Return the callbacks with checkpoints after all others, whose states they save."""
    return sorted(callbacks, key=lambda callback: isinstance(callback, Checkpoint))


class SaveBest(BestEpoch):
    """Writes the model to a file after each epoch that is better than all before: Keras's save_best_only.

    The file is an .npz of the model's parameters and buffers, as they are validated. Load it by
    `with np.load(path) as file: model.load_state_dict(file)`. To resume a training, use a `Checkpoint`.

    Args:
        path: the file.
        monitor: the name of a number in the logs; this and the following are as in `EarlyStopping`.
        mode: "min", "max" or "auto".
        min_delta: an improvement of this or less does not count.

    Attributes:
        best: the best number so far, or None.
        best_epoch: the epoch of the best number.

    Raises:
        UsageError: an argument has an invalid value, or the logs lack the number.

    >>> SaveBest("runs/best.npz", "val_accuracy").monitor.mode
    'max'
    """

    def __init__(
        self, path: str | PathLike[str], monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.path = Path(path)

    def on_train_begin(self, logs: Logs) -> None:
        """Make the folder."""
        super().on_train_begin(logs)
        make_folder(self)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the model, if this epoch is the best."""
        if self.improved(epoch, logs):
            with atomic_file(self.path) as file:
                np.savez(file, **self.training.snapshot())


class CSVLogger(Callback):
    """Writes the history to a CSV file after each epoch, a column for each number that any epoch has.

    The whole file is written each time, so that no epoch is lost or doubled when a training is resumed.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> net, data = nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3))
    >>> with TemporaryDirectory() as folder:
    ...     history = fit(net, data, SGD(lr=1.0), epochs=5, callbacks=[CSVLogger(f"{folder}/epochs.csv")])
    ...     lines = Path(folder, "epochs.csv").read_text().splitlines()
    >>> lines[0], len(lines)
    ('epoch,loss,lr', 6)
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)

    def on_train_begin(self, logs: Logs) -> None:
        """Make the folder."""
        make_folder(self)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the file."""
        self.save()

    def on_train_end(self, logs: Logs) -> None:
        """Write the file again, with what later callbacks have added."""
        self.save()

    def save(self) -> None:
        """Write the file."""
        with atomic_file(self.path) as file:
            file.write(self.training.history.to_csv().encode())
