"""torch.optim.lr_scheduler.LRScheduler: what all schedulers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...schedules import Schedule
from .optimizer import Optimizer

__all__ = ["LRScheduler", "per_group"]


class LRScheduler:
    """Sets the lr of each group at construction and at each `step()`.

    A subclass defines `schedule`, from a group's initial lr to a schedule of ours; or, as PyTorch's do, `get_lr`, which
    gives the lr of each group at `last_epoch`.

    As in PyTorch, a scheduler multiplies the lr that it finds: what another scheduler or the user has made of it stays.
    Where nobody else has touched it, it is exactly the schedule's value; PyTorch's drifts from it by rounding.

    Differs: nothing warns about the order of calls; the state is strict.

    Args:
        optimizer: one of this dialect, bound.
        last_epoch: where to go on from; -1 at the start, which sets "initial_lr" in each group.

    Attributes:
        last_epoch: the calls of `step()` so far.
        base_lrs: the "initial_lr" of each group.

    Raises:
        TypeError: optimizer is none.
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
                    f"{type(self).__name__}: to go on from last_epoch={last_epoch}, group {index} must have "
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

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group, from its initial lr."""
        raise NotImplementedError(f"{type(self).__name__}: define get_lr(self), or schedule(self, lr).")

    @property
    def low(self) -> float:
        """What is multiplied is the lr above this."""
        return 0.0

    def get_lr(self) -> list[float]:
        """The lr of each group at `last_epoch`, from the lr that it has."""
        groups = self.optimizer.param_groups
        return [self._next(group["lr"], base) for base, group in zip(self.base_lrs, groups, strict=True)]

    def _next(self, lr: float, base: float) -> float:
        """The lr of a group at `last_epoch`, from the lr that it has and its initial lr."""
        schedule, k = self.schedule(base), self.last_epoch
        return _followed(lr, schedule(k - 1) if k > 0 else base, schedule(k), self.low)

    def closed_form(self) -> list[float]:
        """The lr of each group at `last_epoch`, from its initial lr."""
        return [self.schedule(base)(self.last_epoch) for base in self.base_lrs]

    def get_last_lr(self) -> list[float]:
        """The lr of each group that this scheduler set last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next value, or to the one at `epoch`."""
        self._step_count += 1
        self._go(epoch)

    def _go(self, epoch: int | None = None) -> None:
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            own = type(self).get_lr is not LRScheduler.get_lr
            values = self.get_lr() if own else self.closed_form()
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    # Names of what is not part of the state.
    _not_saved: tuple[str, ...] = ("optimizer",)

    def state_dict(self) -> dict[str, Any]:
        """The attributes, by PyTorch's names; functions are None."""
        saved = {name: value for name, value in vars(self).items() if name not in self._not_saved}
        return {name: _copied(value) for name, value in saved.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state, ours or PyTorch's. The groups' lr are part of the optimizer's.

        Raises:
            TypeError, ValueError: it is another scheduler's. Nothing has been changed then.
        """
        for scheduler, values in self._checked(state_dict):
            vars(scheduler).update(values)

    def _checked(self, state: Any) -> list[tuple[LRScheduler, dict[str, Any]]]:
        """What a state makes the attributes, of this scheduler and of those in it. Functions stay."""
        if not isinstance(state, Mapping):
            raise TypeError(f"A state of {type(self).__name__} is what state_dict() gives. Received: {state!r}.")
        own = {name for name in vars(self) if name not in self._not_saved}
        named = {name for name in own if name[0] != "_"}  # others are bookkeeping, which PyTorch does in its own way
        if named != {name for name in state if name[0] != "_"}:
            raise ValueError(
                f"A state of {type(self).__name__} must have {', '.join(sorted(named))}. "
                f"Received: {', '.join(map(str, state))}."
            )
        return [(self, {n: _copied(v) for n, v in state.items() if n in own and not _is_function(getattr(self, n))})]


def _followed(lr: float, before: float, now: float, low: float) -> float:
    """The lr after a step of the schedule from `before` to `now`."""
    if lr == before:
        return now
    if before == low:
        return lr + (now - before)
    return low + (lr - low) * ((now - low) / (before - low))


def _is_function(value: Any) -> bool:
    return callable(value) or (isinstance(value, list) and any(map(callable, value)))


def _copied(value: Any) -> Any:
    if _is_function(value):
        return [None] * len(value) if isinstance(value, list) else None
    return value.copy() if isinstance(value, list | dict) else value


def checked(name: str, optimizer: Any) -> Optimizer:
    """The optimizer. Raises TypeError if it is none of this dialect, or holds no parameters."""
    if not isinstance(optimizer, Optimizer) or not optimizer.param_groups:
        raise TypeError(
            f"{name} takes a bound optimizer of the torch dialect, such as torch.SGD(params, lr=0.1). "
            f"Received: {optimizer!r}. Our own optimizers take a schedule as lr."
        )
    return optimizer


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each group: a list of as many, or one for all. Raises ValueError for another number."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple | np.ndarray):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} must have one value per group, {count}. Received: {len(value)}.")
    return list(value)
