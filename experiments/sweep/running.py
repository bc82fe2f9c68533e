"""Running a sweep in rounds: what is missing is run, and the results decide what is needed next."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle
from pprint import pformat
from time import sleep

from ..trial import Trial, TrialResult
from .configuration import OptimizerConfig, ProblemConfig, Setting
from .execution import Execute
from .results import Results
from .runs import ConfigurationResult, OptimizerResult, ProblemSummary, Run, best
from .search import Axes
from .space import LogUniform, Uniform
from .specification import Phase, Sweep
from .store import Reservations, Store

PAUSE = 0.5
"""Seconds between looks at the store while other processes run all that is missing."""

OnResult = Callable[[Trial, TrialResult], None]


def status(sweep: Sweep, store: Store) -> Results:
    """Return the results of a sweep as far as the store has them, with the trials that are missing; runs nothing.

    >>> from pathlib import Path
    >>> from ravine.experiments.sweep import Store, read
    >>> config = {"name": "warmup", "problems": {"booth": {}}, "optimizers": {"sgd": {"lr": {"choice": [0.01, 0.1]}}}}
    >>> len(status(read(config), Store(Path("nowhere"))).missing)  # two rates on two seeds; then the best on others
    4
    """
    pairs = [(problem, config) for problem in sweep.problems for config in sweep.configs]
    results = Results(
        name=sweep.name,
        problems=tuple(map(ProblemSummary.of, sweep.problems)),
        entries=tuple(entry for pair in pairs for entry in _entries(sweep, store, *pair)),
        tuning_seeds=tuple(sweep.seeding.numbers("tuning")),
        final_seeds=tuple(sweep.seeding.numbers("final")),
        measures=sweep.measures,
        findings=(),
        specification=pformat(sweep, width=110),
    )
    return results.judged(sweep.claims)


def _entries(sweep: Sweep, store: Store, problem: ProblemConfig, config: OptimizerConfig) -> Iterator[OptimizerResult]:
    """Yield the result of each budget, after the grid has grown as far as the stored results ask for."""
    axes, tried = _tried(sweep, store, problem, config)
    spaces = {name: space for name, space in config.searched.items() if isinstance(space, Uniform)}
    for budget in sweep.search.budgets:
        chosen = _chosen(tried[:budget], problem)
        yield OptimizerResult(
            problem=ProblemSummary.of(problem),
            name=config.name if budget is None else f"{config.name} ({budget} tried)",
            optimizer=config.name,
            budget=budget,
            tried=tried[:budget],
            best=chosen,
            edges=sweep.search.edges(config, axes, chosen.setting) if chosen else {},
            scales={name: "log" if isinstance(space, LogUniform) else "linear" for name, space in spaces.items()},
            final=_runs(sweep, store, problem, config, [chosen.setting], "final") if chosen else (),
            final_seeds=sweep.seeding.final,
        )


def _tried(
    sweep: Sweep, store: Store, problem: ProblemConfig, config: OptimizerConfig
) -> tuple[Axes, tuple[ConfigurationResult, ...]]:
    """Grow the axes as long as the best setting lies at an end; return them, and every setting with its results."""
    axes: Axes = sweep.search.axes(config)
    while True:
        settings = sweep.search.settings(config, axes)
        runs = _runs(sweep, store, problem, config, settings, "tuning")
        count = sweep.seeding.tuning
        parts = [runs[i : i + count] for i in range(0, len(runs), count)]
        tried = tuple(ConfigurationResult(*pair) for pair in zip(settings, parts, strict=True))
        chosen = _chosen(tried, problem)
        wider = sweep.search.grown(config, axes, chosen.setting, problem.steps) if chosen else axes
        if wider == axes:
            return axes, tried
        axes = wider


def _runs(
    sweep: Sweep,
    store: Store,
    problem: ProblemConfig,
    config: OptimizerConfig,
    settings: Sequence[Setting],
    phase: Phase,
) -> tuple[Run, ...]:
    """The runs of some settings, with the results that the store has."""
    pairs = [(setting, trial) for setting in settings for trial in sweep.trials(problem, config, setting, phase)]
    numbers = cycle(sweep.seeding.numbers(phase))
    results = store.get([trial for _, trial in pairs])
    return tuple(
        Run(problem.name, config.name, phase, setting, number, trial.seeds, trial.digest, result, trial)
        for (setting, trial), number, result in zip(pairs, numbers, results, strict=False)
    )


def _chosen(tried: Sequence[ConfigurationResult], problem: ProblemConfig) -> ConfigurationResult | None:
    """The best setting, once all of them have been tried."""
    return best(tried, problem.problem.higher_is_better) if all(t.complete for t in tried) else None


def run(
    sweep: Sweep,
    store: Store,
    execute: Execute,
    on_result: OnResult = lambda trial, result: None,
    retry: bool = False,
) -> Results:
    """Run what is missing, store each result as soon as there is one, and return the results.

    If the process is killed, only the runs in progress are lost; the next call resumes. Several processes of one
    machine may fill one store: each runs trials that no other process is running, and waits for the rest.

    Args:
        sweep: the problems, optimizers and seeds.
        store: where the results go, and what has been run before.
        execute: a function that runs trials, made by `executor`.
        on_result: called with each trial and its result once it is stored.
        retry: run failed trials again.

    Raises:
        UsageError: the store or the cluster can't be used.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments.sweep import Store, executor, read
    >>> optimizers = {"sgd": {"lr": {"choice": [0.01, 0.1, 1.0]}}}
    >>> sweep = read({"name": "warmup", "problems": {"booth": {"epochs": 1}}, "optimizers": optimizers})
    >>> with TemporaryDirectory() as folder:
    ...     results = run(sweep, Store(Path(folder, "results.sqlite")), executor())
    >>> results.entries[0].best.setting, len(results.runs), len(results.missing)
    ((('lr', 0.1),), 11, 0)
    """
    reservations = Reservations(store.path.with_suffix(".lock"))

    def free(trial: Trial) -> bool:
        """Whether to run a trial here. Another process may store it before it can be reserved, so look twice."""
        return not store.has(trial) and reservations.take(trial.digest) and not store.has(trial)

    def run_all(trials: Iterable[Trial]) -> int:
        """Run and store trials; return how many."""
        count = 0
        for trial, result in execute(trials):
            store.add(trial, result)
            reservations.give_back(trial.digest)
            on_result(trial, result)
            count += 1
        return count

    results = status(sweep, store)
    if damaged := store.count()[1]:
        print(f"ravine: {damaged} results in {store.path} are damaged; their runs are repeated.", file=sys.stderr)
    if retry and results.failed:
        run_all(results.failed)
        results = status(sweep, store)
    while missing := results.missing:
        if not run_all(trial for trial in missing if free(trial)):
            sleep(PAUSE)
        results = status(sweep, store)
    return results
