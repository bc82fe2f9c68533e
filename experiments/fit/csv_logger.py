"""The history as a file, while it is made."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..store import write
from .callback import Callback, Logs
from .checks import make_room


class CSVLogger(Callback):
    """Writes the epochs so far to a CSV file after each of them, a column for each number that any epoch has.

    The file appears whole each time, so that nothing is lost or doubled when a training is resumed.

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
        make_room("CSVLogger", self.path)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write."""
        write(self.path, self.training.history.to_csv())

    def on_train_end(self, logs: Logs) -> None:
        """Write what callbacks after this one have added."""
        write(self.path, self.training.history.to_csv())
