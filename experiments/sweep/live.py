"""What a terminal shows of a sweep: the plan as a table, and a table and a bar that live while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..trial import Trial
from .campaign import Told
from .claims import Finding
from .plan import Plan
from .results import Results
from .store import Record

__all__ = ["duration", "findings_table", "plan_table", "shown"]


def duration(seconds: float) -> str:
    """Return e.g. "2 h 5 min", "40 s"."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def plan_table(plan: Plan) -> Table:
    """Return a line a contender on a task."""
    table = Table("problem", "optimizer", box=None, pad_edge=False, header_style="bold")
    for heading in ("settings", "tuning runs", "final runs", "there", "diverged", "failed"):
        table.add_column(heading, justify="right")
    for line in plan.lines:
        counts = (line.settings, line.tuning, line.final, line.there, line.diverged, line.failed)
        table.add_row(line.task, line.contender, *map(str, counts))
    return table


def findings_table(findings: list[Finding]) -> Table:
    """Return a line a claim."""
    table = Table("claim", "found", "verdict", box=None, pad_edge=False, header_style="bold")
    for finding in findings:
        table.add_row(finding.claim, finding.found, finding.word)
    return table


class Board:
    """Counts of the runs that have ended, by task and status."""

    def __init__(self, results: Results) -> None:
        self.names = {(task.problem, task.epochs): task.name for task in results.sweep.tasks}
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, trial: Trial, record: Record) -> None:
        """Count a run."""
        self.counts[self.names[trial.problem, trial.epochs], record.status] += 1

    def __rich__(self) -> Table:
        table = Table("problem", box=None, pad_edge=False, header_style="bold")
        for status in ("finished", "diverged", "failed"):
            table.add_column(status, justify="right")
        for name in self.names.values():
            table.add_row(name, *(str(self.counts[name, status]) for status in ("finished", "diverged", "failed")))
        return table


@contextmanager
def shown(results: Results) -> Iterator[Told]:
    """Show how a sweep goes on, on standard error, if that is a terminal; yield what counts one run."""
    console = Console(stderr=True)
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar, board = Progress(*columns, console=console), Board(results)
    planned = Plan.of(results).missing.total()
    runs = bar.add_task("", total=planned)

    def told(trial: Trial, record: Record) -> None:
        board.add(trial, record)
        bar.update(runs, advance=1, total=max(planned, board.counts.total()))  # a grid that grows has more

    if not console.is_terminal:
        yield told
        return
    with Live(Group(board, bar), console=console, refresh_per_second=4):
        yield told
