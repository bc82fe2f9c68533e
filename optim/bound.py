"""An optimizer bound to parameters: the step."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from ..schedules import Schedule
from . import archive, averaging, state
from .explain import Explanation, step_of
from .group import Group
from .optimizer import Optimizer
from .options import OF_THE_STEP
from .parameters import groups_of
from .place import Place
from .preparation import Preparation, Work
from .record import Record, Recorder
from .storage import apart, checked_array, owners

__all__ = ["BoundOptimizer"]

Array = npt.NDArray[Any]

_STATE = "an optimizer's state"
"""The kind of the files that `save` writes."""


class BoundOptimizer:
    """An optimizer at work on parameters. Made by `Adam(params, ...)` or `spec.bind(params)`.

    Parameters with `data` and `grad` are moved into one contiguous buffer per group and dtype; `p.data` and `p.grad`
    are views of it in p's shape. Both may be assigned to; the new values are taken over at the next step. Plain arrays
    are updated in place.

    A parameter without a gradient is skipped, unless `missing` says otherwise: it is neither moved nor decayed, its
    states stay as they are, and the t of its bias corrections does not advance. A gradient of zeros is a gradient.

    A hyperparameter reads as its value for the next step in the first group, `opt.lr`; `opt.lr = 0.01` changes it in
    all groups, `opt.groups[1].set(lr=0.01)` in one.

    Attributes:
        spec: the optimizer as a value, as it was bound.
        t: the updates taken so far; a step in which no parameter has a gradient is none.
        groups: the groups of parameters, each with its own `spec`.

    >>> from ravine.optim import SGD
    >>> x = np.array([1.0, 2.0])
    >>> opt = SGD([x], lr=0.5)
    >>> opt.step([np.array([1.0, -1.0])])
    >>> x.tolist(), opt.t, opt.lr
    ([0.5, 2.5], 1, 0.5)
    """

    __slots__ = (
        "__weakref__", "_averaged", "_plain", "_preparation", "_recorder", "groups", "owners", "places", "spec", "t",
    )  # fmt: skip

    def __init__(self, spec: Optimizer, params: Iterable[Any]) -> None:
        """See `Optimizer.bind`."""
        _set_t(self, 0)
        self.spec = spec
        named, groups = groups_of(spec, params)
        for own, _ in groups:
            _check_whole_step(spec, own)
        self.groups = [Group(own, members, weakref.ref(self)) for own, members in groups]
        at = {
            id(p): (group, block, index)
            for group in self.groups
            for block in group.blocks
            for index, p in enumerate(block.parameters)
        }
        self.places = []
        for name, p in zip(named, (p for group in self.groups for p in group.parameters), strict=True):
            group, block, index = at[id(p)]
            x = block.part(block.x, index)
            self.places.append(Place(name, p, group, block, index, f"gradient of parameter {name}", x))
        self.owners = owners(array for place in self.places for array in (place.x, place.block.g, place.data))
        self._preparation = Preparation(spec, self.groups, self.places)
        self._averaged = False
        self._recorder: Recorder | None = None
        self.see()

    def see(self) -> None:
        """See whether a step has more to do than to gather and to update."""
        self._plain = self._preparation.idle and not self._averaged and not self._recorder

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse: a copy of the buffers would not be what the copied parameters see."""
        raise TypeError(
            "A bound optimizer can't be copied or pickled: it shares memory with its parameters. Bind opt.spec to a "
            "copy of them, and load opt.state_dict() into that."
        )

    @property
    def controllers(self) -> list[Any]:
        """What among the hyperparameters' schedules has a state of its own, such as ReduceOnPlateau."""
        values = [value for group in self.groups for value in vars(group.spec).values()]
        found = [c for value in values if isinstance(value, Schedule) for c in value.plateaus]
        return list({id(controller): controller for controller in found}.values())

    @property
    def parameters(self) -> list[Any]:
        """The parameters, in the order in which they were given."""
        return [place.parameter for place in self.places]

    def __repr__(self) -> str:
        """The optimizer and what it is bound to."""
        sizes = sum(block.x.size for group in self.groups for block in group.blocks)
        return f"<{self.spec!r} on {len(self.parameters)} parameters of {sizes} elements, t={self.t}>"

    def _repr_markdown_(self) -> str:
        from .notebook import of_bound

        return of_bound(self)

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter's value for the next step, in the first group."""
        if name in BoundOptimizer.__slots__:  # while an instance is being made
            raise AttributeError(name)
        if name in self.spec.domains:
            return self.groups[0].value(name, self.t)
        raise AttributeError(f"{type(self.spec).__name__} has no attribute or hyperparameter {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        """Change a hyperparameter in all groups, from the next step on."""
        if name == "t" and not state.is_count(value):
            raise ValueError(f"t counts the updates and must be an integer >= 0. Received: t={value!r}.")
        if name in BoundOptimizer.__slots__:
            object.__setattr__(self, name, value)
        elif name == "recording":
            self._recorder = (self._recorder or Recorder()) if value else None
            self.see()
        elif name in self.spec.domains:
            self.set(**{name: value})
        else:
            raise AttributeError(f"{type(self.spec).__name__} has no hyperparameter {name!r} to set.")

    def set(self, **changes: Any) -> None:
        """Change hyperparameters in all groups, from the next step on; the states stay.

        Raises:
            TypeError, ValueError: a hyperparameter is not what it may be, or needs another state than is kept. Nothing
                has been changed then.
        """
        for group, spec in [(group, group.changed(**changes)) for group in self.groups]:
            group.adopt(spec)
        self.see()

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
        """
        loss = None
        closure = gradients if callable(gradients) else None
        if closure is not None:
            loss, gradients = self._evaluate(closure)
        elif gradients is not None:
            self._hand_over(gradients)
        k = self.t
        work: Work = []
        for group in self.groups:
            group.ask(k, self._searching(group, closure, loss) if closure and group.spec.searches else None)
            for block in group.blocks:
                runs = block.gather(gradients is not None)
                if runs:
                    work.append((group, block, runs))
        if not self._plain:
            work = self._prepared(work)
        for group, block, runs in work:
            for run in runs:
                group.update(block, *run)
            block.scatter()
        if work:
            _set_t(self, k + 1)
            if self._recorder:
                self._recorder.finish(self.places, k)
        return loss

    def _prepared(self, work: Work) -> Work:
        """Do what options ask for before the update; gives what there is to update."""
        if self._averaged:
            raise RuntimeError("A step inside `with opt.averaged()` would move the average. Leave the block first.")
        work, norm = self._preparation.taken(work)
        if self._recorder and work:
            self._recorder.start(self.places, work)
        for group, block, runs in work:
            group.clip(block, runs, self.t, norm)
        if self._recorder and work:
            self._recorder.clipped(self.places)
        return work

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, Any]:
        """Call a closure; gives the loss and, if they were returned, the gradients."""
        loss = closure()
        if isinstance(loss, tuple):
            if len(loss) != 2:
                raise TypeError(
                    f"A closure returns the loss, or the loss and the list of gradients. Received: {len(loss)} values."
                )
            loss, gradients = loss
            self._hand_over(gradients)
            return loss, gradients
        return loss, None

    def _searching(self, group: Group, closure: Callable[[], Any], loss: Any) -> Callable[..., Any]:
        """What a rule that looks around asks: from x, as one vector, to the loss and the gradient there."""
        (block,) = group.blocks
        k = self.t

        def evaluate(x: Array | None = None) -> tuple[float, Array]:
            value = loss
            if x is not None:
                np.copyto(block.x, x)
                block.scatter()
                value, gradients = self._evaluate(closure)
                if not block.gather(gradients is not None):
                    block.g = np.zeros_like(block.x)
            number = float(value.item() if hasattr(value, "item") else value)
            return group.objective(k, number, block.x, block.g.copy())

        return evaluate

    def _hand_over(self, gradients: Sequence[Array | None]) -> None:
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

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages of the parameters in their place for the length of a `with` block.

        The averages are those that `ema` or `swa` keep, or the rule itself; a parameter that has none yet stays.

        Raises:
            ValueError: there is no average, or more than one.
        """
        if self._averaged:
            raise RuntimeError("The averages are in place already. Leave the block of the first averaged().")
        averages = [averaging.of(place) for place in self.places]
        kept = [place.data.copy() for place in self.places]
        self._averaged = True
        self.see()
        try:
            for place, average in zip(self.places, averages, strict=True):
                np.copyto(place.data, average)
            yield
        finally:
            for place, data in zip(self.places, kept, strict=True):
                np.copyto(place.data, data)
            self._averaged = False
            self.see()

    # ------------------------------------------------------------------------------------------------- its account
    @property
    def nonfinite(self) -> int:
        """The calls of `step` that were left out or refused because a gradient was not finite."""
        return self._preparation.refused

    @property
    def recording(self) -> bool:
        """Whether steps are noted down; set it to True. It costs a copy of x, g and the states at each step."""
        return self._recorder is not None

    @property
    def record(self) -> Record:
        """What the last step was: norms of gradient and update, clip factor, effective learning rate.

        Raises:
            ValueError: no step has been noted down.
        """
        return self._recorded().record  # type: ignore[return-value]

    def explain(self, parameter: int | str = 0, entry: int | tuple[int, ...] = 0) -> Explanation:
        """The arithmetic of the last step of one entry, with the numbers put in.

        Args:
            parameter: its position or name.
            entry: an index of the parameter; an integer counts its elements row by row.

        Raises:
            IndexError, KeyError: there is no such parameter or entry.
            ValueError: no step has been noted down, or the parameter was not updated in it.
        """
        before = self._recorded().before
        at = {place.name: place for place in self.places} | dict(enumerate(self.places))
        if parameter not in at:
            raise KeyError(f"There is no parameter {parameter!r}. There are: {', '.join(p.name for p in self.places)}.")
        place = at[parameter]
        if place.name not in before:
            raise ValueError(f"Parameter {place.name} was not updated in the last step: it had no gradient.")
        try:
            index = entry if isinstance(entry, tuple) else np.unravel_index(entry, place.x.shape)
            place.x[index]
        except (IndexError, ValueError):
            raise IndexError(f"Parameter {place.name} has shape {place.x.shape}. Received: entry {entry!r}.") from None
        return step_of(place, before[place.name], tuple(int(i) for i in index))

    def _recorded(self) -> Recorder:
        if self._recorder is None or self._recorder.record is None:
            raise ValueError(
                "No step has been noted down. Received: a question about the last step. Say opt.recording = True "
                "before the step; it costs a copy of x, g and the states."
            )
        return self._recorder

    # -------------------------------------------------------------------------------------------------- the state
    def state_dict(self) -> dict[str, Any]:
        """A copy of the state.

        A dict {"optimizer": name, "t": updates, "state": {parameter: {"t": its updates, slot: array, ...}, ...}}, and
        what the options keep. Hyperparameters are not part of it: they are in `spec`, whose `repr` is its source.
        """
        return state.of(self)

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over a state that `state_dict` gave.

        Raises:
            TypeError, ValueError: it is another optimizer's, or does not have this one's parameters, slots, shapes and
                dtypes. Nothing has been changed then.
        """
        state.restore(self, saved)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state to a file that appears whole or not at all: .npz, without pickle, or .safetensors."""
        archive.write(path, _STATE, self.state_dict())

    def load(self, path: str | PathLike[str]) -> None:
        """Take over the state in a file that `save` wrote.

        Raises:
            ValueError: the file is damaged, or not such a file; and as `load_state_dict`.
        """
        self.load_state_dict(archive.read(path, _STATE))


# The slot itself: it spares the step what __setattr__ looks at.
_set_t: Callable[[BoundOptimizer, int], None] = BoundOptimizer.t.__set__  # type: ignore[attr-defined]


def _check_whole_step(spec: Optimizer, own: Optimizer) -> None:
    for name in OF_THE_STEP:
        if getattr(own, name) != getattr(spec, name):
            raise ValueError(
                f"{type(spec).__name__}: {name} concerns all parameters of a step, and no group has its own. "
                f"Received: {name}={getattr(own, name)!r} in a group."
            )
