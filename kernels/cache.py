"""Generated modules on disk, so that a second process compiles nothing.

The folder is $GLISSADE_CACHE_DIR, or the user's cache folder. A module is named by the hash of what decides its machine
code, so an edited rule is another module; numba keeps the machine code beside it. A folder that can't be written or
read costs the compilation and nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import linecache
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba import njit
from numba.core import config

from . import denormals, device

__all__ = ["cache_folder", "compile_loop", "load"]


def cache_folder() -> Path:
    """Where generated kernels are kept."""
    if given := os.environ.get("GLISSADE_CACHE_DIR"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glissade"


@cache
def _foundation() -> str:
    """What a generated module takes in from elsewhere."""
    return "".join([numba.__version__, sys.version, inspect.getsource(device), inspect.getsource(denormals)])


def load(source: str) -> ModuleType:
    """The module with this source: from the cache folder if that can be had, otherwise from memory."""
    name = f"glissade_kernel_{hashlib.sha256((_foundation() + source).encode()).hexdigest()[:32]}"
    if name in sys.modules:
        return sys.modules[name]
    try:
        module = _on_disk(name, source)
    except (OSError, RuntimeError):  # pathlib raises RuntimeError where there is no home folder
        module = _in_memory(name, source)
    sys.modules[name] = module
    return module


def _on_disk(name: str, source: str) -> ModuleType:
    path = cache_folder() / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != source:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as file:
            file.write(source)
        os.replace(file.name, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _in_memory(name: str, source: str) -> ModuleType:
    module = ModuleType(name)
    file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # for tracebacks
    exec(compile(source, file, "exec"), vars(module))
    return module


def compile_loop(module: ModuleType, signature: tuple[Any, ...]) -> Callable[..., None]:
    """The module's loop, compiled for one signature, with the machine code from disk where it can be had."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise RuntimeError("NUMBA_DISABLE_JIT is set, and kernels are compiled. Unset it, or call the rule itself.")
    compiled = partial(njit, nogil=True, error_model="numpy")  # without the numpy model, nothing vectorises
    if getattr(module, "__file__", None):
        try:
            loop = compiled(cache=True)(module.loop)
            loop.compile(signature)
        except Exception:  # whatever is wrong with the files, they are only a short cut
            pass
        else:
            return loop
    loop = compiled()(module.loop)
    loop.compile(signature)
    return loop
