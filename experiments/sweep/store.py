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
from typing import Literal

from ..digests import canonical, sha256
from ..errors import UsageError
from ..outcome import Outcome
from ..trial import Trial

__all__ = ["Record", "Store"]

Status = Literal["finished", "diverged", "failed"]

FORMAT = 0x676C6102
"""Says in the file's header that it is a store, and of which kind: to be raised when a row's contents change."""

SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {FORMAT};
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,       -- of what the outcome depends on
    trial TEXT NOT NULL,        -- that, as JSON
    status TEXT NOT NULL CHECK (status IN ('finished', 'diverged', 'failed')),
    outcome TEXT,               -- curves, timings, versions and machine, as JSON; NULL if it failed
    error TEXT,                 -- why it failed
    place TEXT NOT NULL,        -- machine and process that ran it
    stored REAL NOT NULL,       -- seconds since 1970
    checksum TEXT NOT NULL      -- of digest, trial, status, outcome and error
);
CREATE INDEX IF NOT EXISTS by_digest ON results (digest);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON results BEGIN SELECT RAISE(ABORT, 'only add results'); END;
CREATE TRIGGER IF NOT EXISTS no_loss BEFORE DELETE ON results BEGIN SELECT RAISE(ABORT, 'only add results'); END;
COMMIT;
"""

CONTENT = ("digest", "trial", "status", "outcome", "error")
"""The columns that the checksum is of."""

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

    The latest sound record of a trial counts: one that a disk has damaged is left out, and its run repeated. Readers
    and writers don't wait for each other (SQLite's write-ahead log), for which the file must be on a disk of this
    machine.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments.sweep import campaign, executor, read
    >>> sweep = read({"name": "warmup", "problems": {"booth": {"epochs": 1}}, "optimizers": {"sgd": {"lr": 0.1}}})
    >>> with TemporaryDirectory() as folder:
    ...     results = campaign(sweep, Store(Path(folder, "results.sqlite")), executor())
    ...     found = Store(Path(folder, "results.sqlite")).get(list(results.runs))
    >>> len(found), {record.status for record in found}
    (7, {'finished'})
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
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        (format_,) = connection.execute("PRAGMA application_id").fetchone()
        if tables and format_ != FORMAT:
            raise sqlite3.DatabaseError("it is a database of something else, or of another version of ravine")
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda text: text.decode(errors="replace")  # its checksum then tells
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        if not tables:
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
        content = (trial.digest, canonical(trial.key), record.status, outcome, record.error)
        row = (*content, record.place, time(), checksum(content))
        with self.transaction() as connection:
            columns = ", ".join((*CONTENT, "place", "stored", "checksum"))
            connection.execute(f"INSERT INTO results ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def get(self, trials: Sequence[Trial]) -> list[Record | None]:
        """Return the latest record of every trial, None where there is none."""
        if not self.path.exists():
            return [None] * len(trials)
        digests = [trial.digest for trial in trials]
        rows = self.rows("WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY id", json.dumps(digests))
        found = {row["digest"]: decoded(row) for row in rows if sound(row)}
        return [found.get(digest) for digest in digests]

    def has(self, trial: Trial) -> bool:
        """Return whether there is a record of a trial; make the file if need be."""
        return any(map(sound, self.rows("WHERE digest = ?", trial.digest)))

    def rows(self, which: str = "", *values: str) -> list[sqlite3.Row]:
        """Return rows of the table."""
        with self.transaction() as connection:
            return connection.execute(f"SELECT * FROM results {which}", values).fetchall()

    def count(self) -> tuple[int, int]:
        """Return how many trials there are records of, and how many records are damaged."""
        if not self.path.exists():
            return 0, 0
        rows = self.rows()
        kept = [row["digest"] for row in rows if sound(row)]
        return len(set(kept)), len(rows) - len(kept)

    def seconds(self, problem: str, epochs: int) -> list[float]:
        """Return how long the finished runs of a problem (its repr) of that length took."""
        if not self.path.exists():
            return []
        rows = [row for row in self.rows("WHERE status = 'finished'") if sound(row)]
        trials = [json.loads(row["trial"]) for row in rows]
        return [
            float(json.loads(row["outcome"])["timing"]["total"])
            for trial, row in zip(trials, rows, strict=True)
            if (trial["problem"], trial["epochs"]) == (problem, epochs)
        ]


def checksum(content: Sequence[object]) -> str:
    """Return what tells whether CONTENT is as it was written."""
    return sha256(ascii(list(content)))


def sound(row: sqlite3.Row) -> bool:
    """Whether a row is as it was written."""
    return bool(row["checksum"] == checksum([row[name] for name in CONTENT]))


def decoded(row: sqlite3.Row) -> Record:
    """Return the record of a sound row."""
    outcome = None if row["outcome"] is None else Outcome.from_json(json.loads(row["outcome"]))
    return Record(row["status"], outcome, row["error"], row["place"])
