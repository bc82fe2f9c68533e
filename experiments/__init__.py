"""Experiments: problems, datasets, a training loop, tuned and paired comparisons, sweeps, and their reports."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import datasets, fit, sweep
    from .comparison import compare
    from .errors import UsageError
    from .problems import PROBLEMS, Classification, Function, Problem
    from .sweep import Results

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
    "sweep",
]


REQUIRED = ("click", "jinja2", "joblib", "matplotlib", "pooch", "rich", "scipy", "sklearn", "threadpoolctl")
"""The modules of the extra `experiments`."""

if _missing := [name for name in REQUIRED if find_spec(name) is None]:
    raise ModuleNotFoundError(
        f"{__name__} needs {', '.join(_missing)}, which this environment does not have. "
        f'Install the extra: pip install ".[experiments]"',
        name=_missing[0],
    )


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, so that `import ravine.experiments` stays fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("datasets", "fit", "sweep"):
        return import_module(f".{name}", __name__)
    homes = {"compare": ".comparison", "Results": ".sweep", "UsageError": ".errors"}
    return getattr(import_module(homes.get(name, ".problems"), __name__), name)
