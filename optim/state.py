"""The state of a bound optimizer as a dict, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

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
        options["calls"] = optimizer._calls
    if optimizer.controllers:
        options["controllers"] = [controller.state_dict() for controller in optimizer.controllers]
    return {
        "optimizer": type(optimizer.spec).__name__,
        "t": optimizer.t,
        **options,
        "state": {place.name: _of(optimizer, place) for place in optimizer.places},
    }


def _of(optimizer: BoundOptimizer, place: Place) -> dict[str, Any]:
    kept: dict[str, Any] = {"t": int(place.block.clocks[place.index][0]), **place.scalars}
    for accumulated in optimizer._accumulated:
        if accumulated.block is place.block:
            kept["arrived"] = int(accumulated.arrived[place.index])
            kept["accumulated"] = place.block.part(accumulated.total, place.index).copy()
    return kept | {slot: array.copy() for slot, array in place.slots.items()}


def restore(optimizer: BoundOptimizer, saved: Mapping[str, Any]) -> None:
    """Take over a state, see `BoundOptimizer.load_state_dict`."""
    checkpoint.check(saved, of(optimizer))
    _check_clocks(optimizer, saved["state"])
    controllers = optimizer.controllers
    states = saved.get("controllers", [])
    if not isinstance(states, Sequence) or len(states) != len(controllers):
        raise ValueError(f"The state must have {len(controllers)} controllers of schedules. Received: {states!r}.")
    for controller, kept in zip(controllers, states, strict=True):
        controller.checked_state(kept)
    for controller, kept in zip(controllers, states, strict=True):
        controller.load_state_dict(kept)
    optimizer.t = int(saved["t"])
    optimizer.nonfinite = int(saved.get("nonfinite", 0))
    optimizer._calls = int(saved.get("calls", 0))
    for place in optimizer.places:
        kept = saved["state"][place.name]
        place.block.clocks[place.index] = (int(kept["t"]), *(float(kept[name]) for name in place.scalars))
        for slot, array in place.slots.items():
            np.copyto(array, kept[slot])
        for accumulated in optimizer._accumulated:
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
