"""The bar of a download, as pooch wants it."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


class DownloadBar:
    """Shown on standard error, if that is a terminal."""

    total = 0

    def __init__(self, name: str) -> None:
        console = Console(stderr=True)
        columns = (TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self.task = self.progress.add_task("", total=None)

    def update(self, size: int) -> None:
        """Advance by so many bytes."""
        self.progress.start()
        self.progress.update(self.task, advance=size, total=self.total)

    def reset(self) -> None:
        """Go back to the start; pooch then advances by the total."""
        self.progress.reset(self.task)

    def close(self) -> None:
        """Take the bar away."""
        self.progress.stop()
