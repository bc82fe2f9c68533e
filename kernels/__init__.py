"""Compiles update rules into loops over arrays, caches the loops and runs them. Knows no optimizer."""

from .array_rule import ArrayRule
from .cache import cache_folder
from .functions import *  # noqa: F403 - its __all__ is the one list of what an update rule may call
from .functions import __all__ as _functions
from .kernel import Kernel
from .rule import Rule
from .scalar import scalar
from .source import RuleError
from .threads import thread_count

__all__ = ["ArrayRule", "Kernel", "Rule", "RuleError", "cache_folder", "scalar", "thread_count"]
__all__ += _functions
