"""What the loop needs of an optimizer, ours or a dialect's: the rate, the record, the averages, all of its state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from ...optim import BoundOptimizer, Optimizer
from ...schedules import Schedule
from ..errors import UsageError
from ..training import fresh


def bound_to(optimizer: Any, model: Any) -> Any:
    """Return the optimizer bound to the model's parameters; a plateau controller of a value starts afresh.

    Raises:
        UsageError: it is none, or is bound to parameters that are not this model's.
    """
    own = model.parameters()
    named = model.named_parameters() if hasattr(model, "named_parameters") else own
    if isinstance(optimizer, Optimizer):
        return fresh(optimizer).bind(named)
    # Other frameworks' optimizers have `spec` and `bind` as ours; the dialects lie above, and are not imported here.
    if hasattr(optimizer, "spec") and hasattr(optimizer, "bind") and not getattr(optimizer, "param_groups", None):
        return optimizer.bind(named)
    if not isinstance(optimizer, BoundOptimizer) and not getattr(optimizer, "param_groups", None):
        raise UsageError(f"fit: optimizer must be one, such as Adam(lr=1e-3). Received: {optimizer!r}.")
    known = {id(p) for p in own}
    if not all(id(p) in known for bound in bounds(optimizer) for p in bound.parameters):
        raise UsageError(
            "fit: the optimizer is bound to parameters that are not the model's. Pass Adam(lr=...) without parameters, "
            "or bind it to model.parameters()."
        )
    return optimizer


def bounds(optimizer: Any) -> list[BoundOptimizer]:
    """The bound optimizers of ours that do the work: itself, or one for each group of one of PyTorch's."""
    if isinstance(optimizer, BoundOptimizer):
        return [optimizer]
    return [group.bound for group in optimizer.param_groups]


def rate(optimizer: Any) -> float:
    """The learning rate of the next update, in the first group."""
    return float(optimizer.lr if isinstance(optimizer, BoundOptimizer) else optimizer.param_groups[0]["lr"])


def set_rate(optimizer: Any, value: float) -> None:
    """Change the learning rate in all groups."""
    if isinstance(optimizer, BoundOptimizer):
        optimizer.lr = value
    else:
        for group in optimizer.param_groups:
            group["lr"] = value


def updates(optimizer: Any) -> int:
    """The updates taken so far."""
    return max(int(bound.t) for bound in bounds(optimizer))


def recording(optimizer: Any) -> bool:
    """Whether each update's sizes are noted."""
    return all(bound.recording for bound in bounds(optimizer))


@contextmanager
def recorded(optimizer: Any) -> Iterator[None]:
    """Note each update's sizes in here."""
    before = [bound.recording for bound in bounds(optimizer)]
    for bound in bounds(optimizer):
        bound.recording = True  # type: ignore[misc]
    try:
        yield
    finally:
        for bound, was in zip(bounds(optimizer), before, strict=True):
            bound.recording = was  # type: ignore[misc]


def last_step(optimizer: Any) -> dict[str, float]:
    """The norm of the gradient at the last update, and the length of the update as a share of that of x."""
    sizes = [bound.record.all for bound in bounds(optimizer)]
    x, gradient, update = (math.hypot(*(getattr(s, part) for s in sizes)) for part in ("x", "gradient", "update"))
    return {"gradient_norm": gradient, "update_ratio": update / x if x else math.nan}


NO_STEP = {"gradient_norm": math.nan, "update_ratio": math.nan}
"""Where a batch made no update."""


@contextmanager
def averaged(optimizer: Any) -> Iterator[None]:
    """Put the averages that the optimizer keeps in the place of the parameters."""
    with ExitStack() as stack:
        for bound in bounds(optimizer):
            stack.enter_context(bound.averaged())
        yield


def hyperparameters(optimizer: Any) -> list[dict[str, Any]]:
    """Of each group the rule's name and its hyperparameters, schedules as their configurations.

    Of a schedule made with a function of the user's only the kind is told.
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


def state_of(optimizer: Any, began: list[dict[str, Any]]) -> dict[str, Any]:
    """The state, and the hyperparameters that callbacks have changed since the training began."""
    now = hyperparameters(optimizer)
    changed = [
        {name: value for name, value in new.items() if value != old[name]} for new, old in zip(now, began, strict=True)
    ]
    own_rate = hasattr(type(optimizer), "learning_rate")  # Keras's: the rate without the decay that our lr includes
    if own_rate:
        changed = [{name: value for name, value in group.items() if name != "lr"} for group in changed]
    kept = isinstance(optimizer, BoundOptimizer)  # PyTorch's groups are part of its state
    return {
        "state": optimizer.state_dict(),
        "changed": changed if kept else [],
        "learning_rate": optimizer.rate if own_rate and not isinstance(optimizer.rate, Schedule) else None,
    }


def restore(optimizer: Any, saved: Mapping[str, Any]) -> None:
    """Take over what `state_of` gave."""
    groups = [group for bound in bounds(optimizer) for group in bound.groups]
    for group, changes in zip(groups, saved["changed"], strict=False):
        if changes:
            decoded = {n: Schedule.from_config(v) if isinstance(v, Mapping) else v for n, v in changes.items()}
            group.set(**decoded)
    if saved["learning_rate"] is not None:
        optimizer.learning_rate = saved["learning_rate"]
    optimizer.load_state_dict(saved["state"])
