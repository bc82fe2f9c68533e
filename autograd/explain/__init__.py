"""Why a gradient is what it is: tools that watch the engine from outside, which knows nothing of them.

>>> import numpy as np
>>> from ravine.autograd import explain
>>> print(explain.trace_nan(lambda x: np.sum(np.log(x)), np.array([1.0, 0.0])).kind)
logarithm of 0
"""

from .conventions import Kink, kinks
from .drawing import Drawing, draw
from .dtypes import strict_dtype
from .formulas import formula
from .lines import Line, line_of, trace_lines
from .nan import Failure, trace_nan
from .stepping import Step, steps
from .strong import strong_zero

__all__ = [
    "Drawing",
    "Failure",
    "Kink",
    "Line",
    "Step",
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
