"""The state in PyTorch's layout, out of a bound optimizer of ours and into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from ...optim.bound import BoundOptimizer
from ...optim.optimizer import Optimizer as Ours
from ...optim.place import Place
from ...schedules import Schedule

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["State", "exported", "imported", "kept", "moved", "taken"]

Entries = Sequence[Mapping[str, Any] | None]

_OF_SCHEDULERS = {"initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr"}
_UPDATES = "updates"
"""In a group that has a schedule of ours: the updates taken, from which it goes on."""


class State(Mapping[Any, dict[str, Any]]):
    """By parameter, its states; the arrays are the optimizer's own.

    What has not been updated yet has none, {}. Iteration and length are of those that have some.

    Raises:
        KeyError: a parameter of no group.
    """

    def __init__(self, kind: type[Optimizer], bounds: Sequence[BoundOptimizer]) -> None:
        """Look at what is there now."""
        places = [place for bound in bounds for place in bound.places]
        entries = [entry for bound in bounds for entry in kind.kept(bound)]
        self._of = {id(p.parameter): (p.parameter, e or {}) for p, e in zip(places, entries, strict=True)}

    def __getitem__(self, parameter: Any) -> dict[str, Any]:
        if id(parameter) not in self._of:
            raise KeyError(f"The state is by parameter of this optimizer. Received: {type(parameter).__name__}.")
        return self._of[id(parameter)][1]

    def __iter__(self) -> Iterator[Any]:
        return (parameter for parameter, entry in self._of.values() if entry)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def kept(kind: type[Optimizer], bound: BoundOptimizer) -> list[dict[str, Any] | None]:
    """Of each parameter its states by PyTorch's names; None before there are any."""
    return [_kept(kind, place) if place.block.clocks[place.index][0] or kind.eager else None for place in bound.places]


def _kept(kind: type[Optimizer], place: Place) -> dict[str, Any] | None:
    numbers = {"t": place.block.clocks[place.index][0], **place.scalars}
    found: dict[str, Any] = {name: np.asarray(float(numbers[s])) for name, s in kind.slots.items() if s in numbers}
    arrays = {name: place.slots[slot] for name, slot in kind.slots.items() if slot in place.slots}
    # Where a rule keeps one thing of a matrix and another of a vector, the slot that is not needed is empty.
    return found | {name: array for name, array in arrays.items() if array.size or not place.x.size} or None


def taken(kind: type[Optimizer], spec: Ours, bound: BoundOptimizer, entries: Entries, strict: bool) -> dict[str, Any]:
    """These states in our layout, for the parameters of this optimizer and for rules like `spec`.

    Raises:
        TypeError, ValueError: they are another optimizer's, or do not fit.
    """
    state = {p.name: _taken(kind, spec, p, entry, strict) for p, entry in zip(bound.places, entries, strict=True)}
    return {"optimizer": type(spec).__name__, "t": max((s["t"] for s in state.values()), default=0), "state": state}


def _taken(
    kind: type[Optimizer], spec: Ours, place: Place, entry: Mapping[str, Any] | None, strict: bool
) -> dict[str, Any]:
    given = {name: value for name, value in (entry or {}).items() if value is not None}
    if unknown := [name for name in given if name not in kind.slots]:
        raise ValueError(
            f"The state of parameter {place.name} must have {', '.join(kind.slots)}, as {kind.title()} names them. "
            f"Received: {unknown[0]}. It is another optimizer's."
        )
    slots = spec.kernel.arrays[2:]
    fresh: dict[str, Any] = {slot: spec.start(slot, place.x) for slot in slots}
    fresh |= {name: spec.starts.get(name, 0.0) for name in spec.kernel.scalars}
    names = {slot: name for name, slot in kind.slots.items()}
    needed = [slot for slot in fresh if not (slot in slots and place.x.size and not fresh[slot].size)]
    missing = [names[slot] for slot in needed if names[slot] not in given]
    if missing or not given:
        if given and strict:
            raise ValueError(
                f"The state of parameter {place.name} must have {', '.join(names[slot] for slot in needed)}. "
                f"Received: {', '.join(given)}."
            )
        return {"t": 0 if "step" not in given else _count(place, given["step"])} | {
            slot: _cast(place, names[slot], given[names[slot]], start) if names[slot] in given else start
            for slot, start in fresh.items()
        }
    t = _count(place, given["step"]) if "step" in given else 1  # PyTorch has none where only the first update matters
    return {"t": t} | {
        slot: _cast(place, names[slot], given[names[slot]], start) if slot in needed else start
        for slot, start in fresh.items()
    }


