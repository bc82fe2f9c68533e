"""How many runs a sweep needs, how many are stored, and about how long the rest takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from statistics import median

from ..problems import Problem
from ..training import train
from .configuration import ProblemConfig
from .results import Results
from .runs import OptimizerResult
from .specification import Sweep
from .store import Store

__all__ = ["PlanRow", "SweepPlan", "estimate_seconds"]

Length = tuple[Problem, int]
"""A problem and a number of epochs, on which the time of a run depends most."""


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
