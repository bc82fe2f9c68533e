"""How far a training is: a bar in a terminal, a line in a notebook, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .callback import Callback, Logs


def told(logs: Logs) -> str:
    """Numbers in short."""
    return "  ".join(f"{name} {value:.4g}" for name, value in logs.items())


class Bar(Callback):
    """A bar over the batches of an epoch, on standard error; a line stays for each epoch."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_train_begin(self, logs: Logs) -> None:
        """Show it."""
        self.task = self.progress.add_task("", total=self.training.batches, numbers="")

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Advance."""
        title = f"epoch {self.training.epoch + 1}/{self.training.epochs}"
        self.progress.update(self.task, completed=batch + 1, description=title, numbers=f"loss {logs['loss']:.4g}")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Leave a line."""
        line = f"epoch {epoch + 1}/{self.training.epochs}  {told(logs)}"
        self.progress.console.print(line, highlight=False, soft_wrap=True)


class Line(Callback):
    """A line that is written over after each epoch. It needs no widgets."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write it."""
        print(f"\repoch {epoch + 1}/{self.training.epochs}  {told(logs)}".ljust(100), end="", flush=True)

    def on_train_end(self, logs: Logs) -> None:
        """Go to the next line."""
        print()


@contextmanager
def shown(console: Console, progress: bool) -> Iterator[list[Any]]:
    """Yield the callbacks that show the progress there, none if it isn't asked for."""
    if not progress:
        yield []
    elif console.is_jupyter:
        yield [Line()]
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        numbers = TextColumn("{task.fields[numbers]}")
        with Progress(*columns, numbers, console=console, transient=True) as bar:
            yield [Bar(bar)]
    else:
        yield []
