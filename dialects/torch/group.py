"""A parameter group as PyTorch shows it: a mapping, read and written by its users and by schedulers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, MutableMapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ...optim.bound import BoundOptimizer
from ...optim.optimizer import Optimizer as Ours
from ...schedules import Schedule
from .state import moved

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["ParamGroup"]


class ParamGroup(MutableMapping[str, Any]):
    """Arguments by their names, and "params". Writing an argument changes it from the next step on.

    Any other key, such as a scheduler's "initial_lr", is kept as it is. An lr must be >= 0 at first; as in PyTorch, it
    may be written below 0 later, which is what two schedulers of one optimizer can come to: then the steps go uphill.

    Raises:
        TypeError, ValueError: an argument that is not what it may be. Nothing has been changed then.
    """

    def __init__(self, kind: type[Optimizer], values: Mapping[str, Any]) -> None:
        """Bind the parameters of a group whose arguments are complete."""
        self._kind = kind
        self.values_given = {name: value for name, value in values.items() if name != "params"}
        params = values["params"]
        params = [params] if isinstance(params, np.ndarray) or hasattr(params, "grad") else list(params)
        self.bound = self._bound_to(params)
        if any(isinstance(p, tuple) for p in params):
            self.values_given["param_names"] = [place.name for place in self.bound.places]

    def _bound_to(self, params: list[Any]) -> BoundOptimizer:
        spec = self._said(self.values_given)
        try:
            return spec.bind(params)
        except (TypeError, ValueError) as error:
            name, _, rest = str(error).partition(": ")
            raise type(error)(f"{self._kind.title()}: {rest}" if name == type(spec).__name__ else str(error)) from None

    def spec_with(self, changes: Mapping[str, Any]) -> Ours:
        """What it is in ours, with these changes."""
        values = {**self.values_given, **changes}
        lr = values["lr"]
        if not isinstance(lr, Real) or not -math.inf < float(lr) < 0:
            return self._said(values)
        spec = self._said({**values, "lr": -lr})
        object.__setattr__(spec, "lr", float(lr))  # outside our domain: PyTorch looks at an lr only when it is given
        return spec

    def _said(self, values: Mapping[str, Any]) -> Ours:
        kind = self._kind
        for name, value in kind.constants.items():
            if values[name] != value:
                raise ValueError(f"{kind.title()}: {name} must be {value!r}. Received: {name}={values[name]!r}.")
        spec = kind.said(kind.completed(**{name: values[name] for name in kind.__signature__.parameters}))
        if stateful := [s for s in vars(spec).values() if isinstance(s, Schedule) and s.plateaus]:
            raise TypeError(
                f"{kind.title()}: a group holds no state of a schedule. Received: {stateful[0]!r}. Use "
                "torch.optim.lr_scheduler.ReduceLROnPlateau, or our own optimizer."
            )
        return spec

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change several at once."""
        spec = self.spec_with(changes)
        (group,) = self.bound.groups
        present = self.values_given
        shaping = any(changes.get(name, present[name]) != present[name] for name in self._kind.shaping)
        if type(spec) is not type(group.spec) or spec.kernel.arrays != group.kernel.arrays or shaping:
            self.bound = moved(self._kind, self.bound, spec)
        else:
            group.adopt(spec)
        self.values_given.update(changes)

    def __getitem__(self, key: str) -> Any:
        if key == "params":
            return self.bound.parameters
        value = self.values_given[key]
        return value(self.bound.t) if isinstance(value, Schedule) else value

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "params":
            raise TypeError("The parameters of a group can't be exchanged. Say optimizer.add_param_group(...).")
        if key in self._kind.__signature__.parameters or key in self._kind.constants:
            self.change({key: value})
        else:
            self.values_given[key] = value

    def __delitem__(self, key: str) -> None:
        if key == "params" or key in self._kind.__signature__.parameters or key in self._kind.constants:
            raise TypeError(f"{key!r} is an argument of {self._kind.title()} and can't be deleted. Set it instead.")
        del self.values_given[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self.values_given])

    def __len__(self) -> int:
        return 1 + len(self.values_given)

    def __repr__(self) -> str:
        return repr(dict(self))
