"""The decays of tf.train: by their own names and arguments. Each gives a schedule, which follows its global_step.

They are float64 here. `bind` asks them with the optimizer's own count of updates. `minimize` and `apply_gradients` read
the variable, as TensorFlow does: where nothing counts in it, the rate stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...schedules import Schedule
from ...schedules.algebra import Unary
from .. import compositions as of
from .variables import Multiple, Number

__all__ = [
    "Counted",
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
    """`inner`, at the count that a variable holds. As a value it is like `inner`; the variable goes along with it."""

    def formula(self, k: int) -> float:
        """inner(k)"""
        return self.inner.formula(k)

    @property
    def now(self) -> float:
        """The value at what the variable holds at present."""
        return self.inner(int(vars(self)["step"]))

    @classmethod
    def by(cls, inner: Schedule, global_step: Any) -> Counted:
        """A schedule of the updates that a variable counts. Raises TypeError if it is none."""
        if not isinstance(global_step, Number | Multiple):
            raise TypeError(
                f"global_step must be a variable that counts. Received: {global_step!r}. "
                "Say step = tf1.Variable(0, trainable=False)."
            )
        many = isinstance(global_step, Multiple) and global_step.factor > 1
        made = cls(inner[:: global_step.factor] if many else inner)
        vars(made)["step"] = global_step.count if isinstance(global_step, Multiple) else global_step
        return made


def _whole(steps: Any) -> Any:
    """Steps that were written as a float."""
    return int(steps) if isinstance(steps, float) and steps.is_integer() else steps


def exponential_decay(
    learning_rate: float,
    global_step: Any,
    decay_steps: int,
    decay_rate: float,
    staircase: bool = False,
    name: str | None = None,
) -> Counted:
    """learning_rate * decay_rate**(step / decay_steps), the exponent rounded down if staircase.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> exponential_decay(1.0, step, decay_steps=10, decay_rate=0.5, staircase=True)([0, 9, 10, 20]).tolist()
    [1.0, 1.0, 0.5, 0.25]
    """
    return Counted.by(of.tf1.exponential_decay(learning_rate, _whole(decay_steps), decay_rate, staircase), global_step)


def natural_exp_decay(
    learning_rate: float,
    global_step: Any,
    decay_steps: int,
    decay_rate: float,
    staircase: bool = False,
    name: str | None = None,
) -> Counted:
    """learning_rate * exp(-decay_rate * step / decay_steps), the quotient rounded down if staircase.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> natural_exp_decay(1.0, step, decay_steps=10, decay_rate=1.0)([0, 10]).round(3).tolist()
    [1.0, 0.368]
    """
    return Counted.by(of.tf1.natural_exp_decay(learning_rate, _whole(decay_steps), decay_rate, staircase), global_step)


def inverse_time_decay(
    learning_rate: float,
    global_step: Any,
    decay_steps: int,
    decay_rate: float,
    staircase: bool = False,
    name: str | None = None,
) -> Counted:
    """learning_rate / (1 + decay_rate * step / decay_steps), the quotient rounded down if staircase.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> inverse_time_decay(1.0, step, decay_steps=10, decay_rate=1.0)([0, 10, 30]).tolist()
    [1.0, 0.5, 0.25]
    """
    return Counted.by(of.tf1.inverse_time_decay(learning_rate, _whole(decay_steps), decay_rate, staircase), global_step)


def polynomial_decay(
    learning_rate: float,
    global_step: Any,
    decay_steps: int,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Counted:
    """To end_learning_rate in decay_steps, as (1 - step / decay_steps)**power; with `cycle` again and again, longer.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> polynomial_decay(1.0, step, decay_steps=10, end_learning_rate=0.0, power=2.0)([0, 5, 10]).tolist()
    [1.0, 0.25, 0.0]
    """
    steps = _whole(decay_steps)
    return Counted.by(of.tf1.polynomial_decay(learning_rate, steps, end_learning_rate, power, cycle), global_step)


def piecewise_constant(x: Any, boundaries: Sequence[int], values: Sequence[float], name: str | None = None) -> Counted:
    """values[i] up to and including x = boundaries[i], then the last value.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> piecewise_constant(step, boundaries=[10, 20], values=[1.0, 0.5, 0.1])([0, 10, 11, 21]).tolist()
    [1.0, 1.0, 0.5, 0.1]
    """
    return Counted.by(of.tf1.piecewise_constant([_whole(b) for b in boundaries], values), x)


piecewise_constant_decay = piecewise_constant


def cosine_decay(
    learning_rate: float, global_step: Any, decay_steps: int, alpha: float = 0.0, name: str | None = None
) -> Counted:
    """Half a wave to alpha times the rate in decay_steps.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> cosine_decay(1.0, step, decay_steps=10)([0, 5, 10]).round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    return Counted.by(of.tf1.cosine_decay(learning_rate, _whole(decay_steps), alpha), global_step)


def cosine_decay_restarts(
    learning_rate: float,
    global_step: Any,
    first_decay_steps: int,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
    name: str | None = None,
) -> Counted:
    """Half waves, each t_mul times as long and m_mul times as high as the one before.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> cosine_decay_restarts(1.0, step, first_decay_steps=10)([0, 5, 10, 20, 30]).round(3).tolist()
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    steps = _whole(first_decay_steps)
    return Counted.by(of.tf1.cosine_decay_restarts(learning_rate, steps, t_mul, m_mul, alpha), global_step)


def linear_cosine_decay(
    learning_rate: float,
    global_step: Any,
    decay_steps: int,
    num_periods: float = 0.5,
    alpha: float = 0.0,
    beta: float = 0.001,
    name: str | None = None,
) -> Counted:
    """A line to 0 times a wave. Bello et al. 2017, section 5.2, arXiv:1709.07417.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> linear_cosine_decay(1.0, step, decay_steps=10)([0, 5, 10]).round(3).tolist()
    [1.001, 0.251, 0.001]
    """
    steps = _whole(decay_steps)
    return Counted.by(of.tf1.linear_cosine_decay(learning_rate, steps, num_periods, alpha, beta), global_step)


def noisy_linear_cosine_decay(
    learning_rate: float,
    global_step: Any,
    decay_steps: int,
    initial_variance: float = 1.0,
    variance_decay: float = 0.55,
    num_periods: float = 0.5,
    alpha: float = 0.0,
    beta: float = 0.001,
    name: str | None = None,
) -> Counted:
    """`linear_cosine_decay` with noise on the line, the same at each call; TensorFlow's differs from run to run.

    >>> from ravine.dialects.tf1 import Variable
    >>> step = Variable(0, trainable=False)
    >>> noisy_linear_cosine_decay(1.0, step, decay_steps=10, initial_variance=0.0)([0, 5]).round(3).tolist()
    [1.001, 0.251]
    """
    numbers = (_whole(decay_steps), initial_variance, variance_decay, num_periods, alpha, beta)
    return Counted.by(of.tf1.noisy_linear_cosine_decay(learning_rate, *numbers), global_step)
