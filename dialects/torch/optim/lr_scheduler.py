"""torch.optim.lr_scheduler: schedulers that set the lr of each group at each call of their own `step()`.

They compute the next lr from the present one by PyTorch's expressions, in its order of operations, and so print its
digits: rounding errors accumulate as they do there.

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
from ...base import whole, worded
from ..combined import ChainedScheduler, SequentialLR
from ..cyclic import CyclicLR, OneCycleLR
from ..optimizer import Optimizer
from ..plateau import ReduceLROnPlateau
from ..scheduler import ArgumentsLR, LRScheduler, checked, per_group

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
    @worded
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
    @worded
    def schedule(lr: float, lr_lambda: Function) -> Schedule:
        return Recurrence(lr, lambda k, previous: previous * lr_lambda(k))


class ExponentialLR(ArgumentsLR):
    """The initial lr times gamma**k."""

    gamma: float

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        lrs = self._present_lr()
        return lrs if self._is_initial else [lr * self.gamma for lr in lrs]

    def _get_closed_form_lr(self) -> list[float]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, gamma: float) -> Schedule:
        return Exponential(lr, gamma)


class StepLR(ArgumentsLR):
    """The initial lr times gamma**(k // step_size)."""

    step_size: int
    gamma: float

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        lrs = self._present_lr()
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return lrs
        return [lr * self.gamma for lr in lrs]

    def _get_closed_form_lr(self) -> list[float]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
        return Step(lr, gamma, whole(_positive("StepLR: step_size", step_size)))


class MultiStepLR(ArgumentsLR):
    """The initial lr times gamma for each of the milestones that k has reached.

    A milestone may be given twice and then counts twice, or be 0. The schedule `MultiStep` allows neither.
    """

    milestones: Counter[int]
    gamma: float

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(f"MultiStepLR: milestones must be a list of integers. Received: milestones={milestones!r}.")
        super().__init__(optimizer, Counter(milestones), gamma, last_epoch)

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        lrs = self._present_lr()
        if self.last_epoch not in self.milestones:
            return lrs
        return [lr * self.gamma ** self.milestones[self.last_epoch] for lr in lrs]

    def _get_closed_form_lr(self) -> list[float]:
        reached = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**reached for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, milestones: Iterable[int], gamma: float = 0.1) -> Schedule:
        drops = sorted(map(whole, Counter(milestones).elements()))
        at = sorted({*drops} - {0})
        return Piecewise([lr * gamma ** bisect_right(drops, k) for k in (0, *at)], at)

    def _checked(self, state: Any) -> list[tuple[Any, dict[str, Any]]]:
        ((_, values),) = super()._checked(state)
        counts = {whole(float(k)): n for k, n in values["milestones"].items()}  # JSON turns the keys into strings
        return [(self, values | {"milestones": Counter(counts)})]


class ConstantLR(ArgumentsLR):
    """The initial lr times factor, from k = total_iters on the initial lr; with total_iters=0 always with factor."""

    factor: float
    total_iters: int

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        lrs = self._present_lr()
        if self.last_epoch == 0:
            return [lr * self.factor for lr in lrs]
        return [lr * (1.0 / self.factor) for lr in lrs] if self.last_epoch == self.total_iters else lrs

    def _get_closed_form_lr(self) -> list[float]:
        ended = self.last_epoch >= self.total_iters
        return [base * (self.factor + ended * (1 - self.factor)) for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, factor: float = 1 / 3, total_iters: int = 5) -> Schedule:
        low = Constant(lr * _fraction("ConstantLR: factor", factor))
        return low[: whole(total_iters)] >> Constant(lr) if total_iters > 0 else low


