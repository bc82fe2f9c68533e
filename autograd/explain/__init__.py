"""Tools that explain gradients: the steps of a backward pass, drawings of graphs, causes of NaN, conventions.

They observe the engine from outside; the engine does not import them.

>>> import numpy as np
>>> from ravine.autograd import explain
>>> print(explain.trace_nan(lambda x: np.sum(np.log(x)), np.array([1.0, 0.0])).kind)
logarithm of 0
"""

from .conventions import Kink, kinks
from .drawing import Drawing, draw
from .formulas import formula
from .guards import strict_dtype, strong_zero
from .lines import SourceLine, line_of, trace_lines
from .nan import Failure, trace_nan
from .stepping import BackwardStep, steps

__all__ = [
    "BackwardStep",
    "Drawing",
    "Failure",
    "Kink",
    "SourceLine",
    "draw",
    "formula",
    "kinks",
    "line_of",
    "steps",
    "strict_dtype",
    "strong_zero",
    "trace_lines",
    "trace_nan",
]
