"""Generated modules on disk, so that a second process does not compile again.

The folder is $RAVINE_CACHE_DIR, or the user's cache folder. The name of a module is a hash of everything that
determines its machine code, so an edited rule becomes another module. numba keeps the machine code beside it. If the
folder can't be written or read, kernels are compiled again in each process.
"""

from __future__ import annotations

import hashlib
import inspect
import linecache
import os
import sys
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
        if not path.is_file() or path.read_bytes() != source.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(path) as file:
                file.write(source.encode())
        return str(path)
    except (OSError, RuntimeError):  # pathlib raises RuntimeError where there is no home folder
        return None


def compile_loop(module: ModuleType, signature: tuple[Any, ...]) -> Callable[..., None]:
    """The module's loop, compiled for one signature or loaded from the cache folder."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise RuntimeError("A kernel needs numba, and NUMBA_DISABLE_JIT is set. Unset it, or call the rule itself.")
    compiled = partial(njit, nogil=True, error_model="numpy")  # without the numpy model, nothing vectorises
    if Path(str(module.__file__)).is_file():
        try:
            loop = compiled(cache=True)(module.loop)
            loop.compile(signature)
        except Exception:  # damaged files must not stop a run: compile without them
            pass
        else:
            return loop
    loop = compiled()(module.loop)
    loop.compile(signature)
    return loop
