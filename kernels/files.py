"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that replaces `path` at the end of the `with` block, unless an error is raised in it.

    A reader, or a process that goes on after a crash, finds the old content or the new one, never a part. The file
    keeps its permissions, and a symbolic link stays one: what it points to is replaced. What an earlier process left
    unfinished when it was killed is deleted.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answer"
    ...     with atomic_file(path) as file:
    ...         _ = file.write(b"42")
    ...     path.read_bytes()
    b'42'
    """
    path = Path(os.path.realpath(path))
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    _delete_abandoned(path)
    try:
        with open(unfinished, "xb") as file:
            if path.exists():
                os.chmod(unfinished, stat.S_IMODE(path.stat().st_mode))
            yield file
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _delete_abandoned(path: Path) -> None:
    """Delete the unfinished files beside `path` whose processes have ended."""
    for entry in os.scandir(path.parent) if path.parent.is_dir() else ():
        if not entry.name.startswith(path.name):
            continue
        found = re.fullmatch(r"\.(\d+)-[0-9a-f]{8}\.tmp", entry.name.removeprefix(path.name))
        if found and not _runs(int(found[1])):
            Path(entry.path).unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether a process of this machine runs; True where that can't be asked."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True
