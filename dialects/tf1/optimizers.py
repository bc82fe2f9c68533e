"""The optimizers of tf.train, by their own names, arguments, defaults and numerics."""

from __future__ import annotations

from typing import Any

from ...optim.rules import NAG, SGD, Momentum
from ...optim.rules import Adadelta as OurAdadelta
from ...optim.rules.frameworks.keras import EpsHatAdam, KerasAdagrad, KerasFtrl, KerasRMSprop
from ...optim.rules.frameworks.tf1 import AdagradDA, ProximalAdagrad, ProximalSGD
from .base import TensorFlowOptimizer
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


class GradientDescentOptimizer(TensorFlowOptimizer):
    """Gradient descent."""

    @staticmethod
    def ours(learning_rate: Any) -> Any:
        return SGD(lr=learning_rate)


class MomentumOptimizer(TensorFlowOptimizer):
    """lr stands outside the velocity, as in PyTorch."""

    slots = {"momentum": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any, momentum: float, use_nesterov: bool = False) -> Any:
        return (NAG if use_nesterov else Momentum)(lr=learning_rate, momentum=momentum)


class AdamOptimizer(TensorFlowOptimizer):
    """Epsilon-hat: added to the root of the uncorrected v."""

    slots = {"m": "m", "v": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Any:
        return EpsHatAdam(lr=learning_rate, beta1=beta1, beta2=beta2, eps=epsilon)


class RMSPropOptimizer(TensorFlowOptimizer):
    """The mean of squares starts at 1; epsilon inside the root, lr inside the velocity."""

    slots = {"rms": "v", "momentum": "b", "mg": "m"}  # noqa: RUF012
    words = {"rho": "decay"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any, decay: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-10, centered: bool = False
    ) -> Any:
        return KerasRMSprop(
            lr=learning_rate, rho=decay, momentum=momentum, eps=epsilon, centered=centered, initial_accumulator=1.0
        )


class AdagradOptimizer(TensorFlowOptimizer):
    """The sum starts at 0.1; no epsilon."""

    slots = {"accumulator": "v"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any, initial_accumulator_value: float = 0.1) -> Any:
        _positive("AdagradOptimizer", "initial_accumulator_value", initial_accumulator_value)
        return KerasAdagrad(lr=learning_rate, eps=0.0, initial_accumulator=initial_accumulator_value)


class AdadeltaOptimizer(TensorFlowOptimizer):
    """lr is a thousandth of the paper's."""

    slots = {"accum": "v", "accum_update": "u"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-8) -> Any:
        return OurAdadelta(lr=learning_rate, rho=rho, eps=epsilon)


class FtrlOptimizer(TensorFlowOptimizer):
    """The sum starts at 0.1; l2 counts twice."""

    slots = {"accum": "v", "linear": "z"}  # noqa: RUF012
    words = {"power": "learning_rate_power", "shrinkage": "l2_shrinkage_regularization_strength"}  # noqa: RUF012
    neutral = {"use_locking": False, "name": None, "accum_name": None, "linear_name": None}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float | None = None,
    ) -> Any:
        return KerasFtrl(
            lr=learning_rate,
            power=learning_rate_power,
            initial_accumulator=initial_accumulator_value,
            l1=l1_regularization_strength,
            l2=l2_regularization_strength,
            shrinkage=l2_shrinkage_regularization_strength,
            beta=0.0 if beta is None else beta,
        )


class ProximalGradientDescentOptimizer(TensorFlowOptimizer):
    """Gradient descent that penalties leave sparse."""

    @staticmethod
    def ours(
        learning_rate: Any, l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0
    ) -> Any:
        return ProximalSGD(lr=learning_rate, l1=l1_regularization_strength, l2=l2_regularization_strength)


class ProximalAdagradOptimizer(TensorFlowOptimizer):
    """Adagrad that penalties leave sparse."""

    slots = {"accumulator": "v"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
    ) -> Any:
        return ProximalAdagrad(
            lr=learning_rate,
            initial_accumulator=initial_accumulator_value,
            l1=l1_regularization_strength,
            l2=l2_regularization_strength,
        )


class AdagradDAOptimizer(TensorFlowOptimizer):
    """Adagrad by dual averaging. It counts updates by global_step, which something must count in: `minimize` does."""

    slots = {"gradient_accumulator": "s", "gradient_squared_accumulator": "v"}  # noqa: RUF012
    words = {"initial_accumulator": "initial_gradient_squared_accumulator_value"}  # noqa: RUF012
    examples = {"global_step": Number(0)}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
    ) -> Any:
        if not isinstance(global_step, Number):
            raise TypeError(
                f"tf1.AdagradDAOptimizer: global_step must be a variable that counts. Received: {global_step!r}. "
                "Say tf1.Variable(0, trainable=False)."
            )
        return AdagradDA(
            lr=learning_rate,
            initial_accumulator=initial_gradient_squared_accumulator_value,
            l1=l1_regularization_strength,
            l2=l2_regularization_strength,
        )

    def count(self) -> int:
        """What global_step holds."""
        return int(self.arguments["global_step"])


def _positive(what: str, name: str, value: Any) -> None:
    if not value > 0:
        raise ValueError(f"tf1.{what}: {name} must be > 0, as there is no epsilon. Received: {name}={value!r}.")
