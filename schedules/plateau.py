"""What reacts to a metric. A controller is asked for a value like any schedule; beside its fields it has a state."""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from .algebra import Schedule
from .fields import Fraction, Interval, NonNegative, NonNegativeInt, OrNone, refusal


class Controller(Schedule, abstract=True):
    """A schedule whose values change with what it observes.

    As a value (`==`, `hash`, `repr`, JSON) it is its fields alone, the same before and after. What it has observed is
    its state, which goes along with the object: optimizers given the same controller share it, and are reduced
    together. `fresh()` is an equal one with a state of its own, at the start.

    A subclass declares its `state_fields`, and changes its state by `_become`.

    >>> from ravine.schedules import ReduceOnPlateau
    >>> lr = ReduceOnPlateau(1.0, factor=0.5, patience=0)
    >>> [lr.observe(loss) for loss in (2.0, 2.0)], lr.state["scale"], lr.fresh().state["scale"]
    ([False, True], 0.5, 1.0)
    >>> (lr * 0.1).controllers == (lr,)
    True
    """

    state_fields: ClassVar[Mapping[str, tuple[Any, Callable[[str, Any], Any]]]] = {}
    """The state: the value at the start and the check, by name."""

    @property
    def state(self) -> Mapping[str, Any]:
        """The state as it is now, to be read."""
        return MappingProxyType(vars(self)["_state"])

    @abstractmethod
    def observe(self, metric: Any) -> bool:
        """Take a metric into account. Returns whether the values have changed."""

    @property
    def controllers(self) -> tuple["Controller", ...]:
        """Itself, and those in its fields."""
        return self, *super().controllers

    def __post_init__(self) -> None:
        super().__post_init__()
        self._become(**{name: start for name, (start, _) in self.state_fields.items()})

    def _become(self, **changes: Any) -> None:
        state = vars(self).get("_state", {})
        vars(self)["_state"] = {**state, **changes}  # a new dict each time: a copy of the controller keeps the old one

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state, as JSON knows it, and the class name under "class"."""
        return {"class": type(self).__name__, **self.state}

    def checked_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state in what `state_dict` gave. Raises TypeError or ValueError if it is none of this class."""
        name = type(self).__name__
        if not isinstance(state, Mapping) or state.get("class") != name:
            raise ValueError(f"{name}: a state must be what its state_dict() gave. Received: {state!r}.")
        if state.keys() != {"class", *self.state_fields}:
            raise ValueError(f"{name}: a state must have {', '.join(self.state_fields)}. Received: {', '.join(state)}.")
        try:
            return {field: check(field, state[field]) for field, (_, check) in self.state_fields.items()}
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: in a state, {error}") from None

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state. Raises TypeError or ValueError, and changes nothing, as `checked_state`."""
        self._become(**self.checked_state(state))


def a_rate(name: str, value: Any) -> Schedule | float:
    """Check: a schedule, or a number >= 0."""
    return value if isinstance(value, Schedule) else Interval(ge=0)(name, value)


class ReduceOnPlateau(Controller):
    """start(k) >= 0, times `factor` for each time that a metric stopped getting better, but no lower than `minimum`.

    `start` is a number or a schedule. `observe(metric)` is called once per epoch, or whenever there is a metric:

    - A metric is better if it beats the best one so far by more than the threshold: by the share `threshold` of the
      best one's size ("rel"), or by `threshold` itself ("abs"). A NaN or an infinity is never better; the first finite
      metric is.
    - More than `patience` metrics in a row that are not better: the value is reduced, and the next `cooldown` metrics
      count neither way, save that a better one is remembered.

    PyTorch's. Differs: in "rel", a metric below 0 must also get better (a share of its size is taken, where PyTorch
    multiplies it by 1 - threshold and takes -0.95 for better than -1); small reductions are not left out (eps).

    >>> lr = ReduceOnPlateau(1.0, factor=0.5, patience=1)
    >>> [(lr.observe(loss), lr(0)) for loss in (3.0, 2.0, 2.0, 2.0)]
    [(False, 1.0), (False, 1.0), (False, 1.0), (True, 0.5)]
    """

    start: Annotated[Schedule | float, a_rate]
    factor: Fraction = 0.1
    patience: NonNegativeInt = 10
    mode: Literal["min", "max"] = "min"
    threshold: NonNegative = 1e-4
    cooldown: NonNegativeInt = 0
    minimum: NonNegative = 0.0
    threshold_mode: Literal["rel", "abs"] = "rel"

    state_fields = {  # noqa: RUF012
        "best": (None, OrNone(Interval())),
        "bad": (0, Interval(ge=0, integer=True)),  # metrics in a row that were not better
        "cooling": (0, Interval(ge=0, integer=True)),  # metrics left that don't count
        "scale": (1.0, Interval(ge=0, le=1)),
    }

    def _check_together(self) -> None:
        if isinstance(self.start, float) and self.minimum > self.start:
            raise ValueError(refusal("minimum", f"<= start={self.start!r}", self.minimum, "Nothing would be reduced."))

    def formula(self, k: int) -> float:
        """max(start(k) * scale, minimum), or start(k) where that is smaller"""
        start = self.start.formula(k) if isinstance(self.start, Schedule) else self.start
        scale: float = self.state["scale"]
        return min(start, max(start * scale, self.minimum))

    @property
    def horizon(self) -> float:
        """That of `start`; inf for a number."""
        return self.start.horizon if isinstance(self.start, Schedule) else math.inf

    def observe(self, metric: Any) -> bool:
        """Take a metric into account. Returns whether it made a reduction.

        Raises TypeError if the metric is no number; nothing has changed then.
        """
        metric = a_metric(metric)
        best, bad, cooling, scale = (self.state[name] for name in ("best", "bad", "cooling", "scale"))
        better = self.better(metric, best)
        bad = 0 if better or cooling else bad + 1
        reduces = bad > self.patience
        self._become(
            best=metric if better else best,
            bad=0 if reduces else bad,
            cooling=self.cooldown if reduces else max(cooling - 1, 0),
            scale=self.reduced(scale) if reduces else scale,
        )
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
            bar = best - sign * self.threshold
        else:
            bar = best * (1 - sign * math.copysign(self.threshold, best))
        return sign * metric < sign * bar


def a_metric(value: Any) -> float:
    """Check: a number, or an array or Tensor of one element. NaN and infinities are numbers."""
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError):
        raise TypeError(f"observe: {refusal('metric', 'a number', value, 'Pass one, such as a mean loss.')}") from None
