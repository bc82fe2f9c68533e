"""Parameters that share hyperparameters, and their update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..schedules import Schedule
from .clipping import clip_factor, clipped_by_units, global_norm
from .hyper import value_at
from .optimizer import Optimizer
from .options import OF_THE_STEP
from .parameters import blocks_of
from .storage import Block
from .tiers import ELEMENTS, JOINT

__all__ = ["Group"]

Array = npt.NDArray[Any]


class Group:
    """Parameters that share hyperparameters, updated by one kernel call per dtype.

    Attributes:
        spec: the optimizer as a value, as it is for this group.
        parameters: the parameters or arrays.
    """

    def __init__(self, spec: Optimizer, parameters: list[Any], owner: Callable[[], Any]) -> None:
        """Lay the parameters out and start their states.

        Args:
            spec: the optimizer as a value.
            parameters: the parameters or arrays.
            owner: a weak reference to what is told by `see()` that hyperparameters have changed.
        """
        self.parameters = parameters
        self._owner = owner
        self.blocks = blocks_of(parameters, spec)
        self.adopt(spec)
        clock = (0, *map(spec.start_value, self.kernel.scalars))
        for block in self.blocks:
            block.clocks = [clock] * len(block.parameters)
            block.states = {slot: spec.tier.start(spec, slot, block) for slot in self.kernel.arrays[2:]}

    @property
    def numbers(self) -> dict[str, Any]:
        """The numbers that the kernel was given last, by name."""
        return dict(zip(self.kernel.parameters, self._numbers, strict=True))

    def hyperparameters(self, k: int) -> dict[str, Any]:
        """All hyperparameters when k updates have been taken."""
        return {name: self.value(name, k) for name in self.spec.domains}

    def adopt(self, spec: Optimizer) -> None:
        """Take these hyperparameters from the next step on."""
        self.spec, self.kernel, names = spec, spec.kernel, spec.kernel.parameters
        self._numbers: list[Any] = [vars(spec).get(name) for name in names]
        self._scheduled = [(i, name) for i, name in enumerate(names) if isinstance(self._numbers[i], Schedule)]
        own = ("t", "clip_factor", "evaluate")
        self._t, self._factor, self._search = (names.index(name) if name in names else None for name in own)
        options = ("clip_norm", "clip_each_norm", "clip_adaptive")
        self._limits = [name for name in options if isinstance(getattr(spec, name), Schedule)]
        self._scalars = [names.index(name) for name in self.kernel.scalars]
        self._from_x = [i for i, slot in enumerate(self.kernel.arrays) if spec.starts.get(slot) == "x"]
        for block in self.blocks:
            block.missing = "join" if spec.tier is JOINT and spec.missing == "skip" else spec.missing

    def changed(self, **changes: Any) -> Optimizer:
        """The optimizer with hyperparameters changed.

        Raises:
            TypeError, ValueError: a hyperparameter is not what it may be, or needs another state than is kept.
        """
        for name in OF_THE_STEP:
            if name in changes:
                raise ValueError(f"{type(self.spec).__name__}: {name} is chosen at binding. Bind another optimizer.")
        spec = self.spec.replace(**changes)
        if not self._keeps_the_states_of(spec):
            kept = ", ".join(self.kernel.arrays[2:]) or "none"
            raise ValueError(
                f"{type(spec).__name__}: this would change which states are kept. Received: {changes}, and the states "
                f"are {kept}. Bind another optimizer."
            )
        return spec

    def _keeps_the_states_of(self, spec: Optimizer) -> bool:
        if spec.tier is ELEMENTS or spec.kernel.arrays != self.kernel.arrays:
            return spec.kernel.arrays == self.kernel.arrays
        return all(
            _shapes(spec.tier.start(spec, slot, block)) == _shapes(kept)
            for block in self.blocks
            for slot, kept in block.states.items()
        )

    def set(self, **changes: Any) -> None:
        """Change hyperparameters from the next step on; the states stay.

        Raises:
            TypeError, ValueError: see `changed`.
        """
        self.adopt(self.changed(**changes))
        if (owner := self._owner()) is not None:
            owner.see()

    def set_number(self, name: str, value: float) -> None:
        """Change a hyperparameter of the rule from one valid number to another, without the checks of `set`."""
        spec = object.__new__(type(self.spec))
        vars(spec).update(vars(self.spec), **{name: value})
        if bool(value) != bool(vars(self.spec)[name]):  # a kernel may be compiled for 0
            self.adopt(spec)
            return
        self.spec = spec
        if name in (names := self.kernel.parameters):
            self._numbers[names.index(name)] = value

    def value(self, name: str, k: int) -> Any:
        """A hyperparameter when k updates have been taken.

        Raises:
            ValueError: a schedule has left the domain.
        """
        value = getattr(self.spec, name)
        return value_at(type(self.spec), name, value, k) if isinstance(value, Schedule) else value

    def ask(self, k: int, evaluate: Any = None) -> None:
        """Ask the schedules for their values, and take the function that a rule that looks around asks.

        Raises:
            TypeError: the rule needs that function, and there is none.
            ValueError: a schedule has left the domain.
        """
        for index, name in self._scheduled:
            self._numbers[index] = self.value(name, k)
        for name in self._limits:
            self.value(name, k)
        if self._search is not None:
            if evaluate is None:
                raise TypeError(
                    f"{type(self.spec).__name__} evaluates the loss at several points. Received: step without a "
                    "closure. Say step(closure), with a function that computes the gradients anew and returns the loss."
                )
            self._numbers[self._search] = evaluate

    def clip(self, block: Block, runs: Sequence[tuple[int, int]], k: int, norm: float | None) -> None:
        """Bring norms down: of all gradients together by a factor, of single parameters and units in a copy."""
        factor = 1.0
        if self._factor is not None and norm is not None:
            factor = self._numbers[self._factor] = clip_factor(self.value("clip_norm", k), norm)
        if self.spec.clip_each_norm is None and self.spec.clip_adaptive is None:
            return
        block.g = block.g.copy()
        for index in (index for run in runs for index in range(*run)):
            x, g = block.part(block.x, index), block.part(block.g, index)
            if self.spec.clip_each_norm is not None:
                g *= clip_factor(self.value("clip_each_norm", k), factor * global_norm([g.reshape(-1)]))
            if self.spec.clip_adaptive is not None:
                g[...] = clipped_by_units(x, g, self.value("clip_adaptive", k) / factor if factor else np.inf)

    def objective(self, k: int, loss: float, x: Array, g: Array) -> tuple[float, Array]:
        """What a rule that looks around minimizes: a loss and its gradient at x, with what the options make of them."""
        decay = self.value("weight_decay", k)
        if self.spec.maximize:
            loss, g = -loss, -g
        return (loss + decay / 2 * float(x @ x), g + decay * x) if decay else (loss, g)

    def update(self, block: Block, first: int, last: int) -> None:
        """Update the parameters [first, last) of a block, which have the same clocks."""
        numbers = self._numbers
        for start, end, arrays in self.spec.tier.calls(block, first, last):
            clock = block.clocks[start]
            t = clock[0]
            if self._t is not None:
                numbers[self._t] = t + 1.0
            if self._scalars:
                for index, value in zip(self._scalars, clock[1:], strict=True):
                    numbers[index] = value
            if t == 0:
                for index in self._from_x:  # x may have been assigned to since it was bound
                    np.copyto(arrays[index], arrays[0])
            new = self.kernel(arrays, numbers) if self._search is None else self._searched(block, arrays)
            block.clocks[start:end] = [(t + 1, *new)] * (end - start)

    def _searched(self, block: Block, arrays: Sequence[Array]) -> Sequence[float]:
        """Call a rule that looks around: what it asks for is computed in the place of x, which is then brought back."""
        arrays = [arrays[0].copy(), arrays[1].copy(), *arrays[2:]]
        try:
            return self.kernel(arrays, self._numbers)
        finally:
            np.copyto(block.x, arrays[0])
            block.scatter()


def _shapes(kept: Array | list[Array]) -> list[tuple[int, ...]]:
    return [array.shape for array in (kept if isinstance(kept, list) else [kept])]
