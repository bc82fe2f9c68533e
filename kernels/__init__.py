"""Update rules are compiled into loops over arrays, cached and run. Nothing here depends on the optimizers."""

from . import functions
from .cache import cache_folder
from .functions import *  # noqa: F403
from .kernel import Kernel
from .rule import ArrayRule, Rule
from .source import RuleError
from .threads import thread_count

__all__ = ["ArrayRule", "Kernel", "Rule", "RuleError", "cache_folder", "thread_count"]
__all__ += functions.__all__
