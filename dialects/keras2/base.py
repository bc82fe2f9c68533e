"""The base classes of the optimizers of Keras 2, and of tf.keras up to TensorFlow 2.10."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ...schedules import InverseTime, Schedule
from ..keras.base import KerasOptimizer
from ..keras.bound import KerasBound
from ..keras.schedules import rate

EPSILON = 1e-7
"""Keras's `K.epsilon()`. An epsilon of None means this."""


class Keras2Optimizer(KerasOptimizer):
    """An optimizer of Keras 2.2 or 2.3, which differ only in the names of arguments.

    Args:
        lr: a number, or a schedule, which Keras 2 did not have. The name learning_rate of Keras 2.3 is accepted, too.
        decay: at the update t = 1, 2, ... the rate is lr / (1 + decay * (t - 1)).
        epsilon: None is 1e-7.
        clipnorm: all gradients are scaled down by one factor, so that their global norm is at most this. (In tf.keras
            and Keras 3 it is the norm of each gradient.)
        clipvalue: after that, each element of the gradients is clipped to this in absolute value.

    A missing gradient is an error, as in Keras 2.
    """

    framework = "keras2"
    common = "*, clipnorm=None, clipvalue=None, name=None"
    argument_names = {"lr": "lr", "clipnorm": "clip_norm", "decay": "rate", "schedule_decay": "momentum_decay"}
    unsupported = ()
    removed: ClassVar[Mapping[str, str]] = {}
    missing: ClassVar[str] = "error"
    """The option `missing`: "error" or "skip"."""

    @classmethod
    def completed(cls, *args: Any, **arguments: Any) -> dict[str, Any]:
        """All arguments by name; lr and learning_rate are one. Raises TypeError or ValueError as the class does."""
        other = "learning_rate" if cls.rate_name() == "lr" else "lr"
        if other in arguments:
            if args or cls.rate_name() in arguments:
                raise TypeError(f"{cls.title()}: lr and learning_rate are one argument. Received: both. Give one.")
            arguments[cls.rate_name()] = arguments.pop(other)
        return super().completed(*args, **arguments)

    @classmethod
    def renamed(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The optimizer's own arguments under ravine's names; `decay` is part of the learning rate."""
        own = {name: EPSILON if name == "epsilon" and value is None else value for name, value in arguments.items()}
        hyper = super().renamed(own)
        hyper.pop("rate", None)
        return hyper

    @classmethod
    def scheduled(cls, arguments: Mapping[str, Any]) -> Any:
        """The learning rate of each update, with the decay."""
        value, decay = rate(arguments[cls.rate_name()]), arguments.get("decay", 0.0)
        if not decay:
            return value
        return value * InverseTime(1.0, decay) if isinstance(value, Schedule) else InverseTime(value, decay)

    @classmethod
    def options(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The common arguments as options of ravine."""
        return {**cls.clipping(arguments), "missing": cls.missing}

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """The step count, Nadam's product, and then for one state after another the arrays of all parameters."""
        yield "calls"
        yield from bound.groups[0].kernel.scalars
        kept = bound.groups[0].kernel.arrays
        for slot in self.slots.values():
            if slot in kept:
                yield (slot,)

    def filled(self, weights: list[Any], expected: int) -> list[Any]:
        """Add the step count, which the variables of Keras 2.2.4 lack."""
        return [0, *weights] if len(weights) == expected - 1 else weights


class LegacyOptimizer(Keras2Optimizer):
    """An optimizer of tf.keras up to TensorFlow 2.10.

    Args:
        learning_rate: a number or a schedule. It may be called lr.
        decay: at the update t = 1, 2, ... the rate is divided by 1 + decay * (t - 1).
        clipnorm: each parameter's gradient is scaled down to at most this norm. Give at most one of the three.
        clipvalue: each element of the gradients is clipped to this in absolute value.
        global_clipnorm: all gradients are scaled down by one factor, so that their global norm is at most this.
    """

    framework = "keras2.legacy"
    common = "*, decay=0.0, clipnorm=None, clipvalue=None, global_clipnorm=None, name=None"
    argument_names = {"clipnorm": "clip_each_norm"}
    missing = "skip"

    @classmethod
    def options(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The common arguments as options of ravine. Raises ValueError for those that can't be combined."""
        cls.check_clipping(arguments, " tf.keras clips by value before it clips by norm; ravine clips by norm first.")
        return super().options(arguments)
