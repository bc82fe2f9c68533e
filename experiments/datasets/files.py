"""The files of datasets: in $RAVINE_DATA, or downloaded once into the user's cache."""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ..errors import UsageError

VARIABLE = "RAVINE_DATA"
TIMEOUT = 30  # seconds without an answer from a server
REASONS = {  # by the name of the error: requests, which raises them, is not imported here
    "ConnectionError": "no connection",
    "Timeout": "no connection",
    "ChunkedEncodingError": "the connection broke off",
}


@dataclass(frozen=True)
class File:
    """A published file: where to download it, and where to look for it on disk.

    Attributes:
        url: where it is published.
        hash: "sha256:..." or "md5:...", as the publisher states it, or else other libraries.
        pattern: a glob for the names that it may have on disk.
        folders: the folders below $RAVINE_DATA to search, in this order.
    """

    url: str
    hash: str
    pattern: str
    folders: tuple[str, ...]

    @property
    def name(self) -> str:
        """The published name."""
        return self.url.rpartition("/")[2]


def find(dataset: str, file: File) -> Path:
    """Return the path of the file; it is downloaded if necessary.

    Raises:
        UsageError: it is not found and can't be downloaded, or the download has another checksum.
    """
    named = os.environ.get(VARIABLE)
    root = Path(named).expanduser() if named else None
    for folder in file.folders if root else ():
        if found := sorted(Path(str(root), folder).glob(file.pattern)):
            return found[0]
    cache = cache_folder() / dataset
    try:
        return download(file, cache)
    except (OSError, ValueError) as error:  # OSError by requests; ValueError by pooch: the checksum
        reason = next((REASONS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in REASONS), str(error))
        where = f"isn't in {root} ({VARIABLE})" if root else f"is looked for in the folder {VARIABLE}, which isn't set"
        raise UsageError(
            f"datasets: {dataset} needs {file.name}. It {where}, and can't be downloaded from {file.url} ({reason}). "
            f"Put it into {Path(root, file.folders[0]) if root else cache}."
        ) from error


def cache_folder() -> Path:
    """Return the folder of downloads: ~/.cache/ravine, or the equivalent of the operating system."""
    import pooch

    return Path(pooch.os_cache("ravine"))


def download(file: File, folder: Path) -> Path:
    """Return the file in the folder; it is downloaded if it is missing. Its checksum is compared in both cases."""
    import pooch

    fetch = pooch.HTTPDownloader(progressbar=DownloadBar(file.name), timeout=TIMEOUT)
    return Path(pooch.retrieve(file.url, known_hash=file.hash, fname=file.name, path=folder, downloader=fetch))


def content(path: Path) -> bytes:
    """Return the bytes of a file, decompressed if it is in gzip format, whatever its name."""
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file in a folder or in a tar archive."""
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file())
        yield from ((file.relative_to(path).as_posix(), file.read_bytes()) for file in files)
        return
    with tarfile.open(path, "r|*") as archive:  # read once from start to end: going back would decompress it again
        for member in archive:
            if member.isfile():
                yield member.name, archive.extractfile(member).read()  # type: ignore[union-attr]


@contextmanager
def reading(path: Path | str, kind: str) -> Iterator[None]:
    """Turn the errors of reading a damaged or wrong file into a UsageError that names the file."""
    try:
        yield
    except UsageError:
        raise
    except (ValueError, EOFError, OSError, OverflowError, zlib.error, tarfile.TarError) as error:
        raise UsageError(f"datasets: {path} is not a whole {kind}: {error}. Remove or replace it.") from error


class DownloadBar:
    """The progress bar of a download, with the methods that pooch calls; on standard error, if that is a terminal."""

    total = 0

    def __init__(self, name: str) -> None:
        console = Console(stderr=True)
        columns = (TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self.task = self.progress.add_task("", total=None)

    def update(self, size: int) -> None:
        """Advance by a number of bytes."""
        self.progress.start()
        self.progress.update(self.task, advance=size, total=self.total)

    def reset(self) -> None:
        """Return to the start; pooch then advances by the total."""
        self.progress.reset(self.task)

    def close(self) -> None:
        """Remove the bar."""
        self.progress.stop()
