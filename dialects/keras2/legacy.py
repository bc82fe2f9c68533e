"""tf.keras.optimizers of TensorFlow 2.0 to 2.10, and tf.keras.optimizers.legacy since.

What differs from Keras 2 by itself: Adagrad starts its sum at 0.1; lr is 0.001 for all but SGD; RMSprop has momentum,
and with it epsilon inside the root; clipnorm is each gradient's; a missing gradient is skipped; there is Ftrl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from ...optim.rules import SGD as PlainSGD
from ...optim.rules import Adadelta as OurAdadelta
from ...optim.rules import Adagrad as OurAdagrad
from ...optim.rules import NAdam
from ...optim.rules import RMSprop as OurRMSprop
from ...optim.rules.frameworks.keras import (
    EpsHatAdam,
    EpsHatAMSGrad,
    KerasAdamax,
    KerasMomentum,
    KerasNAG,
    KerasRMSprop,
)
from ..keras import lookup, schedules
from ..keras.bound import KerasBound
from ..keras.lookup import serialize
from ..keras.optimizers import Ftrl as Keras3Ftrl
from .optimizers import Keras2Optimizer

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Ftrl",
    "Nadam",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

get = deserialize = partial(lookup.get, framework="keras2.legacy")


class LegacyOptimizer(Keras2Optimizer):
    """An optimizer of tf.keras up to TensorFlow 2.10.

    Args:
        learning_rate: a number or a schedule. It may be called lr.
        decay: at the update t = 1, 2, ... the rate is divided by 1 + decay * (t - 1).
        clipnorm: the norm of each parameter's gradient is scaled down to this. One of the three may be given here.
        clipvalue: each element of the gradients is bounded by this.
        global_clipnorm: the joint norm of all gradients is scaled down to this.
    """

    framework = "keras2.legacy"
    words = {"lr": "learning_rate", "clip_norm": "global_clipnorm"}  # noqa: RUF012
    common: ClassVar[Mapping[str, Any]] = {"decay": 0.0, "clipnorm": None, "clipvalue": None, "global_clipnorm": None}

    @classmethod
    def options(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The common arguments as options of ours. Raises ValueError for those that do not go together."""
        given = {name: arguments[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")}
        if sum(value is not None for value in given.values()) > 1:
            raise ValueError(
                f"{cls.title()}: give one of clipnorm, clipvalue, global_clipnorm. Received: {given}. tf.keras clips "
                "values before norms, and here norms come first."
            )
        return {
            "clip_each_norm": given["clipnorm"],
            "clip_value": given["clipvalue"],
            "clip_norm": given["global_clipnorm"],
        }


class SGD(LegacyOptimizer):
    """The velocity holds lr * g."""

    slots = {"momentum": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False) -> Any:
        if momentum == 0:
            return PlainSGD(lr=learning_rate)
        return (KerasNAG if nesterov else KerasMomentum)(lr=learning_rate, momentum=momentum)


class RMSprop(LegacyOptimizer):
    """Epsilon inside the root with momentum, outside without."""

    slots = {"rms": "v", "momentum": "b", "mg": "m"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> Any:
        rule = KerasRMSprop if momentum else OurRMSprop
        return rule(lr=learning_rate, rho=rho, momentum=momentum, eps=epsilon, centered=centered)


class Adagrad(LegacyOptimizer):
    """The sum starts at 0.1; epsilon outside the root."""

    slots = {"accumulator": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7) -> Any:
        return OurAdagrad(lr=learning_rate, initial_accumulator=initial_accumulator_value, eps=epsilon)


class Adadelta(LegacyOptimizer):
    """lr is a thousandth of the paper's."""

    slots = {"accum_grad": "v", "accum_var": "u"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7) -> Any:
        return OurAdadelta(lr=learning_rate, rho=rho, eps=epsilon)


class Adam(LegacyOptimizer):
    """Epsilon-hat, as in Keras 3."""

    slots = {"m": "m", "v": "v", "vhat": "v_max"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
    ) -> Any:
        rule = EpsHatAMSGrad if amsgrad else EpsHatAdam
        return rule(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon)


class Adamax(LegacyOptimizer):
    """Epsilon is added to the largest gradient."""

    slots = {"m": "m", "v": "u"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Any:
        return KerasAdamax(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon)


class Nadam(LegacyOptimizer):
    """PyTorch's. There is no decay of the rate: tf.keras takes schedule_decay in its place."""

    slots = {"m": "m", "v": "v"}  # noqa: RUF012
    common = {"clipnorm": None, "clipvalue": None, "global_clipnorm": None}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        schedule_decay: float = 0.004,
    ) -> Any:
        return NAdam(lr=learning_rate, beta1=beta_1, beta2=beta_2, eps=epsilon, momentum_decay=schedule_decay)


class Ftrl(LegacyOptimizer):
    """Keras 3's. (tf.keras ignores lr by its old name here, and only here.)"""

    slots = Keras3Ftrl.slots
    words = Keras3Ftrl.words | LegacyOptimizer.words
    ours = Keras3Ftrl.ours

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """The count of updates, then both states of each parameter."""
        yield "calls"
        yield tuple(self.slots.values())
