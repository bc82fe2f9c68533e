"""optax's optimizers: one class each, with the optimizer of ravine that has its numerics."""

from __future__ import annotations

from typing import Any

from ...optim import rules
from ...optim.rules.frameworks.keras import KerasAdagrad
from ...optim.rules.frameworks.optax import (
    CorrectedAMSGrad,
    OptaxAdaBelief,
    OptaxAdam,
    OptaxAdan,
    OptaxRAdam,
    OptaxRMSprop,
    OptaxYogi,
    StaleRprop,
)
from ...optim.rules.frameworks.optax_tensors import NovoGrad, OptaxAdafactor, OptaxLARS
from .base import OptaxOptimizer

__all__ = [
    "adabelief",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamaxw",
    "adamw",
    "adan",
    "amsgrad",
    "lamb",
    "lars",
    "lion",
    "nadam",
    "nadamw",
    "novograd",
    "radam",
    "rmsprop",
    "rprop",
    "sgd",
    "sign_sgd",
    "signum",
    "yogi",
]

MOMENTS = {"count": "t", "mu": "m", "nu": "v"}
DECOUPLED = {"weight_decay": "decoupled_weight_decay"}


# ------------------------------------------------------------------------------------------------- variants of Adam
class adam(OptaxOptimizer):
    """`Adam`, or with nesterov or eps_root `OptaxAdam`."""

    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, mu_dtype=None, *, nesterov=False"
    slots = MOMENTS

    @staticmethod
    def ours(eps_root: Any, nesterov: bool, **hyper: Any) -> Any:
        if nesterov or eps_root != 0:
            return OptaxAdam(eps_root=eps_root, nesterov=nesterov, **hyper)
        return rules.Adam(**hyper)


class adamw(OptaxOptimizer):
    """`adam` with decoupled weight decay."""

    ours = adam.ours
    signature = (
        "learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, mu_dtype=None, weight_decay=1e-4, mask=None, *, "
        "nesterov=False"
    )
    argument_names = DECOUPLED
    slots = MOMENTS


class nadam(OptaxOptimizer):
    """`OptaxAdam` with nesterov."""

    ours = adam.ours
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, mu_dtype=None, *, nesterov=True"
    slots = MOMENTS


class nadamw(OptaxOptimizer):
    """`OptaxAdam` with nesterov and decoupled weight decay."""

    ours = adam.ours
    signature = (
        "learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, mu_dtype=None, weight_decay=1e-4, mask=None, *, "
        "nesterov=True"
    )
    argument_names = DECOUPLED
    slots = MOMENTS


class amsgrad(OptaxOptimizer):
    """`CorrectedAMSGrad`."""

    ours = CorrectedAMSGrad
    signature = (
        "learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, mu_dtype=None, bias_correction_mu=True, "
        "bias_correction_nu=True"
    )
    slots = {**MOMENTS, "nu_max": "v_max"}


class adamax(OptaxOptimizer):
    """`Adamax`."""

    ours = rules.Adamax
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-8"
    slots = {"count": "t", "mu": "m", "nu": "u"}


class adamaxw(OptaxOptimizer):
    """`Adamax` with decoupled weight decay."""

    ours = rules.Adamax
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-4, mask=None"
    argument_names = DECOUPLED
    slots = adamax.slots


class radam(OptaxOptimizer):
    """`OptaxRAdam`."""

    ours = OptaxRAdam
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, threshold=5.0, *, nesterov=False"
    slots = MOMENTS
    unsupported = ("nesterov",)


class adabelief(OptaxOptimizer):
    """`OptaxAdaBelief`, which is `AdaBelief` where eps and eps_root are equal."""

    ours = OptaxAdaBelief
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-16, eps_root=1e-16, *, nesterov=False"
    slots = MOMENTS
    unsupported = ("nesterov",)


class yogi(OptaxOptimizer):
    """`OptaxYogi`."""

    ours = OptaxYogi
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-3"
    slots = MOMENTS


class adan(OptaxOptimizer):
    """`OptaxAdan` with decoupled weight decay."""

    ours = OptaxAdan
    signature = "learning_rate, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, eps_root=1e-8, weight_decay=0.0, mask=None"
    argument_names = DECOUPLED
    slots = {"m": "m", "v": "d", "n": "v", "g": "last"}


# ----------------------------------------------------------------------------------------------------------- all others
class sgd(OptaxOptimizer):
    """`SGD`, `Momentum` or `NAG`."""

    signature = "learning_rate, momentum=None, nesterov=False, accumulator_dtype=None"
    slots = {"trace": "v"}

    @staticmethod
    def ours(momentum: Any, nesterov: bool, **hyper: Any) -> Any:
        _check_nesterov("sgd", nesterov, momentum)
        if momentum is None:
            return rules.SGD(**hyper)
        return (rules.NAG if nesterov else rules.Momentum)(momentum=momentum, **hyper)


