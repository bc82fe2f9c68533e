"""Several threads for one pass over large arrays.

Each thread runs the same serial loop on its own slices, without the interpreter's lock. They are plain Python threads,
which sleep when idle. An OpenMP pool would compete with OpenBLAS between steps, would not survive a fork, and would
depend on the order in which libraries are loaded.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt
from numba.core import config

# Waking a thread takes 30 to 60 microseconds. With fewer bytes per array than this, one thread is faster.
PARALLEL_BYTES = 3 << 19
# Each thread takes the next slice of this many bytes per array, so that a thread that wakes late delays no other.
_SLICE_BYTES = 1 << 19

_pool: ThreadPoolExecutor | None = None


def thread_count() -> int:
    """Number of threads for a large pass: NUMBA_NUM_THREADS, at most the number of processors of this process.

    >>> import os
    >>> 1 <= thread_count() <= os.cpu_count()
    True
    """
    return int(min(config.NUMBA_NUM_THREADS, config.NUMBA_DEFAULT_NUM_THREADS))  # type: ignore[attr-defined]


def run(loop: Callable[..., None], arrays: Sequence[npt.NDArray[Any]], constants: tuple[float, ...]) -> None:
    """Run the loop over large 1-D arrays of one size, in as many threads as there are."""
    x = arrays[0]
    if thread_count() == 1:
        loop(*arrays, *constants)
        return
    size = _SLICE_BYTES // x.itemsize
    starts = iter(range(0, x.size, size))  # shared: each thread takes the next one

    def work() -> None:
        for start in starts:
            loop(*(a[start : start + size] for a in arrays), *constants)

    others = [_workers().submit(work) for _ in range(thread_count() - 1)]
    try:
        work()
    finally:  # no thread writes after the call has ended
        wait(others)
    for other in others:
        other.result()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the end of a `with` block, in the main thread. (Python interrupts no other.)"""
    former = signal.getsignal(signal.SIGINT)
    if former is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    received = []
    signal.signal(signal.SIGINT, lambda *_: received.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if received:
            signal.raise_signal(signal.SIGINT)


def _workers() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(thread_count() - 1, thread_name_prefix="ravine")
    return _pool


def _drop_pool() -> None:
    """Drop the pool in a forked child, which inherits the object without its threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_pool)
