"""Schedulers that change the momentum in the opposite direction of lr."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

from ...schedules import Cyclic, Lambda, OneCycle, PerEpoch, Schedule
from .optimizer import Optimizer
from .scheduler import LRScheduler, checked, per_group

PerGroup = float | Sequence[float]
one_cycle = lru_cache(maxsize=64)(OneCycle)
"""`OneCycle` with a cache, so that a step does not build the schedule again."""
SHAPES: dict[str, Any] = {"cos": "cosine", "linear": "linear"}
"""From PyTorch's annealing strategies to ravine's names."""


class WithMomentum(LRScheduler):
    """Also moves the momentum of each group, or its first beta, from max_momentum to base_momentum and back."""

    cycle_momentum: bool

    def _start_momentum(self, optimizer: Optimizer, base: PerGroup, top: PerGroup, last_epoch: int) -> None:
        name = type(self).__name__
        if not self.cycle_momentum:
            return
        if not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                f"{name}: the optimizer must have momentum or betas. Received: {optimizer.title()}. "
                "Say cycle_momentum=False."
            )
        self.use_beta1 = "betas" in optimizer.defaults
        lows, highs = per_group("base_momentum", optimizer, base), per_group("max_momentum", optimizer, top)
        if last_epoch == -1:
            for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                group["max_momentum"], group["base_momentum"] = high, low
                self._set_momentum(group, high)

    def _set_momentum(self, group: Any, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(WithMomentum):
    """Between base_lr and max_lr, up in step_size_up steps and down in step_size_down. Smith 2017, arXiv:1506.01186.

    The momentum follows the same schedule with the bounds exchanged: `CyclicLR.schedule(max_momentum, base_momentum)`.

    Args:
        optimizer: a bound optimizer of this dialect.
        base_lr: the lower bound, or one for each group.
        max_lr: the upper bound, or one for each group.
        step_size_up: steps of the rising half.
        step_size_down: steps of the falling half; by default step_size_up.
        mode: "triangular"; "triangular2", which halves the height with each cycle; "exp_range", which multiplies it by
            gamma at each step.
        gamma: see mode.
        scale_fn: a function that gives the height, instead of mode.
        scale_mode: the argument of scale_fn: "cycle" for the number of the cycle 1, 2, ..., or "iterations" for k.
        cycle_momentum: move the momentum, or the first of the betas, in the opposite direction of lr.
        base_momentum: the lower bound of the momentum, or one for each group.
        max_momentum: the upper bound of the momentum, where it starts, or one for each group.
        last_epoch: as in LRScheduler.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: PerGroup,
        max_lr: PerGroup,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[int], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: PerGroup = 0.8,
        max_momentum: PerGroup = 0.9,
        last_epoch: int = -1,
    ) -> None:
        checked("CyclicLR", optimizer)
        if not step_size_up > 0:
            raise ValueError(f"CyclicLR: step_size_up must be > 0. Received: step_size_up={step_size_up!r}.")
        bases = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        self.total_size = float(step_size_up + (step_size_down or step_size_up))
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn else {"exp_range": "iterations"}.get(mode, "cycle")
        self.cycle_momentum = cycle_momentum
        self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["lr"] = base
        if cycle_momentum:
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = bases

    def _between(self, start: float, turn: float) -> float:
        up = round(self.total_size * self.step_ratio)
        down = round(self.total_size) - up
        scale, by = self._scale_fn_custom, self.scale_mode
        return self.schedule(start, turn, up, down, self.mode, self.gamma, scale, by)(self.last_epoch)  # type: ignore[arg-type]

    @staticmethod
    def schedule(
        base_lr: float,
        max_lr: float,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[int], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
    ) -> Schedule:
        if scale_fn is None:
            return Cyclic(base_lr, max_lr, step_size_up, step_size_down, mode, gamma if mode == "exp_range" else 1.0)
        per_cycle = PerEpoch(Lambda(scale_fn)[1:], step_size_up + (step_size_down or step_size_up))
        scale = per_cycle if scale_mode == "cycle" else Lambda(scale_fn)
        return Cyclic(0, max_lr - base_lr, step_size_up, step_size_down) * scale + base_lr

    def get_lr(self) -> list[float]:
        """Set the momentum of each group, and return the lr of each."""
        if self.cycle_momentum:
            bounds = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in bounds:
                self._set_momentum(group, self._between(high, low))
        return [self._between(low, high) for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]


class OneCycleLR(WithMomentum):
    """One cycle: up to max_lr and down to almost 0. Smith & Topin 2019, arXiv:1708.07120.

    Differs from PyTorch: the step after the last of total_steps keeps the final lr, where PyTorch extrapolates. Phases
    of length 0 are skipped, where PyTorch divides by 0.

    Args:
        optimizer: a bound optimizer of this dialect.
        max_lr: the peak, or one for each group.
        total_steps: the number of updates in the cycle; by default epochs * steps_per_epoch.
        epochs: the number of epochs.
        steps_per_epoch: the number of updates in each epoch.
        pct_start: the fraction of the steps in which lr rises.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: move the momentum, or the first of the betas, in the opposite direction of lr.
        base_momentum: the lowest momentum, at the peak of lr, or one for each group.
        max_momentum: the highest momentum, or one for each group.
        div_factor: the first lr is max_lr / div_factor.
        final_div_factor: the last lr is the first lr / final_div_factor.
        three_phase: go down to the first lr in as many steps as up, and only then to the last lr.
        last_epoch: as in LRScheduler.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: PerGroup,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: PerGroup = 0.85,
        max_momentum: PerGroup = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        checked("OneCycleLR", optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR needs total_steps, or both epochs and steps_per_epoch. Received: neither.")
            total_steps = epochs * steps_per_epoch
        self.total_steps = total_steps
        self._pct_start = pct_start
        self._anneal_func_type = anneal_strategy
        self._three_phase = three_phase
        self.cycle_momentum = cycle_momentum
        if last_epoch == -1:
            for group, peak in zip(optimizer.param_groups, per_group("max_lr", optimizer, max_lr), strict=True):
                group["max_lr"] = peak
                group["initial_lr"] = peak / div_factor
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, peak: float, end: float) -> float:
        shape, phases = SHAPES[self._anneal_func_type], 3 if self._three_phase else 2
        return one_cycle(peak, self.total_steps, start, end, self._pct_start, shape, phases)(self.last_epoch)

    def get_lr(self) -> list[float]:
        """Set the momentum of each group, and return the lr of each. Raises ValueError after total_steps."""
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR has {self.total_steps} steps. Received: step {self.last_epoch}. Make total_steps larger."
            )
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                high = group["max_momentum"]
                self._set_momentum(group, self._between(high, group["base_momentum"], high))
        return [self._between(group["initial_lr"], group["max_lr"], group["min_lr"]) for group in groups]

    @staticmethod
    def schedule(
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> Schedule:
        start, shape = max_lr / div_factor, SHAPES[anneal_strategy]
        return OneCycle(max_lr, total_steps, start, start / final_div_factor, pct_start, shape, 3 if three_phase else 2)
