"""What all Keras optimizers have: common arguments, said by our options; a life before their parameters are known."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from ...optim.optimizer import Optimizer
from ...schedules import Schedule
from ..base import Dialect
from ..gradients import value_and_gradients
from .bound import KerasBound
from .schedules import described, made, rate
from .variable import Rate

__all__ = ["KerasOptimizer"]


class KerasOptimizer(Dialect):
    """A Keras optimizer: a value, and after `build`, or the first `apply_gradients`, an object at work on parameters.

    `bind(params)` gives an object and leaves the value as it is. Besides its own arguments a Keras optimizer takes

    Args:
        learning_rate: a number, a schedule of ours or of `keras.schedules`, a LearningRateSchedule of one's own, a
            function of the step, or one without arguments.
        weight_decay: x shrinks by the share learning_rate * weight_decay before the rule moves it.
        clipnorm: the norm of each parameter's gradient is scaled down to this. One of the three may be given.
        clipvalue: each element of the gradients is bounded by this.
        global_clipnorm: the joint norm of all gradients is scaled down to this.
        use_ema: keep the moving average of x; `with opt.averaged(): ...`, or `finalize_variable_values()` uses it.
        ema_momentum: what the average keeps at each update.
        ema_overwrite_frequency: after every so many updates the average takes the place of x.
        gradient_accumulation_steps: the gradients of this many calls, 2 or more, are averaged; a schedule is asked with
            the number of calls so far, as in Keras. A parameter without a gradient at the last of them stays, and its
            sum waits for the next last one. With use_ema it is refused: Keras averages at each call then.

    Differs: learning_rate is float64, where Keras keeps it in float32; a parameter without a gradient draws no warning;
    an infinite gradient makes NaN of itself alone with global_clipnorm, in Keras of all gradients.
    """

    framework = "keras"
    words = {  # noqa: RUF012
        "lr": "learning_rate",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "eps": "epsilon",
        "initial_accumulator": "initial_accumulator_value",
        "decoupled_weight_decay": "weight_decay",
        "clip_each_norm": "clipnorm",
        "clip_norm": "global_clipnorm",
        "clip_value": "clipvalue",
        "ema": "ema_momentum",
        "accumulate": "gradient_accumulation_steps",
    }
    common: ClassVar[Mapping[str, Any]] = {
        "weight_decay": None,
        "clipnorm": None,
        "clipvalue": None,
        "global_clipnorm": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "ema_overwrite_frequency": None,
        "gradient_accumulation_steps": None,
    }
    """The arguments of all optimizers, with their defaults; they come after the own ones."""
    neutral = {"name": None}  # noqa: RUF012
    fixed = {"loss_scale_factor": None}  # noqa: RUF012
    gone: ClassVar[Mapping[str, str]] = {
        "decay": "Keras 3 ignores it. Say keras.schedules.InverseTimeDecay(lr, 1, decay)."
    }
    """Arguments of the past, and what to do instead."""
    order: ClassVar[Sequence[Sequence[str]]] = ()
    """How its variables are ordered: one part after the other, in each part all states of one parameter, then of the
    next. Without it, all states of `slots` are in one part."""

    def __init_subclass__(cls) -> None:
        """Add the common arguments to the signature."""
        super().__init_subclass__()
        if hasattr(cls, "ours"):
            known = cls.__signature__.parameters
            positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
            more = [inspect.Parameter(n, positional, default=d) for n, d in cls.common.items() if n not in known]
            own = [p.replace(annotation=p.empty) for p in known.values() if p.kind is positional]
            rest = [p for p in known.values() if p.kind is not positional]
            cls.__signature__ = inspect.Signature([*own, *more, *rest])

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments, see the class."""
        if old := self.gone.keys() & arguments.keys() - self.__signature__.parameters.keys():
            raise TypeError(f"{self.title()} has no argument {min(old)!r}. {self.gone[min(old)]}")
        object.__setattr__(self, "bound", None)
        object.__setattr__(self, "excluded", ())
        super().__init__(*args, **arguments)

    @classmethod
    def said(cls, arguments: Mapping[str, Any]) -> Optimizer:
        """These arguments in ours. Raises TypeError or ValueError, in Keras's words."""
        own = inspect.signature(cls.ours).parameters
        try:
            given = {name: arguments[name] for name in own} | {cls.rate_name(): cls.scheduled(arguments)}
            return cls.ours(**given).replace(**cls.options(arguments))
        except (TypeError, ValueError) as error:
            raise type(error)(cls.in_their_words(str(error))) from None

    @classmethod
    def rate_name(cls) -> str:
        """What the learning rate is called: the first argument."""
        return next(iter(cls.__signature__.parameters))

    @classmethod
    def scheduled(cls, arguments: Mapping[str, Any]) -> Any:
        """The rate for each update, a number or a schedule."""
        value, calls = rate(arguments[cls.rate_name()]), arguments.get("gradient_accumulation_steps")
        return value[calls - 1 :: calls] if calls and isinstance(value, Schedule) else value

    @classmethod
    def options(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The common arguments as options of ours. Raises ValueError for those that do not go together."""
        given = {name: arguments[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")}
        if sum(value is not None for value in given.values()) > 1:
            raise ValueError(f"{cls.title()}: give one of clipnorm, clipvalue, global_clipnorm. Received: {given}.")
        calls, averages = arguments["gradient_accumulation_steps"], arguments["use_ema"]
        if calls is not None and (not isinstance(calls, int) or calls < 2):
            raise ValueError(
                f"{cls.title()}: gradient_accumulation_steps must be an integer >= 2. Received: {calls!r}."
            )
        if calls is not None and averages:
            raise ValueError(
                f"{cls.title()}: use_ema does not go with gradient_accumulation_steps. Received: both. Keras averages "
                "at each call then, also where x has not moved. Leave one out."
            )
        for name in ("ema_momentum", "ema_overwrite_frequency"):
            if not averages and arguments[name] != cls.common[name]:
                raise ValueError(f"{cls.title()}: {name} has no effect without use_ema. Received: {arguments[name]!r}.")
        every = arguments["ema_overwrite_frequency"]
        if every is not None and (not isinstance(every, int) or every < 1):
            raise ValueError(f"{cls.title()}: ema_overwrite_frequency must be an integer >= 1. Received: {every!r}.")
        return {
            "decoupled_weight_decay": 0.0 if arguments["weight_decay"] is None else arguments["weight_decay"],
            "clip_each_norm": given["clipnorm"],
            "clip_value": given["clipvalue"],
            "clip_norm": given["global_clipnorm"],
            "ema": arguments["ema_momentum"] if averages else None,
            "accumulate": calls or 1,
        }

    def __repr__(self) -> str:
        """The framework's name, and the arguments that are not at their defaults."""
        known = self.__signature__.parameters
        shown = [f"{n}={v!r}" for n, v in self.arguments.items() if n not in self.neutral and v != known[n].default]
        return f"{self.title()}({', '.join(shown)})"

    __hash__ = Dialect.__hash__

    # ------------------------------------------------------------------------------------------- at work on parameters
    def bind(self, params: Iterable[Any]) -> KerasBound:
        """The optimizer at work on parameters; the value stays as it is. Raises as `Optimizer.bind`."""
        return KerasBound(self, params)

    def build(self, variables: Iterable[Any]) -> None:
        """Set to work on parameters, once. Raises as `Optimizer.bind`."""
        if self.bound is None:
            object.__setattr__(self, "bound", self.bind(variables))

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """One update, see `KerasBound.apply`; the first one builds, and needs the parameters."""
        variables = None if trainable_variables is None else list(trainable_variables)
        if variables is not None:
            self.build(variables)
        self._at_work("apply").apply(grads, variables)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """One update with pairs of a gradient and its parameter; the first one builds. Gives `iterations`."""
        pairs = list(grads_and_vars)
        self.build([p for _, p in pairs])
        return self._at_work("apply_gradients").apply_gradients(pairs)

    def minimize(self, loss: Callable[..., Any], var_list: Iterable[Any]) -> float:
        """One update on a loss; gives the loss before it. See `gradients.value_and_gradients` for what may be one."""
        variables = list(var_list)
        value, gradients = value_and_gradients(loss, variables)
        self.apply_gradients(zip(gradients, variables, strict=True))
        return value

    def exclude_from_weight_decay(self, var_list: Iterable[Any] = (), var_names: Iterable[str] = ()) -> None:
        """Do not decay these parameters, and those in whose name one of these regular expressions is found.

        Raises ValueError if it is too late: the parameters are known already.
        """
        if self.bound is not None:
            raise ValueError(f"{self!r} works on its parameters already. Say exclude_from_weight_decay before that.")
        object.__setattr__(self, "excluded", (*({id(p) for p in var_list or ()}), *(var_names or ())))

    def decays(self, member: Any) -> bool:
        """Whether a parameter is decayed."""
        name, p = named(member)
        return not any(e == id(p) if isinstance(e, int) else re.search(e, name) for e in self.excluded)

    def own(self, member: Any) -> dict[str, Any]:
        """The hyperparameters that a parameter has for itself."""
        return {} if self.decays(member) else {"decoupled_weight_decay": 0.0}

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """Its variables in order: the names of numbers, and parts of states as `order` has them."""
        yield from ["calls"] if isinstance(bound.rate, Schedule) else ["calls", "rate"]
        yield from (("x_ema",) for _ in range(bound.spec.ema is not None))
        yield from (("accumulated",) for _ in range(bound.spec.accumulate > 1))
        kept = bound.groups[0].kernel.arrays
        for part in self.order or [tuple(self.slots.values())]:
            yield tuple(slot for slot in part if slot in (*kept, "unused"))
        yield from bound.groups[0].kernel.scalars

    def filled(self, weights: list[Any], homes: list[Any]) -> list[Any]:
        """A list of variables that an older version wrote, as this one writes it."""
        return weights

    def _at_work(self, what: str) -> KerasBound:
        if self.bound is None:
            raise ValueError(
                f"{self!r} does not know its parameters. Say build(params) before {what}, or bind(params)."
            )
        found: KerasBound = self.bound
        return found

    def __getattr__(self, name: str) -> Any:
        """What it has at work; before that, its arguments."""
        if name.startswith("_") or name in ("arguments", "bound", "excluded"):  # while it is being made, or copied
            raise AttributeError(name)
        if self.bound is not None:
            return getattr(self.bound, name)
        if name in ("learning_rate", "lr"):
            value = self.arguments[self.rate_name()]
            return value if callable(value) else Rate(value, self)
        if name == "iterations":
            return 0
        if name in self.arguments:
            return self.arguments[name]
        if hasattr(KerasBound, name):
            self._at_work(name)
        raise AttributeError(f"{self.title()} has no attribute or argument {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set the learning rate, or what may change about it at work."""
        if name == "arguments":
            object.__setattr__(self, name, value)
        elif self.bound is not None:
            setattr(self.bound, name, value)
        elif name in (self.rate_name(), "learning_rate", "lr"):
            changed = self.arguments | {self.rate_name(): value}
            self.said(changed)
            self.arguments = changed
        else:
            raise AttributeError(f"{self.title()}: only its learning rate can be set. Received: {name}={value!r}.")

    # -------------------------------------------------------------------------------------------- the configuration
    def get_config(self) -> dict[str, Any]:
        """The arguments by name, a schedule as a dict of its class_name and config."""
        if self.bound is not None:
            now: dict[str, Any] = self.bound.get_config()
            return now
        return {name: described(value) for name, value in self.arguments.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The optimizer of what get_config gave; `custom_objects` are classes of schedules of one's own, by name."""
        return cls(**{name: made(value, custom_objects or {}) for name, value in config.items()})


def named(member: Any) -> tuple[str, Any]:
    """The name and the parameter, of a parameter or a pair of both."""
    if isinstance(member, tuple):
        return member
    return getattr(member, "path", None) or getattr(member, "name", None) or "", member
