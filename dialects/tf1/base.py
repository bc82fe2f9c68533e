"""The base class of the optimizers of tf.train: `minimize`, `compute_gradients` and `apply_gradients`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...optim.optimizer import Optimizer
from ...schedules import Schedule
from ..base import Dialect
from ..gradients import value_and_gradients
from ..step_count import SharedStepCount
from .decay import present_value
from .variables import Number, trainable_variables

Pairs = Iterable[tuple[Any, Any]]


class TensorFlowBound(SharedStepCount):
    """An optimizer of tf.train bound to parameters."""

    __slots__ = ()

    def apply(self, pairs: Sequence[tuple[Any, Any]], updates_taken: int | None) -> None:
        """Take one update with pairs of a gradient and its parameter.

        Args:
            pairs: gradients and parameters.
            updates_taken: the step count before this update; None to use the optimizer's own.
        """
        gradients = self.gradients_for_all([g for g, _ in pairs], [p for _, p in pairs])
        if updates_taken is not None:
            for buffer in (buffer for group in self.groups for buffer in group.buffers):
                buffer.step_counts = [(updates_taken, *counts[1:]) for counts in buffer.step_counts]
        self.step(gradients)

    def slot(self, parameter: Any, name: str) -> npt.NDArray[np.floating[Any]] | None:
        """A copy of a state of a parameter; None if the parameter is not one of this optimizer's."""
        found = [view.arrays[name].copy() for view in self._views if view.parameter is parameter]
        return found[0] if found else None


class TensorFlowOptimizer(Dialect):
    """An optimizer of tf.train. The first `apply_gradients` or `minimize` binds it to its parameters.

    There is no graph. `minimize` takes a function as loss and returns a function; each call of that function takes one
    update. `compute_gradients` and `apply_gradients` are executed at once. learning_rate may be a number,
    a schedule, a decay of `tf1`, or a `tf1.Variable` that the program sets.

    All parameters share one step count, see `SharedStepCount`.
    """

    framework = "tf1"
    common = "use_locking=False, name=None"
    argument_names = {
        "learning_rate": "lr",
        "epsilon": "eps",
        "initial_accumulator_value": "initial_accumulator",
        "l1_regularization_strength": "l1",
        "l2_regularization_strength": "l2",
    }
    ignored = ("use_locking", "name", "accum_name", "linear_name")
    examples: ClassVar[Any] = {"momentum": 0.9}

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments, see the class."""
        super().__init__(*args, **arguments)
        self.bound: TensorFlowBound | None = None

    @classmethod
    def to_ours(cls, arguments: Mapping[str, Any]) -> Optimizer:
        """The optimizer of ravine that these arguments describe. A variable is replaced by its present value."""
        numbers = {n: float(v) if isinstance(v, Number) and n != "global_step" else v for n, v in arguments.items()}
        return super().to_ours(numbers)

    def bind(self, params: Iterable[Any]) -> TensorFlowBound:
        """A bound optimizer that counts its updates itself. Raises as `Optimizer.bind`."""
        return TensorFlowBound(self.spec, params)

    def rate(self) -> Any:
        """The learning rate of the next update; None if it is a schedule of the optimizer's own step count."""
        value = self.arguments["learning_rate"]
        return present_value(value) if isinstance(value, Schedule) else float(value)

    def compute_gradients(
        self, loss: Callable[..., Any], var_list: Iterable[Any] | None = None
    ) -> list[tuple[Any, Any]]:
        """Pairs of a gradient at the present point and its parameter. The arguments are those of `minimize`."""
        return self._evaluated(loss, var_list)[1]

    def _evaluated(
        self, loss: Callable[..., Any], var_list: Iterable[Any] | None
    ) -> tuple[float, list[tuple[Any, Any]]]:
        """The loss, and the pairs of a gradient and its parameter."""
        if var_list is None:
            self._check_finds(loss)
        variables = trainable_variables() if var_list is None else list(var_list)
        value, gradients = value_and_gradients(loss, variables)
        pairs = zip(gradients, variables, strict=True)
        return value, [(g, p) for g, p in pairs if g is not None or var_list is not None]

    def _check_finds(self, loss: Callable[..., Any]) -> None:
        if callable(loss) and inspect.signature(loss).parameters:
            raise ValueError(
                f"{self!r}: minimize needs var_list, the arguments of the loss. Received: None. Pass them, or write a "
                "loss without arguments that uses variables made by tf1.Variable."
            )

    def apply_gradients(
        self, grads_and_vars: Pairs, global_step: Number | None = None, name: str | None = None
    ) -> None:
        """Take one update with pairs of a gradient (or None) and its parameter, and add 1 to global_step.

        Raises:
            TypeError, ValueError: a gradient does not fit its parameter, there is no gradient, or the first
                update was without one of the parameters. Nothing has been changed then.
        """
        pairs = list(grads_and_vars)
        if all(g is None for g, _ in pairs):
            raise ValueError(f"{self!r}: no parameter has a gradient. Received: None for each. Compute one.")
        if self.bound is None:
            self.bound = self.bind([p for _, p in pairs])
        if (now := self.rate()) is not None:
            self.bound.lr = now
        self.bound.apply(pairs, self.updates_taken())
        if global_step is not None:
            global_step.assign_add(1)

    def updates_taken(self) -> int | None:
        """The step count before the next update; None to use the optimizer's own."""
        return None

    def minimize(
        self,
        loss: Callable[..., Any],
        global_step: Number | None = None,
        var_list: Iterable[Any] | None = None,
        name: str | None = None,
    ) -> Callable[[], float]:
        """A function that takes one update at each call, and returns the loss before the update.

        Args:
            loss: see `gradients.value_and_gradients`.
            global_step: a variable that counts the updates.
            var_list: the parameters; by default those of `tf1.trainable_variables()` that the loss is computed from at
                the first update.

        Raises:
            ValueError: var_list is missing, and the loss has arguments.
        """
        variables = None if var_list is None else list(var_list)
        if variables is None:
            self._check_finds(loss)
        elif self.bound is None:
            self.bound = self.bind(variables)

        def train() -> float:
            value, pairs = self._evaluated(loss, variables)
            self.apply_gradients(pairs, global_step)
            return value

        return train

    def get_slot_names(self) -> list[str]:
        """The names of the states."""
        kept = self.spec.kernel.arrays
        return [theirs for theirs, mine in self.slots.items() if mine in kept]

    def get_slot(self, var: Any, name: str) -> Any:
        """A copy of a state of a parameter; None before the first update, or if there is no such state."""
        if self.bound is None or name not in self.get_slot_names():
            return None
        return self.bound.slot(var, self.slots[name])

    def variables(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all states, one parameter after the other."""
        views = [] if self.bound is None else self.bound._views
        return [view.arrays[self.slots[name]].copy() for view in views for name in self.get_slot_names()]
