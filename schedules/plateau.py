"""`ReduceOnPlateau` reacts to a metric, such as a validation loss. Unlike other schedules it has a state."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from .base import Schedule
from .fields import Fraction, Interval, NonNegative, NonNegativeInt, UnitInterval, refusal
from .record import Record


class PlateauState(Record):
    """What a `ReduceOnPlateau` has observed."""

    best: float | None = None  # the best metric so far
    bad: NonNegativeInt = 0  # the number of metrics in a row that were not better
    cooling: NonNegativeInt = 0  # the number of metrics that will not be counted, after a reduction
    scale: UnitInterval = 1.0  # the product of all reductions


def learning_rate(name: str, value: Any) -> Schedule | float:
    """Check: a schedule, or a number >= 0."""
    return value if isinstance(value, Schedule) else Interval(ge=0)(name, value)


class ReduceOnPlateau(Schedule):
    """start(k) >= 0, multiplied by `factor` each time that a metric has stopped improving, but not below `minimum`.

    `start` is a number or a schedule. Call `observe(metric)` once per epoch, or whenever there is a metric:

    - A metric is better if it beats the best one so far by more than the threshold: by the fraction `threshold` of the
      best one's absolute value ("rel"), or by `threshold` itself ("abs"). A NaN or an infinity is never better; the
      first finite metric is.
    - After more than `patience` metrics in a row that are not better, the value is reduced. The next `cooldown` metrics
      are not counted, but a better one among them is remembered as the best.

    It follows PyTorch's ReduceLROnPlateau. Differs: with "rel", a metric below 0 must also get better (PyTorch
    multiplies it by 1 - threshold, so that -0.95 counts as better than -1); small reductions are made too (no eps).

    Schedules with equal fields are equal, whatever they have observed; the repr and JSON show the fields alone. The
    state belongs to the object: two optimizers that are given the same object are reduced together. `clone()` gives an
    equal schedule that has observed nothing.

    >>> lr = ReduceOnPlateau(1.0, factor=0.5, patience=1)
    >>> [(lr.observe(loss), lr(0)) for loss in (3.0, 2.0, 2.0, 2.0)]
    [(False, 1.0), (False, 1.0), (False, 1.0), (True, 0.5)]
    >>> lr.state.scale, lr.clone().state.scale, (lr * 0.1).plateaus == (lr,)
    (0.5, 1.0, True)
    """

    start: Annotated[Schedule | float, learning_rate]
    factor: Fraction = 0.1
    patience: NonNegativeInt = 10
    mode: Literal["min", "max"] = "min"
    threshold: NonNegative = 1e-4
    cooldown: NonNegativeInt = 0
    minimum: NonNegative = 0.0
    threshold_mode: Literal["rel", "abs"] = "rel"

    State: ClassVar[type[PlateauState]] = PlateauState
    _state: ClassVar[PlateauState]  # set on each instance; annotated as ClassVar, it is no field of the record

    def __post_init__(self) -> None:
        super().__post_init__()
        self._become(self.State())

    def _check_together(self) -> None:
        if isinstance(self.start, float) and self.minimum > self.start:
            raise ValueError(refusal("minimum", f"<= start={self.start!r}", self.minimum, "Nothing would be reduced."))

    def formula(self, k: int) -> float:
        """max(start(k) * scale, minimum), or start(k) if that is smaller"""
        start = self.start.formula(k) if isinstance(self.start, Schedule) else self.start
        return min(start, max(start * self.state.scale, self.minimum))

    @property
    def horizon(self) -> float:
        """The horizon of `start`; inf for a number."""
        return self.start.horizon if isinstance(self.start, Schedule) else math.inf

    @property
    def plateaus(self) -> tuple[Any, ...]:
        """This schedule itself, and those in `start`."""
        return self, *super().plateaus

    # -- the state ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> PlateauState:
        """The best metric, the counts and the scale, as a record."""
        return self._state

    def _become(self, state: PlateauState) -> None:
        object.__setattr__(self, "_state", state)

    def observe(self, metric: Any) -> bool:
        """Take a metric into account. Returns whether the value has been reduced.

        Raises TypeError if the metric is not a number; the state is unchanged then.
        """
        metric, state = _metric(metric), self.state
        better = self.better(metric, state.best)
        reduces, bad, cooling = counted(better, state.bad, state.cooling, self.patience, self.cooldown)
        best = metric if better else state.best
        scale = self.reduced(state.scale) if reduces else state.scale
        self._become(state.replace(best=best, bad=bad, cooling=cooling, scale=scale))
        return reduces

    def reduced(self, scale: float) -> float:
        """The scale after a reduction."""
        return scale * self.factor

    def better(self, metric: float, best: float | None) -> bool:
        """Whether a metric beats the best one by more than the threshold; best is None at first."""
        if best is None or not math.isfinite(metric):
            return math.isfinite(metric)
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "abs":
            return beats(metric, best - sign * self.threshold, self.mode)
        return beats(metric, best * (1 - sign * math.copysign(self.threshold, best)), self.mode)

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state as JSON knows it, with the name of the class under "class"."""
        return {**self.state.to_config(), "class": type(self).__name__}

    def checked_state(self, state: Mapping[str, Any]) -> PlateauState:
        """The state in a result of `state_dict`. Raises TypeError or ValueError if it is not one of this class."""
        name = type(self).__name__
        if not isinstance(state, Mapping) or state.get("class") != name:
            raise ValueError(f"{name}: a state must be what its state_dict() gave. Received: {state!r}.")
        if state.keys() != {"class", *self.State.checks}:
            raise ValueError(f"{name}: a state must have {', '.join(self.State.checks)}. Received: {', '.join(state)}.")
        return self.State(**{field: state[field] for field in self.State.checks})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state. Raises TypeError or ValueError as `checked_state` does; nothing has changed then."""
        self._become(self.checked_state(state))


def beats(metric: float, bar: float, mode: str) -> bool:
    """Whether a metric is below `bar` for mode "min", or above it for mode "max". False for NaN."""
    return metric < bar if mode == "min" else metric > bar


def counted(better: bool, bad: int, cooling: int, patience: int, cooldown: int) -> tuple[bool, int, int]:
    """Count one metric.

    Args:
        better: whether it is better than the best one before.
        bad: the number of metrics in a row that were not better.
        cooling: the number of metrics, from this one on, that are not counted after a reduction.
        patience: the number of metrics in a row that may fail to be better; one more causes a reduction.
        cooldown: the number of metrics that are not counted after a reduction.

    Returns:
        Whether there is a reduction now, and the new values of bad and cooling.
    """
    bad = 0 if better or cooling else bad + 1
    return (True, 0, cooldown) if bad > patience else (False, bad, max(cooling - 1, 0))


def _metric(value: Any) -> float:
    """A number, or an array or Tensor with one element, as a float. NaN and infinities are allowed."""
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError):
        raise TypeError(f"observe: {refusal('metric', 'a number', value, 'Pass one, such as a mean loss.')}") from None