def _count(place: Place, value: Any) -> int:
    step = float(value)
    if step < 0 or step != int(step):
        raise ValueError(f"step of parameter {place.name} must be an integer >= 0. Received: {step!r}.")
    return int(step)


def _cast(place: Place, name: str, value: Any, like: Any) -> Any:
    """A value of the shape and dtype of `like`, an array or a number."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} of parameter {place.name} must be an array of numbers. Received: {array.dtype}.")
    if array.shape != np.shape(like):
        raise ValueError(
            f"{name} of parameter {place.name} must have shape {np.shape(like)}. Received: {array.shape}."
        )
    return array.astype(like.dtype) if isinstance(like, np.ndarray) else float(array)


def moved(kind: type[Optimizer], bound: BoundOptimizer, spec: Ours) -> BoundOptimizer:
    """Another optimizer for the same parameters, with the states that both have."""
    new = spec.bind([(place.name, place.parameter) for place in bound.places])
    new.load_state_dict(kind.taken(spec, new, kind.kept(bound), strict=False))
    new.t = bound.t
    return new


def exported(optimizer: Optimizer, bounds: Sequence[BoundOptimizer]) -> dict[str, Any]:
    """See `Optimizer.state_dict`."""
    state: dict[int, dict[str, Any]] = {}
    groups: list[dict[str, Any]] = []
    start = 0
    for group, bound in zip(optimizer.param_groups, bounds, strict=True):
        entries = type(optimizer).kept(bound)
        for index, entry in enumerate(entries, start):
            if entry:
                state[index] = {name: copy(value) for name, value in entry.items()}
        saved = {key: value for key, value in group.items() if key != "params"}
        if any(isinstance(value, Schedule) for value in group.values_given.values()):
            saved[_UPDATES] = bound.t
        groups.append(saved | {"params": list(range(start, start + len(entries)))})
        start += len(entries)
    return {"state": state, "param_groups": groups}


def imported(optimizer: Optimizer, saved: Mapping[str, Any]) -> None:
    """See `Optimizer.load_state_dict`."""
    kind = type(optimizer)
    if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= saved.keys():
        raise TypeError("A state is what state_dict() gives: a dict with 'state' and 'param_groups'.")
    groups, here = saved["param_groups"], optimizer.param_groups
    if [len(group["params"]) for group in groups] != [len(group["params"]) for group in here]:
        raise ValueError(
            f"The state must have groups of {[len(group['params']) for group in here]} parameters. "
            f"Received: {[len(group['params']) for group in groups]}."
        )
    indices = [index for group in groups for index in group["params"]]
    if stray := [index for index in saved["state"] if index not in indices]:
        raise ValueError(f"The state must be of the parameters {indices}. Received: one of {stray[0]!r}.")
    plan = []
    for group, own in zip(groups, here, strict=True):
        values = _values(kind, group, own)
        entries = [saved["state"].get(index) for index in group["params"]]
        state = kind.taken(own.spec_with(values), own.bound, entries, strict=True)
        plan.append((own, values, {**state, "t": int(group.get(_UPDATES, state["t"]))}))
    for own, values, state in plan:
        own.change(values)
        own.bound.load_state_dict(state)


def _values(kind: type[Optimizer], saved: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What a saved group says; arguments that it is too old to have are at their defaults."""
    arguments = kind.__signature__.parameters
    known = {"params", _UPDATES, "param_names", *arguments, *kind.constants, *own, *_OF_SCHEDULERS}
    if unknown := [key for key in saved if key not in known]:
        raise ValueError(
            f"A group of {kind.title()} must have {', '.join(arguments)}. Received: {unknown[0]}. "
            "The state is another optimizer's."
        )
    if "lr" not in saved:
        raise ValueError(f"A group of {kind.title()} must have lr. Received: {', '.join(saved)}.")
    given = {key: value for key, value in saved.items() if key not in ("params", _UPDATES)}
    values = {name: p.default for name, p in arguments.items()} | dict(kind.constants) | given
    scheduled = {key for key, value in own.values_given.items() if isinstance(value, Schedule)}  # type: ignore[attr-defined]
    return {key: _plain(value) for key, value in values.items() if key not in scheduled}


def _plain(value: Any) -> Any:
    """A number in a tensor of one element as a number; a list as a tuple."""
    if hasattr(value, "item"):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value
