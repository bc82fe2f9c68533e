"""What a hyperparameter may be: the checks of schedules/fields.py, where a number also takes a schedule.

And what to say here instead of the words of PyTorch, Keras and optax, for messages about unknown names.

>>> from ravine.optim import Adam
>>> Adam.checks["beta1"], 0.9 in Adam.checks["beta1"], 1.0 in Adam.checks["beta1"]
(a number in [0, 1), True, False)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Annotated, Any, Self, TypeAlias

import numpy as np

from ..schedules import Schedule
from ..schedules.fields import Check, Constraint, Interval, OrNone, refusal

# A schedule with an end is checked at this many steps, spread over its length, when an optimizer is made.
_PROBES = 257


@dataclass(frozen=True, repr=False)
class NumberOrSchedule(Constraint):
    """A number in an interval, or a schedule whose values are in it."""

    interval: Interval

    def __contains__(self, value: float) -> bool:
        return value in self.interval

    def __call__(self, name: str, value: Any) -> float | Schedule:
        """The number as a Python float, or the schedule."""
        if isinstance(value, Schedule):
            last = value.horizon if math.isfinite(value.horizon) else 0
            for k in np.unique(np.linspace(0, last, _PROBES).astype(np.int64)).tolist():
                self.at(name, value, k)
            return value
        if not isinstance(value, Real) or isinstance(value, bool):
            remedy = self.interval.remedy
            if callable(value):
                remedy = f"Make a function of k, the updates taken so far, a schedule: {name}=Lambda(function)."
            kind = f", of type {type(value).__name__}"
            raise TypeError(refusal(name, "a number or a schedule", value, remedy, kind))
        return self.interval(name, value)

    def at(self, name: str, schedule: Schedule, k: int) -> float:
        """The value of a schedule when k updates have been taken. Raises ValueError if it is outside the interval."""
        value = schedule(k)
        if value not in self.interval:
            more = f", which is {value} at k={k}"
            raise ValueError(refusal(name, self.must, schedule, self.interval.remedy, more))
        return value

    @property
    def must(self) -> str:
        """The interval, such as "a number in [0, 1)"."""
        return self.interval.must

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        return replace(self, interval=self.interval.with_default(default))


@dataclass(frozen=True, repr=False)
class WholeNumber(Constraint):
    """An integer in an interval. A float such as 1e6 counts as one."""

    interval: Interval

    def __call__(self, name: str, value: Any) -> int:
        """The integer."""
        if isinstance(value, Schedule):
            raise TypeError(refusal(name, f"{self.must}, and takes no schedule", value, self.interval.remedy))
        if isinstance(value, Real) and not isinstance(value, Integral):
            if not float(value).is_integer():
                raise ValueError(refusal(name, self.must, value, self.interval.remedy))
            value = int(float(value))
        return int(self.interval(name, value))

    @property
    def must(self) -> str:
        """The interval, such as "an integer >= 1"."""
        return self.interval.must

    def with_default(self, default: Any) -> Self:
        """The same check for a field with this default."""
        return replace(self, interval=self.interval.with_default(default))


def adapted(check: Check) -> Check:
    """The check of a hyperparameter in place of the check of a number."""
    if isinstance(check, Interval):
        return WholeNumber(check) if check.integer else NumberOrSchedule(check)
    return check


class ScheduledValue(float):
    """The value of a scheduled hyperparameter for the next step. `*=` and `/=` scale its schedule.

    >>> from ravine.optim import SGD
    >>> from ravine.schedules import Exponential
    >>> opt = SGD([np.ones(2)], lr=Exponential(0.5, 0.9))
    >>> opt.lr *= 0.1
    >>> opt.lr, isinstance(opt.groups[0].spec.lr, Schedule)
    (0.05, True)
    """

    def __new__(cls, value: float, schedule: Schedule) -> Self:
        """A number that knows its schedule."""
        made = super().__new__(cls, value)
        made.schedule = schedule
        return made

    schedule: Schedule

    def __imul__(self, factor: float) -> Self:
        """The product, whose schedule is the product too."""
        return type(self)(self * factor, self.schedule * factor)

    def __itruediv__(self, divisor: float) -> Self:
        """The quotient, whose schedule is the quotient too."""
        return type(self)(self / divisor, self.schedule * (1 / divisor))

    def __reduce__(self) -> Any:
        """A copy is a plain number."""
        return float, (float(self),)


def value_at(cls: Any, name: str, schedule: Schedule, k: int) -> float:
    """The value of a field's schedule when k updates have been taken.

    Raises:
        ValueError: the value is outside the interval of the field.
    """
    check = cls.checks[name]
    number: Any = check.check if isinstance(check, OrNone) else check
    try:
        return float(number.at(name, schedule, k))
    except ValueError as error:
        raise ValueError(f"{cls.__name__}: {error}") from None


Hyper: TypeAlias = Annotated[float | Schedule, Interval()]
NonNegative: TypeAlias = Annotated[float | Schedule, Interval(ge=0)]
NonPositive: TypeAlias = Annotated[float | Schedule, Interval(le=0)]
Positive: TypeAlias = Annotated[float | Schedule, Interval(gt=0)]
Fraction: TypeAlias = Annotated[float | Schedule, Interval(ge=0, lt=1)]
PositiveFraction: TypeAlias = Annotated[float | Schedule, Interval(gt=0, le=1)]
Unit: TypeAlias = Annotated[float | Schedule, Interval(ge=0, le=1)]
Integer: TypeAlias = Annotated[int, Interval(ge=0, integer=True)]
Count: TypeAlias = Annotated[int, Interval(ge=1, integer=True)]


# -- the words of other libraries --------------------------------------------------------------------------------------

_HYPERPARAMETERS = {
    "learning_rate": "lr=...",
    "betas": "beta1=..., beta2=...",
    "beta_1": "beta1=...",
    "b1": "beta1=...",
    "beta_2": "beta2=...",
    "b2": "beta2=...",
    "epsilon": "eps=...",
    "alpha": "rho=...",
    "decay": "rho=... for the decay rate of an average, or a schedule for lr",
    "amsgrad": "AMSGrad(...)",
    "momentum": "Momentum(lr=..., momentum=...)",
    "nesterov": "NAG(lr=..., momentum=...)",
    "clipnorm": "clip_each_norm=...",
    "global_clipnorm": "clip_norm=...",
    "max_norm": "clip_norm=...",
    "clipvalue": "clip_value=...",
    "use_ema": "ema=0.99",
    "ema_momentum": "ema=...",
    "gradient_accumulation_steps": "accumulate=...",
}

_ATTRIBUTES = {
    "add_param_group": "opt.add(params, lr=...)",
    "param_groups": "opt.groups; opt.groups[0].set(lr=...) changes one",
    "iterations": "opt.t",
    "variables": "opt.parameters",
    "apply_gradients": "opt.step([g, ...])",
    "update": "opt.step([g, ...])",
    "learning_rate": "opt.lr",
    "get_config": "opt.spec",
    "state": "opt.state_dict()",
}


def hint_for_hyperparameter(name: str, known: Any) -> str:
    """A sentence that begins with a space, or nothing: how a hyperparameter is called here, or what has it."""
    hint = _HYPERPARAMETERS.get(name, "")
    given = hint.partition("=")[0]
    return f" Say {hint}{'' if hint.endswith('...') else '.'}" if hint and ("(" in hint or given in known) else ""


def hint_for_attribute(name: str) -> str:
    """A sentence that begins with a space, or nothing: how an attribute of a bound optimizer is called here."""
    return f" Say {_ATTRIBUTES[name]}." if name in _ATTRIBUTES else ""
