"""A Keras optimizer at work: its step, its attributes, its variables in Keras's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...optim.bound import BoundOptimizer
from ...optim.place import Place
from ...optim.preparation import Work
from ...schedules import Schedule
from ..together import Together
from .schedules import described, rate
from .variable import Rate

if TYPE_CHECKING:
    from .base import KerasOptimizer

__all__ = ["KerasBound"]

Array = npt.NDArray[Any]


class KerasBound(Together):
    """A Keras optimizer bound to parameters: a bound optimizer with Keras's attributes.

    Attributes:
        optimizer: the Keras optimizer that it is.
    """

    def __init__(self, optimizer: KerasOptimizer, params: Iterable[Any]) -> None:
        """See `Optimizer.bind`."""
        object.__setattr__(self, "optimizer", optimizer)
        object.__setattr__(self, "rate", rate(optimizer.arguments[optimizer.rate_name()]))
        super().__init__(optimizer.spec, _grouped(optimizer, params))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set what Keras calls learning_rate, or a hyperparameter."""
        if name in ("learning_rate", "lr"):
            self._set_rate(value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter by our name, or an argument by Keras's."""
        if name not in BoundOptimizer.__slots__ and name in self.optimizer.arguments:
            return self.optimizer.arguments[name]
        return super().__getattr__(name)

    # ------------------------------------------------------------------------------------------------- the rate
    @property
    def calls(self) -> int:
        """The gradients taken so far: with gradient accumulation several per update. Schedules are asked at these."""
        return self.t * self.spec.accumulate + self._preparation.calls

    @property
    def iterations(self) -> int:
        """The updates taken so far."""
        return self.t

    @property
    def learning_rate(self) -> Rate:
        """The rate of the next update, without Keras 2's decay. It may be set, unless it is a schedule's."""
        return Rate(self.rate(self.calls) if isinstance(self.rate, Schedule) else self.rate, self)

    lr = learning_rate

    def _set_rate(self, value: Any) -> None:
        new = rate(value)
        if isinstance(self.rate, Schedule) and not isinstance(new, Schedule):
            raise TypeError(
                f"{self.optimizer!r}: its learning rate is a schedule, and can't be set to a number. "
                f"Received: {value!r}. Make the optimizer with a number."
            )
        number = new if isinstance(new, Schedule) else float(np.asarray(new))
        super().set(lr=self.optimizer.said(self.optimizer.arguments | {self.optimizer.rate_name(): number}).lr)
        object.__setattr__(self, "rate", number)

    def set(self, **changes: Any) -> None:
        """Change hyperparameters by our names, see `BoundOptimizer.set`."""
        if "lr" in changes:
            self._set_rate(changes.pop("lr"))
        super().set(**changes)

    # ------------------------------------------------------------------------------------------------- the step
    def step(self, gradients: Any = None) -> Any:
        """Take one update, see `BoundOptimizer.step`."""
        before = self.t
        loss = super().step(gradients)
        if self.t > before:
            every = self.optimizer.arguments.get("ema_overwrite_frequency")
            if every and self.spec.ema is not None and self.t % every == 0:
                self.finalize_variable_values()
        return loss

    def _prepared(self, work: Work) -> Work:
        """Let the sums of parameters without a gradient at the last of the calls wait: Keras updates the others."""
        if self._preparation.calls + 1 != self.spec.accumulate:
            return super()._prepared(work)
        present = {(id(block), i) for _, block, runs in work for run in runs for i in range(*run)}
        blocks = [(a, i) for a in self._preparation.accumulated for i in range(len(a.arrived))]
        waiting = [(a, i, a.block.part(a.total, i).copy()) for a, i in blocks if (id(a.block), i) not in present]
        for accumulated, i, _ in waiting:
            accumulated.arrived[i] = False
        work = super()._prepared(work)
        for accumulated, i, total in waiting:
            np.copyto(accumulated.block.part(accumulated.total, i), total)
        return work

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """Take one update with gradients for these parameters, or for all, in order.

        Raises:
            TypeError, ValueError: a gradient does not fit, a parameter is not one of this optimizer's, or none has a
                gradient. Nothing has been changed then.
        """
        variables = self.parameters if trainable_variables is None else list(trainable_variables)
        self.step(self.handed(list(grads), variables))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """`apply` on pairs of a gradient and its parameter; gives `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [p for _, p in pairs])
        return self.iterations

    def finalize_variable_values(self, var_list: Iterable[Any] | None = None) -> None:
        """Put the moving averages in the place of the parameters, for good."""
        for place in self.places:
            if self.spec.ema is not None:
                np.copyto(place.x, place.slots["x_ema"])
                np.copyto(place.data, place.x)

    # -------------------------------------------------------------------------------------------- the variables
    def _homes(self) -> Iterator[Any]:
        """Where the values of Keras's variables are, in its order: arrays, or names of numbers."""
        for part in self.optimizer.layout(self):
            if isinstance(part, str):
                yield part
                continue
            for place in self.places:
                yield from (home for slot in part for home in self._arrays(place, slot))

    def _arrays(self, place: Place, slot: str) -> Iterator[Array]:
        if slot == "unused":  # what Keras 2 has where amsgrad would keep something
            yield np.zeros(1, place.x.dtype)
        elif slot == "accumulated":
            of = {id(accumulated.block): accumulated for accumulated in self._preparation.accumulated}
            yield place.block.part(of[id(place.block)].total, place.index)
        elif place.slots[slot].size or not place.x.size:  # Muon keeps no velocity of a matrix
            yield place.slots[slot]

    @property
    def variables(self) -> list[Any]:
        """Copies of Keras's variables, in its order: the count, the rate if it is a number, the states."""
        return [np.array(self._number(home)) if isinstance(home, str) else home.copy() for home in self._homes()]

    weights = variables

    def get_weights(self) -> list[Any]:
        """`variables`."""
        return self.variables

    def _number(self, name: str) -> Any:
        values = {"calls": self.calls, "rate": self.rate}
        return values[name] if name in values else self.places[0].scalars[name]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over the state of a Keras optimizer of the same kind on the same parameters: the numbers go on.

        Args:
            weights: its `variables` or `get_weights()`, as arrays or whatever numpy.asarray takes.

        Raises:
            ValueError: there are more or fewer than here, or of other shapes. Nothing has been changed then.
        """
        homes = list(self._homes())
        arrays = [np.asarray(value) for value in self.optimizer.filled(list(weights), homes)]
        if len(arrays) != len(homes):
            raise ValueError(f"{self.optimizer!r} has {len(homes)} variables here. Received: {len(arrays)}.")
        for index, (home, value) in enumerate(zip(homes, arrays, strict=True)):
            shape = () if isinstance(home, str) else home.shape
            if value.shape != shape:
                raise ValueError(f"Variable {index} must have shape {shape}. Received: {value.shape}.")
            if not np.isfinite(value).all():
                raise ValueError(f"Variable {index} must be finite. Received: {value!r}.")
        numbers = {home: value.item() for home, value in zip(homes, arrays, strict=True) if isinstance(home, str)}
        if numbers["calls"] < 0 or numbers["calls"] != int(numbers["calls"]):
            raise ValueError(f"Variable 0 counts updates, and must be an integer >= 0. Received: {numbers['calls']!r}.")
        if "rate" in numbers:
            self._set_rate(float(numbers["rate"]))
        for home, value in zip(homes, arrays, strict=True):
            if not isinstance(home, str):
                np.copyto(home, value)
        self.t, self._preparation.calls = divmod(int(numbers["calls"]), self.spec.accumulate)
        for group in self.groups:
            for block in group.blocks:
                scalars = (float(numbers.get(name, 0.0)) for name in group.kernel.scalars)
                block.clocks = [(self.t, *scalars)] * len(block.clocks)
        for accumulated in self._preparation.accumulated:
            accumulated.arrived = [self._preparation.calls > 0] * len(accumulated.arrived)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the learning rate as it is now."""
        config = {name: described(value) for name, value in self.optimizer.arguments.items()}
        return config if isinstance(self.rate, Schedule) else config | {self.optimizer.rate_name(): self.rate}


def _grouped(optimizer: KerasOptimizer, params: Iterable[Any]) -> Any:
    """The parameters, in groups where some of them have hyperparameters of their own; their order stays."""
    if isinstance(params, Mapping):
        params = params.items()
    if not isinstance(params, Iterable) or isinstance(params, np.ndarray | str):
        return params  # for the optimizer to refuse
    members = list(params)
    if any(isinstance(member, Mapping) for member in members):
        raise TypeError(
            f"{optimizer!r}: Keras has no groups of parameters. Received: a dict. Pass a list of parameters."
        )
    runs = groupby(members, key=lambda member: sorted(optimizer.own(member).items()))
    groups = [{"params": list(run), **dict(changes)} for changes, run in runs]
    return groups if len(groups) > 1 or (groups and len(groups[0]) > 1) else members
