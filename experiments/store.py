"""Outcomes on disk, one file a cell, named by what the outcome depends on. An interruption loses nothing finished."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from .digests import canonical, sha256
from .errors import UsageError
from .outcome import Outcome
from .specification import Cell


class Store:
    """The folder `cells` in `folder`. Files appear whole or not at all; any number of processes may write."""

    def __init__(self, folder: Path) -> None:
        self.cells = folder / "cells"

    def path(self, cell: Cell) -> Path:
        """Return the cell's file."""
        return self.cells / f"{cell.digest}.json"

    def put(self, cell: Cell, outcome: Outcome) -> None:
        """Write the outcome at once."""
        record = {"cell": cell.key, "outcome": outcome.to_json()}
        write(self.path(cell), canonical({**record, "sha256": sha256(canonical(record))}))

    def get(self, cell: Cell) -> Outcome | None:
        """Return the stored outcome, None if there is none. Raises Damaged if the file isn't what was written."""
        path = self.path(cell)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            checksum = record.pop("sha256")
            if checksum != sha256(canonical(record)):
                raise Damaged(path, "its checksum differs")
            return Outcome.from_json(record["outcome"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(path, f"{type(error).__name__}: {error}") from error


class Damaged(Exception):
    """A cell's file was cut short or changed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name} is damaged ({reason}); its run is repeated.")


def write(path: Path, content: str | bytes) -> None:
    """Write a file atomically: a reader or a crash finds the old content or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def prepare(folder: Path) -> Store:
    """Return the folder's store, made if need be. Raises UsageError if it can't be written to."""
    store = Store(folder)
    try:
        store.cells.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=store.cells):
            return store
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"compare: can't write results to {str(folder)!r}: {reason}. Name another folder.") from error
