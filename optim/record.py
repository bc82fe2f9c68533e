"""The record of a step: norms of gradients and updates, and the numbers that the rule received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from .gradients import Pending, indices
from .norms import global_norm
from .view import ParameterView

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sizes:
    """Euclidean norms, of one parameter or of all together."""

    x: float
    """Norm of the values before the step."""
    gradient: float
    """Norm of the gradient as it was computed, before clipping and weight decay."""
    update: float
    """Norm of the change of x."""

    @property
    def update_ratio(self) -> float:
        """Norm of the update divided by that of x."""
        return _ratio(self.update, self.x)

    @property
    def effective_lr(self) -> float:
        """The learning rate with which plain gradient descent would have made a step of the same length."""
        return _ratio(self.update, self.gradient)


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan") if a == 0 or np.isnan(a) else float("inf")


@dataclass(frozen=True)
class StepRecord:
    """One step.

    `gradient_norm`, `update_norm`, `update_ratio` and `effective_lr` are those of all parameters together, `all`.
    """

    k: int
    """The updates taken before it."""
    hyperparameters: tuple[Mapping[str, Any], ...]
    """For each group the hyperparameters of this step; a schedule is replaced by its value."""
    clip_factor: float
    """The factor by which clip_norm multiplied the gradients; 1 if it is off or the norm was below the limit."""
    all: Sizes
    parameters: Mapping[str, Sizes]
    """The norms of each parameter that was updated, by its name."""

    @property
    def lr(self) -> float:
        """The learning rate of the first group."""
        return float(self.hyperparameters[0]["lr"])

    @property
    def gradient_norm(self) -> float:
        """The global norm of the gradients as they were computed."""
        return self.all.gradient

    @property
    def update_norm(self) -> float:
        """The global norm of the changes."""
        return self.all.update

    @property
    def update_ratio(self) -> float:
        """Norm of the update divided by that of x."""
        return self.all.update_ratio

    @property
    def effective_lr(self) -> float:
        """The learning rate with which plain gradient descent would have made a step of the same length."""
        return self.all.effective_lr


@dataclass(frozen=True)
class Before:
    """One parameter before the step."""

    values: Mapping[str, Array]
    """x, g and the states, as the rule received them."""
    gradient: Array
    """g as it was computed, before it was clipped on a copy."""
    numbers: Mapping[str, Any]
    """t, hyperparameters and the states that are numbers."""


class Recorder:
    """Copies x, gradients and states before a step, and makes the record after it."""

    def __init__(self) -> None:
        """Start without a record."""
        self.gradients: dict[str, Array] = {}
        self.before: dict[str, Before] = {}
        self.record: StepRecord | None = None

    def copy_gradients(self, views: Sequence[ParameterView], pending: Pending) -> None:
        """Copy the gradients of the parameters to update, before they are clipped."""
        present = {(id(buffer), index) for _, buffer, slices in pending for index in indices(slices)}
        updated = (view for view in views if (id(view.buffer), view.index) in present)
        self.gradients = {view.name: view.gradient.copy() for view in updated}

    def copy_inputs(self, views: Sequence[ParameterView]) -> None:
        """Copy the inputs of the rule, once gradients are clipped by their norms."""
        self.before = {
            view.name: Before(
                {name: array.copy() for name, array in {"x": view.x, "g": view.gradient, **view.arrays}.items()},
                self.gradients[view.name],
                view.group.numbers | view.scalars | {"t": view.t + 1},
            )
            for view in views
            if view.name in self.gradients
        }

    def finish(self, views: Sequence[ParameterView], k: int) -> None:
        """Make the record."""
        parameters, parts = {}, []
        for view in (view for view in views if view.name in self.before):
            before = self.before[view.name]
            x = before.values["x"]
            arrays = [a.reshape(-1) for a in (x, before.gradient, view.x - x)]
            parameters[view.name] = Sizes(*(global_norm([a]) for a in arrays))
            parts.append(arrays)
        used = [before.numbers for before in self.before.values()]
        groups = list(dict.fromkeys(view.group for view in views))
        self.record = StepRecord(
            k=k,
            hyperparameters=tuple(MappingProxyType(group.hyperparameters(k)) for group in groups),
            clip_factor=next((n["clip_factor"] for n in used if "clip_factor" in n), 1.0),
            all=Sizes(*(global_norm(arrays) for arrays in zip(*parts, strict=True))),
            parameters=MappingProxyType(parameters),
        )
