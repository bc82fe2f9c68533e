"""`compare`: a sweep of one problem, with one grid of learning rates for all optimizers, and its report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

import joblib

from ..optim import Optimizer
from ..schedules import Schedule
from ..schedules.fields import Positive, PositiveInt, check_of
from .errors import UsageError, lookup, within
from .problems import PROBLEMS, Problem, problem_name
from .sweep import (
    OptimizerConfig,
    Points,
    ProblemConfig,
    Results,
    Seeding,
    Store,
    Sweep,
    executor,
    run,
    status,
    write_report,
)
from .sweep.plan import show_progress

USUAL = ("sgd", "momentum", "nag", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "radam")
"""The optimizers compared by default: about a minute on digits."""

LEARNING_RATES = tuple(float(f"{10 ** (i / 2):.2g}") for i in range(-8, 3))
"""The default grid, two points per decade: 1e-4, 3.2e-4, ..., 10."""

TUNING_SEEDS = 2

STORE = "results.sqlite"
"""The file in a folder of results that holds every run."""


def compare(
    problem: str | Problem = "digits",
    optimizers: str | Optimizer | Iterable[str | Optimizer] | None = None,
    *,
    seeds: int = 5,
    epochs: int | None = None,
    lrs: Sequence[float] = LEARNING_RATES,
    out: str | PathLike[str] | None = None,
    jobs: int | None = None,
) -> Results:
    """Tune optimizers on a problem, run each at its best learning rate, and write tables, figures and a page.

    Every optimizer gets every learning rate of the grid on the same two tuning seeds. The best one runs on other
    seeds, the same for all. Every run is stored as it finishes: after an interruption the same call runs only what is
    missing, and so does a sweep with the same folder. Equal arguments give equal numbers on one machine, timings
    aside, for any `jobs`.

    Args:
        problem: a name, or an instance of a subclass of `Problem`.
        optimizers: names or optimizers without parameters, one or several; by default those of `USUAL`. The grid
            replaces their `lr`, or multiplies it if it is a schedule.
        seeds: number of final runs of each optimizer.
        epochs: length of every run; by default the problem's.
        lrs: the grid of learning rates, increasing.
        out: the folder; by default runs/<problem>.
        jobs: processes at a time; by default one for each CPU.

    Returns:
        The results; their `repr` is the table.

    Raises:
        UsageError: a ValueError, raised before anything runs: an unknown name, a count below 1, learning rates that
            are not positive and increasing, or a folder that can't be written to.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     results = compare("booth", ["sgd", "adam"], lrs=[0.01, 0.1], seeds=2, epochs=1, out=folder, jobs=1)
    >>> [(row.optimizer, row.best_lr, row.steps_to_target) for row in results.rows]
    [('sgd', 0.1, 100.0), ('adam', 0.1, None)]
    """
    with within("compare"):
        sweep = comparison_sweep(problem, optimizers, seeds=seeds, epochs=epochs, lrs=lrs)
        jobs = check_of(PositiveInt)("jobs", joblib.cpu_count() if jobs is None else jobs)
        folder = default_folder(sweep.name) if out is None else Path(out)
        store = Store(folder / STORE)
        store.check()
    with show_progress(sweep, status(sweep, store)) as on_result:
        execute = executor(jobs, keep_errors=False)
        results = run(sweep, store, execute, on_result, retry=True)
    write_report(results, folder)
    return results


def comparison_sweep(
    problem: str | Problem,
    optimizers: str | Optimizer | Iterable[str | Optimizer] | None,
    *,
    seeds: int = 5,
    epochs: int | None = None,
    lrs: Sequence[float] = LEARNING_RATES,
) -> Sweep:
    """Return the sweep that `compare` runs for these arguments."""
    instance = problem if isinstance(problem, Problem) else lookup("problem", problem, PROBLEMS)()
    name = problem_name(type(instance))
    check_of(PositiveInt)("seeds", seeds)
    epochs = instance.epochs if epochs is None else check_of(PositiveInt)("epochs", epochs)
    named: Iterable[str | Optimizer] = USUAL
    if optimizers is not None:
        named = [optimizers] if isinstance(optimizers, str | Optimizer) else optimizers
    chosen = [item if isinstance(item, Optimizer) else by_name(item) for item in named]
    check_optimizers(chosen, instance)
    rates: tuple[float, ...] = check_of(tuple[Positive, ...])("lrs", lrs)
    if not rates or list(rates) != sorted(set(rates)):
        raise UsageError(f"lrs must increase, with at least one learning rate. Received: {list(rates)}. Sort them.")
    return Sweep(
        name,
        (ProblemConfig(name, instance, epochs),),
        tuple(OptimizerConfig(label(optimizer), optimizer, {"lr": Points(rates)}) for optimizer in chosen),
        seeding=Seeding(TUNING_SEEDS, seeds),
    )


def by_name(name: str) -> Optimizer:
    """Return the registered optimizer with its defaults."""
    cls: Any = lookup("optimizer", name, Optimizer.registry)
    optimizer: Optimizer = cls(lr=1.0)
    return optimizer


def label(optimizer: Optimizer) -> str:
    """Return the registered name, or the source of what differs from the defaults. A constant lr is left out.

    >>> from ravine.optim import Adam
    >>> label(Adam(lr=0.5)), label(Adam(beta1=0.8))
    ('adam', 'Adam(beta1=0.8)')
    """
    cls: Any = type(optimizer)
    values = vars(optimizer)
    shown = [f for f in fields(cls) if f.name != "lr" or isinstance(values["lr"], Schedule)]
    changed = [f"{f.name}={values[f.name]!r}" for f in shown if values[f.name] != f.default]
    return f"{cls.__name__}({', '.join(changed)})" if changed else cls.__name__.lower()


def check_optimizers(optimizers: Sequence[Optimizer], problem: Problem) -> None:
    """Raise UsageError if there is none, if two have one label, or if one can't be stored or run on the problem."""
    if not optimizers:
        raise UsageError("no optimizer to compare. Name at least one, e.g. optimizers=['adam'].")
    for optimizer in optimizers:
        try:
            optimizer.to_config()
        except (TypeError, ValueError) as error:  # a schedule made with a lambda
            raise UsageError(f"a result is named by the source of its optimizer. {error}") from error
        check_shapes(optimizer, problem)
    labels = [label(optimizer) for optimizer in optimizers]
    if twice := {name for name in labels if labels.count(name) > 1}:
        raise UsageError(f"listed twice: {', '.join(sorted(twice))}. The grid replaces lr, so the rest must differ.")


def check_shapes(optimizer: Optimizer, problem: Problem) -> None:
    """Raise UsageError if the optimizer can't take a parameter of the problem, as Muon can't take vectors."""
    if type(optimizer).refusal is Optimizer.refusal:
        return
    for parameter in problem.model(0).parameters():
        if why := optimizer.refusal(parameter.data):
            name = parameter.name or "a parameter"
            raise UsageError(f"{label(optimizer)} can't take the parameters of {problem!r}: {name} {why}")


def default_folder(problem: str) -> Path:
    """Return the folder of results unless `out` is given."""
    return Path("runs") / problem
