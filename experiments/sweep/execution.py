"""Where trials run: in this process, in processes of this machine, or on the workers of a Dask cluster.

An executor is a function from trials to pairs of a trial and its result, in the order in which they end. The process
that calls it stores the results.
"""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from threading import Thread
from time import sleep
from typing import Any

import joblib

from ..errors import UsageError
from ..training import train
from ..trial import Trial, TrialResult

PATIENCE = 10.0
"""Seconds to wait for a scheduler's answer."""

Ended = tuple[Trial, TrialResult]
Execute = Callable[[Iterable[Trial]], Iterator[Ended]]


def executor(jobs: int = 1, scheduler: str | None = None, keep_errors: bool = True) -> Execute:
    """Return a function that runs trials.

    Args:
        jobs: processes at a time, of one BLAS thread each; 1 is this process.
        scheduler: address of a Dask scheduler, whose workers are used instead.
        keep_errors: whether an exception of a trial becomes a result with status "failed"; if not, it is raised.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> from ravine.experiments.trial import Seeds, Trial
    >>> from ravine.optim import SGD
    >>> trials = [Trial(PROBLEMS["booth"](), SGD(lr=lr), 1, Seeds.of(0), tested=False) for lr in (0.1, 1.0)]
    >>> [(trial.optimizer.lr, result.status) for trial, result in executor()(trials)]
    [(0.1, 'finished'), (1.0, 'diverged')]
    """
    if scheduler is not None:
        return lambda trials: on_cluster(trials, scheduler)
    if jobs == 1:
        return lambda trials: (run_trial(trial, False, keep_errors) for trial in trials)
    return lambda trials: in_processes(trials, jobs, keep_errors)


def run_trial(trial: Trial, parallel: bool, keep_errors: bool = True) -> Ended:
    """Run a trial in this process; `parallel` marks its timings."""
    try:
        result = train(trial, parallel)
    except Exception as error:
        if not keep_errors:
            raise
        result = TrialResult("failed", error="".join(traceback.format_exception_only(error)).strip())
    return trial, replace(result, process=f"{socket.gethostname()}:{os.getpid()}")


def in_processes(trials: Iterable[Trial], jobs: int, keep_errors: bool) -> Iterator[Ended]:
    """Run trials in processes of one BLAS thread each, which end when this one does."""
    with joblib.parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=jobs)
        yield from parallel(joblib.delayed(run_in_worker)(trial, keep_errors) for trial in trials)


def run_in_worker(trial: Trial, keep_errors: bool) -> Ended:
    """Run a trial in a worker process, which ends when its parent does."""
    follow_parent()
    return run_trial(trial, True, keep_errors)


@cache
def follow_parent() -> None:
    """Make this worker end when its parent does, and only then: Ctrl-C reaches every process of a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_after, args=(os.getppid(),), daemon=True).start()


def _exit_after(parent: int) -> None:
    while os.getppid() == parent:
        sleep(0.5)
    os._exit(1)


def on_cluster(trials: Iterable[Trial], scheduler: str) -> Iterator[Ended]:
    """Run trials on the workers of a Dask cluster, which must have one thread each and the same code as this process.

    If a worker is lost, its trial goes to another one.
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
    """Run a trial on a cluster's worker. Raises UsageError if the worker has other code than the digest was made of."""
    if trial.digest != digest:
        raise UsageError(f"The Dask worker on {socket.gethostname()} runs other code. Install the same ravine there.")
    return run_trial(trial, parallel=True)


def dask() -> Any:
    """Return the module `distributed`. Raises UsageError if it isn't installed."""
    try:
        import distributed
    except ModuleNotFoundError as missing:
        raise UsageError('A cluster needs Dask: pip install ".[cluster]"') from missing
    return distributed
