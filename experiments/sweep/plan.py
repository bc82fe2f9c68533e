"""What a sweep will run, what of it is there already, and about how long the rest takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from statistics import median

from ..problems import Problem
from ..training import train
from .contender import Task
from .results import Entry, Results
from .store import Store

__all__ = ["Line", "Plan", "estimated"]

Length = tuple[Problem, int]
"""A problem and a number of epochs: what the time of a run depends on most."""


@dataclass(frozen=True)
class Line:
    """One contender on one task."""

    task: str
    contender: str
    settings: int
    tuning: int  # runs of the search
    final: int
    there: int  # of both
    diverged: int  # of those
    failed: int

    @classmethod
    def of(cls, entry: Entry, final: int) -> Line:
        """Return the line of an entry; its best setting may not be known yet, but the number of its runs is."""
        records = [record for _, record in entry.runs if record is not None]
        return cls(
            entry.task.name,
            entry.name,
            settings=len(entry.tried),
            tuning=sum(len(tried.trials) for tried in entry.tried),
            final=0 if entry.tuned and entry.best is None else final,
            there=len(records),
            diverged=sum(record.status == "diverged" for record in records),
            failed=sum(record.status == "failed" for record in records),
        )


@dataclass(frozen=True)
class Plan:
    """What a sweep asks for, at least: a grid may grow."""

    lines: list[Line]
    there: int
    missing: Counter[Length]  # also the runs of best settings that aren't known yet

    @classmethod
    def of(cls, results: Results) -> Plan:
        """Return the plan of a sweep, given what there is of it."""
        final = results.sweep.seeding.final
        unknown = [(entry.task.problem, entry.task.epochs) for entry in results.entries if not entry.tuned]
        missing = Counter([*((trial.problem, trial.epochs) for trial in results.missing), *(unknown * final)])
        lines = [Line.of(entry, final) for entry in results.entries]
        return cls(lines, len(results.runs) - len(results.missing), missing)

    def __str__(self) -> str:
        missing = self.missing.total()
        return f"{self.there + missing} runs: {self.there} there, {missing} to do"


def estimated(results: Results, store: Store) -> float:
    """Return the seconds that the missing runs take in one process, starting and compiling apart.

    A problem that no stored run tells the time of is tried for an epoch.
    """
    tasks = {(task.problem, task.epochs): task for task in results.sweep.tasks}
    return sum(count * each(tasks[length], results, store) for length, count in Plan.of(results).missing.items())


def each(task: Task, results: Results, store: Store) -> float:
    """Return the seconds that a run of a task takes: the median of the stored ones, or what an epoch tells."""
    if stored := store.seconds(repr(task.problem), task.epochs):
        return median(stored)
    contender = results.sweep.entrants[0]
    setting = tuple((name, space.at(0.5)) for name, space in contender.searched.items())
    first = results.sweep.tuning(task, contender, setting)[0]
    trial = replace(first, epochs=1)
    train(trial)  # compiles, loads
    return train(trial).timing.total * task.epochs
