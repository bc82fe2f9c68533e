"""keras.optimizers of Keras 2.2 and 2.3, which ran on TensorFlow 1, Theano and CNTK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from ....optim.rules import Adadelta as OurAdadelta
from ....optim.rules import Adagrad as OurAdagrad
from ....optim.rules import NAdam
from ....optim.rules import RMSprop as OurRMSprop
from ....optim.rules.frameworks.keras import EpsHatAdam, EpsHatAMSGrad, KerasAdamax, KerasMomentum, KerasNAG
from ....schedules import InverseTime, Schedule
from ...keras import lookup
from ...keras.base import KerasOptimizer
from ...keras.bound import KerasBound
from ...keras.lookup import serialize
from ...keras.schedules import rate
from . import schedules

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Nadam",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

get = deserialize = partial(lookup.get, framework="keras2")

EPSILON = 1e-7
"""Keras's `K.epsilon()`, for which None stands."""


class Keras2Optimizer(KerasOptimizer):
    """An optimizer of Keras 2.2 or 2.3, which differ in their arguments' names only.

    Args:
        lr: a number; or, beyond Keras 2, a schedule. Keras 2.3 calls it learning_rate, which is taken too.
        decay: at the update t = 1, 2, ... the rate is lr / (1 + decay * (t - 1)).
        epsilon: None is 1e-7.
        clipnorm: the JOINT norm of all gradients is scaled down to this. (In tf.keras and Keras 3 it is each one's.)
        clipvalue: then each element of the gradients is bounded by this.

    A missing gradient is an error, as in Keras 2.
    """

    framework = "keras2"
    words = {"lr": "lr", "clip_norm": "clipnorm", "rate": "decay", "momentum_decay": "schedule_decay"}  # noqa: RUF012
    common: ClassVar[Mapping[str, Any]] = {"clipnorm": None, "clipvalue": None}
    fixed = {}  # noqa: RUF012
    gone: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def completed(cls, *args: Any, **arguments: Any) -> dict[str, Any]:
        """All arguments by name; lr and learning_rate are one. Raises TypeError or ValueError, as the class says."""
        other = "learning_rate" if cls.rate_name() == "lr" else "lr"
        if other in arguments:
            if args or cls.rate_name() in arguments:
                raise TypeError(f"{cls.title()}: lr and learning_rate are the same. Received: both. Give one of them.")
            arguments[cls.rate_name()] = arguments.pop(other)
        return super().completed(*args, **arguments)

    @classmethod
    def scheduled(cls, arguments: Mapping[str, Any]) -> Any:
        """The rate for each update: decayed."""
        value, decay = rate(arguments[cls.rate_name()]), arguments.get("decay", 0.0)
        if not decay:
            return value
        return value * InverseTime(1.0, decay) if isinstance(value, Schedule) else InverseTime(value, decay)

    @classmethod
    def options(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The common arguments as options of ours."""
        return {"clip_norm": arguments["clipnorm"], "clip_value": arguments["clipvalue"], "missing": "error"}

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """The count of updates, Nadam's product, and then one state of all parameters after the other."""
        yield "calls"
        yield from bound.groups[0].kernel.scalars
        kept = bound.groups[0].kernel.arrays
        for slot in self.slots.values():
            if slot in kept:
                yield (slot,)

    def filled(self, weights: list[Any], homes: list[Any]) -> list[Any]:
        """The variables, if Keras 2.2.4 left out one number: the count, which is 0 then, or Nadam's product, 1 then."""
        if len(weights) != len(homes) - 1:
            return weights
        return [weights[0], 1.0, *weights[1:]] if isinstance(self, Nadam) else [0, *weights]


class SGD(Keras2Optimizer):
    """The velocity holds lr * g; it is kept without momentum too."""

    slots = {"moment": "v"}  # noqa: RUF012

    @staticmethod
    def ours(lr: Any = 0.01, momentum: float = 0.0, decay: float = 0.0, nesterov: bool = False) -> Any:
        return (KerasNAG if nesterov else KerasMomentum)(lr=lr, momentum=momentum)


class RMSprop(Keras2Optimizer):
    """Epsilon outside the root; no momentum."""

    slots = {"accumulator": "v"}  # noqa: RUF012

    @staticmethod
    def ours(lr: Any = 0.001, rho: float = 0.9, epsilon: float | None = None, decay: float = 0.0) -> Any:
        return OurRMSprop(lr=lr, rho=rho, eps=EPSILON if epsilon is None else epsilon)


class Adagrad(Keras2Optimizer):
    """The sum starts at 0; epsilon outside the root. (In tf.keras at 0.1, and lr is a tenth.)"""

    slots = {"accumulator": "v"}  # noqa: RUF012

    @staticmethod
    def ours(lr: Any = 0.01, epsilon: float | None = None, decay: float = 0.0) -> Any:
        return OurAdagrad(lr=lr, eps=EPSILON if epsilon is None else epsilon)


class Adadelta(Keras2Optimizer):
    """The paper's lr of 1. (In tf.keras 0.001.)"""

    slots = {"accumulator": "v", "delta_accumulator": "u"}  # noqa: RUF012

    @staticmethod
    def ours(lr: Any = 1.0, rho: float = 0.95, epsilon: float | None = None, decay: float = 0.0) -> Any:
        return OurAdadelta(lr=lr, rho=rho, eps=EPSILON if epsilon is None else epsilon)


class Adam(Keras2Optimizer):
    """Epsilon-hat, as in Keras 3."""

    slots = {"m": "m", "v": "v", "vhat": "v_max"}  # noqa: RUF012

    @staticmethod
    def ours(
        lr: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        amsgrad: bool = False,
    ) -> Any:
        rule = EpsHatAMSGrad if amsgrad else EpsHatAdam
        return rule(lr=lr, beta1=beta_1, beta2=beta_2, eps=EPSILON if epsilon is None else epsilon)

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """Without amsgrad there is still an array of one zero for each parameter."""
        yield from super().layout(bound)
        if not self.arguments["amsgrad"]:
            yield ("unused",)


class Adamax(Keras2Optimizer):
    """Epsilon is added to the largest gradient."""

    slots = {"m": "m", "u": "u"}  # noqa: RUF012

    @staticmethod
    def ours(
        lr: Any = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
    ) -> Any:
        return KerasAdamax(lr=lr, beta1=beta_1, beta2=beta_2, eps=EPSILON if epsilon is None else epsilon)


class Nadam(Keras2Optimizer):
    """PyTorch's."""

    slots = {"m": "m", "v": "v"}  # noqa: RUF012

    @staticmethod
    def ours(
        lr: Any = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
    ) -> Any:
        eps = EPSILON if epsilon is None else epsilon
        return NAdam(lr=lr, beta1=beta_1, beta2=beta_2, eps=eps, momentum_decay=schedule_decay)