class adagrad(OptaxOptimizer):
    """`KerasAdagrad`."""

    ours = KerasAdagrad
    signature = "learning_rate, initial_accumulator_value=0.1, eps=1e-7"
    argument_names = {"initial_accumulator_value": "initial_accumulator"}
    slots = {"sum_of_squares": "v"}


class adadelta(OptaxOptimizer):
    """`Adadelta`."""

    ours = rules.Adadelta
    signature = "learning_rate=None, rho=0.9, eps=1e-6, weight_decay=0.0, weight_decay_mask=None"
    slots = {"e_g": "v", "e_x": "u"}
    examples = {"learning_rate": 1.0}


class rmsprop(OptaxOptimizer):
    """`OptaxRMSprop`."""

    signature = (
        "learning_rate, decay=0.9, eps=1e-8, initial_scale=0.0, eps_in_sqrt=True, centered=False, momentum=None, "
        "nesterov=False, bias_correction=False"
    )
    argument_names = {"decay": "rho", "initial_scale": "initial_accumulator"}
    slots = {"nu": "v", "mu": "m", "trace": "b"}

    @staticmethod
    def ours(momentum: Any, nesterov: bool, **hyper: Any) -> Any:
        _check_nesterov("rmsprop", nesterov, momentum)
        return OptaxRMSprop(momentum=momentum or 0.0, nesterov=nesterov, **hyper)


class rprop(OptaxOptimizer):
    """`StaleRprop`."""

    ours = StaleRprop
    signature = "learning_rate, eta_minus=0.5, eta_plus=1.2, min_step_size=1e-6, max_step_size=50.0"
    argument_names = {"min_step_size": "min_step", "max_step_size": "max_step"}
    slots = {"step_sizes": "step", "prev_updates": "last"}


class lion(OptaxOptimizer):
    """`Lion`."""

    ours = rules.Lion
    signature = "learning_rate, b1=0.9, b2=0.99, mu_dtype=None, weight_decay=1e-3, mask=None, *, mode='hard'"
    slots = {"mu": "m"}
    unsupported = (*OptaxOptimizer.unsupported, "mode")


class sign_sgd(OptaxOptimizer):
    """`SignSGD`."""

    ours = rules.SignSGD
    signature = "learning_rate"


class signum(OptaxOptimizer):
    """`Signum`."""

    ours = rules.Signum
    signature = "learning_rate, beta=0.9, accumulator_dtype=None"
    argument_names = {"beta": "momentum"}
    slots = {"mu": "m"}


class lamb(OptaxOptimizer):
    """`LAMB`."""

    ours = rules.LAMB
    signature = "learning_rate, b1=0.9, b2=0.999, eps=1e-6, eps_root=0.0, weight_decay=0.0, mask=None"
    slots = MOMENTS
    unsupported = ("eps_root", "mask")


class lars(OptaxOptimizer):
    """`OptaxLARS`."""

    ours = OptaxLARS
    signature = (
        "learning_rate, weight_decay=0.0, weight_decay_mask=True, trust_coefficient=0.001, eps=0.0, "
        "trust_ratio_mask=True, momentum=0.9, nesterov=False"
    )
    slots = {"trace": "v"}


class novograd(OptaxOptimizer):
    """`NovoGrad`."""

    ours = NovoGrad
    signature = "learning_rate, b1=0.9, b2=0.25, eps=1e-6, eps_root=0.0, weight_decay=0.0"
    slots = MOMENTS


class adafactor(OptaxOptimizer):
    """`OptaxAdafactor`."""

    signature = (
        "learning_rate=None, min_dim_size_to_factor=128, decay_rate=0.8, decay_offset=0, "
        "multiply_by_parameter_scale=True, clipping_threshold=1.0, momentum=None, dtype_momentum=None, "
        "weight_decay_rate=None, eps=1e-30, factored=True, weight_decay_mask=None"
    )
    argument_names = {
        "min_dim_size_to_factor": "factored_from",
        "decay_rate": "decay",
        "multiply_by_parameter_scale": "by_size",
        "clipping_threshold": "clip_threshold",
        "weight_decay_rate": "weight_decay",
    }
    slots = {"v_row": "rows", "v_col": "columns", "v": "v"}
    unsupported = (*OptaxOptimizer.unsupported, "decay_offset", "momentum", "dtype_momentum")
    examples = {"learning_rate": 0.01}

    @staticmethod
    def ours(factored: bool, factored_from: int, weight_decay: Any, **hyper: Any) -> Any:
        least = factored_from if factored else 2**62
        return OptaxAdafactor(factored_from=least, weight_decay=0.0 if weight_decay is None else weight_decay, **hyper)


def _check_nesterov(name: str, nesterov: bool, momentum: Any) -> None:
    if nesterov and momentum is None:
        raise ValueError(f"optax.{name}: nesterov has no effect without momentum. Received: momentum=None. Set it.")
