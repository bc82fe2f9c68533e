"""What is shown of a sweep: the plan as a table, and while it runs a table and a bar that live, or lines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

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

EVERY = 10.0
"""Seconds between lines, where there is no terminal to draw on."""

TROUBLE = ("diverged", "failed")


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

    def __str__(self) -> str:
        totals = {status: sum(self.counts[name, status] for name in self.names.values()) for status in TROUBLE}
        return "".join(f", {count} {status}" for status, count in totals.items() if count)

    def __rich__(self) -> Table:
        table = Table("problem", box=None, pad_edge=False, header_style="bold")
        for status in ("finished", *TROUBLE):
            table.add_column(status, justify="right")
        for name in self.names.values():
            table.add_row(name, *(str(self.counts[name, status]) for status in ("finished", *TROUBLE)))
        return table


@contextmanager
def shown(results: Results) -> Iterator[Told]:
    """Show on standard error how a sweep goes on, live, or in lines if it is no terminal; yield what counts a run."""
    console, board = Console(stderr=True), Board(results)
    planned = Plan.of(results).missing.total()
    if not console.is_terminal:
        yield lines(board, planned)
        return
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console)
    runs = bar.add_task("", total=planned)

    def told(trial: Trial, record: Record) -> None:
        board.add(trial, record)
        bar.update(runs, advance=1, total=max(planned, board.counts.total()))  # a grid that grows has more

    with Live(Group(board, bar), console=console, refresh_per_second=4):
        yield told


def lines(board: Board, planned: int) -> Told:
    """Return what counts a run, and every now and then writes a line."""
    began = written = monotonic()

    def told(trial: Trial, record: Record) -> None:
        nonlocal written
        board.add(trial, record)
        if (now := monotonic()) - written >= EVERY:
            written, done = now, board.counts.total()
            left = duration((now - began) / done * max(0, planned - done))
            print(f"{done} of {max(planned, done)} runs{board}, about {left} left", file=sys.stderr, flush=True)

    return told
