"""Turns a scalar rule into array loops, caches them, and runs them. Knows no optimizer."""

from .cache import cache_folder
from .kernel import Kernel
from .scalar import scalar
from .source import RuleError
from .threads import thread_count
from .vocabulary import (
    absolute,
    cbrt,
    clip,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    sign,
    sqrt,
    square,
    tanh,
    where,
)

__all__ = [
    "Kernel",
    "RuleError",
    "absolute",
    "cache_folder",
    "cbrt",
    "clip",
    "exp",
    "expm1",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "scalar",
    "sign",
    "sqrt",
    "square",
    "tanh",
    "thread_count",
    "where",
]
