"""The state of a bound optimizer as a dict, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schedules import Schedule
from . import checkpoint
from .tiers import JOINT

if TYPE_CHECKING:
    from .bound import BoundOptimizer
    from .place import Place

__all__ = ["of", "restore"]


def of(optimizer: BoundOptimizer) -> dict[str, Any]:
    """A copy of the state, see `BoundOptimizer.state_dict`."""
    options: dict[str, Any] = {}
    if optimizer.spec.nonfinite != "propagate":
        options["nonfinite"] = optimizer.nonfinite
    if optimizer.spec.accumulate > 1:
        options["calls"] = optimizer._preparation.calls
    if controllers := _controllers(optimizer):
        options["controllers"] = {name: controller.state_dict() for name, controller in controllers.items()}
    return {
        "optimizer": type(optimizer.spec).__name__,
        "t": optimizer.t,
        **options,
        "state": {place.name: _of(optimizer, place) for place in optimizer.places},
    }


def _controllers(optimizer: BoundOptimizer) -> dict[str, Any]:
    """The controllers by the hyperparameter and the first parameter, in the order of names, that they are for."""
    found: dict[int, tuple[str, Any]] = {}
    for place in sorted(optimizer.places, key=lambda place: place.name):
        for hyper, value in vars(place.group.spec).items():
            for i, controller in enumerate(value.controllers if isinstance(value, Schedule) else ()):
                found.setdefault(id(controller), (f"{hyper} of {place.name}" + f", {i + 1}" * bool(i), controller))
    return dict(found.values())


def _of(optimizer: BoundOptimizer, place: Place) -> dict[str, Any]:
    kept: dict[str, Any] = {"t": int(place.block.clocks[place.index][0]), **place.scalars}
    for accumulated in optimizer._preparation.accumulated:
        if accumulated.block is place.block:
            kept["arrived"] = int(accumulated.arrived[place.index])
            kept["accumulated"] = place.block.part(accumulated.total, place.index).copy()
    return kept | {slot: array.copy() for slot, array in place.slots.items()}


def restore(optimizer: BoundOptimizer, saved: Mapping[str, Any]) -> None:
    """Take over a state, see `BoundOptimizer.load_state_dict`."""
    checkpoint.check(saved, of(optimizer))
    _check_clocks(optimizer, saved["state"])
    controllers, states = _controllers(optimizer), saved.get("controllers", {})
    if not isinstance(states, Mapping) or states.keys() != controllers.keys():
        raise ValueError(f"The state's controllers of schedules must be {list(controllers)}. Received: {states!r}.")
    for name, controller in controllers.items():
        controller.checked_state(states[name])
    for name, controller in controllers.items():
        controller.load_state_dict(states[name])
    optimizer.t = int(saved["t"])
    optimizer._preparation.refused = int(saved.get("nonfinite", 0))
    optimizer._preparation.calls = int(saved.get("calls", 0))
    for place in optimizer.places:
        kept = saved["state"][place.name]
        place.block.clocks[place.index] = (int(kept["t"]), *(float(kept[name]) for name in place.scalars))
        for slot, array in place.slots.items():
            np.copyto(array, kept[slot])
        for accumulated in optimizer._preparation.accumulated:
            if accumulated.block is place.block:
                accumulated.arrived[place.index] = bool(kept["arrived"])
                np.copyto(place.block.part(accumulated.total, place.index), kept["accumulated"])


def _check_clocks(optimizer: BoundOptimizer, saved: Mapping[str, Any]) -> None:
    """Raise ValueError unless parameters that are updated as one vector have the same numbers."""
    for group in optimizer.groups if optimizer.spec.tier is JOINT else ():
        members = [place for place in optimizer.places if place.group is group]
        for name in ("t", *members[0].scalars):
            values = {repr(float(saved[place.name][name])) for place in members}
            if len(values) > 1:
                raise ValueError(
                    f"The state's {name} must be the same for all parameters of {type(optimizer.spec).__name__}. "
                    f"Received: {', '.join(sorted(values))}."
                )
