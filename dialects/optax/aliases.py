"""optax's optimizers: each class says in `ours` which optimizer here has its numerics."""

from __future__ import annotations

from typing import Any

from ...optim import rules
from ...optim.rules.frameworks.keras import KerasAdagrad
from ...optim.rules.frameworks.optax import OptaxRMSprop, StaleRprop
from ...optim.rules.frameworks.optax_tensors import NovoGrad, OptaxAdafactor, OptaxLARS
from . import adams
from .adams import *  # noqa: F403
from .adams import DTYPE, MOMENTS, Number, Rate
from .base import Alias, rate

__all__ = [
    "adadelta",
    "adafactor",
    "adagrad",
    "lamb",
    "lars",
    "lion",
    "novograd",
    "rmsprop",
    "rprop",
    "sgd",
    "sign_sgd",
    "signum",
]
__all__ += adams.__all__


class sgd(Alias):
    """`SGD`, `Momentum` or `NAG`."""

    slots = {"trace": "v"}  # noqa: RUF012
    fixed = {"accumulator_dtype": None}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Rate, momentum: Number = None, nesterov: bool = False) -> Any:
        lr = rate(learning_rate)
        if nesterov:
            if momentum is None:
                raise ValueError("optax.sgd: nesterov has no effect without momentum. Received: momentum=None. Set it.")
            return rules.NAG(lr=lr, momentum=momentum)
        return rules.SGD(lr=lr) if momentum is None else rules.Momentum(lr=lr, momentum=momentum)


class adagrad(Alias):
    """`KerasAdagrad`."""

    slots = {"sum_of_squares": "v"}  # noqa: RUF012
    words = {"initial_accumulator": "initial_accumulator_value"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Rate, initial_accumulator_value: Number = 0.1, eps: Number = 1e-7) -> Any:
        return KerasAdagrad(lr=rate(learning_rate), initial_accumulator=initial_accumulator_value, eps=eps)


class adadelta(Alias):
    """`Adadelta`."""

    slots = {"e_g": "v", "e_x": "u"}  # noqa: RUF012
    fixed = {"weight_decay_mask": None}  # noqa: RUF012
    examples = {"learning_rate": 1.0}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Rate = None, rho: Number = 0.9, eps: Number = 1e-6, weight_decay: Rate = 0.0) -> Any:
        return rules.Adadelta(lr=rate(learning_rate), rho=rho, eps=eps, weight_decay=rate(weight_decay))


class rmsprop(Alias):
    """`OptaxRMSprop`."""

    slots = {"nu": "v", "mu": "m", "trace": "b"}  # noqa: RUF012
    words = {"rho": "decay", "initial_accumulator": "initial_scale"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, decay: Number = 0.9, eps: Number = 1e-8, initial_scale: Number = 0.0,
        eps_in_sqrt: bool = True, centered: bool = False, momentum: Number = None, nesterov: bool = False,
        bias_correction: bool = False,
    ) -> Any:  # fmt: skip
        if nesterov and momentum is None:
            raise ValueError("optax.rmsprop: nesterov has no effect without momentum. Received: momentum=None. Set it.")
        return OptaxRMSprop(
            lr=rate(learning_rate), rho=decay, eps=eps, initial_accumulator=initial_scale, eps_in_sqrt=eps_in_sqrt,
            centered=centered, momentum=momentum or 0.0, nesterov=nesterov, bias_correction=bias_correction,
        )  # fmt: skip


class rprop(Alias):
    """`StaleRprop`."""

    slots = {"step_sizes": "step", "prev_updates": "last"}  # noqa: RUF012
    words = {"min_step": "min_step_size", "max_step": "max_step_size"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, eta_minus: Number = 0.5, eta_plus: Number = 1.2, min_step_size: Number = 1e-6,
        max_step_size: Number = 50.0,
    ) -> Any:  # fmt: skip
        return StaleRprop(
            lr=rate(learning_rate), eta_minus=eta_minus, eta_plus=eta_plus, min_step=min_step_size,
            max_step=max_step_size,
        )  # fmt: skip


class lion(Alias):
    """`Lion`."""

    slots = {"mu": "m"}  # noqa: RUF012
    fixed = DTYPE | {"mask": None, "mode": "hard"}

    @staticmethod
    def ours(learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.99, weight_decay: Rate = 1e-3) -> Any:
        return rules.Lion(lr=rate(learning_rate), beta1=b1, beta2=b2, weight_decay=rate(weight_decay))


class sign_sgd(Alias):
    """`SignSGD`."""

    @staticmethod
    def ours(learning_rate: Rate) -> Any:
        return rules.SignSGD(lr=rate(learning_rate))


class signum(Alias):
    """`Signum`."""

    slots = {"mu": "m"}  # noqa: RUF012
    words = {"momentum": "beta"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Rate, beta: Number = 0.9) -> Any:
        return rules.Signum(lr=rate(learning_rate), momentum=beta)


class lamb(Alias):
    """`LAMB`."""

    slots = MOMENTS
    fixed = {"eps_root": 0.0, "mask": None}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-6,
        weight_decay: Rate = 0.0,
    ) -> Any:  # fmt: skip
        return rules.LAMB(lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps, weight_decay=rate(weight_decay))


class lars(Alias):
    """`OptaxLARS`."""

    slots = {"trace": "v"}  # noqa: RUF012
    fixed = {"weight_decay_mask": True, "trust_ratio_mask": True}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, weight_decay: Rate = 0.0, trust_coefficient: Number = 0.001, eps: Number = 0.0,
        momentum: Number = 0.9, nesterov: bool = False,
    ) -> Any:  # fmt: skip
        return OptaxLARS(
            lr=rate(learning_rate), weight_decay=rate(weight_decay), trust_coefficient=trust_coefficient, eps=eps,
            momentum=momentum, nesterov=nesterov,
        )  # fmt: skip


class novograd(Alias):
    """`NovoGrad`."""

    slots = {"count": "t", "mu": "m", "nu": "v"}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.25, eps: Number = 1e-6, eps_root: Number = 0.0,
        weight_decay: Rate = 0.0,
    ) -> Any:  # fmt: skip
        return NovoGrad(
            lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps, eps_root=eps_root, weight_decay=rate(weight_decay)
        )


class adafactor(Alias):
    """`OptaxAdafactor`."""

    slots = {"v_row": "rows", "v_col": "columns", "v": "v"}  # noqa: RUF012
    words = {  # noqa: RUF012
        "factored_from": "min_dim_size_to_factor",
        "decay": "decay_rate",
        "clip_threshold": "clipping_threshold",
        "weight_decay": "weight_decay_rate",
    }
    fixed = {"decay_offset": 0, "momentum": None, "dtype_momentum": None, "weight_decay_mask": None}  # noqa: RUF012
    examples = {"learning_rate": 0.01}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate = None, min_dim_size_to_factor: int = 128, decay_rate: Number = 0.8,
        multiply_by_parameter_scale: bool = True, clipping_threshold: Number = 1.0,
        weight_decay_rate: Rate = None, eps: Number = 1e-30, factored: bool = True,
    ) -> Any:  # fmt: skip
        least = min_dim_size_to_factor if factored else 2**62
        decay = 0.0 if weight_decay_rate is None else rate(weight_decay_rate)
        return OptaxAdafactor(
            lr=rate(learning_rate), factored_from=least, decay=decay_rate, eps=eps, clip_threshold=clipping_threshold,
            by_size=multiply_by_parameter_scale, weight_decay=decay,
        )  # fmt: skip
