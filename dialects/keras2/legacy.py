"""tf.keras.optimizers of TensorFlow 2.0 to 2.10, and tf.keras.optimizers.legacy since.

It differs from stand-alone Keras 2: Adagrad starts its sum of squares at 0.1; the default lr is 0.001 for all but SGD;
RMSprop may have momentum, and then epsilon is inside the root; clipnorm is the norm of each gradient; parameters
without a gradient are skipped; and there is Ftrl.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ...optim import rules
from ...optim.rules.frameworks.keras import KerasRMSprop
from ..keras import base, optimizers, schedules
from ..keras.base import serialize
from ..keras.bound import KerasBound
from .base import LegacyOptimizer

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

get = deserialize = partial(base.get, framework="keras2.legacy")


class SGD(LegacyOptimizer):
    """The velocity contains lr * g."""

    ours = optimizers.SGD.ours
    signature = optimizers.SGD.signature
    slots = {"momentum": "v"}


class RMSprop(LegacyOptimizer):
    """With momentum epsilon is inside the root, without momentum outside."""

    signature = optimizers.RMSprop.signature
    slots = {"rms": "v", "momentum": "b", "mg": "m"}

    @staticmethod
    def ours(momentum: Any, **hyper: Any) -> Any:
        return (KerasRMSprop if momentum else rules.RMSprop)(momentum=momentum, **hyper)


class Adagrad(LegacyOptimizer):
    """The sum of squares starts at 0.1; epsilon is outside the root."""

    ours = rules.Adagrad
    signature = optimizers.Adagrad.signature
    slots = {"accumulator": "v"}


class Adadelta(LegacyOptimizer):
    """The default lr is a thousandth of the paper's."""

    ours = rules.Adadelta
    signature = optimizers.Adadelta.signature
    slots = {"accum_grad": "v", "accum_var": "u"}


class Adam(LegacyOptimizer):
    """Epsilon-hat, as in Keras 3."""

    ours = optimizers.Adam.ours
    signature = optimizers.Adam.signature
    slots = {"m": "m", "v": "v", "vhat": "v_max"}


class Adamax(LegacyOptimizer):
    """Epsilon is added to the largest gradient."""

    ours = optimizers.Adamax.ours
    signature = optimizers.Adamax.signature
    slots = {"m": "m", "v": "u"}


class Nadam(LegacyOptimizer):
    """PyTorch's formula. There is no argument decay: tf.keras uses its value as schedule_decay."""

    ours = rules.NAdam
    signature = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, schedule_decay=0.004"
    common = "*, clipnorm=None, clipvalue=None, global_clipnorm=None, name=None"
    slots = {"m": "m", "v": "v"}


class Ftrl(LegacyOptimizer):
    """The same as in Keras 3. (In tf.keras this is the only optimizer that ignores the argument lr.)"""

    ours = optimizers.Ftrl.ours
    signature = optimizers.Ftrl.signature
    argument_names = optimizers.Ftrl.argument_names
    slots = optimizers.Ftrl.slots

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """The step count, then both states of each parameter."""
        yield "calls"
        yield tuple(self.slots.values())
