"""The base class of Keras's optimizers: their common arguments, `build`, and the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from ...optim.optimizer import Optimizer
from ...schedules import Schedule
from ..base import ArgumentNames, Dialect
from ..gradients import value_and_gradients
from .bound import KerasBound, Rate
from .schedules import check_known, described, identified, made, rate

_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


class KerasOptimizer(Dialect):
    """A Keras optimizer. `build` or the first `apply_gradients` binds it to parameters.

    `bind(params)` returns another object, a bound optimizer, and leaves this one unbound. Every optimizer has, besides
    its own arguments, those that follow.

    Args:
        learning_rate: a number, a schedule of ravine or of `keras.schedules`, a LearningRateSchedule that the user
            defines, a function of the step, or a function without arguments.
        weight_decay: before each update x is multiplied by 1 - learning_rate * weight_decay.
        clipnorm: each parameter's gradient is scaled down to at most this norm. Give at most one of the three.
        clipvalue: each element of the gradients is clipped to this in absolute value.
        global_clipnorm: all gradients are scaled down by one factor, so that their global norm is at most this.
        use_ema: keep the moving average of x. `with opt.averaged(): ...` evaluates at the average, and
            `finalize_variable_values()` sets x to it.
        ema_momentum: the weight of the old average at each update.
        ema_overwrite_frequency: the number of updates after which x is set to its average, again and again.
        gradient_accumulation_steps: the number of calls, 2 or more, whose gradients are averaged for one update. As in
            Keras, a schedule is called with the number of calls. A parameter without a gradient at the last of these
            calls is not updated: its sum is kept for the update after. The argument can't be combined with use_ema,
            because Keras then updates the average at each call.

    Differs from Keras: learning_rate is float64, in Keras float32. A parameter without a gradient causes no warning.
    With global_clipnorm an infinite gradient becomes NaN; in Keras all gradients become NaN.
    """

    framework = "keras"
    common = (
        "weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False, ema_momentum=0.99, "
        "ema_overwrite_frequency=None, loss_scale_factor=None, gradient_accumulation_steps=None, name=None"
    )
    argument_names: ClassVar[ArgumentNames] = {
        "learning_rate": "lr",
        "beta_1": "beta1",
        "beta_2": "beta2",
        "epsilon": "eps",
        "initial_accumulator_value": "initial_accumulator",
        "weight_decay": "decoupled_weight_decay",
        "clipnorm": "clip_each_norm",
        "global_clipnorm": "clip_norm",
        "clipvalue": "clip_value",
        "ema_momentum": "ema",
        "gradient_accumulation_steps": "accumulate",
    }
    ignored: ClassVar[Sequence[str]] = ("name",)
    unsupported: ClassVar[Sequence[str]] = ("loss_scale_factor",)
    removed: ClassVar[Mapping[str, str]] = {
        "decay": "Keras 3 ignores it. Say keras.schedules.InverseTimeDecay(lr, 1, decay)."
    }
    """Arguments of earlier versions, each with the replacement."""
    order: ClassVar[Sequence[Sequence[str]]] = ()
    """The order of the state variables. Each part lists states: for one parameter after another, its states of the
    first part; then the same for the second part, and so on. If it is empty, all states of `slots` are one part."""

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments, see the class."""
        if old := self.removed.keys() & arguments.keys() - self.accepts.keys():
            raise TypeError(f"{self.title()} has no argument {min(old)!r}. {self.removed[min(old)]}")
        object.__setattr__(self, "bound", None)
        object.__setattr__(self, "excluded", ())
        super().__init__(*args, **arguments)

    @classmethod
    def renamed(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The optimizer's own arguments under ravine's names, with the learning rate as a number or a schedule."""
        own = {name: value for name, value in arguments.items() if name not in cls.common_names}
        return super().renamed(own) | {"lr": cls.scheduled(arguments)}

    @classmethod
    def to_ours(cls, arguments: Mapping[str, Any]) -> Optimizer:
        """The optimizer of ravine that these arguments describe. Raises TypeError or ValueError, with Keras's names."""
        spec = super().to_ours(arguments)
        try:
            return spec.replace(**cls.options(arguments))
        except (TypeError, ValueError) as error:
            raise type(error)(cls.in_their_words(str(error))) from None

    @classmethod
    def rate_name(cls) -> str:
        """The name of the learning rate: the first argument."""
        return next(iter(cls.accepts))

    @classmethod
    def scheduled(cls, arguments: Mapping[str, Any]) -> Any:
        """The learning rate of each update: a number or a schedule."""
        value, calls = rate(arguments[cls.rate_name()]), arguments.get("gradient_accumulation_steps")
        return value[calls - 1 :: calls] if calls and isinstance(value, Schedule) else value

    @classmethod
    def options(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The common arguments as options of ravine. Raises ValueError for those that can't be combined."""
        cls.check_clipping(arguments)
        calls, averages = arguments["gradient_accumulation_steps"], arguments["use_ema"]
        if calls is not None and (not isinstance(calls, int) or calls < 2):
            raise ValueError(
                f"{cls.title()}: gradient_accumulation_steps must be an integer >= 2. Received: {calls!r}."
            )
        if calls is not None and averages:
            raise ValueError(
                f"{cls.title()}: use_ema can't be combined with gradient_accumulation_steps. Received: both. Keras "
                "then averages at each call, even where x has not moved. Leave one out."
            )
        for name in ("ema_momentum", "ema_overwrite_frequency"):
            if not averages and arguments[name] != cls.accepts[name].default:
                raise ValueError(f"{cls.title()}: {name} has no effect without use_ema. Received: {arguments[name]!r}.")
        every = arguments["ema_overwrite_frequency"]
        if every is not None and (not isinstance(every, int) or every < 1):
            raise ValueError(f"{cls.title()}: ema_overwrite_frequency must be an integer >= 1. Received: {every!r}.")
        return {
            **cls.clipping(arguments),
            "decoupled_weight_decay": 0.0 if arguments["weight_decay"] is None else arguments["weight_decay"],
            "ema": arguments["ema_momentum"] if averages else None,
            "accumulate": calls or 1,
        }

    @classmethod
    def clipping(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The clipping arguments under ravine's names."""
        return {str(cls.argument_names[name]): arguments[name] for name in _CLIPPING if name in arguments}

    @classmethod
    def check_clipping(cls, arguments: Mapping[str, Any], reason: str = "") -> None:
        """Raise ValueError if more than one of the clipping arguments is given."""
        given = {name: arguments[name] for name in _CLIPPING}
        if sum(value is not None for value in given.values()) > 1:
            raise ValueError(
                f"{cls.title()}: give one of clipnorm, clipvalue, global_clipnorm. Received: {given}.{reason}"
            )

    def __repr__(self) -> str:
        """The framework's name, and the arguments that differ from their defaults."""
        known = self.accepts
        shown = [f"{n}={v!r}" for n, v in self.arguments.items() if n not in self.ignored and v != known[n].default]
        return f"{self.title()}({', '.join(shown)})"

    __hash__ = Dialect.__hash__

    # --------------------------------------------------------------------------------------------- bound to parameters
    def bind(self, params: Iterable[Any]) -> KerasBound:
        """Another object, bound to these parameters. Raises as `Optimizer.bind`."""
        return KerasBound(self, params)

    def build(self, variables: Iterable[Any]) -> None:
        """Bind this object to parameters; later calls have no effect. Raises as `Optimizer.bind`."""
        if self.bound is None:
            object.__setattr__(self, "bound", self.bind(variables))

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """Take one update, see `KerasBound.apply`. The first call builds, and needs the parameters."""
        variables = None if trainable_variables is None else list(trainable_variables)
        if variables is not None:
            self.build(variables)
        self._bound_for("apply").apply(grads, variables)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """Take one update with pairs of a gradient and its parameter; the first call builds. Returns `iterations`."""
        pairs = list(grads_and_vars)
        self.build([p for _, p in pairs])
        return self._bound_for("apply_gradients").apply_gradients(pairs)

    def minimize(self, loss: Callable[..., Any], var_list: Iterable[Any]) -> float:
        """Take one update, and return the loss before it. See `gradients.value_and_gradients` for `loss`."""
        variables = list(var_list)
        value, gradients = value_and_gradients(loss, variables)
        self.apply_gradients(zip(gradients, variables, strict=True))
        return value

    def exclude_from_weight_decay(self, var_list: Iterable[Any] = (), var_names: Iterable[str] = ()) -> None:
        """Leave parameters out of weight decay.

        Args:
            var_list: these parameters,
            var_names: and those whose name contains a match of one of these regular expressions.

        Raises:
            ValueError: the optimizer has been built already.
        """
        if self.bound is not None:
            raise ValueError(f"{self!r} has been built already. Call exclude_from_weight_decay before build.")
        object.__setattr__(self, "excluded", (*({id(p) for p in var_list or ()}), *(var_names or ())))

    def decays(self, member: Any) -> bool:
        """Whether a parameter is decayed."""
        name, p = named(member)
        return not any(e == id(p) if isinstance(e, int) else re.search(e, name) for e in self.excluded)

    def specific(self, member: Any) -> dict[str, Any]:
        """The hyperparameters that are different for this parameter."""
        return {} if self.decays(member) else {"decoupled_weight_decay": 0.0}

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """The variables in Keras's order: names of numbers, and groups of states as in `order`."""
        yield from ["calls"] if isinstance(bound.rate, Schedule) else ["calls", "rate"]
        yield from (("x_ema",) for _ in range(bound.spec.ema is not None))
        yield from (("accumulated",) for _ in range(bound.spec.accumulate > 1))
        kept = bound.groups[0].kernel.arrays
        for part in self.order or [tuple(self.slots.values())]:
            yield tuple(slot for slot in part if slot in (*kept, "unused"))
        yield from bound.groups[0].kernel.scalars

    def filled(self, weights: list[Any], expected: int) -> list[Any]:
        """Complete the variables of an older version of Keras to the `expected` number of this version."""
        return weights

    def _bound_for(self, what: str) -> KerasBound:
        if self.bound is None:
            raise ValueError(
                f"{self!r} is not bound to parameters. Call build(params) before {what}, or use bind(params)."
            )
        found: KerasBound = self.bound
        return found

    def __getattr__(self, name: str) -> Any:
        """An attribute of the bound optimizer; before it is built, an argument."""
        if name.startswith("_") or name in ("arguments", "bound", "excluded"):  # during construction or copying
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
            self._bound_for(name)
        raise AttributeError(f"{self.title()} has no attribute or argument {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an argument; after `build`, also other attributes of the bound optimizer."""
        if name == "arguments":
            object.__setattr__(self, name, value)
        elif self.bound is not None:
            setattr(self.bound, name, value)
        elif name in self.arguments or name in ("learning_rate", "lr"):
            changed = self.arguments | {name if name in self.arguments else self.rate_name(): value}
            self.to_ours(changed)
            self.arguments = changed
        else:
            raise AttributeError(f"{self.title()} has no argument {name!r} to set. Received: {name}={value!r}.")

    # -------------------------------------------------------------------------------------------- the configuration
    def get_config(self) -> dict[str, Any]:
        """The arguments by name. A schedule is a dict of its class_name and config."""
        if self.bound is not None:
            now: dict[str, Any] = self.bound.get_config()
            return now
        return {name: described(value) for name, value in self.arguments.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The optimizer that get_config described. `custom_objects` has the user's own schedule classes by name."""
        return cls(**{name: made(value, custom_objects or {}) for name, value in config.items()})


def named(member: Any) -> tuple[str, Any]:
    """The name and the parameter, from a parameter or a pair of both."""
    if isinstance(member, tuple):
        return member
    return getattr(member, "path", None) or getattr(member, "name", None) or "", member


def get(
    identifier: str | Mapping[str, Any] | KerasOptimizer,
    framework: str = "keras",
    custom_objects: Mapping[str, Any] | None = None,
) -> KerasOptimizer:
    """An optimizer by name or configuration.

    Args:
        identifier: the name of an optimizer, in upper or lower case, which gets its defaults;
            {"class_name": ..., "config": ...}; or an optimizer, which is returned.
        framework: "keras", "keras2" or "keras2.legacy".
        custom_objects: classes of the user's own, by name.

    Raises:
        ValueError: there is no optimizer of that name, or it is a class of the user's own that custom_objects lacks.
    """
    if isinstance(identifier, KerasOptimizer):
        return identifier
    name, config = (identifier, {}) if isinstance(identifier, str) else (identifier["class_name"], identifier["config"])
    own = custom_objects or {}
    if not isinstance(identifier, str):
        check_known(identifier, own)
    if name in own:
        made_by: KerasOptimizer = own[name].from_config(config, own)
        return made_by
    classes = [cls for cls in Dialect.registry.values() if cls.framework == framework]
    known: dict[str, Any] = {cls.__name__.lower(): cls for cls in classes}
    if name.lower() not in known:
        raise ValueError(f"An optimizer must be one of {', '.join(known)}. Received: {name!r}.")
    found: KerasOptimizer = known[name.lower()].from_config(config, own)
    return found


deserialize = get


def serialize(optimizer: KerasOptimizer) -> dict[str, Any]:
    """The class_name and the config, as `deserialize` takes them, and the module of a class of the user's own."""
    return identified(optimizer)
