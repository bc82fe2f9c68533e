"""keras.optimizers.schedules: schedules with Keras's names and arguments. Each is a `ravine.schedules.Schedule`.

ravine computes in float64. Keras computes in the dtype of the first value: float32, or integers for an int, so that its
`ExponentialDecay(1, 10, 0.5)` is 1 and then always 0. ravine converts an int to a float.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Annotated, Any, Self

from ...schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    InverseTime,
    Lambda,
    Linear,
    Piecewise,
    Polynomial,
    Repeat,
    Schedule,
)
from ...schedules.fields import Each, Growth, Interval, NonNegative, NonNegativeInt, Positive, refusal
from ..base import in_words_of, whole

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


class LearningRateSchedule(ABC):
    """The base class of a user's own schedules: `__call__(step)` returns the learning rate at step = 0, 1, 2, ..."""

    @abstractmethod
    def __call__(self, step: Any) -> Any:
        """The learning rate after `step` updates."""

    def get_config(self) -> dict[str, Any]:
        """The arguments of the class by name, from which `from_config` makes an equal schedule."""
        raise NotImplementedError(f"{type(self).__name__} has no get_config. Define it: return a dict of arguments.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The schedule of that configuration."""
        return cls(**config)


def _label(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise TypeError(refusal(name, "a string", value, "It is a label, and has no effect."))
    return value


def _steps(name: str, value: Any) -> Any:
    """Check: an integer >= 1, which may be written as a float."""
    return Interval(ge=1, integer=True)(name, whole(value))


def _boundary(name: str, value: Any) -> Any:
    return Interval(ge=0, integer=True)(name, whole(value))


Name = Annotated[str | None, _label]
Steps = Annotated[int, _steps]
Boundaries = Annotated[Any, Each(_boundary)]


class KerasSchedule(Schedule, abstract=True):
    """A schedule of Keras. Its arguments are fields. `to_ours` returns a schedule of ravine with the same values."""

    @abstractmethod
    def to_ours(self) -> Schedule:
        """The schedule of `ravine.schedules` with the same values."""

    def _check_together(self) -> None:
        try:
            vars(self)["_ours"] = self.to_ours()
        except (TypeError, ValueError) as error:
            words = in_words_of(type(self).__name__, {n: getattr(self, n) for n in self.checks}, str(error))
            raise type(error)(words.removeprefix(f"{type(self).__name__}: ")) from None

    def formula(self, k: int) -> float:
        """The value of `to_ours()` at k."""
        value: float = vars(self)["_ours"].formula(k)
        return value

    @property
    def horizon(self) -> float:
        """The horizon of `to_ours()`."""
        horizon: float = vars(self)["_ours"].horizon
        return horizon

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        config = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The schedule that get_config or to_config described. Raises TypeError or ValueError."""
        return super().from_config(config if "class" in config else {"class": cls.__name__, **_whole(cls, config)})


def _whole(cls: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the defaults filled in. Raises TypeError for an unknown or missing argument."""
    try:
        given = inspect.signature(cls).bind(**config)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}: {error}. Received: {', '.join(config)}.") from None
    given.apply_defaults()
    return given.arguments


class ExponentialDecay(KerasSchedule):
    """initial_learning_rate * decay_rate**(step / decay_steps), the exponent rounded down if staircase."""

    initial_learning_rate: float
    decay_steps: Steps
    decay_rate: NonNegative
    staircase: bool = False
    name: Name = "ExponentialDecay"

    def to_ours(self) -> Schedule:
        """Exponential."""
        return Exponential(self.initial_learning_rate, self.decay_rate, self.decay_steps, self.staircase)


class InverseTimeDecay(KerasSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps), the quotient rounded down if staircase."""

    initial_learning_rate: float
    decay_steps: Steps
    decay_rate: NonNegative
    staircase: bool = False
    name: Name = "InverseTimeDecay"

    def to_ours(self) -> Schedule:
        """InverseTime."""
        return InverseTime(self.initial_learning_rate, self.decay_rate, self.decay_steps, self.staircase)


class PiecewiseConstantDecay(KerasSchedule):
    """values[i] up to and including step = boundaries[i]; after the last boundary the last value."""

    boundaries: Boundaries
    values: Sequence[float]
    name: Name = "PiecewiseConstant"

    def to_ours(self) -> Schedule:
        """Piecewise, whose value changes one step after each boundary."""
        if any(a >= b for a, b in pairwise(self.boundaries)):
            raise ValueError(refusal("boundaries", "strictly increasing", [*self.boundaries], "Sort them."))
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(refusal("values", f"{len(self.boundaries) + 1} numbers", [*self.values], "Add one."))
        return Piecewise(self.values, [boundary + 1 for boundary in self.boundaries])


class PolynomialDecay(KerasSchedule):
    """To end_learning_rate in decay_steps, as (1 - step / decay_steps)**power; with `cycle` in ever longer cycles."""

    initial_learning_rate: float
    decay_steps: Steps
    end_learning_rate: float = 0.0001
    power: Positive = 1.0
    cycle: bool = False
    name: Name = "PolynomialDecay"

    def to_ours(self) -> Schedule:
        """Polynomial. A cycle begins one step after the end of the one before, the i-th at 1 / i of the height."""
        start, end, steps = self.initial_learning_rate, self.end_learning_rate, self.decay_steps
        if not self.cycle:
            return Polynomial(start, end, steps, self.power)
        falls = Repeat(Linear(1, 0, steps)[1 : steps + 1]) * InverseTime(1, 1, steps, staircase=True)
        return (Constant(1)[:1] >> falls) ** self.power * (start - end) + end


class CosineDecay(KerasSchedule):
    """Half a cosine wave in decay_steps, from the first rate to alpha times it; warmup_steps come before."""

    initial_learning_rate: float
    decay_steps: Steps
    alpha: float = 0.0
    name: Name = "CosineDecay"
    warmup_target: float | None = None
    warmup_steps: NonNegativeInt = 0

    def to_ours(self) -> Schedule:
        """Cosine, after a linear warm-up if there is one."""
        start, target = self.initial_learning_rate, self.warmup_target
        if target is None:
            return Cosine(start, start * self.alpha, self.decay_steps)
        return Linear(start, target, self.warmup_steps) >> Cosine(target, target * self.alpha, self.decay_steps)


class CosineDecayRestarts(KerasSchedule):
    """Half cosine waves, each t_mul times as long and m_mul times as high as the one before.

    m_mul does not scale alpha. Every restart takes place. Keras may miss one by rounding.
    """

    initial_learning_rate: float
    first_decay_steps: Steps
    t_mul: Growth = 2.0
    m_mul: Positive = 1.0
    alpha: float = 0.0
    name: Name = "SGDRDecay"

    def to_ours(self) -> Schedule:
        """CosineRestarts."""
        start, end = self.initial_learning_rate, self.initial_learning_rate * self.alpha
        return CosineRestarts(start, end, self.first_decay_steps, self.t_mul, self.m_mul)


LearningRateSchedule.register(KerasSchedule)  # type: ignore[type-abstract]


def rate(value: Any) -> Any:
    """A learning rate of Keras as a number or a schedule of ravine.

    A function without arguments is called before each update; a function of the step, such as a user's own
    LearningRateSchedule, is called with 0, 1, 2, ...
    """
    if isinstance(value, Schedule) or not callable(value):
        return value
    if isinstance(value, LearningRateSchedule) or inspect.signature(value).parameters:
        return Lambda(value)
    return Lambda(lambda step: value())


def described(value: Any) -> Any:
    """An argument as `get_config` gives it: a schedule becomes a dict of its class_name and config."""
    own = isinstance(value, LearningRateSchedule) and not isinstance(value, Schedule)
    if own or isinstance(value, KerasSchedule):
        return identified(value)
    return value.to_config() if isinstance(value, Schedule) else value


def identified(value: Any) -> dict[str, Any]:
    """The class_name and the config of a schedule or an optimizer, and the module of a class of the user's own."""
    cls = type(value)
    own = {} if cls.__module__.startswith(_OURS) else {"module": cls.__module__}
    return {**own, "class_name": cls.__name__, "config": value.get_config()}


def check_known(identifier: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    """Raise ValueError for a class of the user's own that `more` does not have."""
    module, name = identifier.get("module") or "keras", identifier.get("class_name")
    if name not in more and not module.startswith((*_OURS, "keras", "tf_keras", "tensorflow")):
        raise ValueError(
            f"The class {name} of {module} must be passed by name. Received: custom_objects without it. "
            f"Say custom_objects={{{name!r}: {name}}}."
        )


_OURS = (f"{__package__}.", f"{__package__}2.")


def made(value: Any, more: Mapping[str, Any]) -> Any:
    """The argument that `described` has put into a configuration.

    Args:
        value: the entry of the configuration.
        more: the user's own classes of schedules, by name.

    Raises:
        ValueError: it is a schedule of an unknown class.
    """
    if not isinstance(value, Mapping):
        return value
    if "class" in value:
        return Schedule.from_config(value)
    check_known(value, more)
    classes = {name: globals()[name] for name in __all__} | dict(more)
    if value.get("class_name") not in classes:
        raise ValueError(
            f"A schedule's class_name must be one of {', '.join(classes)}. Received: {value.get('class_name')!r}. "
            "Pass classes of your own as custom_objects={name: class}."
        )
    return classes[value["class_name"]].from_config(value["config"])
