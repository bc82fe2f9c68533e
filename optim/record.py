"""What an optimizer notes of its last step, when it is asked to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .clipping import global_norm

if TYPE_CHECKING:
    from .place import Place
    from .preparation import Work

__all__ = ["Before", "Record", "Recorder", "Sizes"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sizes:
    """Euclidean norms, of one parameter or of all together."""

    x: float
    """Of the values before the step."""
    gradient: float
    """Of the gradient as it came, before it was clipped or decayed."""
    update: float
    """Of the change of x."""

    @property
    def update_ratio(self) -> float:
        """The length of the update as a share of that of x."""
        return _ratio(self.update, self.x)

    @property
    def effective_lr(self) -> float:
        """The learning rate with which plain gradient descent would have made as long a step."""
        return _ratio(self.update, self.gradient)


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan") if a == 0 or np.isnan(a) else float("inf")


@dataclass(frozen=True)
class Record:
    """One step.

    `gradient_norm`, `update_norm`, `update_ratio` and `effective_lr` are those of all parameters together.
    """

    k: int
    """The updates taken before it."""
    hyperparameters: tuple[Mapping[str, Any], ...]
    """Of each group, the values that held: what was scheduled, as the schedule gave it."""
    clip_factor: float
    """What clip_norm multiplied the gradients with; 1 if they were short enough, or nothing was asked for."""
    all: Sizes
    parameters: Mapping[str, Sizes]
    """Of each parameter that was updated, by its name."""

    @property
    def lr(self) -> float:
        """The learning rate of the first group."""
        return float(self.hyperparameters[0]["lr"])

    @property
    def gradient_norm(self) -> float:
        """The joint norm of all gradients as they came."""
        return self.all.gradient

    @property
    def update_norm(self) -> float:
        """The joint norm of all changes."""
        return self.all.update

    @property
    def update_ratio(self) -> float:
        """The length of the update as a share of that of x."""
        return self.all.update_ratio

    @property
    def effective_lr(self) -> float:
        """The learning rate with which plain gradient descent would have made as long a step."""
        return self.all.effective_lr


@dataclass(frozen=True)
class Before:
    """One parameter before the step."""

    values: Mapping[str, Any]
    """x, g and the states, as the rule was given them."""
    gradient: Array
    """g as it came, before its norms were clipped."""
    numbers: Mapping[str, Any]
    """t, hyperparameters and the states that are numbers."""


class Recorder:
    """Keeps what a step starts from: a copy of x, of the gradients and of the states."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self.gradients: dict[str, Array] = {}
        self.before: dict[str, Before] = {}
        self.record: Record | None = None

    def start(self, places: list[Place], work: Work) -> None:
        """Copy the gradients that have come."""
        updated = {id(block): {i for run in runs for i in range(*run)} for _, block, runs in work}
        present = (place for place in places if place.index in updated.get(id(place.block), ()))
        self.gradients = {place.name: place.block.part(place.block.g, place.index).copy() for place in present}

    def clipped(self, places: list[Place]) -> None:
        """Copy what the rule starts from, once gradients are clipped by their norms."""
        self.before = {
            place.name: Before(
                {"x": place.x.copy(), "g": place.block.part(place.block.g, place.index).copy()}
                | {slot: kept.copy() for slot, kept in place.slots.items()},
                self.gradients[place.name],
                place.group.numbers | place.scalars | {"t": place.block.clocks[place.index][0] + 1},
            )
            for place in places
            if place.name in self.gradients
        }

    def finish(self, places: list[Place], k: int) -> None:
        """Take the sizes of what has changed."""
        parameters, parts = {}, []
        for place in (place for place in places if place.name in self.before):
            before = self.before[place.name]
            x = before.values["x"]
            arrays = [a.reshape(-1) for a in (x, before.gradient, place.x - x)]
            parameters[place.name] = Sizes(*(global_norm([a]) for a in arrays))
            parts.append(arrays)
        used = [before.numbers for before in self.before.values()]
        groups = list(dict.fromkeys(place.group for place in places))
        self.record = Record(
            k=k,
            hyperparameters=tuple(MappingProxyType(group.hyperparameters(k)) for group in groups),
            clip_factor=next((n["clip_factor"] for n in used if "clip_factor" in n), 1.0),
            all=Sizes(*(global_norm(arrays) for arrays in zip(*parts, strict=True))),
            parameters=MappingProxyType(parameters),
        )
