"""tf.compat.v1.train, with their own arguments but for global_step, which the optimizer counts.

>>> from ravine.dialects.compositions import tf1
>>> tf1.exponential_decay(0.1, decay_steps=1000, decay_rate=0.96, staircase=True)
Exponential(0.1, 0.96, steps=1000, staircase=True)
"""

import math
from collections.abc import Sequence

from ...schedules.algebra import Schedule
from ...schedules.cycles import CosineWave
from ...schedules.functions import Noise
from ...schedules.shapes import Exponential, InverseSqrt, Linear
from . import keras

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "polynomial_decay",
]


def exponential_decay(learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """As in Keras."""
    return keras.ExponentialDecay(learning_rate, decay_steps, decay_rate, staircase)


def natural_exp_decay(learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """learning_rate * exp(-decay_rate * k / decay_steps)."""
    return Exponential(learning_rate, math.exp(-decay_rate), decay_steps, staircase)


def inverse_time_decay(learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """As in Keras."""
    return keras.InverseTimeDecay(learning_rate, decay_steps, decay_rate, staircase)


def piecewise_constant(boundaries: Sequence[int], values: Sequence[float]) -> Schedule:
    """As in Keras."""
    return keras.PiecewiseConstantDecay(boundaries, values)


def polynomial_decay(
    learning_rate: float,
    decay_steps: int,
    end_learning_rate: float = 1e-4,
    power: float = 1.0,
    cycle: bool = False,
) -> Schedule:
    """As in Keras."""
    return keras.PolynomialDecay(learning_rate, decay_steps, end_learning_rate, power, cycle)


def cosine_decay(learning_rate: float, decay_steps: int, alpha: float = 0.0) -> Schedule:
    """As in Keras."""
    return keras.CosineDecay(learning_rate, decay_steps, alpha)


def cosine_decay_restarts(
    learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0
) -> Schedule:
    """As in Keras."""
    return keras.CosineDecayRestarts(learning_rate, first_decay_steps, t_mul, m_mul, alpha)


def linear_cosine_decay(
    learning_rate: float, decay_steps: int, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001
) -> Schedule:
    """Bello et al. 2017, section 5.2, arXiv:1709.07417."""
    wave = CosineWave(1, 0, decay_steps / num_periods)
    return (Linear(1 + alpha, alpha, decay_steps) * wave + beta)[:decay_steps] * learning_rate


def noisy_linear_cosine_decay(
    learning_rate: float,
    decay_steps: int,
    initial_variance: float = 1.0,
    variance_decay: float = 0.55,
    num_periods: float = 0.5,
    alpha: float = 0.0,
    beta: float = 0.001,
    seed: int = 0,
) -> Schedule:
    """Noise of variance initial_variance / (1 + k)**variance_decay, the same at each call, not TensorFlow's."""
    noise = Noise(seed) * InverseSqrt(1) ** variance_decay * math.sqrt(initial_variance)
    wave = CosineWave(1, 0, decay_steps / num_periods)
    return ((Linear(1 + alpha, alpha, decay_steps) + noise) * wave + beta)[:decay_steps] * learning_rate
