"""Optimizers from scratch, with automatic differentiation, on NumPy and numba.

The subpackages are `autograd`, `optim`, `schedules`, `kernels`, `experiments` and `dialects`. Each is imported when it
is first used:

>>> import ravine
>>> ravine.optim.Adam(lr=0.1).lr
0.1
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import autograd, dialects, experiments, kernels, optim, schedules

__version__ = "0.1.0"

__all__ = ["__version__", "autograd", "dialects", "experiments", "kernels", "optim", "schedules"]


def __getattr__(name: str) -> Any:
    """Import a subpackage when it is first used. Raises AttributeError for any other name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. It has: {', '.join(__all__)}.")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
