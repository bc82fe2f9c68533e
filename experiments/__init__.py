"""Experiments: problems, datasets, tuned and paired comparisons, and their report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import datasets
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
    "problem",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command line can then say which extra is missing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "datasets":
        return import_module(".datasets", __name__)
    homes = {"compare": ".comparison", "Results": ".results", "UsageError": ".errors"}
    return getattr(import_module(homes.get(name, ".problems"), __name__), name)
