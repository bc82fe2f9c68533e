"""Several threads for one pass over large arrays.

Each thread runs the same serial loop on its own stretch, without the interpreter's lock. The threads are plain and
sleep when idle: an OpenMP pool would spin against OpenBLAS between steps, die in a forked child, and depend on who
loaded which library first and on what the environment said at that moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy.typing as npt
from numba.core import config

__all__ = ["PARALLEL_BYTES", "run", "thread_count"]

# Handing work to a sleeping thread costs 30 to 60 microseconds; below this many bytes of one array, it does not pay.
PARALLEL_BYTES = 1 << 21
_STRETCH = 1 << 10  # stretches begin at multiples of this many elements, so that no two threads share a cache line

_pool: ThreadPoolExecutor | None = None


def thread_count() -> int:
    """How many threads a large pass uses: NUMBA_NUM_THREADS, and no more than the processors this process may use."""
    return int(min(config.NUMBA_NUM_THREADS, config.NUMBA_DEFAULT_NUM_THREADS))  # type: ignore[attr-defined]


def run(loop: Callable[..., None], arrays: Sequence[npt.NDArray[Any]], constants: tuple[float, ...]) -> None:
    """Run the loop over 1-D arrays of one size, in as many threads as pay."""
    size = arrays[0].size
    threads = thread_count() if arrays[0].nbytes >= PARALLEL_BYTES else 1
    if threads == 1:
        loop(*arrays, *constants)
        return
    stretch = -(-size // (threads * _STRETCH)) * _STRETCH
    parts = [[a[start : start + stretch] for a in arrays] for start in range(0, size, stretch)]
    others = [_workers(threads).submit(loop, *part, *constants) for part in parts[1:]]
    loop(*parts[0], *constants)
    for other in others:
        other.result()


def _workers(threads: int) -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(threads - 1, thread_name_prefix="glissade")
    return _pool


def _forget() -> None:
    """A forked child has the pool object but not its threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
