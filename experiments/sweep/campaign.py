"""A sweep is run in rounds: what is asked for so far and not there is run; its results say what is asked for next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import sleep

from ..trial import Trial
from .contender import Contender, Task
from .execution import Execute
from .reservations import Reservations
from .results import Entry, Results, Tried, best
from .search import Axes
from .specification import Sweep
from .store import Record, Store

__all__ = ["Told", "campaign", "survey"]

PAUSE = 0.5
"""Seconds between looks at the store, once all that is missing is being run by other processes."""

Told = Callable[[Trial, Record], None]


def survey(sweep: Sweep, store: Store) -> Results:
    """Return what the store holds of a sweep, and with it what is missing; runs nothing.

    >>> from pathlib import Path
    >>> from ravine.experiments.sweep import read
    >>> config = {"name": "warmup", "problems": {"booth": {}}, "optimizers": {"sgd": {"lr": {"choice": [0.01, 0.1]}}}}
    >>> len(survey(read(config), Store(Path("nowhere"))).missing)  # two rates on two seeds; then the best on others
    4
    """
    pairs = [(task, contender) for task in sweep.tasks for contender in sweep.entrants]
    return Results(sweep, [entry for task, contender in pairs for entry in entries(sweep, store, task, contender)])


def entries(sweep: Sweep, store: Store, task: Task, contender: Contender) -> list[Entry]:
    """Return the entry of each budget of a contender on a task."""
    tried = tried_on(sweep, store, task, contender, axes := sweep.search.axes(contender))
    while chosen := winner(tried, task):
        wider = sweep.search.grown(contender, axes, chosen.setting, task.steps)
        if wider == axes:
            break
        tried = tried_on(sweep, store, task, contender, axes := wider)
    found = []
    for budget in sweep.search.budgets:
        chosen = winner(tried[:budget], task)
        edges = sweep.search.edges(contender, axes, chosen.setting) if chosen else {}
        final = sweep.final(task, contender, chosen.setting) if chosen else []
        found.append(Entry(task, contender, budget, tried[:budget], chosen, edges, final, store.get(final)))
    return found


def tried_on(sweep: Sweep, store: Store, task: Task, contender: Contender, axes: Axes) -> list[Tried]:
    """Return the settings of these axes, with what the store holds of them."""
    settings = sweep.search.settings(contender, axes)
    trials = [sweep.tuning(task, contender, setting) for setting in settings]
    records = iter(store.get([trial for of_setting in trials for trial in of_setting]))
    return [Tried(setting, of, [next(records) for _ in of]) for setting, of in zip(settings, trials, strict=True)]


def winner(tried: Sequence[Tried], task: Task) -> Tried | None:
    """Return the best setting, once all have been tried."""
    return best(tried, task.problem.higher_is_better) if all(t.complete for t in tried) else None


def campaign(
    sweep: Sweep, store: Store, execute: Execute, told: Told = lambda trial, record: None, retry: bool = False
) -> Results:
    """Run what is missing and store it, run by run. Return the results.

    Killed at any moment, it loses the runs in flight and no other; the next call goes on. Several processes of one
    machine may fill one store: each takes what no other is running, and waits for the rest.

    Args:
        sweep: what is asked for.
        store: where it goes, and what is there.
        execute: how trials are run, as `executor` returns it.
        told: called with each run once it is stored.
        retry: run again what has failed.

    Raises:
        UsageError: the store can't be used, or the cluster.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments.sweep import executor, read
    >>> optimizers = {"sgd": {"lr": {"choice": [0.01, 0.1, 1.0]}}}
    >>> sweep = read({"name": "warmup", "problems": {"booth": {"epochs": 1}}, "optimizers": optimizers})
    >>> with TemporaryDirectory() as folder:
    ...     results = campaign(sweep, Store(Path(folder, "results.sqlite")), executor())
    >>> results.entries[0].best.setting, len(results.runs), len(results.missing)
    ((('lr', 0.1),), 11, 0)
    """
    reservations = Reservations(store.path.with_suffix(".lock"))

    def free(trial: Trial) -> bool:
        """Whether a trial is to be run here. Another process may have stored it until it could be reserved."""
        return not store.has(trial) and reservations.take(trial.digest) and not store.has(trial)

    def carry_out(trials: Iterable[Trial]) -> int:
        """Run and store; return how many."""
        count = 0
        for trial, record in execute(trials):
            store.add(trial, record)
            reservations.give_back(trial.digest)
            told(trial, record)
            count += 1
        return count

    results = survey(sweep, store)
    if retry:
        carry_out(results.failed)
        results = survey(sweep, store)
    while missing := results.missing:
        if not carry_out(trial for trial in missing if free(trial)):
            sleep(PAUSE)
        results = survey(sweep, store)
    return results
