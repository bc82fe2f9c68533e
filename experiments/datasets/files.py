"""Where the files of datasets are: in $RAVINE_DATA, or downloaded once into the user's cache."""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

VARIABLE = "RAVINE_DATA"
TIMEOUT = 30  # seconds without an answer from a server
REASONS = {  # by the name of an error: requests is pooch's, and not for us to import
    "ConnectionError": "no connection",
    "Timeout": "no connection",
    "ChunkedEncodingError": "the connection broke off",
}


@dataclass(frozen=True)
class File:
    """A file as it is published, and what it may be called on a user's disk.

    `hash` is "sha256:..." or "md5:..." as its publisher or, where he gives none, other libraries state it. `pattern` is
    a glob. `folders` are looked into, below $RAVINE_DATA, in this order.
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
    """Return where the file is, after downloading it if need be.

    Raises:
        UsageError: it is nowhere, and can't be downloaded, or what came has another checksum.
    """
    named = os.environ.get(VARIABLE)
    root = Path(named).expanduser() if named else None
    for folder in file.folders if root else ():
        if found := sorted(Path(str(root), folder).glob(file.pattern)):
            return found[0]
    cache = cache_folder() / dataset
    try:
        return download(file, cache)
    except (OSError, ValueError) as error:  # requests raises kinds of OSError, pooch ValueError for another checksum
        reason = next((REASONS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in REASONS), str(error))
        where = f"isn't in {root} ({VARIABLE})" if root else f"is looked for in the folder {VARIABLE}, which isn't set"
        raise UsageError(
            f"datasets: {dataset} needs {file.name}. It {where}, and can't be downloaded from {file.url} ({reason}). "
            f"Put it into {Path(root, file.folders[0]) if root else cache}."
        ) from error


def cache_folder() -> Path:
    """Return the folder of downloads: ~/.cache/ravine, or what the operating system has for that."""
    import pooch

    return Path(pooch.os_cache("ravine"))


def download(file: File, folder: Path) -> Path:
    """Return the file in the folder, fetching it if it isn't there; its checksum is compared either way."""
    import pooch

    from .download import DownloadBar

    fetch = pooch.HTTPDownloader(progressbar=DownloadBar(file.name), timeout=TIMEOUT)
    return Path(pooch.retrieve(file.url, known_hash=file.hash, fname=file.name, path=folder, downloader=fetch))


def content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if they are gzip's, whatever its name."""
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file in a folder or in a tar archive."""
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file())
        yield from ((file.relative_to(path).as_posix(), file.read_bytes()) for file in files)
        return
    with tarfile.open(path, "r|*") as archive:  # a stream: going back would unpack it anew
        for member in archive:
            if member.isfile():
                yield member.name, archive.extractfile(member).read()  # type: ignore[union-attr]


@contextmanager
def reading(path: Path | str, kind: str) -> Iterator[None]:
    """Turn what reading a damaged or foreign file raises into an error that names it."""
    try:
        yield
    except UsageError:
        raise
    except (ValueError, EOFError, OSError, OverflowError, zlib.error, tarfile.TarError) as error:
        raise UsageError(f"datasets: {path} is not a whole {kind}: {error}. Remove or replace it.") from error
