"""Results in one SQLite file, keyed by content. Rows are only ever added; any number of processes may add them."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import time
from typing import Any, Literal

from ..digests import canonical
from ..errors import UsageError
from ..outcome import Outcome
from ..trial import Trial

__all__ = ["Record", "Store"]

Status = Literal["finished", "diverged", "failed"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,       -- of what the outcome depends on
    trial TEXT NOT NULL,        -- that, as JSON
    status TEXT NOT NULL CHECK (status IN ('finished', 'diverged', 'failed')),
    outcome TEXT,               -- curves, timings, versions and machine, as JSON; NULL if it failed
    error TEXT,                 -- why it failed
    place TEXT NOT NULL,        -- machine and process that ran it
    stored REAL NOT NULL        -- seconds since 1970
);
CREATE INDEX IF NOT EXISTS by_digest ON results (digest);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON results BEGIN SELECT RAISE(ABORT, 'only add results'); END;
CREATE TRIGGER IF NOT EXISTS no_loss BEFORE DELETE ON results BEGIN SELECT RAISE(ABORT, 'only add results'); END;
"""

PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""


@dataclass(frozen=True)
class Record:
    """How a trial ended. A failed one raised an exception, and has no outcome."""

    status: Status
    outcome: Outcome | None
    error: str | None
    place: str = field(compare=False)


class Store:
    """A file of records. Every row is written whole or not at all, also if the process is killed.

    The latest record of a trial counts. Readers and writers don't wait for each other (SQLite's write-ahead log), for
    which the file must be on a disk of this machine.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = Lock()  # joblib asks for the next trial from a thread of its own

    @cached_property
    def opened(self) -> sqlite3.Connection:
        """The file, made if need be; closed when this value is no more."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=PATIENCE, check_same_thread=False)
        weakref.finalize(self, connection.close)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(SCHEMA)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Read and write, all or nothing. Raises UsageError if the file is no store or can't be one."""
        try:
            with self.lock, self.opened as connection:
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"{str(self.path)!r} can't hold results: {error}. Move the file away, or name another folder."
            ) from error

    def add(self, trial: Trial, record: Record) -> None:
        """Add how a trial ended."""
        outcome = None if record.outcome is None else canonical(record.outcome.to_json())
        row = (trial.digest, canonical(trial.key), record.status, outcome, record.error, record.place, time())
        with self.transaction() as connection:
            columns = "digest, trial, status, outcome, error, place, stored"
            connection.execute(f"INSERT INTO results ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def get(self, trials: Sequence[Trial]) -> list[Record | None]:
        """Return the latest record of every trial, None where there is none."""
        if not self.path.exists():
            return [None] * len(trials)
        digests = [trial.digest for trial in trials]
        with self.transaction() as connection:
            query = (
                "SELECT digest, status, outcome, error, place FROM results "
                "WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY id"
            )
            found = {digest: decoded(*rest) for digest, *rest in connection.execute(query, (json.dumps(digests),))}
        return [found.get(digest) for digest in digests]

    def has(self, trial: Trial) -> bool:
        """Return whether there is a record of a trial."""
        with self.transaction() as connection:
            query = "SELECT 1 FROM results WHERE digest = ? LIMIT 1"
            return connection.execute(query, (trial.digest,)).fetchone() is not None

    def count(self) -> int:
        """Return how many trials there are records of."""
        if not self.path.exists():
            return 0
        with self.transaction() as connection:
            return int(connection.execute("SELECT COUNT(DISTINCT digest) FROM results").fetchone()[0])

    def seconds(self, problem: str, epochs: int) -> list[float]:
        """Return how long the finished runs of a problem (its repr) of that length took."""
        if not self.path.exists():
            return []
        query = "SELECT trial, outcome FROM results WHERE status = 'finished'"
        with self.transaction() as connection:
            rows = [(json.loads(trial), outcome) for trial, outcome in connection.execute(query)]
        return [
            float(json.loads(outcome)["timing"]["total"])
            for trial, outcome in rows
            if (trial["problem"], trial["epochs"]) == (problem, epochs)
        ]


def decoded(status: Any, outcome: str | None, error: str | None, place: str) -> Record:
    """Return the record of a row."""
    return Record(status, None if outcome is None else Outcome.from_json(json.loads(outcome)), error, place)
