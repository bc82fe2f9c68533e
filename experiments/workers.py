"""Cells run in parallel processes; each outcome is stored by the process that found it, the moment it is found."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import cache
from threading import Thread
from time import sleep

import joblib

from .outcome import Outcome
from .specification import Cell
from .store import Damaged, Store
from .training import run

Tick = Callable[[], None]


def complete(cells: Sequence[Cell], store: Store, jobs: int, tick: Tick) -> dict[Cell, Outcome]:
    """Return the outcome of every cell, in their order, running those that the store doesn't hold."""
    outcomes: dict[Cell, Outcome] = {}
    for cell in cells:
        if (outcome := stored(cell, store)) is not None:
            outcomes[cell] = outcome
            tick()
    missing = [cell for cell in cells if cell not in outcomes]
    jobs = min(jobs, len(missing))
    if not missing:
        return outcomes
    with joblib.parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        for cell, outcome in parallel(joblib.delayed(run_and_store)(cell, store, jobs > 1) for cell in missing):
            outcomes[cell] = outcome
            tick()
    return {cell: outcomes[cell] for cell in cells}


def stored(cell: Cell, store: Store) -> Outcome | None:
    """Return the stored outcome; of a damaged file, say so and return None."""
    try:
        return store.get(cell)
    except Damaged as damage:
        print(f"ravine: {damage}", file=sys.stderr)
        return None


def run_and_store(cell: Cell, store: Store, parallel: bool) -> tuple[Cell, Outcome]:
    """Run a cell and store its outcome at once, in the process that ran it."""
    if parallel:
        follow_parent()
    outcome = run(cell, parallel)
    store.put(cell, outcome)
    return cell, outcome


@cache
def follow_parent() -> None:
    """Make this worker end when its parent does, and only then: Ctrl-C reaches every process of a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        sleep(0.5)
    os._exit(1)
