"""A Trial is one training run as a value; a TrialResult is its curves and scores. Both have a JSON form.

A result is named by a digest of the trial and of the source of the code that computes it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..optim import Optimizer, rules
from .errors import UsageError
from .problems import Problem

__all__ = [
    "Seeds",
    "Status",
    "Timing",
    "Trial",
    "TrialResult",
    "canonical",
    "engine_digest",
    "environment",
    "sha256",
    "source_digest",
]

Status = Literal["finished", "diverged", "failed"]
Curve = tuple[float, ...]

installed = cache(version)


class Seeds(NamedTuple):
    """The seeds of the four random streams of a run; each can be varied alone."""

    data: int  # the split of the data; 0 is the problem's own split
    initial: int  # the parameters before training
    order: int  # the order of the training rows, and so the batches
    noise: int  # random numbers that the model draws in training, such as dropout masks

    @classmethod
    def of(cls, seed: int) -> Seeds:
        """Return the same seed for every stream but the data, which keep the problem's own split."""
        return cls(0, seed, seed, seed)


@dataclass(frozen=True)
class Trial:
    """One training run. Its result is a function of these fields alone."""

    problem: Problem
    optimizer: Optimizer
    epochs: int
    seeds: Seeds
    tested: bool  # whether the test split is scored at the end
    reshuffled: bool = True  # False: every epoch has the batches of the first one
    measures: tuple[str, ...] = ()  # names in step.MEASURES

    @property
    def key(self) -> dict[str, Any]:
        """All that the result depends on: the fields, the code, and the version of ravine."""
        classes: list[type] = [type(self.problem), type(self.optimizer)]
        return {
            "problem": repr(self.problem),
            "optimizer": repr(self.optimizer),
            "epochs": self.epochs,
            "seeds": self.seeds._asdict(),
            "tested": self.tested,
            "reshuffled": self.reshuffled,
            "measures": list(self.measures),
            "sources": [engine_digest(), *map(source_digest, classes)],
            "version": installed("ravine"),
        }

    @property
    def digest(self) -> str:
        """The SHA-256 of the key, in hexadecimal: the name of the result."""
        return sha256(canonical(self.key))


@dataclass(frozen=True)
class Timing:
    """Wall times of a run in seconds; those of a step are medians over all steps."""

    step: float  # forward pass, backward pass and update
    update: float  # what follows the first backward pass: the update, for LBFGS with its further evaluations
    total: float  # the whole run, scoring included
    parallel: bool  # whether other runs shared the machine


@dataclass(frozen=True)
class TrialResult:
    """The status of a trial and its curves at epochs 0 (before training), 1, ....

    A diverged run has the curves of the epochs before it diverged. A failed run raised an exception and has none.
    """

    status: Status
    diverged_epoch: int | None = None  # 1, 2, ...
    train_loss: Curve = ()
    validation_loss: Curve = ()
    validation_metric: Curve = ()
    test_loss: float | None = None  # None unless the trial is tested and finished
    test_metric: float | None = None
    timing: Timing | None = field(default=None, compare=False)  # None if the run failed
    environment: dict[str, str] = field(default_factory=dict, compare=False)
    measured: dict[str, Curve] = field(default_factory=dict)  # by measure: the mean over the steps of epochs 1, 2, ...
    error: str | None = None  # the exception of a failed run
    process: str = field(default="", compare=False)  # host name and process number, "host:123"

    def to_json(self) -> dict[str, Any]:
        """Return a dict of JSON's types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrialResult:
        """Return the result that `to_json` wrote. Raises KeyError or TypeError if fields are missing or unknown."""
        if set(data) != (known := {f.name for f in fields(cls)}):
            raise KeyError(f"fields {sorted(set(data) ^ known)}")
        curves = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        measured = {name: tuple(curve) for name, curve in data["measured"].items()}
        timing = data["timing"] and Timing(**data["timing"])
        return cls(**{**data, **curves, "measured": measured, "timing": timing})


@cache
def environment() -> dict[str, str]:
    """Return the versions of Python and packages, the system, and the number of CPUs, by name."""
    packages = ("ravine", "numpy", "numba", "scikit-learn")
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "system": f"{platform.system()} {platform.machine()}",
        "CPUs": str(os.cpu_count()),
    }


# -- digests ----------------------------------------------------------------------------------------------------------


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
