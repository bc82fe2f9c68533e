"""An optimizer bound to parameters: the step, and the state it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from ..schedules import Schedule
from . import checkpoint
from .hyper import value_at
from .optimizer import Optimizer
from .parameters import blocks_of, groups_of, names_of
from .storage import Block, apart, checked_array, owners
from .transforms import clip_factor, global_norm

__all__ = ["BoundOptimizer", "Group", "Place"]


class Group:
    """Parameters that share hyperparameters, updated by one kernel call per dtype."""

    def __init__(self, spec: Optimizer, parameters: list[Any]) -> None:
        """Lay the parameters out and start their states."""
        self.spec = spec
        self.parameters = parameters
        self.kernel = spec.kernel
        self.blocks = blocks_of(parameters)
        for block in self.blocks:
            for slot in self.kernel.arrays[2:]:
                start = self.value(spec.starts[slot], 0) if slot in spec.starts else 0.0
                block.states[slot] = np.full_like(block.x, start)
        names = self.kernel.parameters
        self._numbers = [getattr(spec, name) if hasattr(spec, name) else 0.0 for name in names]
        self._scheduled = [(i, name) for i, name in enumerate(names) if isinstance(self._numbers[i], Schedule)]
        self._t = names.index("t") if "t" in names else None
        self._clip = names.index("clip_factor") if "clip_factor" in names else None

    def value(self, name: str, k: int) -> Any:
        """A hyperparameter when k updates have been taken.

        Raises:
            ValueError: a schedule has left the domain.
        """
        value = getattr(self.spec, name)
        return value_at(type(self.spec), name, value, k) if isinstance(value, Schedule) else value

    def ask(self, k: int) -> None:
        """Ask the schedules for their values."""
        for index, name in self._scheduled:
            self._numbers[index] = self.value(name, k)

    def clip(self, k: int, norm: float) -> None:
        """Set the factor that brings the joint norm of all gradients down to clip_norm."""
        if self._clip is not None:
            self._numbers[self._clip] = clip_factor(self.value("clip_norm", k), norm)

    def update(self, block: Block, first: int, last: int) -> None:
        """Update the parameters [first, last) of a block, which have had the same number of updates."""
        count = block.counts[first]
        if self._t is not None:
            self._numbers[self._t] = count + 1.0
        self.kernel(block.arrays(first, last), self._numbers)
        block.counts[first:last] = [count + 1] * (last - first)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one parameter lies."""

    name: str
    parameter: Any
    block: Block
    index: int
    what: str
    """What its gradient is called in messages."""
    x: npt.NDArray[Any]
    """Its values, in the block."""

    @property
    def slots(self) -> dict[str, npt.NDArray[Any]]:
        """Its states."""
        return {slot: self.block.part(flat, self.index) for slot, flat in self.block.states.items()}


