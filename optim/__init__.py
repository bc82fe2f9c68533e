"""The optimizers: rules written once, bound to parameters."""

from . import rules
from .bound import BoundOptimizer
from .checking import check_rule
from .hyper import Count, Fraction, Hyper, Integer, NonNegative, NonPositive, Positive, PositiveFraction, Unit
from .minimize import Result, minimize
from .optimizer import Optimizer
from .options import Options
from .parameters import decay_matrices
from .rules import *  # noqa: F403
from .unrolled import Unrolled, unroll

__all__ = [
    "BoundOptimizer",
    "Count",
    "Fraction",
    "Hyper",
    "Integer",
    "NonNegative",
    "NonPositive",
    "Optimizer",
    "Options",
    "Positive",
    "PositiveFraction",
    "Result",
    "Unit",
    "Unrolled",
    "check_rule",
    "decay_matrices",
    "minimize",
    "unroll",
]
__all__ += rules.__all__
