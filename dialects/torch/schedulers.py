"""The schedulers that follow one schedule, in order of increasing complexity."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ...schedules import Constant, Schedule
from .. import compositions
from .optimizer import Optimizer
from .scheduler import LRScheduler, checked, per_group

__all__ = [
    "SWALR",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]

Function = Callable[[int], float]


class LambdaLR(LRScheduler):
    """The initial lr times lr_lambda(k), k being `last_epoch`; one function, or one for each group."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Function | Sequence[Function], last_epoch: int = -1
    ) -> None:
        name = type(self).__name__
        self.lr_lambdas = per_group("lr_lambda", checked(name, optimizer), lr_lambda)
        if stray := [f for f in self.lr_lambdas if not callable(f)]:
            raise TypeError(
                f"{name}: lr_lambda must be a function of k, or one for each group. Received: {stray[0]!r}. "
                "Say lr_lambda=lambda k: 0.95**k."
            )
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(LambdaLR):
    """The lr of the last step times lr_lambda(k), at every step but the first; one function, or one for each group."""

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        groups = self.optimizer.param_groups
        if self._is_initial:
            return [group["lr"] for group in groups]
        return [group["lr"] * f(self.last_epoch) for group, f in zip(groups, self.lr_lambdas, strict=True)]


class ExponentialLR(LRScheduler):
    """gamma**k."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        return compositions.torch.ExponentialLR(lr, self.gamma)


class StepLR(LRScheduler):
    """gamma**(k // step_size)."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = _above_zero("StepLR: step_size", step_size)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        return compositions.torch.StepLR(lr, self.step_size, self.gamma)


class MultiStepLR(LRScheduler):
    """gamma for each of the milestones that k has reached."""

    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(f"MultiStepLR: milestones must be a list of integers. Received: milestones={milestones!r}.")
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        return compositions.torch.MultiStepLR(lr, sorted(self.milestones.elements()), self.gamma)

    def _checked(self, state: Any) -> list[tuple[LRScheduler, dict[str, Any]]]:
        ((_, values),) = super()._checked(state)
        counts = {int(k): n for k, n in values["milestones"].items()}  # JSON makes strings of them
        return [(self, values | {"milestones": Counter(counts)})]


class ConstantLR(LRScheduler):
    """factor, and 1 from total_iters on; factor for ever where total_iters is 0."""

    def __init__(
        self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        self.factor = _within("ConstantLR: factor", factor, 0, 1)
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        if self.total_iters <= 0:
            return Constant(lr * self.factor)
        return compositions.torch.ConstantLR(lr, self.factor, self.total_iters)


class LinearLR(LRScheduler):
    """From start_factor to end_factor, evenly, in total_iters steps; start_factor for ever where these are 0."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = _within("LinearLR: start_factor", start_factor, 0, 1)
        self.end_factor = _within("LinearLR: end_factor", end_factor, 0, 1)
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        if self.total_iters <= 0:
            return Constant(lr * self.start_factor)
        return compositions.torch.LinearLR(lr, self.start_factor, self.end_factor, self.total_iters)


class PolynomialLR(LRScheduler):
    """(1 - k / total_iters)**power, down to 0; 1 for ever where total_iters is 0."""

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        if self.total_iters <= 0:
            return Constant(lr)
        return compositions.torch.PolynomialLR(lr, self.total_iters, self.power)


class CosineAnnealingLR(LRScheduler):
    """Down to eta_min along a cosine in T_max steps, and up again."""

    def __init__(self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = _above_zero("CosineAnnealingLR: T_max", T_max)
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    @property
    def low(self) -> float:
        """eta_min."""
        return self.eta_min

    def schedule(self, lr: float) -> Schedule:
        """The schedule of a group."""
        return compositions.torch.CosineAnnealingLR(lr, self.T_max, self.eta_min)

    def _next(self, lr: float, base: float) -> float:
        # From eta_min to itself the cosine is flat, but it still moves an lr that the user has set elsewhere.
        if base != self.eta_min or self.last_epoch <= 0:
            return super()._next(lr, base)
        height = compositions.torch.CosineAnnealingLR(1.0, self.T_max)
        before, now = height(self.last_epoch - 1), height(self.last_epoch)
        return self.eta_min + (lr - self.eta_min) * (now / before) if before else lr


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down to eta_min along a cosine, from the start again after T_0 steps, then T_0 * T_mult, and so on.

    `step(epoch)` takes a fraction too: `step(epoch + batch / batches)`.

    Differs: where a cycle ends is counted, not computed by a logarithm, which misses some restarts.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"CosineAnnealingWarmRestarts: {name} must be an integer >= 1. Received: {value!r}.")
        self.T_0 = self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def _go(self, epoch: float | None = None) -> None:
        at = self.last_epoch + 1 if epoch is None else epoch
        if at < 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: epoch must be >= 0. Received: epoch={epoch!r}.")
        if epoch is None and self.last_epoch >= 0:
            self.T_cur += 1
        else:
            self.T_cur, self.T_i = at, self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur, self.T_i = self.T_cur - self.T_i, self.T_i * self.T_mult
        super()._go(math.floor(at))


class SWALR(LRScheduler):
    """From the lr that it finds to swa_lr, in anneal_epochs steps. In `torch.optim.swa_utils`."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"SWALR: anneal_strategy must be 'cos' or 'linear'. Received: anneal_strategy={anneal_strategy!r}."
            )
        for group, value in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = value
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The lr of each group: as far from swa_lr as the schedule's share of the last distance says."""
        step = max(self._step_count - 1, 1 if self.anneal_epochs == 0 else 0)
        left = compositions.torch.SWALR(1.0, 0.0, self.anneal_epochs, self._anneal_strategy)
        before, now = left(max(step - 1, 0)), left(step)
        share = now / before if before else 0.0
        return [g["swa_lr"] + (g["lr"] - g["swa_lr"]) * share for g in self.optimizer.param_groups]


def _above_zero(what: str, value: Any) -> Any:
    """The value. Raises ValueError if it is not above 0."""
    if not value > 0:
        raise ValueError(f"{what} must be > 0. Received: {value!r}. It is a number of steps.")
    return value


def _within(what: str, value: float, low: float, high: float) -> float:
    if not low < value <= high and not (value == low == 0 and "end_factor" in what):
        raise ValueError(f"{what} must be in ({low}, {high}]. Received: {value!r}. It multiplies the lr.")
    return value
