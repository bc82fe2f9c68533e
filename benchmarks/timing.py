"""Times of functions, side by side: they take turns, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from time import perf_counter

Run = Callable[[], object]


def use_one_thread() -> None:
    """Call this before NumPy is imported: linear algebra then runs on one thread."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"


def seconds(runs: Mapping[str, Run], rounds: int = 15, calls: int = 1) -> dict[str, list[float]]:
    """Seconds per call of each function in each round; a round calls each one `calls` times."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = perf_counter()
            for _ in range(calls):
                run()
            times[name].append((perf_counter() - start) / calls)
    return times


def best(runs: Mapping[str, Run], rounds: int = 15, calls: int = 1) -> dict[str, float]:
    """The least seconds per call of each function."""
    return {name: min(times) for name, times in seconds(runs, rounds, calls).items()}


def best_of_short(runs: Mapping[str, Run], rounds: int = 15) -> dict[str, float]:
    """The least seconds per call of each function, which is called for about 20 ms in every round."""
    times = seconds(runs, rounds=2)
    calls = {name: max(1, int(0.02 / (sum(pair) / 2 + 1e-9))) for name, pair in times.items()}
    repeated = {name: _repeated(run, calls[name]) for name, run in runs.items()}
    return {name: time / calls[name] for name, time in best(repeated, rounds).items()}


def _repeated(run: Run, calls: int) -> Run:
    def repeat() -> None:
        for _ in range(calls):
            run()

    return repeat
