"""The optimizers: rules written once, bound to parameters."""

from . import rules
from .bound import BoundOptimizer
from .hyper import Fraction, Hyper, NonNegative, Positive, Unit
from .minimize import Result, minimize
from .optimizer import Optimizer
from .rules import *  # noqa: F403

__all__ = [
    "BoundOptimizer",
    "Fraction",
    "Hyper",
    "NonNegative",
    "Optimizer",
    "Positive",
    "Result",
    "Unit",
    "minimize",
]
__all__ += rules.__all__
