"""torch.optim.Optimizer, which has parameter groups and states in PyTorch's layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from ...optim.bound import BoundOptimizer
from .group import ParamGroup
from .kind import Kind
from .state import State


class Optimizer(Kind):
    """The base class of PyTorch's optimizers.

    `torch.Adam(params, lr=1e-3)` is bound to parameters. `torch.Adam(lr=1e-3)` is not: its `.spec` is the optimizer of
    ravine with the same numerics, and `.bind(params)` returns a bound one.

    Differs from PyTorch: every number may also be a schedule of ravine. `foreach`, `fused` and `capturable`
    choose how PyTorch computes, and have no effect; `differentiable=True` is an error. A gradient can't be sparse.

    Attributes:
        param_groups: the groups, each a mapping. A value that is set there is used from the next step on.
        defaults: the arguments that a group gets where it has none of its own.
        state: the states of each parameter that has been updated, by PyTorch's names.
    """

    def __init__(self, params: Any = None, *args: Any, **arguments: Any) -> None:
        """Bind to parameters, if there are any."""
        super().__init__(*args, **arguments)
        self.defaults = {**self.arguments, **self.constants}
        self.param_groups: list[ParamGroup] = []
        if params is None:
            return
        for group in _groups(self.title(), params):
            self.add_param_group(group)

    def bind(self, params: Iterable[Any]) -> Any:
        """Bind to parameters, names and parameters, or groups."""
        return type(self)(params, **self.arguments)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """PyTorch's text; without parameters the call that makes an equal object."""
        if not self.param_groups:
            return super().__repr__()
        lines = [f"{type(self).__name__} ("]
        for index, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {index}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Raise TypeError, as a bound optimizer of ravine does."""
        raise TypeError(
            f"{self.title()} can't be copied or pickled: it shares memory with its parameters. Make another one for a "
            "copy of the parameters, and load state_dict() into it."
        )

    def _bound(self) -> list[BoundOptimizer]:
        if not self.param_groups:
            raise ValueError(f"{self!r} has no parameters. Bind it: {self.title()}(params, ...) or .bind(params).")
        return [group.bound for group in self.param_groups if not group.is_empty]

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add a group {"params": [...], argument: value, ...}; any other key is kept as it is.

        Raises:
            TypeError, ValueError: see `Optimizer.bind`; a parameter that is in another group already.
        """
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(f"{self.title()}: a group is a dict with 'params'. Received: {param_group!r}.")
        group = ParamGroup(type(self), {**self.defaults, **param_group})
        own = {id(p) for present in self.param_groups for p in present["params"]}
        if any(id(p) in own for p in group["params"]):
            raise ValueError(f"{self.title()}: a parameter is in two groups. Leave it out of one of them.")
        self.param_groups.append(group)

    @property
    def state(self) -> State:
        """The states by parameter: numbers, and the optimizer's own arrays, not copies."""
        self._bound()
        return State(self.param_groups)

    @state.setter
    def state(self, states: Mapping[Any, Mapping[str, Any]]) -> None:
        given = {id(parameter): values for parameter, values in states.items()}
        self._bound()
        for group in self.param_groups:
            group.replace([given.get(id(view.parameter)) for view in group.views])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None, or to zeros. (A parameter with a gradient of zeros is still updated.)"""
        for bound in self._bound():
            for p in bound.parameters:
                if set_to_none and not isinstance(p, np.ndarray):
                    p.grad = None
                elif getattr(p, "grad", None) is not None:
                    p.grad = np.zeros_like(p.data)

    def step(self, closure: Callable[[], Any] | Sequence[Any] | None = None) -> Any:
        """Take one update.

        Args:
            closure: a function that computes the gradients and returns the loss. For plain arrays, a list of gradients,
                one per parameter, or a function that returns the loss and such a list.

        Returns:
            The loss before the update, if a function was given; otherwise None.

        Raises:
            TypeError, ValueError: see `BoundOptimizer.step`.
        """
        bounds = self._bound()
        if len(bounds) == 1:
            return bounds[0].step(closure)
        loss, gradients = closure() if callable(closure) else None, None
        if isinstance(loss, tuple):
            loss, gradients = loss
        elif closure is not None and not callable(closure):
            gradients = closure
        for bound, own in zip(bounds, self._parts(gradients), strict=True):
            bound.step(own)
        return loss

    def _parts(self, gradients: Sequence[Any] | None) -> Iterator[Sequence[Any] | None]:
        """The gradients of each group."""
        counts = [len(bound._views) for bound in self._bound()]
        if gradients is not None and len(gradients) != sum(counts):
            raise ValueError(f"step takes one gradient per parameter, {sum(counts)}. Received: {len(gradients)}.")
        start = 0
        for count in counts:
            yield None if gradients is None else gradients[start : start + count]
            start += count

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state, in PyTorch's layout, of NumPy arrays.

        It is {"state": {index: {name: array}}, "param_groups": [{argument: value, ..., "params": [index, ...]}]}.
        PyTorch's own optimizer can load it after its arrays have become tensors (`torch.as_tensor`).
        """
        state: dict[int, dict[str, Any]] = {}
        groups: list[dict[str, Any]] = []
        self._bound()
        for group in self.param_groups:
            start = sum(len(saved["params"]) for saved in groups)
            entries = group.entries()
            for index, entry in enumerate(entries, start):
                if entry:
                    state[index] = {name: copy(value) for name, value in entry.items()}
            groups.append(group.saved() | {"params": list(range(start, start + len(entries)))})
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state of this dialect or of PyTorch, with arrays or tensors.

        As in PyTorch, parameters are matched by position, the arguments in it replace those of the groups, and arrays
        are cast to the dtype of the parameter. An argument that is a schedule of ravine is not replaced.

        Raises:
            TypeError, ValueError: the state belongs to another optimizer, or does not fit the parameters. Nothing has
                been changed then.
        """
        self._bound()
        if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= state_dict.keys():
            raise TypeError("A state is what state_dict() gives: a dict with 'state' and 'param_groups'.")
        entries_by_index, groups = state_dict["state"], state_dict["param_groups"]
        sizes = [len(group["params"]) for group in self.param_groups]
        if [len(group["params"]) for group in groups] != sizes:
            raise ValueError(
                f"The state must have groups of {sizes} parameters. "
                f"Received: {[len(group['params']) for group in groups]}."
            )
        indices = [index for group in groups for index in group["params"]]
        if stray := [index for index in entries_by_index if index not in indices]:
            raise ValueError(f"The state must be of the parameters {indices}. Received: one of {stray[0]!r}.")
        plan = []  # all groups are checked before the first is changed
        for saved, group in zip(groups, self.param_groups, strict=True):
            values, updates = group.restored(saved)
            entries = [entries_by_index.get(index) for index in saved["params"]] or [None]
            state = self.imported(group.spec_with(values), group.bound, entries, strict=True)
            plan.append((group, values, state if updates is None else {**state, "t": updates}, entries))
        for group, values, state, entries in plan:
            group.change(values)
            group.load(state, entries)


def _groups(title: str, params: Any) -> list[Mapping[str, Any]]:
    """The groups in the first argument of an optimizer."""
    if isinstance(params, Mapping) and "params" not in params:
        params = list(params.items())
    if isinstance(params, Mapping | str | np.ndarray) or hasattr(params, "grad") or not isinstance(params, Iterable):
        hint = ".parameters()" if hasattr(params, "parameters") else "a list: [params]"
        raise TypeError(f"{title} takes parameters or groups. Received: {type(params).__name__}. Pass {hint}.")
    items = list(params)
    if not items:
        raise ValueError(f"{title} received an empty list of parameters. Pass at least one.")
    return items if all(isinstance(item, Mapping) for item in items) else [{"params": items}]
