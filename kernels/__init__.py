"""Turns a scalar rule into array loops, caches them, and runs them. Knows no optimizer."""

from .cache import cache_folder
from .kernel import Kernel
from .source import RuleError
from .threads import thread_count
from .vocabulary import absolute, exp, log, maximum, minimum, sign, sqrt, tanh, where

__all__ = [
    "Kernel",
    "RuleError",
    "absolute",
    "cache_folder",
    "exp",
    "log",
    "maximum",
    "minimum",
    "sign",
    "sqrt",
    "tanh",
    "thread_count",
    "where",
]
