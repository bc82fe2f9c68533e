"""A training on disk."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Literal

from ..errors import UsageError
from . import archive
from .callback import Callback, Logs
from .checks import make_room, whole


class Checkpoint(Callback):
    """Saves all of a training, and resumes it: the same call of `fit` goes on where the last one was killed.

    The file appears whole or not at all. It holds the model with its buffers and random generators (of dropout), the
    optimizer with the hyperparameters that were changed, the callbacks that have a `state_dict`, the history, and the
    position, which need not be the end of an epoch. What follows has the same bits as without the interruption. With
    more epochs, a finished training goes on.

    Args:
        path: the file.
        every: "epoch", or a number of batches, counted through all epochs; then also after each epoch.

    Raises:
        UsageError: path is a folder's; the file is damaged, or of a training with other data, batches, seed, loss,
            metrics, hyperparameters or callbacks.

    >>> from tempfile import TemporaryDirectory
    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import Adam
    >>> def train(epochs, *callbacks):
    ...     data = np.eye(3), np.arange(3)
    ...     return fit(nn.Linear(3, 3, rng=0), data, Adam(lr=0.1), epochs, callbacks=callbacks)["loss"]
    >>> with TemporaryDirectory() as folder:
    ...     killed, resumed = (train(epochs, Checkpoint(f"{folder}/training.npz")) for epochs in (2, 5))
    >>> len(killed), len(resumed), resumed == train(5)
    (2, 5, True)
    """

    def __init__(self, path: str | PathLike[str], every: Literal["epoch"] | int = "epoch") -> None:
        self.path = Path(path)
        self.every = every if every == "epoch" else whole("Checkpoint", "every", every, 1, "'epoch' or ")

    def on_train_ready(self) -> None:
        """Go back to what is saved, if anything is, now that all callbacks have begun."""
        make_room("Checkpoint", self.path)
        if self.path.exists():
            state = archive.load(self.path)
            try:
                self.training.load_state_dict(state)
            except UsageError:
                raise
            except ValueError as error:
                remedy = "Name another file, or delete this one."
                raise UsageError(f"Checkpoint: {self.path} is of another training: {error} {remedy}") from error

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Save, if it is time."""
        if isinstance(self.every, int) and len(self.training.history.steps["loss"]) % self.every == 0:
            self.save()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save."""
        self.save()

    def save(self) -> None:
        """Write the file."""
        archive.save(self.path, self.training.state_dict())


def last(callbacks: list[Any]) -> list[Any]:
    """The callbacks with checkpoints behind all others, whose states they are to hold."""
    return sorted(callbacks, key=lambda callback: isinstance(callback, Checkpoint))
