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

# Waking a thread costs 30 to 60 microseconds; below this many bytes of one array, it does not pay.
PARALLEL_BYTES = 3 << 19
# The threads take stretches of this many bytes of one array by turns, so that one that wakes late holds up no other.
_STRETCH_BYTES = 1 << 19

_pool: ThreadPoolExecutor | None = None


def thread_count() -> int:
    """How many threads a large pass uses: NUMBA_NUM_THREADS, and no more than the processors this process may use.

    >>> import os
    >>> 1 <= thread_count() <= os.cpu_count()
    True
    """
    return int(min(config.NUMBA_NUM_THREADS, config.NUMBA_DEFAULT_NUM_THREADS))  # type: ignore[attr-defined]


def run(loop: Callable[..., None], arrays: Sequence[npt.NDArray[Any]], constants: tuple[float, ...]) -> None:
    """Run the loop over 1-D arrays of one size, in as many threads as pay."""
    x = arrays[0]
    if x.nbytes < PARALLEL_BYTES or thread_count() == 1:
        loop(*arrays, *constants)
        return
    stretch = _STRETCH_BYTES // x.itemsize
    stretches = iter(range(0, x.size, stretch))  # shared: each thread takes the next one

    def work() -> None:
        for start in stretches:
            loop(*(a[start : start + stretch] for a in arrays), *constants)

    others = [_workers().submit(work) for _ in range(thread_count() - 1)]
    work()
    for other in others:
        other.result()


def _workers() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(thread_count() - 1, thread_name_prefix="ravine")
    return _pool


def _forget() -> None:
    """A forked child has the pool object but not its threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
