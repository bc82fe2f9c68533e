"""Schedules: hyperparameters as functions of the step count, which can be combined by operators.

>>> lr = Linear(0.0, 1e-3, 100) >> Cosine(1e-3, 0.0, 900)
>>> lr(0), lr(100), lr(1000)
(0.0, 0.001, 0.0)
>>> lr * 0.5
(Linear(0.0, 0.001, 100) >> Cosine(0.001, 0.0, 900)) * 0.5
"""

from .algebra import Clipped, Offset, Power, Product, Scaled, Strided, Sum, Then, Truncated
from .base import Schedule
from .checking import check_schedule
from .cycles import CosineRestarts, CosineWave, Cyclic, OneCycle, Repeat
from .functions import Lambda, Noise, PerEpoch, Recurrence
from .plateau import ReduceOnPlateau
from .ranges import RangeTest, range_test
from .shapes import (
    Constant,
    Cosine,
    Exponential,
    InverseSqrt,
    InverseTime,
    Linear,
    MultiStep,
    Piecewise,
    Polynomial,
    Step,
)

__all__ = [
    "Clipped",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "CosineWave",
    "Cyclic",
    "Exponential",
    "InverseSqrt",
    "InverseTime",
    "Lambda",
    "Linear",
    "MultiStep",
    "Noise",
    "Offset",
    "OneCycle",
    "PerEpoch",
    "Piecewise",
    "Polynomial",
    "Power",
    "Product",
    "RangeTest",
    "Recurrence",
    "ReduceOnPlateau",
    "Repeat",
    "Scaled",
    "Schedule",
    "Step",
    "Strided",
    "Sum",
    "Then",
    "Truncated",
    "check_schedule",
    "range_test",
]