class BoundOptimizer:
    """An optimizer at work on parameters. Made by `Adam(params, ...)` or `spec.bind(params)`.

    Parameters with `data` and `grad` are moved into one contiguous buffer per group and dtype; `p.data` and `p.grad`
    are views of it in p's shape. Both may be assigned to; the new values are taken over at the next step. Plain arrays
    are updated in place.

    A parameter without a gradient is skipped: it is neither moved nor decayed, its states stay as they are, and the t
    of its bias corrections does not advance. A gradient of zeros is a gradient.

    Attributes:
        spec: the optimizer as a value.
        t: the updates taken so far; a step in which no parameter has a gradient is none.
        groups: the groups of parameters, each with its own `spec`.
    """

    __slots__ = ("__weakref__", "clips", "groups", "owners", "places", "spec", "t")

    def __init__(self, spec: Optimizer, params: Iterable[Any]) -> None:
        """See `Optimizer.bind`."""
        self.spec = spec
        self.t = 0
        self.groups = [Group(own, members) for own, members in groups_of(spec, params)]
        parameters = [p for group in self.groups for p in group.parameters]
        blocks = [block for group in self.groups for block in group.blocks]
        at = {id(p): (block, index) for block in blocks for index, p in enumerate(block.parameters)}
        self.places = []
        for name, p in zip(names_of(parameters), parameters, strict=True):
            block, index = at[id(p)]
            place = Place(name, p, block, index, f"gradient of parameter {name}", block.part(block.x, index))
            self.places.append(place)
        own = [flat for block in blocks for flat in (block.x, block.g)]
        self.owners = owners(own + [p for p in parameters if isinstance(p, np.ndarray)])
        self.clips = any(group.spec.clip_norm is not None for group in self.groups)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse: a copy of the buffers would not be what the copied parameters see."""
        raise TypeError(
            "A bound optimizer can't be copied or pickled: it shares memory with its parameters. Bind opt.spec to a "
            "copy of them, and load opt.state_dict() into that."
        )

    @property
    def parameters(self) -> list[Any]:
        """The parameters, in the order in which they were given."""
        return [place.parameter for place in self.places]

    def __repr__(self) -> str:
        """The optimizer and what it is bound to."""
        sizes = sum(block.x.size for group in self.groups for block in group.blocks)
        return f"<{self.spec!r} on {len(self.parameters)} parameters of {sizes} elements, t={self.t}>"

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter's value for the next step, in the first group."""
        if name in BoundOptimizer.__slots__:  # while an instance is being made
            raise AttributeError(name)
        if name in self.spec.domains:
            return self.groups[0].value(name, self.t)
        raise AttributeError(f"{type(self.spec).__name__} has no attribute or hyperparameter {name!r}.")

    # -------------------------------------------------------------------------------------------------- the step
    def step(self, gradients: Sequence[npt.NDArray[Any] | None] | None = None) -> None:
        """Take one update.

        Args:
            gradients: one array per parameter, of its shape and dtype, or None for a missing one. Without this, the
                parameters' own `grad` are used.

        Raises:
            TypeError, ValueError: a gradient does not fit its parameter, or a schedule has left its hyperparameter's
                domain. Nothing has been changed then.
        """
        if gradients is not None:
            self._hand_over(gradients)
        k = self.t
        work = []
        for group in self.groups:
            group.ask(k)
            for block in group.blocks:
                runs = block.gather(gradients is not None)
                if runs:
                    work.append((group, block, runs))
        if self.clips:
            norm = global_norm(block.arrays(*run)[1] for _, block, runs in work for run in runs)
            for group in self.groups:
                group.clip(k, norm)
        for group, block, runs in work:
            for run in runs:
                group.update(block, *run)
            block.scatter()
        if work:
            self.t = k + 1

    def _hand_over(self, gradients: Sequence[npt.NDArray[Any] | None]) -> None:
        if not isinstance(gradients, Iterable) or isinstance(gradients, np.ndarray | Mapping | str):
            raise TypeError(f"step takes a list of gradients, [g, ...]. Received: {type(gradients).__name__}.")
        gradients = list(gradients)
        if len(gradients) != len(self.places):
            raise ValueError(f"step takes one gradient per parameter, {len(self.places)}. Received: {len(gradients)}.")
        # All are checked before the first is taken over.
        fitting = [
            None if g is None else apart(checked_array(place.what, g, place.x), self.owners)
            for place, g in zip(self.places, gradients, strict=True)
        ]
        for place, g in zip(self.places, fitting, strict=True):
            place.block.hand_over(place.index, g)

    def zero_grad(self) -> None:
        """Drop all gradients: `p.grad` becomes None, and the parameter is skipped until it has one again."""
        for p in self.parameters:
            if not isinstance(p, np.ndarray):
                p.grad = None

    # -------------------------------------------------------------------------------------------------- the state
    def state_dict(self) -> dict[str, Any]:
        """A copy of the state.

        A dict {"optimizer": name, "t": updates, "state": {parameter: {"t": its updates, slot: array, ...}, ...}}.
        Hyperparameters are not part of it: they are in `spec`, whose `repr` is its source.
        """
        state = {
            place.name: {
                "t": place.block.counts[place.index],
                **{slot: kept.copy() for slot, kept in place.slots.items()},
            }
            for place in self.places
        }
        return {"optimizer": type(self.spec).__name__, "t": self.t, "state": state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state that `state_dict` gave.

        Raises:
            TypeError, ValueError: it is another optimizer's, or does not have this one's parameters, slots, shapes and
                dtypes. Nothing has been changed then.
        """
        checkpoint.check(type(self.spec).__name__, state, {place.name: place.slots for place in self.places})
        self.t = int(state["t"])
        for place in self.places:
            saved = state["state"][place.name]
            place.block.counts[place.index] = int(saved["t"])
            for slot, kept in place.slots.items():
                np.copyto(kept, saved[slot])

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state to a .npz file, without pickle; the file appears whole or not at all."""
        checkpoint.write(path, self.state_dict())

    def load(self, path: str | PathLike[str]) -> None:
        """Take over the state in a file that `save` wrote.

        Raises:
            ValueError: the file is damaged, or not such a file; and as `load_state_dict`.
        """
        self.load_state_dict(checkpoint.read(path))
