"""keras.optimizers of Keras 2.2 and 2.3, which ran on TensorFlow 1, Theano and CNTK."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ....optim import rules
from ....optim.rules.frameworks.keras import KerasAdamax, KerasMomentum, KerasNAG
from ...keras import base, optimizers, schedules
from ...keras.base import serialize
from ...keras.bound import KerasBound
from ..base import Keras2Optimizer

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

get = deserialize = partial(base.get, framework="keras2")


class SGD(Keras2Optimizer):
    """The velocity contains lr * g. It exists even without momentum."""

    signature = "lr=0.01, momentum=0.0, decay=0.0, nesterov=False"
    slots = {"moment": "v"}

    @staticmethod
    def ours(nesterov: bool, **hyper: Any) -> Any:
        return (KerasNAG if nesterov else KerasMomentum)(**hyper)


class RMSprop(Keras2Optimizer):
    """Epsilon is outside the root, and there is no momentum."""

    ours = rules.RMSprop
    signature = "lr=0.001, rho=0.9, epsilon=None, decay=0.0"
    slots = {"accumulator": "v"}


class Adagrad(Keras2Optimizer):
    """The sum of squares starts at 0 (in tf.keras at 0.1), and the default lr is 0.01 (in tf.keras 0.001).

    Epsilon is outside the root.
    """

    ours = rules.Adagrad
    signature = "lr=0.01, epsilon=None, decay=0.0"
    slots = {"accumulator": "v"}


class Adadelta(Keras2Optimizer):
    """The default lr is 1, as in the paper (in tf.keras 0.001)."""

    ours = rules.Adadelta
    signature = "lr=1.0, rho=0.95, epsilon=None, decay=0.0"
    slots = {"accumulator": "v", "delta_accumulator": "u"}


class Adam(Keras2Optimizer):
    """Epsilon-hat, as in Keras 3."""

    ours = optimizers.Adam.ours
    signature = "lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0, amsgrad=False"
    slots = {"m": "m", "v": "v", "vhat": "v_max"}

    def layout(self, bound: KerasBound) -> Iterator[str | Sequence[str]]:
        """The variables of Keras 2. Without amsgrad they include an array of one zero for each parameter."""
        yield from super().layout(bound)
        if not self.arguments["amsgrad"]:
            yield ("unused",)


class Adamax(Keras2Optimizer):
    """Epsilon is added to the largest gradient."""

    ours = KerasAdamax
    signature = "lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0"
    slots = {"m": "m", "u": "u"}


class Nadam(Keras2Optimizer):
    """PyTorch's formula."""

    ours = rules.NAdam
    signature = "lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, schedule_decay=0.004"
    slots = {"m": "m", "v": "v"}

    def filled(self, weights: list[Any], expected: int) -> list[Any]:
        """Add the product of the momentums, which the variables of Keras 2.2.4 lack."""
        return [weights[0], 1.0, *weights[1:]] if len(weights) == expected - 1 else weights
