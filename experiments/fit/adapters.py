"""Functions with which the training loop handles all kinds of models and optimizers in the same way.

A model is anything that can be called and has `parameters()`; a Module offers more, such as `state_dict`. An optimizer
is one of ours or of a dialect. PyTorch's optimizers contain a bound optimizer of ours for each of their `param_groups`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ...optim import BoundOptimizer, Optimizer
from ...optim.buffers import note_write
from ...schedules import Schedule
from ..errors import UsageError
from ..training import clone


# ------------------------------------------------------------------------------------------------------------ models
def check_model(model: Any) -> None:
    """Raise UsageError unless it is a model with parameters."""
    if isinstance(model, type) or not callable(model) or not callable(getattr(model, "parameters", None)):
        raise UsageError(f"fit: a model must be callable and have parameters(). Received: {model!r}.")
    if not model.parameters():
        raise UsageError(f"fit: there is nothing to train: {model!r} has no parameters.")


def dtype_of(model: Any) -> np.dtype[Any]:
    """Return the dtype of the parameters, the widest if there are several."""
    return np.result_type(*(p.data for p in model.parameters()))


def set_training_mode(model: Any, training: bool) -> None:
    """Switch to training or to evaluation mode; a model without `train()` has one mode."""
    if hasattr(model, "train"):
        model.train(training)


def model_state(model: Any) -> dict[str, Any]:
    """Return a copy of parameters and buffers; for a model without `state_dict`, its parameters by position."""
    if hasattr(model, "state_dict"):
        return dict(model.state_dict())
    return {str(index): p.data.copy() for index, p in enumerate(model.parameters())}


def load_model_state(model: Any, state: Mapping[str, Any]) -> None:
    """Copy what `model_state` returned into the model; its arrays stay the same objects."""
    if hasattr(model, "load_state_dict"):
        model.load_state_dict(state)
        return
    for index, p in enumerate(model.parameters()):
        p.data[...] = state[str(index)]
        note_write(p, "load_model_state")


def generators(model: Any) -> list[np.random.Generator]:
    """Return the random generators among the attributes of the model and of the modules in it, each once."""
    modules = model.modules() if hasattr(model, "modules") else [model]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, np.random.Generator)]
    return list({id(rng): rng for rng in found}.values())


# -------------------------------------------------------------------------------------------------------- optimizers
def bound_to(optimizer: Any, model: Any) -> Any:
    """Return the optimizer bound to the model's parameters; the plateau schedulers of an unbound one are reset.

    Raises:
        UsageError: it is no optimizer, or is bound to parameters that are not this model's.
    """
    own = model.parameters()
    named = model.named_parameters() if hasattr(model, "named_parameters") else own
    if isinstance(optimizer, Optimizer):
        return clone(optimizer).bind(named)
    if not isinstance(optimizer, BoundOptimizer) and isinstance(getattr(optimizer, "bound", None), BoundOptimizer):
        optimizer = optimizer.bound  # an optimizer of Keras that has been built goes on
    if not isinstance(optimizer, BoundOptimizer) and not getattr(optimizer, "param_groups", None):
        # An unbound optimizer of a dialect has `spec` and `bind`. This package does not import the dialects.
        if hasattr(optimizer, "spec") and hasattr(optimizer, "bind"):
            return optimizer.bind(named)
        raise UsageError(f"fit: optimizer must be one, such as Adam(lr=1e-3). Received: {optimizer!r}.")
    known = {id(p) for p in own}
    if not all(id(p) in known for bound in bounds(optimizer) for p in bound.parameters):
        raise UsageError(
            "fit: the optimizer is bound to parameters that are not the model's. Pass Adam(lr=...) without parameters, "
            "or bind it to model.parameters()."
        )
    return optimizer


def bounds(optimizer: Any) -> list[BoundOptimizer]:
    """Return the bound optimizers of ours that update the parameters: itself, or one for each of `param_groups`."""
    if isinstance(optimizer, BoundOptimizer):
        return [optimizer]
    return [group.bound for group in optimizer.param_groups if not group.is_empty]


def finalize(optimizer: Any) -> None:
    """Set the parameters to their averages, as Keras does after training with use_ema=True."""
    for bound in bounds(optimizer):
        if method := getattr(type(bound), "finalize_variable_values", None):
            method(bound)


def learning_rate(optimizer: Any) -> float:
    """Return the learning rate of the next update, in the first group."""
    return float(optimizer.lr if isinstance(optimizer, BoundOptimizer) else optimizer.param_groups[0]["lr"])


def set_learning_rate(optimizer: Any, value: float) -> None:
    """Change the learning rate in all groups."""
    if isinstance(optimizer, BoundOptimizer):
        optimizer.lr = value
    else:
        for group in optimizer.param_groups:
            group["lr"] = value


def updates(optimizer: Any) -> int:
    """Return the number of updates taken so far."""
    return max(int(bound.t) for bound in bounds(optimizer))


def recording(optimizer: Any) -> bool:
    """Return whether the norms of each update are recorded."""
    return all(bound.recording for bound in bounds(optimizer))


@contextmanager
def recorded(optimizer: Any) -> Iterator[None]:
    """Record the norms of each update inside the block."""
    before = [bound.recording for bound in bounds(optimizer)]
    for bound in bounds(optimizer):
        bound.recording = True  # type: ignore[misc]
    try:
        yield
    finally:
        for bound, was in zip(bounds(optimizer), before, strict=True):
            bound.recording = was  # type: ignore[misc]


def last_norms(optimizer: Any) -> dict[str, float]:
    """Return the norm of the gradient at the last update, and the norm of the update over that of the parameters."""
    sizes = [bound.record.all for bound in bounds(optimizer)]
    x, gradient, update = (math.hypot(*(getattr(s, part) for s in sizes)) for part in ("x", "gradient", "update"))
    return {"gradient_norm": gradient, "update_ratio": update / x if x else math.nan}


NO_NORMS = {"gradient_norm": math.nan, "update_ratio": math.nan}
"""The norms where a batch made no update, because its gradients are accumulated."""


@contextmanager
def averaged(optimizer: Any) -> Iterator[None]:
    """Replace the parameters by the averages that the optimizer keeps, inside the block."""
    with ExitStack() as stack:
        for bound in bounds(optimizer):
            stack.enter_context(bound.averaged())
        yield


def hyperparameters(optimizer: Any) -> list[dict[str, Any]]:
    """Return the name of the update rule and the hyperparameters of each group, schedules as their configurations.

    A schedule that contains a function of the user has no configuration; the name of its class is used instead.
    """
    return [
        {"rule": type(group.spec).__name__} | {name: _encoded(value) for name, value in vars(group.spec).items()}
        for bound in bounds(optimizer)
        for group in bound.groups
    ]


def _encoded(value: Any) -> Any:
    try:
        return value.to_config() if isinstance(value, Schedule) else value
    except (TypeError, ValueError):
        return f"a {type(value).__name__}"


def optimizer_state(optimizer: Any, initial: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the state, and the hyperparameters that callbacks have changed since the training began.

    Args:
        optimizer: bound.
        initial: the hyperparameters when the training began.
    """
    now = hyperparameters(optimizer)
    pairs = zip(now, initial, strict=True)
    changed = [{name: value for name, value in new.items() if value != old[name]} for new, old in pairs]
    own_rate = hasattr(type(optimizer), "learning_rate")  # Keras's: the rate without the decay that our lr includes
    if own_rate:
        changed = [{name: value for name, value in group.items() if name != "lr"} for group in changed]
    kept = isinstance(optimizer, BoundOptimizer)  # PyTorch's groups are part of its state
    return {
        "state": optimizer.state_dict(),
        "changed": changed if kept else [],
        "learning_rate": optimizer.rate if own_rate and not isinstance(optimizer.rate, Schedule) else None,
    }


def load_optimizer_state(optimizer: Any, saved: Mapping[str, Any]) -> None:
    """Load what `optimizer_state` returned."""
    groups = [group for bound in bounds(optimizer) for group in bound.groups]
    for group, changes in zip(groups, saved["changed"], strict=False):
        if changes:
            decoded = {n: Schedule.from_config(v) if isinstance(v, Mapping) else v for n, v in changes.items()}
            group.set(**decoded)
    if saved["learning_rate"] is not None:
        optimizer.learning_rate = saved["learning_rate"]
    optimizer.load_state_dict(saved["state"])
