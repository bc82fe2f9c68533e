"""torch.optim: each class says in `ours` which optimizer here has its numerics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ...optim import rules
from ...optim.rules.frameworks.torch import DecayingAdagrad, TorchASGD, TorchRAdam
from .base import Optimizer
from .lbfgs import LBFGS

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
]

Number: TypeAlias = Any
"""A number, or one of our schedules."""
Pair: TypeAlias = Sequence[Any]

_LOOPS = {"foreach": None, "capturable": False}
_FUSED = {"foreach": None, "fused": None}
_MOMENTS = {"step": "t", "exp_avg": "m", "exp_avg_sq": "v"}


def _decay(weight_decay: Number, decoupled: bool) -> dict[str, Number]:
    """The option that decays weights: L2, unless it is decoupled."""
    return {"decoupled_weight_decay" if decoupled else "weight_decay": weight_decay}


class SGD(Optimizer):
    """`Momentum` or `NAG` where there is momentum."""

    slots = {"momentum_buffer": "v"}  # noqa: RUF012
    neutral = _FUSED

    @staticmethod
    def ours(
        lr: Number = 1e-3, momentum: Number = 0, dampening: Number = 0, weight_decay: Number = 0,
        nesterov: bool = False, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        options: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "maximize": maximize}
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                "torch.SGD: nesterov needs momentum > 0 and dampening=0. "
                f"Received: momentum={momentum!r}, dampening={dampening!r}. Set both, or leave nesterov out."
            )
        if nesterov:
            return rules.NAG(momentum=momentum, **options)
        if momentum != 0:
            return rules.Momentum(momentum=momentum, dampening=dampening, **options)
        if dampening != 0:
            raise ValueError(
                f"torch.SGD: dampening has no effect without momentum. Received: dampening={dampening!r}. "
                "Set momentum, or leave dampening out."
            )
        return rules.SGD(**options)


class Adam(Optimizer):
    """`Adam`, or `AMSGrad`."""

    slots = {**_MOMENTS, "max_exp_avg_sq": "v_max"}  # noqa: RUF012
    neutral = _LOOPS | _FUSED

    @staticmethod
    def ours(
        lr: Number = 1e-3, betas: Pair = (0.9, 0.999), eps: Number = 1e-8, weight_decay: Number = 0,
        amsgrad: bool = False, *, maximize: bool = False, decoupled_weight_decay: bool = False,
    ) -> Any:  # fmt: skip
        kind: Any = rules.AMSGrad if amsgrad else rules.Adam
        beta1, beta2 = betas
        decay = _decay(weight_decay, decoupled_weight_decay)
        return kind(lr=lr, beta1=beta1, beta2=beta2, eps=eps, maximize=maximize, **decay)


class AdamW(Optimizer):
    """`AdamW`, or `AMSGrad` with decoupled weight decay."""

    slots = Adam.slots
    neutral = Adam.neutral
    constants = {"decoupled_weight_decay": True}  # noqa: RUF012

    @staticmethod
    def ours(
        lr: Number = 1e-3, betas: Pair = (0.9, 0.999), eps: Number = 1e-8, weight_decay: Number = 1e-2,
        amsgrad: bool = False, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        beta1, beta2 = betas
        options: dict[str, Any] = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "maximize": maximize}
        if amsgrad:
            return rules.AMSGrad(decoupled_weight_decay=weight_decay, **options)
        return rules.AdamW(weight_decay=weight_decay, **options)


class NAdam(Optimizer):
    """`NAdam`."""

    slots = {"step": "t", "mu_product": "product", "exp_avg": "m", "exp_avg_sq": "v"}  # noqa: RUF012
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 2e-3, betas: Pair = (0.9, 0.999), eps: Number = 1e-8, weight_decay: Number = 0,
        momentum_decay: Number = 4e-3, decoupled_weight_decay: bool = False, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        beta1, beta2 = betas
        decay = _decay(weight_decay, decoupled_weight_decay)
        return rules.NAdam(
            lr=lr, beta1=beta1, beta2=beta2, eps=eps, momentum_decay=momentum_decay, maximize=maximize, **decay
        )


class RAdam(Optimizer):
    """`TorchRAdam`: rectified one update later than the paper has it, and with epsilon elsewhere."""

    slots = _MOMENTS
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 1e-3, betas: Pair = (0.9, 0.999), eps: Number = 1e-8, weight_decay: Number = 0,
        decoupled_weight_decay: bool = False, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        beta1, beta2 = betas
        decay = _decay(weight_decay, decoupled_weight_decay)
        return TorchRAdam(lr=lr, beta1=beta1, beta2=beta2, eps=eps, maximize=maximize, **decay)


class Adamax(Optimizer):
    """`Adamax`."""

    slots = {"step": "t", "exp_avg": "m", "exp_inf": "u"}  # noqa: RUF012
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 2e-3, betas: Pair = (0.9, 0.999), eps: Number = 1e-8, weight_decay: Number = 0, *,
        maximize: bool = False,
    ) -> Any:  # fmt: skip
        beta1, beta2 = betas
        return rules.Adamax(lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay, maximize=maximize)


class Adagrad(Optimizer):
    """`Adagrad`, or `DecayingAdagrad`."""

    slots = {"step": "t", "sum": "v"}  # noqa: RUF012
    words = {"initial_accumulator": "initial_accumulator_value"}  # noqa: RUF012
    neutral = _FUSED
    eager = True

    @staticmethod
    def ours(
        lr: Number = 1e-2, lr_decay: Number = 0, weight_decay: Number = 0,
        initial_accumulator_value: Number = 0, eps: Number = 1e-10, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        options: dict[str, Any] = {"lr": lr, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        options["initial_accumulator"] = initial_accumulator_value
        return DecayingAdagrad(lr_decay=lr_decay, **options) if lr_decay != 0 else rules.Adagrad(**options)


class Adadelta(Optimizer):
    """`Adadelta`."""

    slots = {"step": "t", "square_avg": "v", "acc_delta": "u"}  # noqa: RUF012
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 1.0, rho: Number = 0.9, eps: Number = 1e-6, weight_decay: Number = 0, *,
        maximize: bool = False,
    ) -> Any:  # fmt: skip
        return rules.Adadelta(lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)


class RMSprop(Optimizer):
    """`RMSprop`."""

    slots = {"step": "t", "square_avg": "v", "momentum_buffer": "b", "grad_avg": "m"}  # noqa: RUF012
    words = {"rho": "alpha"}  # noqa: RUF012
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 1e-2, alpha: Number = 0.99, eps: Number = 1e-8, weight_decay: Number = 0,
        momentum: Number = 0, centered: bool = False, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        options: dict[str, Any] = {"weight_decay": weight_decay, "maximize": maximize}
        return rules.RMSprop(lr=lr, rho=alpha, eps=eps, momentum=momentum, centered=centered, **options)


class Rprop(Optimizer):
    """`Rprop`. Of the last gradient the sign is kept, which is all that PyTorch takes of it."""

    slots = {"step": "t", "prev": "last", "step_size": "step"}  # noqa: RUF012
    words = {  # noqa: RUF012
        "eta_minus": "etas[0]",
        "eta_plus": "etas[1]",
        "min_step": "step_sizes[0]",
        "max_step": "step_sizes[1]",
    }
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 1e-2, etas: Pair = (0.5, 1.2), step_sizes: Pair = (1e-6, 50), *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        (eta_minus, eta_plus), (low, high) = etas, step_sizes
        return rules.Rprop(
            lr=lr, eta_minus=eta_minus, eta_plus=eta_plus, min_step=low, max_step=high, maximize=maximize
        )


class ASGD(Optimizer):
    """`TorchASGD`, which takes up a changed lr one update later."""

    slots = {"step": "t", "eta": "eta", "mu": "mu", "ax": "mean"}  # noqa: RUF012
    neutral = _LOOPS

    @staticmethod
    def ours(
        lr: Number = 1e-2, lambd: Number = 1e-4, alpha: Number = 0.75, t0: float = 1e6,
        weight_decay: Number = 0, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        return TorchASGD(lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, maximize=maximize)


class SparseAdam(Optimizer):
    """`SparseAdam`: the rows of a dense gradient that are not zero are what a sparse one would hold."""

    slots = _MOMENTS
    fixed = {}  # noqa: RUF012

    @staticmethod
    def ours(lr: Number = 1e-3, betas: Pair = (0.9, 0.999), eps: Number = 1e-8, maximize: bool = False) -> Any:
        beta1, beta2 = betas
        return rules.SparseAdam(lr=lr, beta1=beta1, beta2=beta2, eps=eps, maximize=maximize)


class Adafactor(Optimizer):
    """`Adafactor`."""

    slots = {"step": "t", "row_var": "rows", "col_var": "columns", "variance": "v"}  # noqa: RUF012
    words = {"eps1": "eps[0]", "eps2": "eps[1]"}  # noqa: RUF012
    neutral = {"foreach": None}  # noqa: RUF012
    fixed = {}  # noqa: RUF012

    @staticmethod
    def ours(
        lr: Number = 1e-2, beta2_decay: Number = -0.8, eps: Pair = (None, 1e-3), d: Number = 1.0,
        weight_decay: Number = 0.0, *, maximize: bool = False,
    ) -> Any:  # fmt: skip
        eps1, eps2 = eps
        options: dict[str, Any] = {"weight_decay": weight_decay, "maximize": maximize}
        return rules.Adafactor(lr=lr, beta2_decay=beta2_decay, eps1=eps1, eps2=eps2, d=d, **options)


class Muon(Optimizer):
    """`Muon`, in the dtype of the parameters; PyTorch rounds the iterations to bfloat16."""

    slots = {"momentum_buffer": "m"}  # noqa: RUF012
    words = {"a": "ns_coefficients[0]", "b": "ns_coefficients[1]", "c": "ns_coefficients[2]"}  # noqa: RUF012
    fixed = {}  # noqa: RUF012

    @staticmethod
    def ours(
        lr: Number = 1e-3, weight_decay: Number = 0.1, momentum: Number = 0.95, nesterov: bool = True,
        ns_coefficients: Sequence[Number] = (3.4445, -4.775, 2.0315), eps: Number = 1e-7, ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> Any:  # fmt: skip
        a, b, c = ns_coefficients
        options: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        adjust: Any = adjust_lr_fn or "original"
        return rules.Muon(a=a, b=b, c=c, eps=eps, ns_steps=ns_steps, adjust_lr=adjust, **options)
