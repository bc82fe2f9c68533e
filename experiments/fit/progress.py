"""The progress of a training: a bar in a terminal, a line in a notebook, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .callback import Callback
from .training import Logs


def in_short(logs: Logs) -> str:
    """Return the numbers as text, with four digits each."""
    return "  ".join(f"{name} {value:.4g}" for name, value in logs.items())


class ProgressBar(Callback):
    """A bar over the batches of an epoch, on standard error; it leaves a line for each epoch."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_train_begin(self, logs: Logs) -> None:
        """Show the bar."""
        self.task = self.progress.add_task("", total=self.training.batches, numbers="")

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Advance."""
        title = f"epoch {self.training.epoch + 1}/{self.training.epochs}"
        self.progress.update(self.task, completed=batch + 1, description=title, numbers=f"loss {logs['loss']:.4g}")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Leave a line."""
        line = f"epoch {epoch + 1}/{self.training.epochs}  {in_short(logs)}"
        self.progress.console.print(line, highlight=False, soft_wrap=True)


class ProgressLine(Callback):
    """A line that is overwritten after each epoch. It needs no widgets."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the line."""
        print(f"\repoch {epoch + 1}/{self.training.epochs}  {in_short(logs)}".ljust(100), end="", flush=True)

    def on_train_end(self, logs: Logs) -> None:
        """Go to the next line."""
        print()


@contextmanager
def shown(console: Console, progress: bool) -> Iterator[list[Any]]:
    """Yield the callbacks that show the progress on this console; none if `progress` is False."""
    if not progress:
        yield []
    elif console.is_jupyter:
        yield [ProgressLine()]
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        numbers = TextColumn("{task.fields[numbers]}")
        with Progress(*columns, numbers, console=console, transient=True) as bar:
            yield [ProgressBar(bar)]
    else:
        yield []