class LinearLR(ArgumentsLR):
    """The initial lr times a factor that goes from start_factor to end_factor; with total_iters=0 start_factor."""

    start_factor: float
    end_factor: float
    total_iters: int

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        k, steps, start, lrs = self.last_epoch, self.total_iters, self.start_factor, self._present_lr()
        if k == 0:
            return [lr * start for lr in lrs]
        if self._is_initial or k > steps:
            return lrs
        change = self.end_factor - start
        return [lr * (1.0 + change / (steps * start + (k - 1) * change)) for lr in lrs]

    def _get_closed_form_lr(self) -> list[float]:
        k, steps, start = self.last_epoch, self.total_iters, self.start_factor
        change = self.end_factor - start
        return [base * (start + change * min(steps, k) / max(steps, 1)) for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Schedule:
        start = lr * _fraction("LinearLR: start_factor", start_factor)
        end = lr * (end_factor and _fraction("LinearLR: end_factor", end_factor))
        return Linear(start, end, whole(total_iters)) if total_iters > 0 else Constant(start)


class PolynomialLR(ArgumentsLR):
    """The initial lr times (1 - k / total_iters)**power, down to 0; with total_iters=0 the initial lr."""

    total_iters: int
    power: float

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        k, steps, lrs = self.last_epoch, self.total_iters, self._present_lr()
        if self._is_initial or k > steps:
            return lrs
        factor = ((1.0 - k / steps) / (1.0 - (k - 1) / steps)) ** self.power
        return [lr * factor for lr in lrs]

    def _get_closed_form_lr(self) -> list[float]:
        k, steps = self.last_epoch, self.total_iters
        return [base * (1.0 - min(steps, k) / max(steps, 1)) ** self.power for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, total_iters: int = 5, power: float = 1.0) -> Schedule:
        return Polynomial(lr, 0, whole(total_iters), power) if total_iters > 0 else Constant(lr)


class CosineAnnealingLR(ArgumentsLR):
    """Down to eta_min along a cosine in T_max steps, and up again. (`Cosine` stays down.)"""

    T_max: float
    eta_min: float

    def get_lr(self) -> list[float]:
        """The lr of each group."""
        k, steps, low, lrs = self.last_epoch, self.T_max, self.eta_min, self._present_lr()
        if self._is_initial:
            return lrs
        if self._step_count == 1 and k > 0:
            return [low + (base - low) * (1 + math.cos(k * math.pi / steps)) / 2 for base in self.base_lrs]
        if (k - 1 - steps) % (2 * steps) == 0:  # the step before was at the lowest point, which has no ratio
            rise = 1 - math.cos(math.pi / steps)
            return [lr + (base - low) * rise / 2 for lr, base in zip(lrs, self.base_lrs, strict=False)]
        ratio = (1 + math.cos(math.pi * k / steps)) / (1 + math.cos(math.pi * (k - 1) / steps))
        return [ratio * (lr - low) + low for lr in lrs]

    def _get_closed_form_lr(self) -> list[float]:
        angle = math.pi * self.last_epoch / self.T_max
        return [self.eta_min + (base - self.eta_min) * (1 + math.cos(angle)) / 2 for base in self.base_lrs]

    @staticmethod
    @worded
    def schedule(lr: float, T_max: float, eta_min: float = 0.0) -> Schedule:
        return CosineWave(lr, eta_min, 2 * _positive("CosineAnnealingLR: T_max", T_max))


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down to eta_min along a cosine in T_0 steps, again from the start in T_0 * T_mult steps, and so on.

    `step(epoch)` takes a fraction, too: `step(epoch + batch / batches)`. As in PyTorch, it finds the cycle by a
    logarithm, which misses some restarts by rounding. `step()` counts, and misses none.
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
        low, angle = self.eta_min, math.pi * self.T_cur / self.T_i
        return [low + (base - low) * (1 + math.cos(angle)) / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the next lr, or the lr at `epoch`."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch, self.T_cur = self.last_epoch + 1, self.T_cur + 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        elif epoch < 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: epoch must be >= 0. Received: epoch={epoch!r}.")
        elif epoch < self.T_0:
            self.T_cur, self.T_i = epoch, self.T_0
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
        self.last_epoch = math.floor(epoch)
        self._set_lr(self.get_lr())

    @staticmethod
    @worded
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
        """The lr of each group: from the present lr back to the one at the start, and from there to the next."""
        step = self._step_count - 1
        step = max(1, step) if self.anneal_epochs == 0 else step
        before, now = self._weight(step - 1), self._weight(step)
        lrs, ends = self._present_lr(), self._group_values("swa_lr")
        starts = [end if before == 1 else (lr - before * end) / (1 - before) for lr, end in zip(lrs, ends, strict=True)]
        return [end * now + start * (1 - now) for start, end in zip(starts, ends, strict=True)]

    def _weight(self, step: int) -> float:
        """The weight of swa_lr after so many steps, from 0 to 1."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    @staticmethod
    @worded
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
