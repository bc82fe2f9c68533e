"""A Trial is one training run as a value; a TrialResult is its curves and scores. Both have a JSON form."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from typing import Any, Literal, NamedTuple

from ..optim import Optimizer
from .digests import canonical, engine_digest, sha256, source_digest
from .problems import Problem

__all__ = ["Seeds", "Status", "Timing", "Trial", "TrialResult", "environment"]

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
