"""A Keras optimizer bound to parameters: its step, its attributes, and its variables in Keras's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from itertools import groupby
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ...optim.bound import BoundOptimizer
from ...optim.gradients import Pending, indices
from ...optim.view import ParameterView
from ...schedules import Schedule
from ..step_count import SharedStepCount
from .schedules import described, rate

Array = npt.NDArray[Any]


class Rate(float):
    """The learning rate of an optimizer when it was read. `assign` sets the optimizer's. A copy is a plain float."""

    __slots__ = ("optimizer",)
    optimizer: Any

    def __new__(cls, value: Any, optimizer: Any) -> Self:
        """Remember the optimizer."""
        self = super().__new__(cls, value)
        self.optimizer = optimizer
        return self

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        """Leave the optimizer out of a copy."""
        return float, (float(self),)

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate. Raises as setting `optimizer.learning_rate` does."""
        self.optimizer.learning_rate = value

    def numpy(self) -> np.float64:
        """The optimizer's learning rate."""
        return np.float64(self.optimizer.learning_rate)


class KerasBound(SharedStepCount):
    """A Keras optimizer bound to parameters: a bound optimizer with Keras's attributes.

    Attributes:
        optimizer: the `KerasOptimizer` that was bound.
    """

    def __init__(self, optimizer: Any, params: Iterable[Any]) -> None:
        """See `Optimizer.bind`."""
        object.__setattr__(self, "optimizer", optimizer)
        object.__setattr__(self, "rate", rate(optimizer.arguments[optimizer.rate_name()]))
        super().__init__(optimizer.spec, _grouped(optimizer, params))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set the learning rate, another argument by Keras's name, or a hyperparameter by ravine's."""
        if name in ("learning_rate", "lr"):
            self._set_rate(value)
        elif name in self.optimizer.arguments:
            self._set_argument(name, value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter by ravine's name, or an argument by Keras's."""
        if name not in BoundOptimizer.__slots__ and name in self.optimizer.arguments:
            return self.optimizer.arguments[name]
        return super().__getattr__(name)

    # ------------------------------------------------------------------------------------------------- the rate
    @property
    def calls(self) -> int:
        """The number of `step` calls so far, several per update with gradient accumulation. Schedules take it."""
        return self.t * self.spec.accumulate + self._pipeline.calls

    @property
    def iterations(self) -> int:
        """The number of updates so far."""
        return self.t

    @property
    def learning_rate(self) -> Rate:
        """The learning rate of the next update, without Keras 2's `decay`. It can be set unless it is a schedule."""
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
        super().set(lr=self.optimizer.to_ours(self.optimizer.arguments | {self.optimizer.rate_name(): number}).lr)
        object.__setattr__(self, "rate", number)

    def _set_argument(self, name: str, value: Any) -> None:
        """Change an argument from the next update on. Raises TypeError or ValueError if it needs other states."""
        old = self.optimizer
        new = copy(old)
        object.__setattr__(new, "arguments", old.arguments | {name: value})
        before, after = vars(old.spec), new.spec
        changes = {key: number for key, number in vars(after).items() if number != before[key] and key in after.checks}
        if type(after) is not type(old.spec):
            raise ValueError(
                f"{old.title()}: {name} can't be changed to {value!r} after build, because the optimizer would need "
                f"other states. Received: {old!r}. Set it before build."
            )
        plan = [
            (group, group.changed(**{key: number for key, number in changes.items() if key not in own}))
            for group, own in ((group, self._specific(group)) for group in self.groups)
        ]
        for group, spec in plan:
            group.adopt(spec)
        object.__setattr__(self, "optimizer", new)

    def _specific(self, group: Any) -> Mapping[str, Any]:
        """The hyperparameters that are different for the parameters of a group."""
        view = next(view for view in self._views if view.group is group)
        found: Mapping[str, Any] = self.optimizer.specific((view.name, view.parameter))
        return found

    def set(self, **changes: Any) -> None:
        """Change hyperparameters by ravine's names, see `BoundOptimizer.set`."""
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

    def _prepared(self, pending: Pending) -> Pending:
        """Prepare an update as Keras does with gradient accumulation.

        A parameter without a gradient at the last of the accumulated calls is not updated: its sum is kept for the
        update after.
        """
        if self._pipeline.calls + 1 != self.spec.accumulate:
            return super()._prepared(pending)
        present = {(id(buffer), i) for _, buffer, slices in pending for i in indices(slices)}
        waiting = [view for view in self._views if (id(view.buffer), view.index) not in present]
        sums = [(view, total.copy()) for view in waiting if (total := _sum(view)) is not None]
        for view, _ in sums:
            view.buffer.arrived[view.index] = False
        pending = super()._prepared(pending)
        for view, total in sums:
            np.copyto(_sum(view), total)  # type: ignore[arg-type]
        return pending

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """Take one update with gradients for these parameters, or for all, in order.

        Raises:
            TypeError, ValueError: a gradient does not fit, a parameter is not one of this optimizer's, or none has a
                gradient. Nothing has been changed then.
        """
        variables = self.parameters if trainable_variables is None else list(trainable_variables)
        pairs = zip(self._views, self.gradients_for_all(list(grads), variables), strict=True)
        self.step([g if g is None else g.astype(view.x.dtype, copy=False) for view, g in pairs])  # as Keras casts

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """Take one update with pairs of a gradient and its parameter, see `apply`. Returns `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [p for _, p in pairs])
        return self.iterations

    def finalize_variable_values(self, var_list: Iterable[Any] | None = None) -> None:
        """Set all parameters, or those in var_list, to their moving averages."""
        chosen = None if var_list is None else {id(p) for p in var_list}
        for view in self._views:
            if self.spec.ema is not None and (chosen is None or id(view.parameter) in chosen):
                np.copyto(view.x, view.arrays["x_ema"])
                np.copyto(view.data, view.x)
        self._note_writes()

    # -------------------------------------------------------------------------------------------- the variables
    def _locations(self) -> Iterator[Any]:
        """Where Keras's variables are stored, in Keras's order: arrays, or names of numbers."""
        for part in self.optimizer.layout(self):
            if isinstance(part, str):
                yield part
                continue
            for view in self._views:
                for slot in part:
                    yield from self._arrays(view, slot)

    def _arrays(self, view: ParameterView, slot: str) -> Iterator[Array]:
        if slot == "unused":  # Keras 2 has it in place of amsgrad's state
            yield np.zeros(1, view.x.dtype)
        elif slot == "accumulated":
            yield _sum(view)  # type: ignore[misc]
        elif view.arrays[slot].size or not view.x.size:  # Muon keeps no velocity of a matrix
            yield view.arrays[slot]

    @property
    def variables(self) -> list[Any]:
        """Copies of Keras's variables, in Keras's order: step count, learning rate if it is a number, states."""
        return [np.array(self._number(at)) if isinstance(at, str) else at.copy() for at in self._locations()]

    weights = variables

    def get_weights(self) -> list[Any]:
        """The same as `variables`."""
        return self.variables

    def _number(self, name: str) -> Any:
        values = {"calls": self.calls, "rate": self.rate}
        return values[name] if name in values else self._views[0].scalars[name]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over the state of a Keras optimizer of the same kind, and continue with its numbers.

        Args:
            weights: its `variables` or `get_weights()`, as arrays or whatever numpy.asarray takes.

        Raises:
            ValueError: their number or a shape differs. Nothing has been changed then.
        """
        locations = list(self._locations())
        arrays = [np.asarray(value) for value in self.optimizer.filled(list(weights), len(locations))]
        if len(arrays) != len(locations):
            raise ValueError(f"{self.optimizer!r} has {len(locations)} variables. Received: {len(arrays)}.")
        for index, (location, value) in enumerate(zip(locations, arrays, strict=True)):
            shape = () if isinstance(location, str) else location.shape
            if value.shape != shape:
                raise ValueError(f"Variable {index} must have shape {shape}. Received: {value.shape}.")
            if not np.isfinite(value).all():
                raise ValueError(f"Variable {index} must be finite. Received: {value!r}.")
        pairs = zip(locations, arrays, strict=True)
        numbers = {location: value.item() for location, value in pairs if isinstance(location, str)}
        if numbers["calls"] < 0 or numbers["calls"] != int(numbers["calls"]):
            raise ValueError(f"Variable 0 counts updates, and must be an integer >= 0. Received: {numbers['calls']!r}.")
        if "rate" in numbers:
            self._set_rate(float(numbers["rate"]))
        for location, value in zip(locations, arrays, strict=True):
            if not isinstance(location, str):
                np.copyto(location, value)
        self.t, self._pipeline.calls = divmod(int(numbers["calls"]), self.spec.accumulate)
        for group in self.groups:
            for buffer in group.buffers:
                scalars = (float(numbers.get(name, 0.0)) for name in group.kernel.scalars)
                buffer.step_counts = [(self.t, *scalars)] * len(buffer.step_counts)
                if buffer.gradient_sum is not None:
                    buffer.arrived = [self._pipeline.calls > 0] * len(buffer.arrived)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the learning rate as it is now."""
        config = {name: described(value) for name, value in self.optimizer.arguments.items()}
        return config if isinstance(self.rate, Schedule) else config | {self.optimizer.rate_name(): self.rate}


def _sum(view: ParameterView) -> Array | None:
    """The sum of a parameter's gradients since the last update, if gradients are accumulated."""
    total = view.buffer.gradient_sum
    return None if total is None else view.buffer.view(total, view.index)


def _grouped(optimizer: Any, params: Iterable[Any]) -> Any:
    """The parameters in their order, as groups if some of them differ in a hyperparameter."""
    if isinstance(params, Mapping):
        params = params.items()
    if not isinstance(params, Iterable) or isinstance(params, np.ndarray | str):
        return params  # for the optimizer to refuse
    members = list(params)
    if any(isinstance(member, Mapping) for member in members):
        raise TypeError(
            f"{optimizer!r}: Keras has no groups of parameters. Received: a dict. Pass a list of parameters."
        )
    runs = groupby(members, key=lambda member: sorted(optimizer.specific(member).items()))
    groups = [{"params": list(run), **dict(changes)} for changes, run in runs]
    return groups if len(groups) > 1 or (groups and len(groups[0]) > 1) else members
