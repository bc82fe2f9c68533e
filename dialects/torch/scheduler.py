"""The base classes of torch.optim.lr_scheduler: `LRScheduler`, and `ArgumentsLR` for schedulers with few arguments."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature, signature
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from ...schedules import Schedule
from .optimizer import Optimizer


class LRScheduler:
    """Sets the lr of each group when it is made and at each `step()`. A subclass defines `get_lr`, as in PyTorch.

    A subclass may also define `_get_closed_form_lr`, from which `step(epoch)` takes the lr.

    Differs from PyTorch: no warning about the order of calls; `load_state_dict` raises if a state does not fit.

    Args:
        optimizer: a bound optimizer of this dialect.
        last_epoch: the epoch after which to continue. With -1, the start, "initial_lr" is set in each group.

    Attributes:
        last_epoch: the calls of `step()` so far.
        base_lrs: the "initial_lr" of each group.

    Raises:
        TypeError: optimizer is something else.
        KeyError: last_epoch is not -1, and a group has no "initial_lr".
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        """Set the lr of `last_epoch` + 1."""
        self.optimizer = checked(type(self).__name__, optimizer)
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: to continue from last_epoch={last_epoch}, group {index} must have "
                    "initial_lr. Load the optimizer's state first, or leave last_epoch out."
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The lr of each group at `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__}: define get_lr(self), which returns the lr of each group.")

    def get_last_lr(self) -> list[float]:
        """The lr of each group as this scheduler set it last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Set the next lr, or the lr at `epoch`."""
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        self._set_lr((closed or self.get_lr)())

    def _set_lr(self, values: Sequence[float]) -> None:
        groups = self.optimizer.param_groups
        if len(values) != len(groups):
            raise self._other_groups(len(values))
        for group, lr in zip(groups, values, strict=True):
            group["lr"] = lr
        self._last_lr = self._present_lr()

    def _other_groups(self, count: int) -> ValueError:
        return ValueError(
            f"{type(self).__name__}: the optimizer must have as many groups as when the scheduler was made, {count}. "
            f"Received: {len(self.optimizer.param_groups)}. Make the scheduler again after add_param_group."
        )

    def _group_values(self, key: str) -> list[Any]:
        """What this scheduler stored in each group. Raises ValueError if a group was added later and has none."""
        values = [group[key] for group in self.optimizer.param_groups if key in group]
        if len(values) != len(self.optimizer.param_groups):
            raise self._other_groups(len(values))
        return values

    def _present_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    # The attributes that are not part of the state.
    _not_saved: tuple[str, ...] = ("optimizer",)

    def state_dict(self) -> dict[str, Any]:
        """The attributes by PyTorch's names: a function as None, any other callable object as its own attributes."""
        saved = {name: value for name, value in vars(self).items() if name not in self._not_saved}
        return {name: _copied(value) for name, value in saved.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state of this dialect or of PyTorch. (The lr of the groups belong to the optimizer's state.)

        Raises:
            TypeError, ValueError: the state belongs to another scheduler. Nothing has been changed then.
        """
        for owner, values in self._checked(state_dict):
            vars(owner).update(values)

    def _checked(self, state: Any) -> list[tuple[Any, dict[str, Any]]]:
        """This scheduler and the callable objects and schedulers in it, each with its attributes in a state."""
        if not isinstance(state, Mapping):
            raise TypeError(f"A state of {type(self).__name__} is what state_dict() gives. Received: {state!r}.")
        own = {name for name in vars(self) if name not in self._not_saved}
        named = {name for name in own if name[0] != "_"}  # PyTorch does its own bookkeeping in the others
        given = {name for name in state if name[0] != "_"}
        if named - given - _NEW or given - named - _OLD:
            raise ValueError(
                f"A state of {type(self).__name__} must have {', '.join(sorted(named))}. "
                f"Received: {', '.join(map(str, state))}."
            )
        functions = [name for name in own if _is_function(getattr(self, name))]
        plan = [(self, {name: _copied(state[name]) for name in own if name in state and name not in functions})]
        for name in functions:
            present, saved = getattr(self, name), state.get(name)
            pairs = zip(present, saved, strict=True) if isinstance(present, list) and saved else [(present, saved)]
            plan += [(function, attributes) for function, attributes in pairs if attributes]
        return plan


_OLD = {"verbose", "anneal_func"}
"""Attributes that schedulers of older versions of PyTorch have in their states."""
_NEW = {"default_min_lr"}
"""Attributes that they don't have."""


class ArgumentsLR(LRScheduler):
    """A scheduler whose constructor stores its arguments, and nothing else.

    The arguments are those of `schedule` after lr, and become the scheduler's attributes. `schedule` also checks them.
    """

    schedule: ClassVar[Callable[..., Schedule]]
    """The schedule of ravine from the initial lr of a group and the scheduler's arguments."""
    __signature__: ClassVar[Signature]
    _arguments: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Derive the signature from that of `schedule`."""
        kind = Parameter.POSITIONAL_OR_KEYWORD
        own = list(signature(cls.schedule).parameters.values())[1:]
        cls._arguments = tuple(p.name for p in own)
        more = [Parameter("optimizer", kind), *own, Parameter("last_epoch", kind, default=-1)]
        cls.__signature__ = Signature(more)

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments, and set the first lr."""
        name, accepted = type(self).__name__, self.__signature__
        try:
            bound = accepted.bind(*args, **arguments)
        except TypeError as error:
            raise TypeError(f"{name}: {error}. Its arguments: {accepted}.") from None
        bound.apply_defaults()
        own = {argument: bound.arguments[argument] for argument in self._arguments}
        optimizer = checked(name, bound.arguments["optimizer"])
        # PyTorch takes fractions of steps too, such as total_iters=0.15 * 30. A schedule of ravine has whole steps.
        type(self).schedule(1.0, **{n: _rounded_up(v) if n in _STEPS else v for n, v in own.items()})
        vars(self).update(own)
        super().__init__(optimizer, bound.arguments["last_epoch"])


def _is_function(value: Any) -> bool:
    return callable(value) or (isinstance(value, list) and any(map(callable, value)))


def _copied(value: Any) -> Any:
    """A copy of an attribute for a state."""
    if callable(value):
        return None if isinstance(value, FunctionType) else dict(getattr(value, "__dict__", {})) or None
    if isinstance(value, list):
        return [_copied(v) if callable(v) else v for v in value]
    return value.copy() if isinstance(value, dict) else value


def checked(name: str, optimizer: Any) -> Optimizer:
    """The optimizer. Raises TypeError if it is not a bound optimizer of this dialect."""
    if not isinstance(optimizer, Optimizer) or not optimizer.param_groups:
        raise TypeError(
            f"{name} takes a bound optimizer of the torch dialect, such as torch.SGD(params, lr=0.1). "
            f"Received: {optimizer!r}. Optimizers of ravine take a schedule as lr."
        )
    return optimizer


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """One value for each group, from a list or from one value for all. Raises ValueError if their number differs."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple | np.ndarray):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} must have one value per group, {count}. Received: {len(value)}.")
    return list(value)


_STEPS = ("step_size", "total_iters", "milestones")
"""The arguments that count steps."""


def _rounded_up(value: Any) -> Any:
    if isinstance(value, Counter):
        return list(map(_rounded_up, value))
    return math.ceil(value) if isinstance(value, float) and math.isfinite(value) else value
