"""Experiments: problems, datasets, a training loop, tuned and paired comparisons, sweeps, and their reports."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import datasets, fit, sweep
    from .comparison import compare
    from .errors import UsageError
    from .problems import PROBLEMS, Classification, Function, Problem, problem
    from .results import Results

__all__ = [
    "PROBLEMS",
    "Classification",
    "Function",
    "Problem",
    "Results",
    "UsageError",
    "compare",
    "datasets",
    "fit",
    "problem",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command line can then say which extra is missing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("datasets", "fit", "sweep"):
        return import_module(f".{name}", __name__)
    homes = {"compare": ".comparison", "Results": ".results", "UsageError": ".errors"}
    return getattr(import_module(homes.get(name, ".problems"), __name__), name)
