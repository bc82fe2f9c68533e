"""Which trials are being run: locks that processes of this machine hold, and lose when they end, however they end."""

from __future__ import annotations

import os
import weakref
from functools import cached_property
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # not POSIX: processes that fill one store may then run the same trial twice
    fcntl = None  # type: ignore[assignment]

__all__ = ["Reservations"]


class Reservations:
    """An empty file in which a process locks the byte that stands for a trial, while it runs it.

    The system takes locks away with the process: whatever kills it, nothing stays reserved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def file(self) -> int:
        """The file, open as long as this value is there: closing it frees every lock."""
        opened = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        weakref.finalize(self, os.close, opened)
        return opened

    def take(self, digest: str) -> bool:
        """Reserve a trial; return whether no other process has it."""
        if fcntl is None:
            return True
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place(digest))
        except (BlockingIOError, PermissionError):  # POSIX allows either
            return False
        return True

    def give_back(self, digest: str) -> None:
        """Free a trial."""
        if fcntl is not None:
            fcntl.lockf(self.file, fcntl.LOCK_UN, 1, place(digest))


def place(digest: str) -> int:
    """Return a place in a file, which need not be so long, for a digest in hexadecimal."""
    return int(digest[:15], 16)
