"""Digests that name a result: of its configuration, and of the source of the code that computes it."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from ..optim import rules
from .errors import UsageError

__all__ = ["canonical", "engine_digest", "sha256", "source_digest"]


def canonical(value: object) -> str:
    """Return the JSON text of a value in a unique form: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def source_digest(cls: type) -> str:
    """Return the digest of the source of a class and its bases, so that results of an edited class are not reused.

    For an optimizer of ravine it is the source of the whole module, whose functions the update rule may call. Raises
    UsageError if a class has no source.
    """
    bases = [base for base in cls.__mro__ if base.__module__ not in ("abc", "builtins")]
    ours = f"{rules.__name__}."
    try:
        sources: list[Any] = [sys.modules[b.__module__] if b.__module__.startswith(ours) else b for b in bases]
        return sha256("".join(map(_source, sources)))
    except (OSError, TypeError) as error:
        remedy = "Write the class in a file or in a notebook."
        raise UsageError(f"{cls.__name__} has no source code, by which its results are named. {remedy}") from error


def _source(thing: Any) -> str:
    """The source of a module or a class; for a class defined in a notebook, the source of its functions."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        own = [inspect.unwrap(value) for name, value in vars(thing).items() if not name.startswith("__")]
        if not (functions := [value for value in own if inspect.isfunction(value)]):
            raise
        return "".join(map(inspect.getsource, functions))


@cache
def engine_digest() -> str:
    """Return the digest of the code that every run executes. Rules and problems have a `source_digest` of their own."""
    package = Path(__file__).parents[1]
    folders = [package / name for name in ("autograd", "kernels", "optim", "schedules", "experiments/datasets")]
    own = {Path(inspect.getfile(getattr(rules, name))) for name in rules.__all__}
    files = [file for folder in folders for file in sorted(folder.rglob("*.py")) if file not in own]
    files += [package / "experiments" / name for name in ("step.py", "training.py")]
    return sha256("".join(file.read_text(encoding="utf-8") for file in files))
