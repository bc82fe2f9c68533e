"""keras.optimizers.schedules, with their own arguments. Keras computes in float32 or in integers; here, float64.

>>> from ravine.dialects.compositions import keras
>>> keras.CosineDecay(0.0, decay_steps=900, warmup_target=0.1, warmup_steps=100)
Linear(0.0, 0.1, 100) >> Cosine(0.1, 0.0, 900)
"""

from collections.abc import Sequence
from typing import Literal

from ...schedules.algebra import Schedule
from ...schedules.cycles import CosineRestarts, Repeat
from ...schedules.plateau import ReduceOnPlateau as Plateau
from ...schedules.shapes import Constant, Cosine, Exponential, InverseTime, Linear, Piecewise, Polynomial

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "ReduceLROnPlateau",
]


def ExponentialDecay(
    initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False
) -> Schedule:
    """The same."""
    return Exponential(initial_learning_rate, decay_rate, decay_steps, staircase)


def InverseTimeDecay(
    initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False
) -> Schedule:
    """The same. Keras 2's `decay=d` is InverseTimeDecay(lr, 1, d)."""
    return InverseTime(initial_learning_rate, decay_rate, decay_steps, staircase)


def PiecewiseConstantDecay(boundaries: Sequence[int], values: Sequence[float]) -> Schedule:
    """A boundary still has the value before it."""
    return Piecewise(values, [boundary + 1 for boundary in boundaries])


def PolynomialDecay(
    initial_learning_rate: float,
    decay_steps: int,
    end_learning_rate: float = 1e-4,
    power: float = 1.0,
    cycle: bool = False,
) -> Schedule:
    """A cycle starts just after the end of the one before, the i-th at 1 / i of the height (to that power)."""
    if not cycle:
        return Polynomial(initial_learning_rate, end_learning_rate, decay_steps, power)
    falls = Repeat(Linear(1, 0, decay_steps)[1 : decay_steps + 1]) * InverseTime(1, 1, decay_steps, staircase=True)
    return (Constant(1)[:1] >> falls) ** power * (initial_learning_rate - end_learning_rate) + end_learning_rate


def CosineDecay(
    initial_learning_rate: float,
    decay_steps: int,
    alpha: float = 0.0,
    warmup_target: float | None = None,
    warmup_steps: int = 0,
) -> Schedule:
    """decay_steps don't include the warm-up."""
    if warmup_target is None:
        return Cosine(initial_learning_rate, initial_learning_rate * alpha, decay_steps)
    warmup = Linear(initial_learning_rate, warmup_target, warmup_steps)
    return warmup >> Cosine(warmup_target, warmup_target * alpha, decay_steps)


def CosineDecayRestarts(
    initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0
) -> Schedule:
    """The same, save that no restart is missed by rounding."""
    return CosineRestarts(initial_learning_rate, initial_learning_rate * alpha, first_decay_steps, t_mul, m_mul)


def ReduceLROnPlateau(
    lr: Schedule | float,
    factor: float = 0.1,
    patience: int = 10,
    mode: Literal["min", "max"] = "min",
    min_delta: float = 1e-4,
    cooldown: int = 0,
    min_lr: float = 0.0,
) -> Plateau:
    """Reduces at the patience-th metric, not after it; the last one of a cooldown counts again.

    Differs: mode has no "auto"; after a NaN as the first metric nothing is ever better in Keras.
    """
    return Plateau(lr, factor, max(patience, 1) - 1, mode, min_delta, max(cooldown, 1) - 1, min_lr, "abs")
