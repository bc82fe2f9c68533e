"""The state of a bound optimizer as a dict, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..schedules import Schedule
from .buffers import checked_array
from .gradients import GradientPipeline
from .view import ParameterView

State = dict[str, Any]


def state_of(t: int, views: Sequence[ParameterView], pipeline: GradientPipeline) -> State:
    """A copy of the state after t updates, see `BoundOptimizer.state_dict`."""
    options: State = {}
    if pipeline.checks:
        options["nonfinite"] = pipeline.refused
    if pipeline.accumulates:
        options["calls"] = pipeline.calls
    if plateaus := plateaus_of(views):
        options["plateaus"] = {name: plateau.state_dict() for name, plateau in plateaus.items()}
    states = {view.name: _state_of(view) for view in views}
    return {"optimizer": type(pipeline.spec).__name__, "t": t, **options, "state": states}


def _state_of(view: ParameterView) -> State:
    kept: State = {"t": view.t, **view.scalars}
    if view.buffer.gradient_sum is not None:
        kept["arrived"] = int(view.buffer.arrived[view.index])
        kept["accumulated"] = view.buffer.view(view.buffer.gradient_sum, view.index).copy()
    return kept | {name: array.copy() for name, array in view.arrays.items()}


def plateaus_of(views: Sequence[ParameterView]) -> dict[str, Any]:
    """The plateau schedulers among the hyperparameters, each once.

    A key names the hyperparameter and the first parameter, by name, that a plateau scheduler is for.
    """
    found: dict[int, tuple[str, Any]] = {}
    for view in sorted(views, key=lambda view: view.name):
        for hyper, value in vars(view.group.spec).items():
            for i, plateau in enumerate(value.plateaus if isinstance(value, Schedule) else ()):
                found.setdefault(id(plateau), (f"{hyper} of {view.name}" + f", {i + 1}" * bool(i), plateau))
    return dict(found.values())


def merged(saved: Any, own: State) -> Any:
    """A state of one's own, with what a saved state has of the same parameters. Raises ValueError if it has none."""
    if not isinstance(saved, Mapping) or not isinstance(saved.get("state"), Mapping):
        return saved  # `restore` refuses it
    common = {name: saved["state"][name] for name in own["state"] if name in saved["state"]}
    if not common:
        names = f"{sorted(own['state'])}. Received: {sorted(saved['state'], key=str)}"
        raise ValueError(f"A partial state must have one of the parameters {names}.")
    return {**own, **{key: saved[key] for key in own if key in saved}, "state": {**own["state"], **common}}


def restore(saved: Mapping[str, Any], views: Sequence[ParameterView], pipeline: GradientPipeline) -> int:
    """Restore a state, see `BoundOptimizer.load_state_dict`; gives its t."""
    _check(saved, state_of(0, views, pipeline))
    _check_shared_counts(saved["state"], views)
    plateaus, states = plateaus_of(views), saved.get("plateaus", {})
    if not isinstance(states, Mapping) or states.keys() != plateaus.keys():
        raise ValueError(f"The state of plateau schedulers must be for {list(plateaus)}. Received: {states!r}.")
    for name, plateau in plateaus.items():
        plateau.checked_state(states[name])
    for name, plateau in plateaus.items():
        plateau.load_state_dict(states[name])
    pipeline.refused, pipeline.calls = int(saved.get("nonfinite", 0)), int(saved.get("calls", 0))
    for view in views:
        kept, buffer = saved["state"][view.name], view.buffer
        buffer.step_counts[view.index] = (int(kept["t"]), *(float(kept[name]) for name in view.scalars))
        for name, array in view.arrays.items():
            np.copyto(array, kept[name])
        if buffer.gradient_sum is not None:
            buffer.arrived[view.index] = bool(kept["arrived"])
            np.copyto(buffer.view(buffer.gradient_sum, view.index), kept["accumulated"])
    return int(saved["t"])


# --------------------------------------------------------------------------------------------------------- the checks
def _check(saved: Any, own: State) -> None:
    """Raise TypeError or ValueError unless a state has the keys of one's own, with values of the same kinds."""
    whole = isinstance(saved, Mapping) and {"optimizer", "t", "state"} <= saved.keys()
    if not whole or not isinstance(saved["state"], Mapping):
        received = f"a dict with {sorted(saved, key=str)}" if isinstance(saved, Mapping) else repr(saved)
        raise TypeError(
            f"A state is what state_dict() gives: a dict with 'optimizer', 't' and 'state'. Received: {received}."
        )
    if not isinstance(saved["optimizer"], str) or saved["optimizer"] != own["optimizer"]:
        raise ValueError(f"The state must be of {own['optimizer']}. Received: one of {saved['optimizer']}.")
    _check_keys("keys", saved, own)
    _check_keys("parameters", saved["state"], own["state"])
    _check_values("", saved, own)
    for name, kept in own["state"].items():
        if not isinstance(saved["state"][name], Mapping):
            raise TypeError(f"The state of parameter {name} must be a dict. Received: {saved['state'][name]!r}.")
        _check_keys(f"slots of parameter {name}", saved["state"][name], kept)
        _check_values(f" of parameter {name}", saved["state"][name], kept)


def _check_keys(what: str, saved: Any, own: Any) -> None:
    if set(own) != set(saved):
        raise ValueError(f"The state's {what} must be {sorted(own)}. Received: {sorted(saved, key=str)}.")


def _check_values(of: str, saved: Mapping[str, Any], own: State) -> None:
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


def _check_shared_counts(saved: Mapping[str, Any], views: Sequence[ParameterView]) -> None:
    """Raise ValueError unless parameters that are updated as one vector have the same numbers."""
    first: dict[int, ParameterView] = {}
    for view in views if views[0].group.spec.granularity == "flat-vector" else ():
        other = first.setdefault(id(view.group), view)
        for name in ("t", *view.scalars):
            values = sorted({repr(float(saved[v.name][name])) for v in (view, other)})
            if len(values) > 1:
                raise ValueError(
                    f"The state's {name} must be the same for all parameters of {type(view.group.spec).__name__}. "
                    f"Received: {', '.join(values)}."
                )
