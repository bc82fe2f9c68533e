"""The decays of tf.train, with their own names and arguments. Each returns a schedule, evaluated at global_step.

The values are float64. An optimizer that is bound with `bind` evaluates a decay at its own step count. `minimize` and
`apply_gradients` evaluate it at the value of global_step, as TensorFlow does: the learning rate does not change as long
as nothing changes that variable.

>>> from ravine.dialects.tf1 import Variable
>>> step = Variable(0, trainable=False)
>>> exponential_decay(1.0, step, decay_steps=10, decay_rate=0.5, staircase=True)([0, 9, 10, 20]).tolist()
[1.0, 1.0, 0.5, 0.25]
>>> piecewise_constant(step, boundaries=[10, 20], values=[1.0, 0.5, 0.1])([0, 10, 11, 21]).tolist()
[1.0, 1.0, 0.5, 0.1]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from typing import Any

from ...schedules import CosineWave, Exponential, InverseSqrt, Linear, Noise, Schedule
from ...schedules.algebra import Unary
from ..base import whole, worded
from ..keras import schedules as keras
from .variables import Multiple, Number

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]


class Counted(Unary):
    """A schedule with a variable that counts. `now` is the value at the present value of that variable."""

    def formula(self, k: int) -> float:
        """inner(k)"""
        return self.inner.formula(k)

    @property
    def now(self) -> float:
        """The value of `inner` at the present value of the variable."""
        return self.inner(int(vars(self)["step"]))

    @classmethod
    def by(cls, inner: Schedule, global_step: Any) -> Counted:
        """A schedule of the updates that a variable counts. Raises TypeError if global_step is not such a variable."""
        if not isinstance(global_step, Number | Multiple):
            raise TypeError(
                f"global_step must be a variable that counts. Received: {global_step!r}. "
                "Say step = tf1.Variable(0, trainable=False)."
            )
        many = isinstance(global_step, Multiple) and global_step.factor > 1
        made = cls(inner[:: global_step.factor] if many else inner)
        vars(made)["step"] = global_step.count if isinstance(global_step, Multiple) else global_step
        return made


def present_value(schedule: Schedule) -> float | None:
    """The value at the present value of the variable that a decay counts in, also in a sum or product with a decay.

    Returns:
        The value; None if the schedule has no decay in it.

    Raises:
        ValueError: it has decays that count in different variables.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(10, trainable=False)
    >>> present_value(exponential_decay(1.0, step, decay_steps=10, decay_rate=0.5) * 0.1 + 1.0)
    1.05
    """
    counters = {id(counter): counter for counter in _counters(schedule)}
    if len(counters) > 1:
        raise ValueError(
            "A learning rate made of several decays must have one global_step for all of them. "
            f"Received: {len(counters)} variables in {schedule!r}. Pass the same variable to each."
        )
    return schedule(int(*counters.values())) if counters else None


def _counters(schedule: Schedule) -> list[Any]:
    """The variables of all decays in a schedule."""
    own = [vars(schedule)["step"]] if isinstance(schedule, Counted) and "step" in vars(schedule) else []
    return own + [c for part in schedule._values() if isinstance(part, Schedule) for c in _counters(part)]


def _decay(ours: Callable[..., Schedule], step: str = "global_step", position: int = 1) -> Callable[..., Counted]:
    """Make a decay of tf.train from the function that returns the schedule of ravine.

    The decay takes the same arguments, the variable that counts, and a `name`, which is not used.
    """
    parameters = list(signature(ours).parameters.values())
    kind = Parameter.POSITIONAL_OR_KEYWORD
    parameters.insert(position, Parameter(step, kind))
    takes = Signature([*parameters, Parameter("name", kind, default=None)])

    checked = worded(ours)

    @wraps(ours)
    def decay(*args: Any, **arguments: Any) -> Counted:
        try:
            given = dict(takes.bind(*args, **arguments).arguments)
        except TypeError as error:
            raise TypeError(f"tf1.{ours.__name__}: {error}. Its arguments: {takes}.") from None
        given.pop("name", None)
        counter = given.pop(step)
        return Counted.by(checked(**given), counter)

    decay.__signature__ = takes  # type: ignore[attr-defined]
    return decay


@_decay
def exponential_decay(learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """learning_rate * decay_rate**(step / decay_steps), the exponent rounded down if staircase."""
    return keras.ExponentialDecay(learning_rate, decay_steps, decay_rate, staircase).to_ours()


@_decay
def natural_exp_decay(learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """learning_rate * exp(-decay_rate * step / decay_steps), the quotient rounded down if staircase."""
    return Exponential(learning_rate, math.exp(-decay_rate), _whole(decay_steps), staircase)


@_decay
def inverse_time_decay(learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """learning_rate / (1 + decay_rate * step / decay_steps), the quotient rounded down if staircase."""
    return keras.InverseTimeDecay(learning_rate, decay_steps, decay_rate, staircase).to_ours()


@_decay
def polynomial_decay(
    learning_rate: float, decay_steps: int, end_learning_rate: float = 1e-4, power: float = 1.0, cycle: bool = False
) -> Schedule:
    """To end_learning_rate in decay_steps, as (1 - step / decay_steps)**power; with `cycle` in ever longer cycles."""
    return keras.PolynomialDecay(learning_rate, decay_steps, end_learning_rate, power, cycle).to_ours()


@partial(_decay, step="x", position=0)
def piecewise_constant(boundaries: Sequence[int], values: Sequence[float]) -> Schedule:
    """values[i] up to and including x = boundaries[i]; after the last boundary the last value."""
    return keras.PiecewiseConstantDecay(boundaries, values).to_ours()


piecewise_constant_decay = piecewise_constant


@_decay
def cosine_decay(learning_rate: float, decay_steps: int, alpha: float = 0.0) -> Schedule:
    """Half a cosine wave down to alpha * learning_rate in decay_steps."""
    return keras.CosineDecay(learning_rate, decay_steps, alpha).to_ours()


@_decay
def cosine_decay_restarts(
    learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0
) -> Schedule:
    """Half cosine waves, each t_mul times as long and m_mul times as high as the one before."""
    return keras.CosineDecayRestarts(learning_rate, first_decay_steps, t_mul, m_mul, alpha).to_ours()


@_decay
def linear_cosine_decay(
    learning_rate: float, decay_steps: int, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001
) -> Schedule:
    """A linear decay to 0, times a cosine wave. Bello et al. 2017, section 5.2, arXiv:1709.07417."""
    steps = _whole(decay_steps)
    wave = CosineWave(1, 0, steps / num_periods)
    return (Linear(1 + alpha, alpha, steps) * wave + beta)[:steps] * learning_rate


@_decay
def noisy_linear_cosine_decay(
    learning_rate: float,
    decay_steps: int,
    initial_variance: float = 1.0,
    variance_decay: float = 0.55,
    num_periods: float = 0.5,
    alpha: float = 0.0,
    beta: float = 0.001,
) -> Schedule:
    """`linear_cosine_decay` with noise added to its linear factor.

    The variance of the noise is initial_variance / (1 + step)**variance_decay. The noise is the same at each
    call. TensorFlow's differs from run to run.
    """
    steps = _whole(decay_steps)
    noise = Noise(0) * InverseSqrt(1) ** variance_decay * math.sqrt(initial_variance)
    wave = CosineWave(1, 0, steps / num_periods)
    return ((Linear(1 + alpha, alpha, steps) + noise) * wave + beta)[:steps] * learning_rate


def _whole(steps: Any) -> Any:
    """decay_steps as an integer, if it was written as a float. Raises ValueError if it is below 1."""
    if isinstance(steps, int | float) and steps < 1:
        raise ValueError(f"decay_steps must be an integer >= 1. Received: decay_steps={steps!r}.")
    return whole(steps)
