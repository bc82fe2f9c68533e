"""optax's optimizers of Adam's kind: each class says in `ours` which optimizer here has its numerics."""

from __future__ import annotations

from typing import Any, TypeAlias

from ...optim import rules
from ...optim.rules.frameworks.optax import (
    CorrectedAMSGrad,
    OptaxAdaBelief,
    OptaxAdam,
    OptaxAdan,
    OptaxRAdam,
    OptaxYogi,
)
from .base import Alias, rate

__all__ = [
    "adabelief",
    "adam",
    "adamax",
    "adamaxw",
    "adamw",
    "adan",
    "amsgrad",
    "nadam",
    "nadamw",
    "radam",
    "yogi",
]

Number: TypeAlias = Any
"""A number, or one of our schedules."""
Rate: TypeAlias = Any
"""A number, one of our schedules, or a function of the count."""

MOMENTS = {"count": "t", "mu": "m", "nu": "v"}
DTYPE = {"mu_dtype": None}


class adam(Alias):
    """`Adam`, or `OptaxAdam`."""

    slots = MOMENTS
    fixed = DTYPE

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8, eps_root: Number = 0.0,
        *, nesterov: bool = False,
    ) -> Any:  # fmt: skip
        options: dict[str, Any] = {"lr": rate(learning_rate), "beta1": b1, "beta2": b2, "eps": eps}
        if nesterov or eps_root != 0:
            return OptaxAdam(eps_root=eps_root, nesterov=nesterov, **options)
        return rules.Adam(**options)


class adamw(Alias):
    """`Adam` or `OptaxAdam`, with decoupled weight decay."""

    slots = MOMENTS
    words = {"decoupled_weight_decay": "weight_decay"}  # noqa: RUF012
    fixed = DTYPE | {"mask": None}

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8, eps_root: Number = 0.0,
        weight_decay: Rate = 1e-4, *, nesterov: bool = False,
    ) -> Any:  # fmt: skip
        spec = adam.ours(learning_rate, b1, b2, eps, eps_root, nesterov=nesterov)
        return spec.replace(decoupled_weight_decay=rate(weight_decay))


class nadam(Alias):
    """`OptaxAdam` with nesterov."""

    slots = MOMENTS
    fixed = DTYPE

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8, eps_root: Number = 0.0,
        *, nesterov: bool = True,
    ) -> Any:  # fmt: skip
        return adam.ours(learning_rate, b1, b2, eps, eps_root, nesterov=nesterov)


class nadamw(Alias):
    """`OptaxAdam` with nesterov and decoupled weight decay."""

    slots = MOMENTS
    words = adamw.words
    fixed = adamw.fixed

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8, eps_root: Number = 0.0,
        weight_decay: Rate = 1e-4, *, nesterov: bool = True,
    ) -> Any:  # fmt: skip
        return adamw.ours(learning_rate, b1, b2, eps, eps_root, weight_decay, nesterov=nesterov)


class amsgrad(Alias):
    """`CorrectedAMSGrad`."""

    slots = {**MOMENTS, "nu_max": "v_max"}  # noqa: RUF012
    fixed = DTYPE | {"bias_correction_mu": True, "bias_correction_nu": True}

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8, eps_root: Number = 0.0,
    ) -> Any:  # fmt: skip
        return CorrectedAMSGrad(lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps, eps_root=eps_root)


class adamax(Alias):
    """`Adamax`."""

    slots = {"count": "t", "mu": "m", "nu": "u"}  # noqa: RUF012

    @staticmethod
    def ours(learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8) -> Any:
        return rules.Adamax(lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps)


class adamaxw(Alias):
    """`Adamax` with decoupled weight decay."""

    slots = adamax.slots
    words = adamw.words
    fixed = {"mask": None}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8,
        weight_decay: Rate = 1e-4,
    ) -> Any:  # fmt: skip
        return adamax.ours(learning_rate, b1, b2, eps).replace(decoupled_weight_decay=rate(weight_decay))


class radam(Alias):
    """`OptaxRAdam`."""

    slots = MOMENTS
    fixed = {"nesterov": False}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8, eps_root: Number = 0.0,
        threshold: Number = 5.0,
    ) -> Any:  # fmt: skip
        return OptaxRAdam(
            lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps, eps_root=eps_root, threshold=threshold
        )


class adabelief(Alias):
    """`OptaxAdaBelief`, which is `AdaBelief` where eps and eps_root are the same."""

    slots = MOMENTS
    fixed = {"nesterov": False}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-16,
        eps_root: Number = 1e-16,
    ) -> Any:  # fmt: skip
        return OptaxAdaBelief(lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps, eps_root=eps_root)


class yogi(Alias):
    """`OptaxYogi`."""

    slots = MOMENTS

    @staticmethod
    def ours(learning_rate: Rate, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-3) -> Any:
        return OptaxYogi(lr=rate(learning_rate), beta1=b1, beta2=b2, eps=eps)


class adan(Alias):
    """`OptaxAdan` with decoupled weight decay."""

    slots = {"m": "m", "v": "d", "n": "v", "g": "last"}  # noqa: RUF012
    words = adamw.words
    fixed = {"mask": None}  # noqa: RUF012

    @staticmethod
    def ours(
        learning_rate: Rate, b1: Number = 0.98, b2: Number = 0.92, b3: Number = 0.99, eps: Number = 1e-8,
        eps_root: Number = 1e-8, weight_decay: Rate = 0.0,
    ) -> Any:  # fmt: skip
        return OptaxAdan(
            lr=rate(learning_rate), beta1=b1, beta2=b2, beta3=b3, eps=eps, eps_root=eps_root,
            decoupled_weight_decay=rate(weight_decay),
        )  # fmt: skip
