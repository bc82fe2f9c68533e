"""The state of a bound optimizer as a dict, and back."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schedules import Schedule
from .storage import checked_array
from .tiers import JOINT

if TYPE_CHECKING:
    from .bound import BoundOptimizer
    from .place import Place

__all__ = ["check", "is_count", "of", "restore"]


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
            for i, controller in enumerate(value.plateaus if isinstance(value, Schedule) else ()):
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
    check(saved, of(optimizer))
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


def check(saved: Any, own: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError unless a state has the keys of one's own, with values of the same kinds."""
    whole = isinstance(saved, Mapping) and {"optimizer", "t", "state"} <= saved.keys()
    if not whole or not isinstance(saved["state"], Mapping):
        received = f"a dict with {sorted(saved, key=str)}" if isinstance(saved, Mapping) else repr(saved)
        raise TypeError(
            f"A state is what state_dict() gives: a dict with 'optimizer', 't' and 'state'. Received: {received}."
        )
    if not isinstance(saved["optimizer"], str) or saved["optimizer"] != own["optimizer"]:
        raise ValueError(f"The state must be of {own['optimizer']}. Received: one of {saved['optimizer']}.")
    _same("keys", own, saved)
    _same("parameters", own["state"], saved["state"])
    _check_values("", saved, own)
    for name, slots in own["state"].items():
        if not isinstance(saved["state"][name], Mapping):
            raise TypeError(f"The state of parameter {name} must be a dict. Received: {saved['state'][name]!r}.")
        _same(f"slots of parameter {name}", slots, saved["state"][name])
        _check_values(f" of parameter {name}", saved["state"][name], slots)


def _same(what: str, expected: Any, received: Any) -> None:
    if set(expected) != set(received):
        raise ValueError(f"The state's {what} must be {sorted(expected)}. Received: {sorted(received, key=str)}.")


def _check_values(of: str, saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    for name, like in own.items():
        value = saved[name]
        if isinstance(like, np.ndarray):
            checked_array(f"{name}{of}", value, like)
        elif isinstance(like, int) and not is_count(value):
            raise ValueError(f"The state's {name}{of} must be an integer >= 0 and < 2**53. Received: {value!r}.")
        elif isinstance(like, float) and not _is_number(value):
            raise ValueError(f"The state's {name}{of} must be a number. Received: {value!r}.")


def is_count(value: Any) -> bool:
    """Whether a value can be a number of updates."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and 0 <= value < 2**53  # beyond, t + 1.0 is t


def _is_number(value: Any) -> bool:
    if isinstance(value, int | np.integer):
        return not isinstance(value, bool) and abs(int(value)) <= 2**1023
    return isinstance(value, Real)
