"""Where trials run: in this process, in processes of this machine, or on the workers of a Dask cluster.

Each way is a function from trials to their records, in the order in which they end. The process that asks is the one
that stores them.
"""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import joblib

from ..errors import UsageError
from ..training import train
from ..trial import Trial
from ..workers import follow_parent
from .store import Record

__all__ = ["Execute", "executor"]

PATIENCE = 10.0
"""Seconds to wait for a scheduler's answer."""

Ended = tuple[Trial, Record]
Execute = Callable[[Iterable[Trial]], Iterator[Ended]]


def executor(jobs: int = 1, scheduler: str | None = None) -> Execute:
    """Return the way to run trials: on the Dask cluster of a scheduler's address, or else in `jobs` processes.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> from ravine.experiments.trial import Seeds, Trial
    >>> from ravine.optim import SGD
    >>> trials = [Trial(PROBLEMS["booth"](), SGD(lr=lr), 1, Seeds.of(0), tested=False) for lr in (0.1, 1.0)]
    >>> [(trial.optimizer.lr, record.status) for trial, record in executor()(trials)]
    [(0.1, 'finished'), (1.0, 'diverged')]
    """
    if scheduler is not None:
        return lambda trials: on_cluster(trials, scheduler)
    if jobs == 1:
        return lambda trials: (attempt(trial, False) for trial in trials)
    return lambda trials: in_processes(trials, jobs)


def attempt(trial: Trial, parallel: bool) -> Ended:
    """Run a trial; what it raises becomes its record."""
    place = f"{socket.gethostname()}:{os.getpid()}"
    try:
        outcome = train(trial, parallel)
    except Exception as error:
        lines = traceback.format_exception_only(error)
        return trial, Record("failed", None, "".join(lines).strip(), place)
    return trial, Record(outcome.status, outcome, None, place)


def in_processes(trials: Iterable[Trial], jobs: int) -> Iterator[Ended]:
    """Run trials in processes of one BLAS thread each, which end when this one does."""
    with joblib.parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=jobs)
        yield from parallel(joblib.delayed(following)(trial) for trial in trials)


def following(trial: Trial) -> Ended:
    """Run a trial in a process that ends when its parent does."""
    follow_parent()
    return attempt(trial, parallel=True)


def on_cluster(trials: Iterable[Trial], scheduler: str) -> Iterator[Ended]:
    """Run trials on the workers of a Dask cluster, which must have one thread each and the same code as this process.

    A trial whose worker is lost goes to another one.
    """
    distributed = dask()
    try:
        client = distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"No Dask scheduler answers at {scheduler!r}: {error}. Start one: dask scheduler; and its workers: "
            "dask worker ADDRESS --nthreads 1."
        ) from error
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        check_workers(scheduler, {name: worker["nthreads"] for name, worker in workers.items()})
        futures = [client.submit(remote, trial, trial.digest, pure=False) for trial in trials]
        try:
            for future, ended in distributed.as_completed(futures, with_results=True, loop=client.loop):
                yield ended
                future.release()
        except distributed.KilledWorker as error:
            raise ConnectionError(f"A trial lost its Dask workers. The same command resumes. {error}") from None


def check_workers(scheduler: str, threads: dict[str, int]) -> None:
    """Raise UsageError if there are no workers, or some with several threads: trials would share one process's BLAS."""
    remedy = f"Start workers: dask worker {scheduler} --nthreads 1 --nworkers N."
    if not threads:
        raise UsageError(f"The Dask scheduler at {scheduler!r} has no workers. {remedy}")
    for name, count in threads.items():
        if count > 1:
            raise UsageError(f"The Dask worker {name} has {count} threads; a trial needs a process. {remedy}")


def remote(trial: Trial, digest: str) -> Ended:
    """Run a trial, if this worker's code is the one that `digest` names."""
    if trial.digest != digest:
        raise UsageError(f"The Dask worker on {socket.gethostname()} runs other code. Install the same ravine there.")
    return attempt(trial, parallel=True)


def dask() -> Any:
    """Return the module `distributed`. Raises UsageError if it isn't installed."""
    try:
        import distributed
    except ModuleNotFoundError as missing:
        raise UsageError("A cluster needs Dask: pip install \".[cluster]\"") from missing
    return distributed
