"""The optimizers: rules written once, bound to parameters."""

from .bound import BoundOptimizer
from .hyper import Fraction, Hyper, NonNegative, Positive, Unit
from .minimize import Result, minimize
from .optimizer import Optimizer
from .rules import NAG, SGD, Adadelta, Adagrad, Adam, AdamW, Momentum, RAdam, RMSprop

__all__ = [
    "NAG",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "BoundOptimizer",
    "Fraction",
    "Hyper",
    "Momentum",
    "NonNegative",
    "Optimizer",
    "Positive",
    "RAdam",
    "RMSprop",
    "Result",
    "Unit",
    "minimize",
]
