"""What arguments must be; said before anything is trained."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path
from typing import Any

from ..errors import UsageError


def whole(owner: str, name: str, value: Any, least: int, other: str = "") -> int:
    """Return it. Raises UsageError unless it is a whole number, Python's or NumPy's, of at least so much.

    `other`: what else it might have been, for the message.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise UsageError(f"{owner}: {name} must be {other}a whole number >= {least}. Received: {name}={value!r}.")
    return int(value)


def make_room(owner: str, path: Path) -> None:
    """Make the folder of a file that is to be written. Raises UsageError if the file would be a folder."""
    if path.is_dir():
        raise UsageError(f"{owner}: path must be a file's. Received: the folder {path}.")
    path.parent.mkdir(parents=True, exist_ok=True)
