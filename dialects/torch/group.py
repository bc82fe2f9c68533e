"""A parameter group as PyTorch shows it: a mapping that users and schedulers read and write."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy
from numbers import Real
from typing import Any

import numpy as np

from ...optim.bound import BoundOptimizer
from ...optim.hyper import NumberOrSchedule
from ...optim.optimizer import Optimizer as Ours
from ...optim.view import ParameterView
from ...schedules import Schedule
from .kind import Entries, Kind

_UPDATES = "updates"
"""A key of saved groups with a schedule of ravine: the number of updates, from which the schedule continues."""


class ParamGroup(MutableMapping[str, Any]):
    """The arguments of a group by name, and "params". A new value is used from the next step on.

    Any other key, such as a scheduler's "initial_lr", is stored without a check. The first lr must be >= 0. As in
    PyTorch, it may become negative later, which two schedulers on one optimizer can do: the steps then go uphill.

    Raises:
        TypeError, ValueError: an argument is not valid. Nothing has been changed then.
    """

    def __init__(self, kind: type[Kind], values: Mapping[str, Any]) -> None:
        """Bind the parameters of a group whose arguments are complete."""
        self._kind = kind
        self._values = {name: value for name, value in values.items() if name != "params"}
        params = values["params"]
        params = [params] if isinstance(params, np.ndarray) or hasattr(params, "grad") else list(params)
        self.is_empty = not params
        self.bound = self._bind(params or [np.zeros((0, 0))])
        self._unused: list[dict[str, Any]] = [{} for _ in self.bound._views]
        if any(isinstance(p, tuple) for p in params):
            self._values["param_names"] = [view.name for view in self.views]

    def _bind(self, params: list[Any]) -> BoundOptimizer:
        spec = self._to_ours(self._values)
        try:
            return _bound(spec, params)
        except (TypeError, ValueError) as error:
            name, _, rest = str(error).partition(": ")
            raise type(error)(f"{self._kind.title()}: {rest}" if name == type(spec).__name__ else str(error)) from None

    @property
    def views(self) -> list[ParameterView]:
        """The parameters, each with its states."""
        return [] if self.is_empty else self.bound._views

    def entries(self) -> list[Mapping[str, Any] | None]:
        """The states of each parameter by PyTorch's names, also those that the present arguments do not use.

        PyTorch keeps the momentum buffers while momentum is 0, for example.
        """
        pairs = zip(self._unused, self._kind.exported(self.bound), strict=True)
        return [] if self.is_empty else [{**unused, **(used or {})} or None for unused, used in pairs]

    def replace(self, entries: Entries) -> None:
        """Exchange the states of all parameters. A state that is left out gets its initial value.

        Raises:
            TypeError, ValueError: a state has another name or shape. Nothing has been changed then.
        """
        if not self.is_empty:
            state = self._kind.imported(self.bound.groups[0].spec, self.bound, entries, strict=False)
            self.load({**state, "t": self.bound.t}, entries)

    def replace_entry(self, index: int, entry: Mapping[str, Any] | None) -> None:
        """Exchange the states of one parameter, see `replace`."""
        entries = self.entries()
        entries[index] = entry
        self.replace(entries)

    def load(self, state: Mapping[str, Any], entries: Entries) -> None:
        """Load a state that `Kind.imported` made from these entries."""
        self.bound.load_state_dict(state)
        used = self._kind.exported(self.bound)
        self._unused = [
            {
                name: copy(value)
                for name, value in (entry or {}).items()
                if name not in (own or {}) and value is not None
            }
            for entry, own in zip(entries, used, strict=True)
        ]

    def spec_with(self, changes: Mapping[str, Any]) -> Ours:
        """The optimizer of ravine that the group describes after these changes."""
        values = {**self._values, **changes}
        lr = values["lr"]
        if not isinstance(lr, Real) or not -math.inf < float(lr) < 0:
            return self._to_ours(values)
        spec = self._to_ours({**values, "lr": -lr})
        object.__setattr__(spec, "lr", float(lr))  # ravine refuses lr < 0; PyTorch checks it only at construction
        return spec

    def _to_ours(self, values: Mapping[str, Any]) -> Ours:
        kind = self._kind
        for name, value in kind.constants.items():
            if values[name] != value:
                raise ValueError(f"{kind.title()}: {name} must be {value!r}. Received: {name}={values[name]!r}.")
        spec = kind.to_ours(kind.completed(**{name: values[name] for name in kind.accepts}))
        if stateful := [s for s in vars(spec).values() if isinstance(s, Schedule) and s.plateaus]:
            raise TypeError(
                f"{kind.title()}: a group can't store the state of a schedule. Received: {stateful[0]!r}. Use "
                "torch.optim.lr_scheduler.ReduceLROnPlateau, or an optimizer of ravine."
            )
        return spec

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change several values at once."""
        spec = self.spec_with(changes)
        (group,) = self.bound.groups
        present = self._values
        shaping = any(changes.get(name, present[name]) != present[name] for name in self._kind.shaping)
        if type(spec) is not type(group.spec) or spec.kernel.arrays != group.kernel.arrays or shaping:
            entries, t = [*self.entries()] or [None], self.bound.t
            self.bound = _bound(spec, [(view.name, view.parameter) for view in self.bound._views])
            state = self._kind.imported(spec, self.bound, entries, strict=False)
            self.load({**state, "t": t}, entries)
        else:
            group.adopt(spec)
        self._values.update(changes)

    def _change_numbers(self, key: str, value: Any) -> bool:
        """Change an argument from numbers to other numbers, as a scheduler does at every step.

        Returns:
            Whether that was possible: all are floats, they are valid, none becomes 0 or stops being 0, and ravine's
            hyperparameters have the same values as the argument.
        """
        (group,) = self.bound.groups
        names, values, present = self._kind.argument_names.get(key, key), value, self._values.get(key)
        if isinstance(names, str):
            names, values, present = (names,), (value,), (present,)
        elif not isinstance(value, tuple) or not isinstance(present, tuple) or len(value) != len(present):
            return False
        own, checks = vars(group.spec), group.spec.checks
        for name, new, old in zip(names, values, present, strict=True):
            check = checks.get(name)
            if type(new) is not float or not isinstance(check, NumberOrSchedule) or type(own[name]) is not float:
                return False
            if own[name] != old or bool(new) != bool(old):
                return False
            if new not in check and not (name == "lr" and -math.inf < new < 0):
                return False
        for name, new in zip(names, values, strict=True):
            if new != own[name]:
                group.set_number(name, new)
        self._values[key] = value
        return True

    def saved(self) -> dict[str, Any]:
        """The values as a state has them, without the parameters."""
        saved = {key: value for key, value in self.items() if key != "params"}
        return saved | ({_UPDATES: self.bound.t} if self._scheduled() else {})

    def restored(self, saved: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
        """The changes that a saved group makes, and its number of updates if it has one.

        An argument that an older version has not saved gets its default. A schedule of ravine is not replaced.

        Raises:
            ValueError: the saved group belongs to another optimizer.
        """
        kind, arguments = self._kind, self._kind.accepts
        others = {name for other in Kind.registry.values() if issubclass(other, Kind) for name in other.accepts}
        if unknown := [key for key in saved if key in others - {*arguments, *kind.constants}]:
            raise ValueError(
                f"A group of {kind.title()} must have {', '.join(arguments)}. Received: {unknown[0]}. "
                "The state belongs to another optimizer."
            )
        if "lr" not in saved:
            raise ValueError(f"A group of {kind.title()} must have lr. Received: {', '.join(saved)}.")
        given = {key: value for key, value in saved.items() if key not in ("params", _UPDATES)}
        values = {name: p.default for name, p in arguments.items()} | dict(kind.constants) | given
        changes = {key: _plain(value) for key, value in values.items() if key not in self._scheduled()}
        return changes, int(saved[_UPDATES]) if _UPDATES in saved else None

    def _scheduled(self) -> set[str]:
        """The arguments that are schedules of ravine."""
        return {key for key, value in self._values.items() if isinstance(value, Schedule)}

    def __getitem__(self, key: str) -> Any:
        if key == "params":
            return Parameters(view.parameter for view in self.views)
        value = self._values[key]
        return value(self.bound.t) if isinstance(value, Schedule) else value

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "params":
            Parameters().append(value)
        if self._change_numbers(key, value):
            return
        if key in self._kind.accepts or key in self._kind.constants:
            self.change({key: value})
        else:
            self._values[key] = value

    def __delitem__(self, key: str) -> None:
        if key == "params" or key in self._kind.accepts or key in self._kind.constants:
            raise TypeError(f"{key!r} is an argument of {self._kind.title()} and can't be deleted. Set it instead.")
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self._values])

    def __len__(self) -> int:
        return 1 + len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))


def _bound(spec: Ours, params: Any) -> BoundOptimizer:
    """Bind an optimizer of which some numbers are outside ravine's domain: an lr below 0, or a momentum of 1."""
    checks = spec.checks.items()
    outside = [n for n, check in checks if isinstance(check, NumberOrSchedule) and _is_outside(vars(spec)[n], check)]
    bound = spec.replace(**dict.fromkeys(outside, 0.5)).bind(params)
    if outside:
        bound.groups[0].adopt(spec)
    bound._warned = True  # PyTorch says nothing where no parameter has a gradient
    return bound


def _is_outside(value: Any, check: NumberOrSchedule) -> bool:
    return type(value) is float and value not in check


class Parameters(list[Any]):
    """The parameters of a group, a list that can't be changed."""

    def _refuse(self, *args: Any, **arguments: Any) -> Any:
        raise TypeError("The parameters of a group can't be exchanged. Use optimizer.add_param_group(...).")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse


def _plain(value: Any) -> Any:
    """A number in a tensor of one element as a number; a list as a tuple."""
    if hasattr(value, "item"):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value
