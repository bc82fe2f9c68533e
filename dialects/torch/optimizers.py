"""torch.optim: one class per optimizer, with the optimizer of ravine that has its numerics."""

from __future__ import annotations

from typing import Any

from ...optim import rules
from ...optim.rules.frameworks.torch import DecayingAdagrad, TorchASGD, TorchRAdam
from .lbfgs import LBFGS
from .optimizer import Optimizer

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


class SGD(Optimizer):
    """`Momentum`, `NAG`, or without momentum `SGD`."""

    signature = (
        "lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, "
        "maximize=False, foreach=None, differentiable=False, fused=None"
    )
    slots = {"momentum_buffer": "v"}
    closed = ("momentum",)

    @staticmethod
    def ours(momentum: Any, dampening: Any, nesterov: bool, **hyper: Any) -> Any:
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                "torch.SGD: nesterov needs momentum > 0 and dampening=0. "
                f"Received: momentum={momentum!r}, dampening={dampening!r}. Set both, or leave nesterov out."
            )
        if nesterov:
            return rules.NAG(momentum=momentum, **hyper)
        if momentum != 0:
            return rules.Momentum(momentum=momentum, dampening=dampening, **hyper)
        if dampening != 0:
            raise ValueError(
                f"torch.SGD: dampening has no effect without momentum. Received: dampening={dampening!r}. "
                "Set momentum, or leave dampening out."
            )
        return rules.SGD(**hyper)


class Adam(Optimizer):
    """`Adam`, or `AMSGrad`."""

    signature = (
        "lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, foreach=None, maximize=False, "
        "capturable=False, differentiable=False, fused=None, decoupled_weight_decay=False"
    )
    slots = {"step": "t", "exp_avg": "m", "exp_avg_sq": "v", "max_exp_avg_sq": "v_max"}

    @staticmethod
    def ours(amsgrad: bool, **hyper: Any) -> Any:
        return (rules.AMSGrad if amsgrad else rules.Adam)(**hyper)


class AdamW(Optimizer):
    """`AdamW`, or `AMSGrad` with decoupled weight decay."""

    signature = (
        "lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *, maximize=False, foreach=None, "
        "capturable=False, differentiable=False, fused=None"
    )
    slots = Adam.slots
    constants = {"decoupled_weight_decay": True}

    @staticmethod
    def ours(amsgrad: bool, weight_decay: Any, **hyper: Any) -> Any:
        if amsgrad:
            return rules.AMSGrad(decoupled_weight_decay=weight_decay, **hyper)
        return rules.AdamW(weight_decay=weight_decay, **hyper)


class NAdam(Optimizer):
    """`NAdam`."""

    ours = rules.NAdam
    signature = (
        "lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3, decoupled_weight_decay=False, *, "
        "foreach=None, maximize=False, capturable=False, differentiable=False"
    )
    slots = {"step": "t", "mu_product": "product", "exp_avg": "m", "exp_avg_sq": "v"}


class RAdam(Optimizer):
    """`TorchRAdam`: rectified one update later than in the paper, with epsilon added to the root of v."""

    ours = TorchRAdam
    signature = (
        "lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *, "
        "foreach=None, maximize=False, capturable=False, differentiable=False"
    )
    slots = {"step": "t", "exp_avg": "m", "exp_avg_sq": "v"}


class Adamax(Optimizer):
    """`Adamax`."""

    ours = rules.Adamax
    signature = (
        "lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *, "
        "maximize=False, differentiable=False, capturable=False"
    )
    slots = {"step": "t", "exp_avg": "m", "exp_inf": "u"}


class Adagrad(Optimizer):
    """`Adagrad`, or with lr_decay `DecayingAdagrad`."""

    signature = (
        "lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, "
        "maximize=False, differentiable=False, fused=None"
    )
    argument_names = {"initial_accumulator_value": "initial_accumulator"}
    slots = {"step": "t", "sum": "v"}
    eager = True

    @staticmethod
    def ours(lr_decay: Any, **hyper: Any) -> Any:
        return DecayingAdagrad(lr_decay=lr_decay, **hyper) if lr_decay != 0 else rules.Adagrad(**hyper)


class Adadelta(Optimizer):
    """`Adadelta`."""

    ours = rules.Adadelta
    signature = (
        "lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *, "
        "capturable=False, maximize=False, differentiable=False"
    )
    slots = {"step": "t", "square_avg": "v", "acc_delta": "u"}
    closed = ("rho",)


class RMSprop(Optimizer):
    """`RMSprop`."""

    ours = rules.RMSprop
    signature = (
        "lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False, foreach=None, "
        "maximize=False, differentiable=False"
    )
    argument_names = {"alpha": "rho"}
    slots = {"step": "t", "square_avg": "v", "momentum_buffer": "b", "grad_avg": "m"}
    closed = ("alpha", "momentum")


class Rprop(Optimizer):
    """`Rprop`. The state contains the sign of the last gradient. PyTorch stores the gradient and uses its sign."""

    ours = rules.Rprop
    signature = (
        "lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, "
        "capturable=False, foreach=None, maximize=False, differentiable=False"
    )
    argument_names = {"etas": ("eta_minus", "eta_plus"), "step_sizes": ("min_step", "max_step")}
    slots = {"step": "t", "prev": "last", "step_size": "step"}


class ASGD(Optimizer):
    """`TorchASGD`: a changed lr takes effect one update later."""

    ours = TorchASGD
    signature = (
        "lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None, maximize=False, "
        "differentiable=False, capturable=False"
    )
    slots = {"step": "t", "eta": "eta", "mu": "mu", "ax": "mean"}


class SparseAdam(Optimizer):
    """`SparseAdam`. The gradient is dense; its nonzero rows are those that a sparse gradient would contain."""

    ours = rules.SparseAdam
    signature = "lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False"
    slots = {"step": "t", "exp_avg": "m", "exp_avg_sq": "v"}


class Adafactor(Optimizer):
    """`Adafactor`."""

    ours = rules.Adafactor
    signature = "lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0, *, foreach=None, maximize=False"
    argument_names = {"eps": ("eps1", "eps2")}
    slots = {"step": "t", "row_var": "rows", "col_var": "columns", "variance": "v"}


class Muon(Optimizer):
    """`Muon`, computed in the dtype of the parameters. PyTorch rounds the iterations to bfloat16."""

    signature = (
        "lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.775, 2.0315), eps=1e-7, "
        "ns_steps=5, adjust_lr_fn=None"
    )
    argument_names = {"ns_coefficients": ("a", "b", "c"), "adjust_lr_fn": "adjust_lr"}
    slots = {"momentum_buffer": "m"}

    @staticmethod
    def ours(adjust_lr: Any, **hyper: Any) -> Any:
        return rules.Muon(adjust_lr=adjust_lr or "original", **hyper)
