"""Generated modules on disk, so that a second process does not compile again.

The folder is $RAVINE_CACHE_DIR, or the user's cache folder. The name of a module is a hash of everything that
determines its machine code, so an edited rule becomes another module. numba keeps the machine code beside it, and a
file of checksums tells whether it is whole. If the folder can't be written or read, or if another user can write to it,
kernels are compiled again in each process.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import linecache
import os
import stat
import sys
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba import njit
from numba.core import config

from . import denormals, device
from .files import atomic_file


def cache_folder() -> Path:
    """The folder of generated kernels.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", RAVINE_CACHE_DIR="kernels"):
    ...     print(cache_folder())
    kernels
    """
    if given := os.environ.get("RAVINE_CACHE_DIR"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ravine"


@cache
def _environment() -> str:
    """The versions and sources outside a generated module that its machine code depends on."""
    return "".join([numba.__version__, sys.version, inspect.getsource(device), inspect.getsource(denormals)])


def load(source: str) -> ModuleType:
    """The module with this source, stored in the cache folder if that is possible."""
    name = f"ravine_kernel_{hashlib.sha256((_environment() + source).encode()).hexdigest()[:32]}"
    if name not in sys.modules:
        file = _stored(name, source) or f"<{name}>"
        module = ModuleType(name)
        module.__file__ = file
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # for tracebacks
        exec(compile(source, file, "exec"), vars(module))
        sys.modules[name] = module
    return sys.modules[name]


def _stored(name: str, source: str) -> str | None:
    """The path of a file with this source, or None if it can't be written. numba keeps the machine code beside it."""
    try:
        path = cache_folder() / f"{name}.py"
        if not _is_own(path.parent):
            return None
        if not path.is_file() or path.read_bytes() != source.encode():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic_file(path) as file:
                file.write(source.encode())
        return str(path)
    except (OSError, RuntimeError):  # pathlib raises RuntimeError where there is no home folder
        return None


@cache
def _is_own(folder: Path) -> bool:
    """Whether no other user can write to a folder, which could run any code in this process; warns if one can."""
    if os.name != "posix" or not folder.is_dir():
        return True
    status = folder.stat()
    if status.st_uid in (os.geteuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return True
    warnings.warn(
        f"The cache of kernels in {folder} is not used, because other users can write to it. Kernels are compiled "
        f"again in each process. Say chmod go-w {folder}, or set RAVINE_CACHE_DIR to a folder of your own.",
        RuntimeWarning,
        stacklevel=2,
    )
    return False


def _checksums(folder: Path, name: str) -> dict[str, str]:
    """The checksums of numba's files for a module."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob(f"{name}.*.nb?"))}


def _delete_damaged(folder: Path, name: str) -> None:
    """Delete numba's files for a module if they are not those that were written: loading them could end the process."""
    found = _checksums(folder, name)
    try:
        known = json.loads((folder / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        known = None
    for file in found if found != known else ():
        (folder / file).unlink(missing_ok=True)


def compile_loop(module: ModuleType, signature: tuple[Any, ...]) -> Callable[..., None]:
    """The module's loop, compiled for one signature or loaded from the cache folder."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise RuntimeError("A kernel needs numba, and NUMBA_DISABLE_JIT is set. Unset it, or call the rule itself.")
    compiled = partial(njit, nogil=True, error_model="numpy")  # without the numpy model, nothing vectorises
    if Path(str(module.__file__)).is_file():
        try:
            loop = compiled(cache=True)(module.loop)
            folder = Path(str(loop.stats.cache_path))
            _delete_damaged(folder, module.__name__)
            loop.compile(signature)
            if not loop.stats.cache_hits:
                with atomic_file(folder / f"{module.__name__}.json") as file:
                    file.write(json.dumps(_checksums(folder, module.__name__)).encode())
        except Exception:  # damaged files must not stop a run: compile without them
            pass
        else:
            return loop
    loop = compiled()(module.loop)
    loop.compile(signature)
    return loop
