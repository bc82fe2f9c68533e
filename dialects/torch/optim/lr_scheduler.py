"""torch.optim.lr_scheduler: schedulers that set the lr of each group at each call of their own `step()`.

Each has a function `schedule`. It takes the scheduler's arguments, with the initial lr in place of the optimizer, and
returns a schedule of ravine with the same values.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ....schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    CosineWave,
    Exponential,
    Lambda,
    Linear,
    Piecewise,
    Polynomial,
    Recurrence,
    Schedule,
    Step,
)
from ..combined import ChainedScheduler, SequentialLR
from ..cyclic import CyclicLR, OneCycleLR
from ..optimizer import Optimizer
from ..plateau import ReduceLROnPlateau
from ..scheduler import LRScheduler, ScheduledLR, checked, per_group

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
]

_LRScheduler = LRScheduler
Function = Callable[[int], float]


class LambdaLR(LRScheduler):
    """The initial lr times lr_lambda(k) at k = `last_epoch`. lr_lambda is one function, or one for each group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Function | Sequence[Function], last_epoch: int = -1) -> None:
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

    @staticmethod
    def schedule(lr: float, lr_lambda: Function) -> Schedule:
        return Lambda(lr_lambda) * lr


class MultiplicativeLR(LambdaLR):
    """The present lr times lr_lambda(k), except at k = 0. lr_lambda is one function, or one for each group."""

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        groups = self.optimizer.param_groups
        if self._is_initial:
            return [group["lr"] for group in groups]
        return [group["lr"] * f(self.last_epoch) for group, f in zip(groups, self.lr_lambdas, strict=True)]

    @staticmethod
    def schedule(lr: float, lr_lambda: Function) -> Schedule:
        return Recurrence(lr, lambda k, previous: previous * lr_lambda(k))


class ExponentialLR(ScheduledLR):
    """The initial lr times gamma**k."""

    @staticmethod
    def schedule(lr: float, gamma: float) -> Schedule:
        return Exponential(lr, gamma)


class StepLR(ScheduledLR):
    """The initial lr times gamma**(k // step_size)."""

    @staticmethod
    def schedule(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
        return Step(lr, gamma, _positive("StepLR: step_size", step_size))


class MultiStepLR(ScheduledLR):
    """The initial lr times gamma for each of the milestones that k has reached.

    A milestone may be given twice and then counts twice, or be 0. The schedule `MultiStep` allows neither.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(f"MultiStepLR: milestones must be a list of integers. Received: milestones={milestones!r}.")
        super().__init__(optimizer, Counter(milestones), gamma, last_epoch)

    @staticmethod
    def schedule(lr: float, milestones: Iterable[int], gamma: float = 0.1) -> Schedule:
        drops = sorted(Counter(milestones).elements())
        at = sorted({*drops} - {0})
        return Piecewise([lr * gamma ** bisect_right(drops, k) for k in (0, *at)], at)

    def _checked(self, state: Any) -> list[tuple[LRScheduler, dict[str, Any]]]:
        ((_, values),) = super()._checked(state)
        counts = {int(k): n for k, n in values["milestones"].items()}  # JSON turns the keys into strings
        return [(self, values | {"milestones": Counter(counts)})]


class ConstantLR(ScheduledLR):
    """The initial lr times factor, from k = total_iters on the initial lr; with total_iters=0 always with factor."""

    @staticmethod
    def schedule(lr: float, factor: float = 1 / 3, total_iters: int = 5) -> Schedule:
        low = Constant(lr * _fraction("ConstantLR: factor", factor))
        return low[:total_iters] >> Constant(lr) if total_iters > 0 else low


class LinearLR(ScheduledLR):
    """The initial lr times a factor that goes from start_factor to end_factor; with total_iters=0 start_factor."""

    @staticmethod
    def schedule(lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Schedule:
        start = lr * _fraction("LinearLR: start_factor", start_factor)
        end = lr * (end_factor and _fraction("LinearLR: end_factor", end_factor))
        return Linear(start, end, total_iters) if total_iters > 0 else Constant(start)


class PolynomialLR(ScheduledLR):
    """The initial lr times (1 - k / total_iters)**power, down to 0; with total_iters=0 the initial lr."""

    @staticmethod
    def schedule(lr: float, total_iters: int = 5, power: float = 1.0) -> Schedule:
        return Polynomial(lr, 0, total_iters, power) if total_iters > 0 else Constant(lr)


class CosineAnnealingLR(ScheduledLR):
    """Down to eta_min along a cosine in T_max steps, and up again. (`Cosine` stays down.)"""

    @staticmethod
    def schedule(lr: float, T_max: float, eta_min: float = 0.0) -> Schedule:
        return CosineWave(lr, eta_min, 2 * _positive("CosineAnnealingLR: T_max", T_max))

    @property
    def low(self) -> float:
        """eta_min."""
        return float(vars(self)["eta_min"])

    def _next(self, lr: float, base: float) -> float:
        # If the initial lr is eta_min, the cosine is constant, but it still changes an lr that the user has set.
        if base != self.low or self.last_epoch <= 0:
            return super()._next(lr, base)
        height = self.schedule(1.0, vars(self)["T_max"])
        before, now = height(self.last_epoch - 1), height(self.last_epoch)
        return self.low + (lr - self.low) * (now / before) if before else lr


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down to eta_min along a cosine in T_0 steps, again from the start in T_0 * T_mult steps, and so on.

    `step(epoch)` takes a fraction, too: `step(epoch + batch / batches)`.

    Differs from PyTorch: no restart is missed. PyTorch finds the cycle by a logarithm, which misses some by rounding.
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

    @staticmethod
    def schedule(lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Schedule:
        return CosineRestarts(lr, eta_min, T_0, T_mult)


class SWALR(LRScheduler):
    """From the present lr to swa_lr in anneal_epochs steps. PyTorch has it in `torch.optim.swa_utils`.

    After n steps of another schedule s it is `s[:n] >> SWALR.schedule(s(n), swa_lr)`.
    """

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
        """The lr of each group. Its distance from swa_lr decreases in proportion to the schedule."""
        step = max(self._step_count - 1, 1 if self.anneal_epochs == 0 else 0)
        left = self.schedule(1.0, 0.0, self.anneal_epochs, self._anneal_strategy)
        before, now = left(max(step - 1, 0)), left(step)
        fraction = now / before if before else 0.0
        return [g["swa_lr"] + (g["lr"] - g["swa_lr"]) * fraction for g in self.optimizer.param_groups]

    @staticmethod
    def schedule(
        lr: float, swa_lr: float, anneal_epochs: int = 10, anneal_strategy: Literal["cos", "linear"] = "cos"
    ) -> Schedule:
        return {"cos": Cosine, "linear": Linear}[anneal_strategy](lr, swa_lr, anneal_epochs)


def _positive(what: str, value: Any) -> Any:
    """The value. Raises ValueError if it is not above 0."""
    if not value > 0:
        raise ValueError(f"{what} must be > 0. Received: {value!r}. It is a number of steps.")
    return value


def _fraction(what: str, value: float) -> float:
    """The value. Raises ValueError if it is outside (0, 1]."""
    if not 0 < value <= 1:
        raise ValueError(f"{what} must be in (0, 1]. Received: {value!r}. It multiplies the lr.")
    return value
