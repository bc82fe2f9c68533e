"""keras.optimizers.schedules: by Keras's names and arguments, and schedules of ours all the same.

Everything is float64 here. Keras computes in the dtype of the first value: in float32, or for an int in integers, where
`ExponentialDecay(1, 10, 0.5)` is 1, then 0 for ever; here an int is the float that it looks like.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Annotated, Any, Self

from ...schedules import Lambda, Schedule
from ...schedules.fields import Each, Growth, Interval, NonNegative, NonNegativeInt, Positive, refusal
from .. import compositions as of

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
    """What a schedule of one's own derives from: `__call__(step)` gives the rate for step = 0, 1, 2, ..., an int."""

    @abstractmethod
    def __call__(self, step: Any) -> Any:
        """The rate when that many updates have been taken."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule, by name."""
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
    return Interval(ge=1, integer=True)(name, int(value) if isinstance(value, float) and value.is_integer() else value)


def _boundary(name: str, value: Any) -> Any:
    return Interval(ge=0, integer=True)(name, int(value) if isinstance(value, float) and value.is_integer() else value)


Name = Annotated[str | None, _label]
Steps = Annotated[int, _steps]
Boundaries = Annotated[Any, Each(_boundary)]


class Decay(Schedule, abstract=True):
    """A schedule of Keras's: it is what its `composition` makes of its fields, in `ravine.schedules`."""

    @property
    def composition(self) -> Callable[..., Schedule]:
        """The function of the same name that says it in ours."""
        made: Callable[..., Schedule] = getattr(of.keras, type(self).__name__)
        return made

    @cached_property
    def ours(self) -> Schedule:
        """The same as a schedule of `ravine.schedules`."""
        return self.composition(**{name: value for name, value in self.get_config().items() if name != "name"})

    def _check_together(self) -> None:
        vars(self)["ours"] = self.ours  # what it refuses is refused here

    def formula(self, k: int) -> float:
        """That of `ours`."""
        return self.ours.formula(k)

    @property
    def horizon(self) -> float:
        """That of `ours`."""
        return self.ours.horizon

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        config = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The schedule of what get_config or to_config gave. Raises TypeError or ValueError."""
        return super().from_config(config if "class" in config else {"class": cls.__name__, **_whole(cls, config)})


def _whole(cls: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the defaults filled in. Raises TypeError if there is an argument that there isn't."""
    try:
        given = inspect.signature(cls).bind(**config)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}: {error}. Received: {', '.join(config)}.") from None
    given.apply_defaults()
    return given.arguments


class ExponentialDecay(Decay):
    """initial_learning_rate * decay_rate**(step / decay_steps), the exponent rounded down if staircase."""

    initial_learning_rate: float
    decay_steps: Steps
    decay_rate: NonNegative
    staircase: bool = False
    name: Name = "ExponentialDecay"


class InverseTimeDecay(Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps), the quotient rounded down if staircase."""

    initial_learning_rate: float
    decay_steps: Steps
    decay_rate: NonNegative
    staircase: bool = False
    name: Name = "InverseTimeDecay"


class PiecewiseConstantDecay(Decay):
    """values[i] up to and including step = boundaries[i], then the last value."""

    boundaries: Boundaries
    values: Sequence[float]
    name: Name = "PiecewiseConstant"


class PolynomialDecay(Decay):
    """To end_learning_rate in decay_steps, as (1 - step / decay_steps)**power; with `cycle` again and again, longer."""

    initial_learning_rate: float
    decay_steps: Steps
    end_learning_rate: float = 0.0001
    power: Positive = 1.0
    cycle: bool = False
    name: Name = "PolynomialDecay"


class CosineDecay(Decay):
    """Half a wave from the first rate to alpha times it in decay_steps, after warmup_steps up to warmup_target."""

    initial_learning_rate: float
    decay_steps: Steps
    alpha: float = 0.0
    name: Name = "CosineDecay"
    warmup_target: float | None = None
    warmup_steps: NonNegativeInt = 0


class CosineDecayRestarts(Decay):
    """Half waves, each t_mul times as long and m_mul times as high as the one before; alpha is not scaled by m_mul.

    No restart is missed by rounding here, as it may be in Keras.
    """

    initial_learning_rate: float
    first_decay_steps: Steps
    t_mul: Growth = 2.0
    m_mul: Positive = 1.0
    alpha: float = 0.0
    name: Name = "SGDRDecay"


LearningRateSchedule.register(Decay)


def rate(value: Any) -> Any:
    """What Keras takes for a learning rate, as a hyperparameter of ours: a number, or a schedule.

    A function without arguments is asked before each update; one of the step, such as a LearningRateSchedule of the
    user's, is given 0, 1, 2, ...
    """
    if isinstance(value, Schedule) or not callable(value):
        return value
    if isinstance(value, LearningRateSchedule) or inspect.signature(value).parameters:
        return Lambda(value)
    return Lambda(lambda step: value())


def described(value: Any) -> Any:
    """An argument as a configuration has it: a schedule as a dict of its class_name and config."""
    if isinstance(value, Decay) or (isinstance(value, LearningRateSchedule) and not isinstance(value, Schedule)):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    return value.to_config() if isinstance(value, Schedule) else value


def made(value: Any, more: Mapping[str, Any]) -> Any:
    """The argument that `described` described; `more` are classes of schedules by name.

    Raises ValueError if it is a schedule of an unknown class.
    """
    if not isinstance(value, Mapping):
        return value
    if "class" in value:
        return Schedule.from_config(value)
    classes = {name: globals()[name] for name in __all__} | dict(more)
    if value.get("class_name") not in classes:
        raise ValueError(
            f"A schedule's class_name must be one of {', '.join(classes)}. Received: {value.get('class_name')!r}. "
            "Pass classes of your own as custom_objects={name: class}."
        )
    return classes[value["class_name"]].from_config(value["config"])
