"""What to say here instead of the words of PyTorch, Keras and optax, for messages about unknown names."""

from __future__ import annotations

from typing import Any

_HYPERPARAMETERS = {
    "learning_rate": "lr=...",
    "betas": "beta1=..., beta2=...",
    "beta_1": "beta1=...",
    "b1": "beta1=...",
    "beta_2": "beta2=...",
    "b2": "beta2=...",
    "epsilon": "eps=...",
    "alpha": "rho=...",
    "decay": "rho=... for the decay rate of an average, or a schedule for lr",
    "amsgrad": "AMSGrad(...)",
    "momentum": "Momentum(lr=..., momentum=...)",
    "nesterov": "NAG(lr=..., momentum=...)",
    "clipnorm": "clip_each_norm=...",
    "global_clipnorm": "clip_norm=...",
    "max_norm": "clip_norm=...",
    "clipvalue": "clip_value=...",
    "use_ema": "ema=0.99",
    "ema_momentum": "ema=...",
    "gradient_accumulation_steps": "accumulate=...",
}

_ATTRIBUTES = {
    "add_param_group": "opt.add(params, lr=...)",
    "param_groups": "opt.groups; opt.groups[0].set(lr=...) changes one",
    "iterations": "opt.t",
    "variables": "opt.parameters",
    "apply_gradients": "opt.step([g, ...])",
    "update": "opt.step([g, ...])",
    "learning_rate": "opt.lr",
    "get_config": "opt.spec",
    "state": "opt.state_dict()",
}


def for_hyperparameter(name: str, known: Any) -> str:
    """A sentence that begins with a space, or nothing: how a hyperparameter is called here, or what has it."""
    hint = _HYPERPARAMETERS.get(name, "")
    given = hint.partition("=")[0]
    return f" Say {hint}{'' if hint.endswith('...') else '.'}" if hint and ("(" in hint or given in known) else ""


def for_attribute(name: str) -> str:
    """A sentence that begins with a space, or nothing: how an attribute of a bound optimizer is called here."""
    return f" Say {_ATTRIBUTES[name]}." if name in _ATTRIBUTES else ""
