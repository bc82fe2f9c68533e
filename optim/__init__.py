"""The optimizers: rules written once, bound to parameters."""

from . import rules
from .bound import BoundOptimizer
from .checking import check_rule
from .hyper import Count, Fraction, Hyper, Integer, NonNegative, Positive, Unit
from .minimize import Result, minimize
from .optimizer import Optimizer
from .options import Options
from .rules import *  # noqa: F403
from .unrolled import Unrolled, unroll

__all__ = [
    "BoundOptimizer",
    "Count",
    "Fraction",
    "Hyper",
    "Integer",
    "NonNegative",
    "Optimizer",
    "Options",
    "Positive",
    "Result",
    "Unit",
    "Unrolled",
    "check_rule",
    "minimize",
    "unroll",
]
__all__ += rules.__all__
