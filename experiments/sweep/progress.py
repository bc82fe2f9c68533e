"""Progress of a sweep: a table and a bar in a terminal, a counter in a notebook, else a line now and then."""

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

from ..trial import Trial, TrialResult
from .plan import SweepPlan
from .results import Results
from .running import OnResult
from .specification import Sweep

__all__ = ["duration", "show_progress"]

EVERY = 10.0
"""Seconds between lines, where there is no terminal to draw on."""

TROUBLE = ("diverged", "failed")


def duration(seconds: float) -> str:
    """Return, for example, "2 h 5 min" or "40 s"."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


class StatusCounts:
    """How many runs have ended, by problem and status."""

    def __init__(self, sweep: Sweep) -> None:
        self.names = {(problem.problem, problem.epochs): problem.name for problem in sweep.problems}
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, trial: Trial, result: TrialResult) -> None:
        """Count a run."""
        self.counts[self.names[trial.problem, trial.epochs], result.status] += 1

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
def show_progress(sweep: Sweep, results: Results) -> Iterator[OnResult]:
    """Show the progress of a sweep that has these results; yield the function to call with each new one."""
    console, counts = Console(stderr=True), StatusCounts(sweep)
    planned = SweepPlan.of(sweep, results).missing.total()
    if console.is_jupyter:  # without widgets, which may not be installed
        yield _in_notebook(counts, planned)
        print()
    elif console.is_terminal:
        with _in_terminal(console, counts, planned) as on_result:
            yield on_result
    else:
        yield _in_lines(counts, planned)


@contextmanager
def _in_terminal(console: Console, counts: StatusCounts, planned: int) -> Iterator[OnResult]:
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console)
    runs = bar.add_task("", total=planned)

    def on_result(trial: Trial, result: TrialResult) -> None:
        counts.add(trial, result)
        bar.update(runs, advance=1, total=max(planned, counts.counts.total()))  # a grid that grows needs more

    with Live(Group(counts, bar), console=console, refresh_per_second=4):
        yield on_result


def _in_notebook(counts: StatusCounts, planned: int) -> OnResult:
    def on_result(trial: Trial, result: TrialResult) -> None:
        counts.add(trial, result)
        done = counts.counts.total()
        print(f"\rruns {done}/{max(planned, done)}", end="", flush=True)

    return on_result


def _in_lines(counts: StatusCounts, planned: int) -> OnResult:
    began = written = monotonic()

    def on_result(trial: Trial, result: TrialResult) -> None:
        nonlocal written
        counts.add(trial, result)
        if (now := monotonic()) - written >= EVERY:
            written, done = now, counts.counts.total()
            left = duration((now - began) / done * max(0, planned - done))
            print(f"{done} of {max(planned, done)} runs{counts}, about {left} left", file=sys.stderr, flush=True)

    return on_result
