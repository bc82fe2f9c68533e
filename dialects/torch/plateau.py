"""torch.optim.lr_scheduler.ReduceLROnPlateau."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ...schedules import ReduceOnPlateau, Schedule
from ...schedules.plateau import beats, counted
from ..base import worded
from .optimizer import Optimizer
from .scheduler import LRScheduler, checked, per_group


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the lr by a factor when a metric has stopped improving.

    With threshold_mode="rel" a metric must be below best * (1 - threshold), or for mode "max" above
    best * (1 + threshold). If best is negative, a slightly worse metric counts as better. `ReduceOnPlateau`, the
    schedule of ravine that `schedule` returns, has neither this property nor eps.

    Args:
        optimizer: one of this dialect, bound.
        mode: "min" or "max".
        factor: the factor of a reduction, in [0, 1).
        patience: the number of metrics in a row without improvement after which the next one reduces the lr.
        threshold: an improvement smaller than this does not count.
        threshold_mode: "rel" takes the threshold as a fraction of the best metric, "abs" as it is.
        cooldown: the number of metrics after a reduction that do not count.
        min_lr: the lowest lr, or one for each group.
        eps: a reduction smaller than this is not made.

    Attributes:
        best: the best metric.
        num_bad_epochs: the number of metrics in a row without improvement.
        cooldown_counter: the number of metrics left in the cooldown.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self.optimizer = checked("ReduceLROnPlateau", optimizer)
        if not 0 <= factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be in [0, 1). Received: factor={factor!r}.")
        given = {"mode": (mode, ("min", "max")), "threshold_mode": (threshold_mode, ("rel", "abs"))}
        for name, (value, choices) in given.items():
            if value not in choices:
                raise ValueError(f"ReduceLROnPlateau: {name} must be one of {choices}. Received: {name}={value!r}.")
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lrs = per_group("min_lr", optimizer, min_lr)
        self.default_min_lr = None if isinstance(min_lr, list | tuple | np.ndarray) else min_lr
        self.eps = eps
        self.last_epoch = 0
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.best = self.mode_worse
        self.num_bad_epochs = self.cooldown_counter = 0
        self._last_lr = self._present_lr()

    @property
    def in_cooldown(self) -> bool:
        """Whether metrics do not count, because the lr has just been reduced."""
        return self.cooldown_counter > 0

    def is_better(self, metric: float) -> bool:
        """Whether a metric is an improvement on the best one."""
        threshold = self.threshold if self.mode == "min" else -self.threshold
        bar = self.best - threshold if self.threshold_mode == "abs" else self.best * (1 - threshold)
        return beats(metric, bar, self.mode)

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take a metric into account. Raises TypeError if it is not a number."""
        metric = float(metrics.item() if hasattr(metrics, "item") else metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        better = self.is_better(metric)
        self.best = metric if better else self.best
        reduces, self.num_bad_epochs, self.cooldown_counter = counted(
            better, self.num_bad_epochs, self.cooldown_counter, self.patience, self.cooldown
        )
        if reduces:
            self._reduce()
        self._last_lr = self._present_lr()

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(self.min_lrs) != len(groups):
            least = self.min_lrs if self.default_min_lr is None else self.default_min_lr
            self.min_lrs = per_group("ReduceLROnPlateau: min_lrs", self.optimizer, least)
        for group, least in zip(groups, self.min_lrs, strict=True):
            new = max(group["lr"] * self.factor, least)
            if group["lr"] - new > self.eps:
                group["lr"] = new

    @staticmethod
    @worded
    def schedule(
        lr: Schedule | float,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> ReduceOnPlateau:
        return ReduceOnPlateau(lr, factor, patience, mode, threshold, cooldown, min_lr, threshold_mode)
