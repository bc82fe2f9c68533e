"""The base classes of torch.optim.lr_scheduler: `LRScheduler`, and `ScheduledLR` with a schedule of ravine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from typing import Any, ClassVar

import numpy as np

from ...schedules import Schedule
from .optimizer import Optimizer


class LRScheduler:
    """Sets the lr of each group when it is made and at each `step()`. A subclass defines `get_lr`, as in PyTorch.

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

    def _lr_at_epoch(self) -> list[float]:
        """The lr of each group after `step(epoch)`."""
        return self.get_lr()

    def get_last_lr(self) -> list[float]:
        """The lr of each group as this scheduler set it last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Set the next lr, or the lr at `epoch`."""
        self._step_count += 1
        self._go(epoch)

    def _go(self, epoch: int | None = None) -> None:
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            values = self._lr_at_epoch()
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    # The attributes that are not part of the state.
    _not_saved: tuple[str, ...] = ("optimizer",)

    def state_dict(self) -> dict[str, Any]:
        """The attributes by PyTorch's names. A function is saved as None."""
        saved = {name: value for name, value in vars(self).items() if name not in self._not_saved}
        return {name: _copied(value) for name, value in saved.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state of this dialect or of PyTorch. (The lr of the groups belong to the optimizer's state.)

        Raises:
            TypeError, ValueError: the state belongs to another scheduler. Nothing has been changed then.
        """
        for scheduler, values in self._checked(state_dict):
            vars(scheduler).update(values)

    def _checked(self, state: Any) -> list[tuple[LRScheduler, dict[str, Any]]]:
        """This scheduler and those in it, each with its attributes in a state. Attributes that are functions stay."""
        if not isinstance(state, Mapping):
            raise TypeError(f"A state of {type(self).__name__} is what state_dict() gives. Received: {state!r}.")
        own = {name for name in vars(self) if name not in self._not_saved}
        named = {name for name in own if name[0] != "_"}  # PyTorch does its own bookkeeping in the others
        if named != {name for name in state if name[0] != "_"}:
            raise ValueError(
                f"A state of {type(self).__name__} must have {', '.join(sorted(named))}. "
                f"Received: {', '.join(map(str, state))}."
            )
        return [(self, {n: _copied(v) for n, v in state.items() if n in own and not _is_function(getattr(self, n))})]


class ScheduledLR(LRScheduler):
    """A scheduler that sets the values of a schedule of ravine. A subclass defines `schedule` alone.

    The arguments of `schedule` after lr are the scheduler's, and become its attributes.
    `StepLR.schedule(0.1, step_size=30)` is the schedule itself, for an optimizer of ravine.

    As in PyTorch, a step multiplies the present lr, so that changes by another scheduler or by the user persist. If
    nothing else changes the lr, it is exactly the schedule's value. PyTorch accumulates rounding errors.
    """

    schedule: ClassVar[Callable[..., Schedule]]
    """The schedule for the initial lr of a group and the scheduler's arguments."""
    __signature__: ClassVar[Signature]
    _not_saved = ("optimizer", "_schedules")

    def __init_subclass__(cls) -> None:
        """Derive the signature from that of `schedule`."""
        kind = Parameter.POSITIONAL_OR_KEYWORD
        own = list(signature(cls.schedule).parameters.values())[1:]
        cls._arguments = tuple(p.name for p in own)
        more = [Parameter("optimizer", kind), *own, Parameter("last_epoch", kind, default=-1)]
        cls.__signature__ = Signature(more)

    _arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **arguments: Any) -> None:
        """Check and keep the arguments, and set the first lr."""
        name = type(self).__name__
        try:
            bound = self.__signature__.bind(*args, **arguments)
        except TypeError as error:
            raise TypeError(f"{name}: {error}. Its arguments: {self.__signature__}.") from None
        bound.apply_defaults()
        optimizer, last_epoch = checked(name, bound.arguments["optimizer"]), bound.arguments["last_epoch"]
        vars(self).update({argument: bound.arguments[argument] for argument in self._arguments})
        self._schedules: dict[float, tuple[Any, Schedule]] = {}
        for group in optimizer.param_groups:  # raise errors before a group changes
            self._schedule_from(group["lr"])
        super().__init__(optimizer, last_epoch)

    def _schedule_from(self, lr: float) -> Schedule:
        """The schedule from an initial lr. It is built again only if an attribute has changed."""
        own = [_copied(vars(self)[name]) for name in self._arguments]
        known = self._schedules.get(lr)
        if known is None or known[0] != own:
            known = self._schedules[lr] = own, type(self).schedule(lr, *own)
        return known[1]

    @property
    def low(self) -> float:
        """A step multiplies the distance of lr from this value."""
        return 0.0

    def get_lr(self) -> list[float]:
        """The lr of each group at `last_epoch`, from the lr that the group has."""
        groups = self.optimizer.param_groups
        return [self._next(group["lr"], base) for base, group in zip(self.base_lrs, groups, strict=True)]

    def _next(self, lr: float, base: float) -> float:
        """The lr of a group at `last_epoch`, from the lr that it has and its initial lr."""
        schedule, k, low = self._schedule_from(base), self.last_epoch, self.low
        before, now = schedule(k - 1) if k > 0 else base, schedule(k)
        if lr == before:
            return now
        if before == low:
            return lr + (now - before)
        return low + (lr - low) * ((now - low) / (before - low))

    def _lr_at_epoch(self) -> list[float]:
        """The lr of each group after `step(epoch)`: the schedule's value, whatever the group has."""
        return [self._schedule_from(base)(self.last_epoch) for base in self.base_lrs]


def _is_function(value: Any) -> bool:
    return callable(value) or (isinstance(value, list) and any(map(callable, value)))


def _copied(value: Any) -> Any:
    if _is_function(value):
        return [None] * len(value) if isinstance(value, list) else None
    return value.copy() if isinstance(value, list | dict) else value


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
