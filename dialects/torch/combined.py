"""Schedulers that combine several: one after the other, or all at each step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import reduce
from operator import mul, rshift
from typing import Any

from ...schedules import Schedule
from ..base import worded
from .optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler, checked


class Combined(LRScheduler):
    """A scheduler that combines several schedulers."""

    _schedulers: list[Any]
    _not_saved = ("optimizer", "_schedulers")

    def state_dict(self) -> dict[str, Any]:
        """The state, with the states of the schedulers."""
        return super().state_dict() | {"_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def _checked(self, state: Any) -> list[tuple[Any, dict[str, Any]]]:
        plan = super()._checked(state)
        states = state.get("_schedulers", ())
        if len(states) != len(self._schedulers):
            raise ValueError(
                f"A state of this {type(self).__name__} must have {len(self._schedulers)} schedulers. "
                f"Received: {len(states)}."
            )
        for scheduler, its in zip(self._schedulers, states, strict=True):
            plan += scheduler._checked(its)
        return plan


class SequentialLR(Combined):
    """One scheduler up to each milestone, and then the next from its own beginning.

    At a milestone the next scheduler starts from the initial lr, whatever lr the one before has reached.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[Any], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        self.optimizer = checked("SequentialLR", optimizer)
        _check("SequentialLR", optimizer, schedulers)
        if any(isinstance(scheduler, Combined) for scheduler in schedulers[1:]):
            raise TypeError(
                "SequentialLR: only the first of the schedulers can be one that combines others, because the next ones "
                f"start again at k = 0. Received: {', '.join(type(s).__name__ for s in schedulers)}. "
                "Write its schedulers one by one."
            )
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: milestones must be one fewer than schedulers, {len(schedulers) - 1}. "
                f"Received: {len(milestones)}."
            )
        self._schedulers = list(schedulers)
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        _undo(self._schedulers)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Set the next lr."""
        if epoch is not None:
            raise ValueError(f"SequentialLR can't jump to an epoch. Received: epoch={epoch!r}. Leave epoch out.")
        self.last_epoch += 1
        index = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[index]
        if index > 0 and self._milestones[index - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    @staticmethod
    @worded
    def schedule(schedulers: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
        lengths = [end - start for start, end in zip((0, *milestones), milestones, strict=False)]
        return reduce(rshift, (*(s[:n] for s, n in zip(schedulers, lengths, strict=False)), schedulers[-1]))


class ChainedScheduler(Combined):
    """All schedulers at each step: each changes the lr that the one before has set.

    `schedule` returns a product of schedules. It is exact for schedulers that multiply the lr; for cosine schedulers
    only if they end at 0.
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler needs at least one scheduler. Received: none.")
        self.optimizer = checked("ChainedScheduler", optimizer or schedulers[0].optimizer)
        _check("ChainedScheduler", self.optimizer, schedulers)
        self._schedulers = list(schedulers)
        self._last_lr = self._present_lr()

    def step(self, epoch: int | None = None) -> None:
        """Set the next lr."""
        if epoch is not None:
            raise ValueError(f"ChainedScheduler can't jump to an epoch. Received: epoch={epoch!r}. Leave epoch out.")
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._present_lr()

    @staticmethod
    @worded
    def schedule(lr: float, schedulers: Sequence[Schedule]) -> Schedule:
        return reduce(mul, schedulers) * lr ** (1 - len(schedulers))


def _undo(schedulers: Sequence[Any]) -> None:
    """Undo the steps that the schedulers took in their constructors."""
    for scheduler in schedulers:
        if isinstance(scheduler, Combined):
            _undo(scheduler._schedulers)
        else:
            scheduler.last_epoch -= 1


def _check(name: str, optimizer: Optimizer, schedulers: Sequence[Any]) -> None:
    for index, scheduler in enumerate(schedulers):
        if isinstance(scheduler, ReduceLROnPlateau) or not isinstance(scheduler, LRScheduler):
            raise TypeError(
                f"{name}: schedulers[{index}] must be a scheduler whose step() takes no metric. Received: "
                f"{type(scheduler).__name__}. Call the step() of a plateau scheduler yourself."
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(f"{name}: schedulers[{index}] must have the same optimizer. Received: one with another.")
