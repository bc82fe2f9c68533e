"""The plan of a sweep: the runs that it needs, and about how long they take. Their progress while they run.

Progress is shown by a table and a bar in a terminal, by a counter in a notebook, and by a line now and then elsewhere.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from time import monotonic

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..problems import Problem
from ..training import train
from ..trial import Trial, TrialResult
from .configuration import ProblemConfig
from .results import Results
from .running import OnResult
from .runs import OptimizerResult
from .specification import Sweep
from .store import Store

Length = tuple[Problem, int]
"""A problem and a number of epochs. The time of a run depends mostly on them."""


@dataclass(frozen=True)
class PlanRow:
    """Counts for one optimizer on one problem."""

    problem: str
    optimizer: str
    settings: int
    tuning: int  # runs
    final: int  # runs
    done: int  # runs of both kinds that are stored
    diverged: int  # of those
    failed: int

    @classmethod
    def of(cls, entry: OptimizerResult) -> PlanRow:
        """Return the row of an entry; the number of final runs is known before the best setting is."""
        statuses = [run.result.status for run in entry.runs if run.result is not None]
        return cls(
            entry.problem.name,
            entry.name,
            settings=len(entry.tried),
            tuning=sum(len(result.runs) for result in entry.tried),
            final=0 if entry.tuned and entry.best is None else entry.final_seeds,
            done=len(statuses),
            diverged=statuses.count("diverged"),
            failed=statuses.count("failed"),
        )


@dataclass(frozen=True)
class SweepPlan:
    """The runs that a sweep needs. A grid that grows needs more than is planned."""

    rows: list[PlanRow]
    done: int
    missing: Counter[Length]  # includes the final runs of best settings that are not known yet

    @classmethod
    def of(cls, sweep: Sweep, results: Results) -> SweepPlan:
        """Return the plan of a sweep, given its results so far."""
        problems = {problem.name: (problem.problem, problem.epochs) for problem in sweep.problems}
        missing = Counter((trial.problem, trial.epochs) for trial in results.missing)
        for entry in results.entries:
            if not entry.tuned:
                missing[problems[entry.problem.name]] += entry.final_seeds
        done = len(results.trials) - len(results.missing)
        return cls([PlanRow.of(entry) for entry in results.entries], done, missing)

    def __str__(self) -> str:
        missing = self.missing.total()
        return f"{self.done + missing} runs: {self.done} done, {missing} to do"


def estimate_seconds(sweep: Sweep, results: Results, store: Store) -> float:
    """Return about how many seconds the missing runs take in one process, without imports and compilation.

    For a problem without a stored run, one epoch is run and timed.
    """
    problems = {(problem.problem, problem.epochs): problem for problem in sweep.problems}
    missing = SweepPlan.of(sweep, results).missing
    return sum(count * _seconds(sweep, problems[length], store) for length, count in missing.items())


def _seconds(sweep: Sweep, problem: ProblemConfig, store: Store) -> float:
    """The seconds of a run: the median of the stored ones, or the time of one epoch times their number."""
    if stored := store.seconds(repr(problem.problem), problem.epochs):
        return median(stored)
    config = sweep.configs[0]
    setting = tuple((name, space.at(0.5)) for name, space in config.searched.items())
    trial = replace(sweep.trials(problem, config, setting, "tuning")[0], epochs=1)
    train(trial)  # compiles, and loads the data
    timing = train(trial).timing
    return timing.total * problem.epochs if timing else 0.0


# -- progress ---------------------------------------------------------------------------------------------------------

EVERY = 10.0
"""Seconds between lines, if the output is not a terminal."""

UNFINISHED = ("diverged", "failed")


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
        totals = {status: sum(self.counts[name, status] for name in self.names.values()) for status in UNFINISHED}
        return "".join(f", {count} {status}" for status, count in totals.items() if count)

    def __rich__(self) -> Table:
        table = Table("problem", box=None, pad_edge=False, header_style="bold")
        for status in ("finished", *UNFINISHED):
            table.add_column(status, justify="right")
        for name in self.names.values():
            table.add_row(name, *(str(self.counts[name, status]) for status in ("finished", *UNFINISHED)))
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
