"""Schedules: values as pure functions of the step count, with an algebra.

>>> lr = Linear(0.0, 1e-3, 100) >> Cosine(1e-3, 0.0, 900)
>>> lr(0), lr(100), lr(1000)
(0.0, 0.001, 0.0)
>>> lr * 0.5
(Linear(0.0, 0.001, 100) >> Cosine(0.001, 0.0, 900)) * 0.5
"""

from .algebra import Product, Scaled, Schedule, Then, Truncated
from .shapes import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclic,
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
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Cyclic",
    "Exponential",
    "InverseSqrt",
    "InverseTime",
    "Linear",
    "MultiStep",
    "Piecewise",
    "Polynomial",
    "Product",
    "Scaled",
    "Schedule",
    "Step",
    "Then",
    "Truncated",
]
