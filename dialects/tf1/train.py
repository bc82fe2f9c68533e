"""tf.train: the decays, and the optimizers, one class each, with the optimizer of ravine that has its numerics."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...optim.rules import NAG, SGD, Adadelta, Momentum
from ...optim.rules.frameworks.keras import EpsHatAdam, KerasAdagrad, KerasFtrl, KerasRMSprop
from ...optim.rules.frameworks.tf1 import AdagradDA, ProximalAdagrad, ProximalSGD
from . import decay
from .base import TensorFlowOptimizer
from .decay import *  # noqa: F403
from .variables import Number

__all__ = [
    "AdadeltaOptimizer",
    "AdagradDAOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "FtrlOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
    "RMSPropOptimizer",
]
__all__ += decay.__all__


class GradientDescentOptimizer(TensorFlowOptimizer):
    """Gradient descent."""

    ours = SGD
    signature = "learning_rate"


class MomentumOptimizer(TensorFlowOptimizer):
    """The learning rate multiplies the velocity, as in PyTorch."""

    signature = "learning_rate, momentum, use_locking=False, name=None, use_nesterov=False"
    slots = {"momentum": "v"}

    @staticmethod
    def ours(use_nesterov: bool, **hyper: Any) -> Any:
        return (NAG if use_nesterov else Momentum)(**hyper)


class AdamOptimizer(TensorFlowOptimizer):
    """Epsilon-hat: epsilon is added to the root of the uncorrected v."""

    ours = EpsHatAdam
    signature = "learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8"
    slots = {"m": "m", "v": "v"}


class RMSPropOptimizer(TensorFlowOptimizer):
    """The mean of squares starts at 1. Epsilon is inside the root, and the velocity contains lr * g / root."""

    ours = staticmethod(partial(KerasRMSprop, initial_accumulator=1.0))
    signature = "learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10, use_locking=False, centered=False"
    argument_names = {"decay": "rho"}
    slots = {"rms": "v", "momentum": "b", "mg": "m"}


class AdagradOptimizer(TensorFlowOptimizer):
    """The sum of squares starts at 0.1, and there is no epsilon."""

    signature = "learning_rate, initial_accumulator_value=0.1"
    slots = {"accumulator": "v"}

    @staticmethod
    def ours(initial_accumulator: Any, **hyper: Any) -> Any:
        if not initial_accumulator > 0:
            raise ValueError(
                "tf1.AdagradOptimizer: initial_accumulator_value must be > 0, as there is no epsilon. "
                f"Received: initial_accumulator_value={initial_accumulator!r}."
            )
        return KerasAdagrad(eps=0.0, initial_accumulator=initial_accumulator, **hyper)


class AdadeltaOptimizer(TensorFlowOptimizer):
    """The default learning rate is a thousandth of the paper's."""

    ours = Adadelta
    signature = "learning_rate=0.001, rho=0.95, epsilon=1e-8"
    slots = {"accum": "v", "accum_update": "u"}


class FtrlOptimizer(TensorFlowOptimizer):
    """The sum of squares starts at 0.1, and l2 counts twice."""

    signature = (
        "learning_rate, learning_rate_power=-0.5, initial_accumulator_value=0.1, l1_regularization_strength=0.0, "
        "l2_regularization_strength=0.0, use_locking=False, name=None, accum_name=None, linear_name=None, "
        "l2_shrinkage_regularization_strength=0.0, beta=None"
    )
    argument_names = {"learning_rate_power": "power", "l2_shrinkage_regularization_strength": "shrinkage"}
    slots = {"accum": "v", "linear": "z"}

    @staticmethod
    def ours(beta: Any, **hyper: Any) -> Any:
        return KerasFtrl(beta=0.0 if beta is None else beta, **hyper)


class ProximalGradientDescentOptimizer(TensorFlowOptimizer):
    """Gradient descent with penalties that set small parameters to 0."""

    ours = ProximalSGD
    signature = "learning_rate, l1_regularization_strength=0.0, l2_regularization_strength=0.0"


class ProximalAdagradOptimizer(TensorFlowOptimizer):
    """Adagrad with penalties that set small parameters to 0."""

    ours = ProximalAdagrad
    signature = (
        "learning_rate, initial_accumulator_value=0.1, l1_regularization_strength=0.0, l2_regularization_strength=0.0"
    )
    slots = {"accumulator": "v"}


class AdagradDAOptimizer(TensorFlowOptimizer):
    """Adagrad by dual averaging. Its step count is global_step, to which `minimize` adds 1 at each update."""

    signature = (
        "learning_rate, global_step, initial_gradient_squared_accumulator_value=0.1, l1_regularization_strength=0.0, "
        "l2_regularization_strength=0.0"
    )
    argument_names = {"initial_gradient_squared_accumulator_value": "initial_accumulator"}
    slots = {"gradient_accumulator": "s", "gradient_squared_accumulator": "v"}
    examples = {"global_step": Number(0)}

    @staticmethod
    def ours(global_step: Any, **hyper: Any) -> Any:
        if not isinstance(global_step, Number):
            raise TypeError(
                f"tf1.AdagradDAOptimizer: global_step must be a variable that counts. Received: {global_step!r}. "
                "Say tf1.Variable(0, trainable=False)."
            )
        return AdagradDA(**hyper)

    def updates_taken(self) -> int:
        """The value of global_step."""
        return int(self.arguments["global_step"])
