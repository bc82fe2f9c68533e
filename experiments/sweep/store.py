"""Results in one SQLite file, keyed by the digest of their trial. Rows are only added; any process may add them."""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import time

from ..errors import UsageError
from ..trial import Trial, TrialResult, canonical, sha256

try:
    import fcntl
except ModuleNotFoundError:  # not POSIX: processes that share a store may then run the same trial twice
    fcntl = None  # type: ignore[assignment]

FORMAT = 0x72617601
"""The application id in the file's header. To be raised when the contents of a row change."""

SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {FORMAT};
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,       -- SHA-256 of the trial
    trial TEXT NOT NULL,        -- Trial.key as JSON
    result TEXT NOT NULL,       -- TrialResult as JSON
    stored REAL NOT NULL,       -- seconds since 1970
    checksum TEXT NOT NULL      -- of digest, trial and result
);
CREATE INDEX IF NOT EXISTS by_digest ON results (digest);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON results BEGIN SELECT RAISE(ABORT, 'only add results'); END;
CREATE TRIGGER IF NOT EXISTS no_loss BEFORE DELETE ON results BEGIN SELECT RAISE(ABORT, 'only add results'); END;
COMMIT;
"""

CONTENT = ("digest", "trial", "result")
"""The columns that the checksum covers."""

PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""


class Store:
    """A file of results. Every row is written whole or not at all, also if the process is killed.

    The latest undamaged row of a trial counts; a damaged row is left out, and its trial is run again. Readers and
    writers don't wait for each other (SQLite's write-ahead log), for which the file must be on a disk of this machine.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments.sweep import executor, read, run
    >>> sweep = read({"name": "warmup", "problems": {"booth": {"epochs": 1}}, "optimizers": {"sgd": {"lr": 0.1}}})
    >>> with TemporaryDirectory() as folder:
    ...     results = run(sweep, Store(Path(folder, "results.sqlite")), executor())
    ...     stored = Store(Path(folder, "results.sqlite")).get([one.trial for one in results.runs])
    >>> len(stored), {result.status for result in stored}
    (7, {'finished'})
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = Lock()  # joblib asks for the next trial from a thread of its own

    @cached_property
    def opened(self) -> sqlite3.Connection:
        """The connection, which makes the file if there is none; closed when this object is deleted."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=PATIENCE, check_same_thread=False)
        weakref.finalize(self, connection.close)
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        (format_,) = connection.execute("PRAGMA application_id").fetchone()
        if tables and format_ != FORMAT:
            raise sqlite3.DatabaseError("it is a database of something else, or of another version of ravine")
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda text: text.decode(errors="replace")  # the checksum then differs
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        if not tables:
            connection.executescript(SCHEMA)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Read and write, all or nothing. Raises UsageError if the file is no store, or can't be opened or written."""
        try:
            with self.lock, self.opened as connection:
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"{str(self.path)!r} can't hold results: {error}. Move the file away, or name another folder."
            ) from error

    def check(self) -> None:
        """Raise UsageError unless results can be added; makes the file."""
        with self.transaction() as connection:
            connection.execute("BEGIN IMMEDIATE")

    def add(self, trial: Trial, result: TrialResult) -> None:
        """Add the result of a trial."""
        content = (trial.digest, canonical(trial.key), canonical(result.to_json()))
        with self.transaction() as connection:
            columns = ", ".join((*CONTENT, "stored", "checksum"))
            values = (*content, time(), checksum(content))
            connection.execute(f"INSERT INTO results ({columns}) VALUES (?, ?, ?, ?, ?)", values)

    def get(self, trials: Sequence[Trial]) -> list[TrialResult | None]:
        """Return the latest result of every trial, None where there is none."""
        if not self.path.exists():
            return [None] * len(trials)
        digests = [trial.digest for trial in trials]
        rows = self.rows("WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY id", json.dumps(digests))
        found = {row["digest"]: TrialResult.from_json(json.loads(row["result"])) for row in rows if intact(row)}
        return [found.get(digest) for digest in digests]

    def has(self, trial: Trial) -> bool:
        """Return whether there is a result of a trial; makes the file if there is none."""
        return any(map(intact, self.rows("WHERE digest = ?", trial.digest)))

    def rows(self, condition: str = "", *values: str) -> list[sqlite3.Row]:
        """Return rows of the table."""
        with self.transaction() as connection:
            return connection.execute(f"SELECT * FROM results {condition}", values).fetchall()

    def count(self) -> tuple[int, int]:
        """Return the number of trials with a result, and the number of trials that have only damaged rows."""
        if not self.path.exists():
            return 0, 0
        rows = self.rows()
        kept = {row["digest"] for row in rows if intact(row)}
        return len(kept), len({row["digest"] for row in rows} - kept)

    def seconds(self, problem: str, epochs: int) -> list[float]:
        """Return the total seconds of the finished runs of a problem, given as its repr, for so many epochs."""
        if not self.path.exists():
            return []
        pairs = [(json.loads(row["trial"]), json.loads(row["result"])) for row in self.rows() if intact(row)]
        return [
            float(result["timing"]["total"])
            for trial, result in pairs
            if (trial["problem"], trial["epochs"], result["status"]) == (problem, epochs, "finished")
        ]


def checksum(content: Sequence[object]) -> str:
    """Return the checksum of the values of the CONTENT columns."""
    return sha256(ascii(list(content)))


def intact(row: sqlite3.Row) -> bool:
    """Whether a row is as it was written."""
    return bool(row["checksum"] == checksum([row[name] for name in CONTENT]))


class Reservations:
    """Locks by which processes that share a store see which trials the others are running.

    Each trial has a byte of an empty file. The process that runs the trial locks this byte. The system removes the
    locks of a process that ends, also of one that is killed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def file(self) -> int:
        """The open file. Closing it, when this object is deleted, removes every lock."""
        opened = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        weakref.finalize(self, os.close, opened)
        return opened

    def take(self, digest: str) -> bool:
        """Reserve the trial with this digest; return False if another process has it."""
        if fcntl is None:
            return True
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte_of(digest))
        except (BlockingIOError, PermissionError):  # POSIX allows either
            return False
        return True

    def give_back(self, digest: str) -> None:
        """Remove the reservation of a trial."""
        if fcntl is not None:
            fcntl.lockf(self.file, fcntl.LOCK_UN, 1, byte_of(digest))


def byte_of(digest: str) -> int:
    """Return the position of a trial's byte, given its digest in hexadecimal; it may lie beyond the file's end."""
    return int(digest[:15], 16)
