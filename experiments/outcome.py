"""What one run gives: an Outcome, plain data with a JSON round trip."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from typing import Any, Literal

Status = Literal["finished", "diverged"]


@dataclass(frozen=True)
class Timing:
    """Seconds, medians over the steps; `parallel`: other runs shared the machine."""

    step: float  # forward, backward and update
    update: float  # opt.step() alone
    total: float  # the whole run, scores included
    parallel: bool


@dataclass(frozen=True)
class Outcome:
    """Curves at epochs 0 (before training), 1, ...; the test split's score at the end of a finished final run."""

    status: Status
    diverged_epoch: int | None  # 1, 2, ...: the epoch in which it happened; the curves end before it
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_metric: tuple[float, ...]
    test_loss: float | None
    test_metric: float | None
    timing: Timing = field(compare=False)  # equal runs have equal numbers, timings aside
    environment: dict[str, str] = field(compare=False)
    measured: dict[str, tuple[float, ...]] = field(default_factory=dict)  # of epochs 1, 2, ...: means over the steps

    def to_json(self) -> dict[str, Any]:
        """Return a dict of JSON's types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """Return the outcome again. Raises KeyError or TypeError if fields are missing or foreign."""
        if set(data) != (known := {f.name for f in fields(cls)}):
            raise KeyError(f"fields {sorted(set(data) ^ known)}")
        curves = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        measured = {name: tuple(curve) for name, curve in data["measured"].items()}
        return cls(**{**data, **curves, "measured": measured, "timing": Timing(**data["timing"])})


@cache
def environment() -> dict[str, str]:
    """Return the versions and the machine that numbers may depend on."""
    packages = ("ravine", "numpy", "numba", "scikit-learn")
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "system": f"{platform.system()} {platform.machine()}",
        "CPUs": str(os.cpu_count()),
    }
