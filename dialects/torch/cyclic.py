"""Schedulers that change the momentum in the opposite direction of lr."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal

from ...schedules import Cyclic, Lambda, OneCycle, PerEpoch, Schedule
from ..base import whole, worded
from .optimizer import Optimizer
from .scheduler import LRScheduler, checked, per_group

PerGroup = float | Sequence[float]
SHAPES: dict[str, Any] = {"cos": "cosine", "linear": "linear"}
"""From PyTorch's annealing strategies to ravine's names."""


class WithMomentum(LRScheduler):
    """Also moves the momentum of each group, or its first beta, from max_momentum to base_momentum and back."""

    cycle_momentum: bool

    def _checked_momentum(self, optimizer: Optimizer, base: PerGroup, top: PerGroup) -> list[tuple[float, float]]:
        """The two momenta of each group. Raises ValueError if the optimizer has no momentum."""
        if self.cycle_momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                f"{type(self).__name__}: the optimizer must have momentum or betas. Received: {optimizer.title()}. "
                "Say cycle_momentum=False."
            )
        lows, highs = per_group("base_momentum", optimizer, base), per_group("max_momentum", optimizer, top)
        return list(zip(lows, highs, strict=True))

    def _start_momentum(self, optimizer: Optimizer, momenta: Sequence[tuple[float, float]], last_epoch: int) -> None:
        if not self.cycle_momentum:
            return
        self.use_beta1 = "betas" in optimizer.defaults
        if last_epoch == -1:
            for group, (low, high) in zip(optimizer.param_groups, momenta, strict=True):
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
        if mode not in _SCALES and scale_fn is None:
            raise ValueError(f"CyclicLR: mode must be one of {', '.join(_SCALES)}. Received: mode={mode!r}.")
        bases = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        self.total_size = float(step_size_up) + float(step_size_up if step_size_down is None else step_size_down)
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn else {"exp_range": "iterations"}.get(mode, "cycle")
        self.cycle_momentum = cycle_momentum
        momenta = self._checked_momentum(optimizer, base_momentum, max_momentum)
        if last_epoch == -1:
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["lr"] = base
        self._start_momentum(optimizer, momenta, last_epoch)
        if cycle_momentum:
            self.base_momentums, self.max_momentums = (list(each) for each in zip(*momenta, strict=True))
        super().__init__(optimizer, last_epoch)
        self.base_lrs = bases

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, from its number or from k: see mode, scale_fn and scale_mode."""
        return self._scale_fn_custom(x) if self._scale_fn_custom else _SCALES[self.mode](self.gamma, x)  # type: ignore[arg-type]

    @staticmethod
    @worded
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
        up, down = whole(step_size_up), whole(step_size_up if step_size_down is None else step_size_down)
        if scale_fn is None:
            return Cyclic(base_lr, max_lr, up, down, mode, gamma if mode == "exp_range" else 1.0)
        scale = PerEpoch(Lambda(scale_fn)[1:], up + down) if scale_mode == "cycle" else Lambda(scale_fn)
        return Cyclic(0, max_lr - base_lr, up, down) * scale + base_lr

    def get_lr(self) -> list[float]:
        """Set the momentum of each group, and return the lr of each."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        rising = x <= self.step_ratio
        height = x / self.step_ratio if rising else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=False)
            for group, low, high in bounds:
                self._set_momentum(group, high - (high - low) * height * scale)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]


_SCALES: dict[str, Callable[[float, float], float]] = {
    "triangular": lambda gamma, cycle: 1.0,
    "triangular2": lambda gamma, cycle: 1 / 2.0 ** (cycle - 1),
    "exp_range": lambda gamma, k: gamma**k,
}
"""The height of a cycle by mode, from gamma and the number of the cycle or of the step."""


class OneCycleLR(WithMomentum):
    """One cycle: up to max_lr and down to almost 0. Smith & Topin 2019, arXiv:1708.07120.

    As in PyTorch, the step after the last of total_steps extrapolates. Differs from PyTorch: a phase of length 0 is
    skipped, where PyTorch divides by 0.

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
        if not isinstance(total_steps, int) or total_steps <= 0:
            raise ValueError(f"OneCycleLR: total_steps must be an integer > 0. Received: total_steps={total_steps!r}.")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be in [0, 1]. Received: pct_start={pct_start!r}.")
        if anneal_strategy not in SHAPES:
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear'. Received: anneal_strategy={anneal_strategy!r}."
            )
        self.total_steps = total_steps
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(pct_start, total_steps, three_phase)
        self.cycle_momentum = cycle_momentum
        momenta = self._checked_momentum(optimizer, base_momentum, max_momentum)
        peaks = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self._start_momentum(optimizer, momenta, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, fraction: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * fraction + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * fraction) + 1)

    def get_lr(self) -> list[float]:
        """Set the momentum of each group, and return the lr of each. Raises ValueError after total_steps."""
        k, phases = self.last_epoch, self._schedule_phases
        if k > self.total_steps:
            raise ValueError(f"OneCycleLR has {self.total_steps} steps. Received: step {k}. Make total_steps larger.")
        index = next((i for i, phase in enumerate(phases) if k <= phase["end_step"]), len(phases) - 1)
        start, phase = phases[index - 1]["end_step"] if index else 0.0, phases[index]
        length = phase["end_step"] - start
        fraction = (k - start) / length if length else 1.0
        bounds = [self._group_values(phase[key]) for key in ("start_lr", "end_lr")]
        if self.cycle_momentum:
            ends = [self._group_values(phase[key]) for key in ("start_momentum", "end_momentum")]
            for group, first, last in zip(self.optimizer.param_groups, *ends, strict=True):
                self._set_momentum(group, self._between(first, last, fraction))
        return [self._between(first, last, fraction) for first, last in zip(*bounds, strict=True)]

    @staticmethod
    @worded
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


def _phases(pct_start: float, total_steps: int, three_phase: bool) -> list[dict[str, Any]]:
    """The phases of OneCycleLR as PyTorch's states have them: the last step of each, and the keys of its bounds."""
    ends, lrs = [float(pct_start * total_steps) - 1, total_steps - 1], ["initial_lr", "max_lr", "min_lr"]
    if three_phase:
        ends.insert(1, float(2 * pct_start * total_steps) - 2)
        lrs.insert(2, "initial_lr")
    momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"]
    bounds = zip(ends, pairwise(lrs), pairwise(momenta), strict=False)
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return [dict(zip(names, (end, *lr, *momentum), strict=True)) for end, lr, momentum in bounds]
