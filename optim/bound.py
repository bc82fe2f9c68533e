"""An optimizer bound to parameters: the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels.threads import interrupts_held
from ..schedules import Schedule
from . import archive
from .buffers import memory_owners
from .explain import Explanation, explained
from .gradients import GradientPipeline, Pending, set_gradients, warn_of_no_gradient
from .group import Group
from .hyper import ScheduledValue, hint_for_attribute
from .optimizer import Optimizer
from .parameters import buffers_of, group_items, groups_of
from .record import Recorder, StepRecord
from .state import is_count, merged, restore, state_of
from .view import states_table, views_of

Array = npt.NDArray[Any]

_STATE = "an optimizer's state"
"""The kind of the files that `save` writes."""


_HELD_BYTES = 1 << 18
"""From this size of all parameters on Ctrl-C waits for the end of an update, which costs some microseconds."""


class BoundOptimizer:
    """An optimizer bound to parameters, made by `Adam(params, ...)` or `spec.bind(params)`.

    Parameters with `data` and `grad` are moved into one contiguous buffer per group and dtype; `p.data` and `p.grad`
    are views of it in p's shape. Both may be assigned to; the new values are copied into the buffer at the next step.
    Plain arrays are updated in place.

    A parameter without a gradient is skipped, unless `missing` says otherwise: it is neither moved nor decayed, its
    states stay as they are, and the t of its bias corrections does not advance. A gradient of zeros is a gradient.

    A hyperparameter is an attribute: `opt.lr` is its value for the next step in the first group, `opt.lr = 0.01`
    changes it in all groups, `opt.groups[1].set(lr=0.01)` in one.

    Attributes:
        spec: the optimizer configuration, as it was bound.
        t: the updates taken so far; a step in which no parameter has a gradient is none.
        groups: the groups of parameters, each with its own `spec`.

    >>> from ravine.optim import SGD
    >>> x = np.array([1.0, 2.0])
    >>> opt = SGD([x], lr=0.5)
    >>> opt.step([np.array([1.0, -1.0])])
    >>> x.tolist(), opt.t, opt.lr
    ([0.5, 2.5], 1, 0.5)
    """

    t: int

    __slots__ = (
        "__weakref__", "_averaged", "_has_arrays", "_holds_interrupts", "_memory_owners", "_pipeline", "_recorder",
        "_views", "_warned", "groups", "spec", "t",
    )  # fmt: skip

    def __init__(self, spec: Optimizer, params: Iterable[Any]) -> None:
        """See `Optimizer.bind`."""
        _set_t(self, 0)
        self.spec = spec
        self.groups: list[Group] = []
        self._averaged = self._warned = False
        self._recorder: Recorder | None = None
        self._append(*groups_of(spec, params))
        self._pipeline = GradientPipeline(spec, self.groups, self._views)

    def _append(self, names: Sequence[str], groups: Sequence[tuple[Optimizer, list[Any]]]) -> None:
        """Append groups; `names` are those of all parameters."""
        self.groups += [Group(own, members, buffers_of(members, own)) for own, members in groups]
        self._views = views_of(names, self.groups)
        self._has_arrays = any(isinstance(view.parameter, np.ndarray) for view in self._views)
        self._memory_owners = memory_owners(a for view in self._views for a in (view.x, view.buffer.g, view.data))
        # A search of the minimum along a line may take long, and leaves the parameters as they were.
        short = all(group.spec.granularity == "elementwise" for group in self.groups)
        small = sum(view.x.nbytes for view in self._views) < _HELD_BYTES
        self._holds_interrupts = not (short and small) and not self.spec.needs_closure

    def add(self, params: Iterable[Any], **changes: Any) -> None:
        """Add parameters in groups of their own, whose states start now.

        Args:
            params: parameters or groups, as for `Optimizer.bind`.
            changes: hyperparameters of the new groups; the others are those of `spec`.

        Raises:
            TypeError, ValueError: see `Optimizer.bind`; a parameter is there already. Nothing has been changed then.
        """
        if self._averaged:
            raise RuntimeError("Parameters can't be added inside `with opt.averaged()`. Leave the block first.")
        present = [(view.name, view.parameter) for view in self._views]
        names, groups = groups_of(self.spec, [{"params": present}, *group_items(self.spec, params, changes)])
        if names[: len(present)] != [name for name, _ in present]:
            raise ValueError(
                f"{type(self.spec).__name__}: a new parameter has the name of one of {dict(present).keys()}."
            )
        self._append(names, groups[1:])
        self._pipeline.extend(self._views, self.groups[-len(groups[1:]) :])

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse: a copy of the buffers would not be what the copied parameters see."""
        raise TypeError(
            "A bound optimizer can't be copied or pickled: it shares memory with its parameters. Bind opt.spec to a "
            "copy of them, and load opt.state_dict() into that."
        )

    @property
    def parameters(self) -> list[Any]:
        """The parameters, in the order in which they were given."""
        return [view.parameter for view in self._views]

    def __repr__(self) -> str:
        """The optimizer and what it is bound to."""
        sizes = sum(buffer.x.size for group in self.groups for buffer in group.buffers)
        return f"<{self.spec!r} on {len(self.parameters)} parameters of {sizes} elements, t={self.t}>"

    def _repr_markdown_(self) -> str:
        title = f"{self.t} updates taken. Parameters and states, each as the root of its mean square:"
        return "\n\n".join([self.groups[0].spec._repr_markdown_(), title, states_table(self._views)])

    def __dir__(self) -> Iterable[str]:
        """The attributes, with the hyperparameters."""
        return {*super().__dir__(), *self.spec.checks}

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter's value for the next step, in the first group."""
        if name in BoundOptimizer.__slots__:  # while an instance is being made
            raise AttributeError(name)
        if name in self.spec.checks:
            group = self.groups[0]
            value, given = group.value(name, self.t), getattr(group.spec, name)
            return ScheduledValue(value, given) if isinstance(given, Schedule) else value
        title = type(self.spec).__name__
        raise AttributeError(f"{title} has no attribute or hyperparameter {name!r}.{hint_for_attribute(name)}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Change a hyperparameter in all groups, from the next step on."""
        if name == "t" and not is_count(value):
            raise ValueError(f"t counts the updates and must be an integer >= 0. Received: t={value!r}.")
        if name in BoundOptimizer.__slots__:
            object.__setattr__(self, name, value)
        elif name == "recording":
            self._recorder = (self._recorder or Recorder()) if value else None
        elif name in self.spec.checks:  # `opt.lr *= 0.1` scales a schedule
            self.set(**{name: value.schedule if isinstance(value, ScheduledValue) else value})
        else:
            title = type(self.spec).__name__
            raise AttributeError(f"{title} has no hyperparameter {name!r} to set.{hint_for_attribute(name)}")

    def set(self, **changes: Any) -> None:
        """Change hyperparameters in all groups, from the next step on; the states stay.

        Raises:
            TypeError, ValueError: a hyperparameter is not what it may be, or needs another state than is kept. Nothing
                has been changed then.
        """
        for group, spec in [(group, group.changed(**changes)) for group in self.groups]:
            group.adopt(spec)

    # -------------------------------------------------------------------------------------------------- the step
    def step(self, gradients: Any = None) -> Any:
        """Take one update.

        Args:
            gradients: one array per parameter, of its shape and dtype, or None for a missing one. Without this, the
                parameters' own `grad` are used. Or a closure, which computes the gradients anew and returns the loss;
                for plain arrays it returns the loss and the list of gradients.

        Returns:
            With a closure, the loss before the update.

        Raises:
            TypeError, ValueError: a gradient does not fit its parameter, or a schedule has left its hyperparameter's
                domain. Nothing has been changed then.
            FloatingPointError: a gradient is not finite, and nonfinite="raise". Nothing has been changed then.
            KeyboardInterrupt: Ctrl-C; with parameters of 256 KiB or more it waits until the whole step is made.
        """
        loss = closure = None
        if callable(gradients):
            closure = gradients
            loss, gradients = self._evaluate(closure)
        elif gradients is not None or self._has_arrays:
            set_gradients(gradients, self._views, self._memory_owners)
        k = self.t
        prepare = self._pipeline.active or self._averaged or self._recorder is not None
        pending: Pending = []
        for group in self.groups:
            group.set_numbers(k, None if closure is None else self._loss_of_x(group, closure, loss))
            for buffer in group.buffers:
                slices = buffer.pack()
                if slices:
                    pending.append((group, buffer, slices))
            prepare = prepare or group.clips
        if not (pending or self._warned or self._has_arrays):
            self._warned = True
            warn_of_no_gradient(type(self.spec).__name__)
        if prepare:
            pending = self._prepared(pending)
        if self._holds_interrupts:
            with interrupts_held():
                self._update(pending, k)
        else:
            self._update(pending, k)
        if self._recorder and pending:
            self._recorder.finish(self._views, k)
        return loss

    def _update(self, pending: Pending, k: int) -> None:
        """Make the updates of a step, the one after k."""
        if len(pending) > 1 or (pending and len(pending[0][2]) > 1):
            for group, buffer, slices in pending:
                group.prepare(buffer, slices)
        for group, buffer, slices in pending:
            group.update(buffer, slices)
            buffer.unpack()
            buffer.note_writes(slices)
        if pending:
            _set_t(self, k + 1)

    def _prepared(self, pending: Pending) -> Pending:
        """Check, accumulate, record and clip the gradients; gives the updates to make."""
        if self._averaged:
            raise RuntimeError("A step inside `with opt.averaged()` would move the average. Leave the block first.")
        pending, norm = self._pipeline.collect(pending)
        if self._recorder and pending:
            self._recorder.copy_gradients(self._views, pending)
        self._pipeline.clip(pending, self.t, norm)
        if self._recorder and pending:
            self._recorder.copy_inputs(self._views)
        return pending

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, Any]:
        """Call a closure; gives the loss and, if they were returned, the gradients."""
        loss = closure()
        if isinstance(loss, tuple):
            if len(loss) != 2:
                raise TypeError(
                    f"A closure returns the loss, or the loss and the list of gradients. Received: {len(loss)} values."
                )
            loss, gradients = loss
            set_gradients(gradients, self._views, self._memory_owners)
            return loss, gradients
        if self._has_arrays:
            set_gradients(None, self._views, self._memory_owners)
        return loss, None

    def _loss_of_x(self, group: Group, closure: Callable[[], Any], loss: Any) -> Callable[..., Any] | None:
        """For a rule that needs a closure: the loss and its gradient as a function of x, all parameters as one vector.

        Without x it gives the loss and the gradient where the parameters are, which have been computed already. The
        options maximize and weight_decay are part of the loss.
        """
        if not group.spec.needs_closure:
            return None
        (buffer,) = group.buffers
        decay = group.value("weight_decay", self.t)

        def loss_of_x(x: Array | None = None) -> tuple[float, Array]:
            value = loss
            if x is not None:
                np.copyto(buffer.x, x)
                buffer.unpack()
                value, _ = self._evaluate(closure)
                if not buffer.pack():
                    buffer.g = np.zeros_like(buffer.x)
            number, x, g = float(value.item() if hasattr(value, "item") else value), buffer.x, buffer.g.copy()
            number, g = (-number, -g) if group.spec.maximize else (number, g)
            return (number + decay / 2 * float(x @ x), g + decay * x) if decay else (number, g)

        return loss_of_x

    def zero_grad(self) -> None:
        """Drop all gradients: `p.grad` becomes None, and the parameter is skipped until it has one again."""
        for p in self.parameters:
            if not isinstance(p, np.ndarray):
                p.grad = None

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Replace the parameters by their averages inside a `with` block.

        The averages are those that `ema` or `swa` or the rule itself keeps; a parameter without one stays as it is.

        Raises:
            ValueError: there is no average, or more than one.
        """
        if self._averaged:
            raise RuntimeError("The averages are in place already. Leave the block of the first averaged().")
        averages = [view.average() for view in self._views]
        kept = [view.data.copy() for view in self._views]
        self._averaged = True
        try:
            for view, average in zip(self._views, averages, strict=True):
                np.copyto(view.data, average)
            self._note_writes()
            yield
        finally:
            for view, data in zip(self._views, kept, strict=True):
                np.copyto(view.data, data)
            self._note_writes()
            self._averaged = False

    def _note_writes(self) -> None:
        """Tell Tensors among the parameters that their data have been changed."""
        for group in self.groups:
            for buffer in group.buffers:
                buffer.note_writes()

    # ---------------------------------------------------------------------------------------------- the last step
    @property
    def nonfinite(self) -> int:
        """The number of calls of `step` that were left out or refused because a gradient was not finite."""
        return self._pipeline.refused

    @property
    def recording(self) -> bool:
        """Whether steps are recorded; it may be set. It costs a copy of x, g and the states at each step."""
        return self._recorder is not None

    @property
    def record(self) -> StepRecord:
        """The last step: norms of gradient and update, clip factor, effective learning rate.

        Raises:
            ValueError: no step has been recorded.
        """
        return self._recorded().record  # type: ignore[return-value]

    def explain(self, parameter: int | str = 0, entry: int | tuple[int, ...] = 0) -> Explanation:
        """The arithmetic of the last step of one element, with the numbers put in.

        Args:
            parameter: the position or name of the parameter.
            entry: the index of the element in the parameter; an integer counts elements row by row.

        Raises:
            IndexError, KeyError: there is no such parameter or element.
            ValueError: no step has been recorded, or the parameter was not updated in it.
        """
        return explained(self._views, self._recorded().before, parameter, entry)

    def _recorded(self) -> Recorder:
        if self._recorder is None or self._recorder.record is None:
            raise ValueError(
                "The last step must have been recorded. Received: no record. Say opt.recording = True before the step; "
                "it costs a copy of x, g and the states."
            )
        return self._recorder

    # -------------------------------------------------------------------------------------------------- the state
    def state_dict(self) -> dict[str, Any]:
        """A copy of the state.

        It is a dict {"optimizer": name, "t": updates, "state": {parameter: {"t": its updates, slot: array, ...}, ...}},
        with entries of the options that have a state. Hyperparameters are not part of it: they are in `spec`.
        """
        return state_of(self.t, self._views, self._pipeline)

    def load_state_dict(self, saved: Mapping[str, Any], *, partial: bool = False) -> None:
        """Restore a state that `state_dict` returned.

        Args:
            saved: the state.
            partial: restore the parameters that the state knows by name; the others keep their states.

        Raises:
            TypeError, ValueError: it is another optimizer's, or does not have this one's parameters, slots, shapes and
                dtypes. Nothing has been changed then.
        """
        self.t = restore(merged(saved, self.state_dict()) if partial else saved, self._views, self._pipeline)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state to a file that appears whole or not at all: .npz, without pickle, or .safetensors."""
        archive.write(path, _STATE, self.state_dict())

    def load(self, path: str | PathLike[str], *, partial: bool = False) -> None:
        """Restore the state in a file that `save` wrote; see `load_state_dict`.

        Raises:
            ValueError: the file is damaged, or is no such file.
            TypeError, ValueError: see `load_state_dict`.
        """
        self.load_state_dict(archive.read(path, _STATE), partial=partial)


# Sets t without the checks in __setattr__, which cost as much as the rest of a small step.
_set_t: Callable[[BoundOptimizer, int], None] = BoundOptimizer.t.__set__  # type: ignore[attr-defined, misc]
