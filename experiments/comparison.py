"""The main job: every optimizer tuned with the same budget, then compared on the same seeds; resumable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from os import PathLike
from pathlib import Path
from typing import Any

import joblib
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..optim import Optimizer
from .errors import UsageError, lookup
from .problems import PROBLEMS, Problem
from .report import render
from .results import Results
from .runs import Run
from .specification import HALF_DECADES, Comparison, label
from .store import Store, prepare
from .summary import best, settings
from .workers import Tick, complete

USUAL = ("sgd", "momentum", "nag", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "radam")
"""What is compared unless told otherwise: about a minute on digits."""


def compare(
    problem: str | Problem = "digits",
    optimizers: str | Optimizer | Iterable[str | Optimizer] | None = None,
    *,
    seeds: int = 5,
    epochs: int | None = None,
    lrs: Sequence[float] = HALF_DECADES,
    out: str | PathLike[str] | None = None,
    jobs: int | None = None,
) -> Results:
    """Tune optimizers on a problem, run each at its best rate, and write tables, figures and a page to a folder.

    Every run is stored as it finishes: after an interruption the same call runs only what is missing. Equal arguments
    give equal numbers on one machine, timings aside, for any `jobs`.

    Args:
        problem: a name, or a value of a class made with `problem`.
        optimizers: names or unbound values, one or several; by default those of `USUAL`. The grid replaces their
            `lr`, or scales it if it is a schedule.
        seeds: final runs of each optimizer.
        epochs: length of every run; by default the problem's.
        lrs: the grid of learning rates, increasing.
        out: the folder; by default runs/<problem>.
        jobs: processes at a time; by default one a CPU.

    Raises:
        UsageError: a ValueError, before anything runs: an unknown name (the known ones are listed), a count below 1, a
            folder that can't be written to.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     found = compare("booth", ["sgd", "adam"], lrs=[0.01, 0.1], seeds=2, epochs=1, out=folder, jobs=1)
    >>> [(row.optimizer, row.best_lr, row.steps_to_target) for row in found.rows]
    [('sgd', 0.1, 100.0), ('adam', 0.1, None)]
    """
    comparison = specify(problem, optimizers, seeds=seeds, epochs=epochs, lrs=lrs)
    workers = joblib.cpu_count() if jobs is None else jobs
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise UsageError(f"compare: jobs must be a whole number >= 1. Received: jobs={jobs!r}.")
    folder = default_folder(comparison.name) if out is None else Path(out)
    results = execute(comparison, prepare(folder), workers)
    results.save(folder)
    render(results, folder)
    return results


def specify(
    problem: str | Problem,
    optimizers: str | Optimizer | Iterable[str | Optimizer] | None,
    *,
    seeds: int = 5,
    epochs: int | None = None,
    lrs: Sequence[float] = HALF_DECADES,
) -> Comparison:
    """Return the Comparison that names and defaults stand for."""
    task = problem if isinstance(problem, Problem) else lookup("problem", problem, PROBLEMS)()
    if isinstance(optimizers, str | Optimizer):
        optimizers = [optimizers]
    chosen: Iterable[str | Optimizer] = USUAL if optimizers is None else optimizers
    values = tuple(o if isinstance(o, Optimizer) else by_name(o) for o in chosen)
    for value in values:
        check_shapes(value, task)
    return Comparison(task, values, task.epochs if epochs is None else epochs, seeds, tuple(lrs))


def by_name(name: str) -> Optimizer:
    """Return the registered optimizer with its defaults."""
    cls: Any = lookup("optimizer", name, Optimizer.registry)
    optimizer: Optimizer = cls(lr=1.0)
    return optimizer


def check_shapes(optimizer: Optimizer, problem: Problem) -> None:
    """Raise UsageError if a rule can't take a parameter of the problem, as Muon can't take vectors."""
    if type(optimizer).refusal is Optimizer.refusal:
        return
    for parameter in problem.model(0).parameters():
        if why := optimizer.refusal(parameter.data):
            name = parameter.name or "a parameter"
            raise UsageError(f"compare: {label(optimizer)} can't take the parameters of {problem!r}: {name} {why}")


def default_folder(problem: str) -> Path:
    """Return where results go unless told otherwise."""
    return Path("runs") / problem


def execute(comparison: Comparison, store: Store, jobs: int) -> Results:
    """Run what the store lacks: the grid, then each optimizer's best rate."""
    grid = comparison.tuning()
    with progress(len(grid) + comparison.seeds * len(comparison.optimizers)) as tick:
        outcomes = complete(grid, store, jobs, tick)
        tuned = [Run.of(cell, outcome) for cell, outcome in outcomes.items()]
        rates = {}
        for name in map(label, comparison.optimizers):
            chosen = best(settings(r for r in tuned if r.optimizer == name), comparison.problem.higher_is_better)
            rates[name] = chosen.lr if chosen else None
        outcomes |= complete(comparison.final(rates), store, jobs, tick)
    return Results.of(comparison, outcomes)


@contextmanager
def progress(total: int) -> Iterator[Tick]:
    """Show a bar on standard error, if that is a terminal, in a notebook a line; yield what advances it by one run."""
    console = Console(stderr=True)
    if console.is_jupyter:  # without widgets, which may not be there
        done = count(1)
        yield lambda: print(f"\rruns {next(done)}/{total}", end="", flush=True)
        print()
        return
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
