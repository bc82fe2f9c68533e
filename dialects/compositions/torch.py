"""torch.optim.lr_scheduler, and SWALR: `lr` is the rate of the optimizer, the rest are the scheduler's own arguments.

A value at k is what the optimizer has after k calls of `scheduler.step()`.

>>> from ravine.dialects.compositions import torch
>>> torch.SequentialLR([torch.LinearLR(0.1, 0.5), torch.ExponentialLR(0.1, 0.9)], milestones=[5])
Linear(0.05, 0.1, 5)[:5] >> Exponential(0.1, 0.9)
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import reduce
from operator import mul, rshift
from typing import Any, Literal

from ...schedules.algebra import Schedule
from ...schedules.cycles import CosineRestarts, CosineWave, Cyclic, OneCycle
from ...schedules.functions import Lambda, PerEpoch, Recurrence
from ...schedules.plateau import ReduceOnPlateau as Plateau
from ...schedules.shapes import Constant, Cosine, Exponential, Linear, Piecewise, Polynomial, Step

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]


def ConstantLR(lr: float, factor: float = 1 / 3, total_iters: int = 5) -> Schedule:
    """Differs: with total_iters=0 it is lr, not lr * factor for ever."""
    return Constant(lr * factor)[:total_iters] >> Constant(lr)


def LinearLR(lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Schedule:
    """Differs: with total_iters=0 it is at the end, not at the start for ever."""
    return Linear(lr * start_factor, lr * end_factor, total_iters)


def PolynomialLR(lr: float, total_iters: int = 5, power: float = 1.0) -> Schedule:
    """Differs: with total_iters=0 it is at the end, not at the start for ever."""
    return Polynomial(lr, 0, total_iters, power)


def StepLR(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """The same."""
    return Step(lr, gamma, step_size)


def MultiStepLR(lr: float, milestones: Sequence[int], gamma: float = 0.1) -> Schedule:
    """A milestone that comes twice drops twice; one at 0 drops at once. Without these, `MultiStep`."""
    at = sorted(set(milestones) - {0})
    return Piecewise([lr * gamma ** bisect_right(sorted(milestones), k) for k in (0, *at)], at)


def ExponentialLR(lr: float, gamma: float) -> Schedule:
    """The same."""
    return Exponential(lr, gamma)


def CosineAnnealingLR(lr: float, T_max: float, eta_min: float = 0.0) -> Schedule:
    """Rises again after T_max; `Cosine` doesn't."""
    return CosineWave(lr, eta_min, 2 * T_max)


def CosineAnnealingWarmRestarts(lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """As stepped; `step(epoch)` misses some restarts."""
    return CosineRestarts(lr, eta_min, T_0, T_mult)


def LambdaLR(lr: float, lr_lambda: Callable[[int], float]) -> Schedule:
    """The same."""
    return Lambda(lr_lambda) * lr


def MultiplicativeLR(lr: float, lr_lambda: Callable[[int], float]) -> Schedule:
    """The same; lr_lambda(0) is never asked for."""
    return Recurrence(lr, lambda k, previous: previous * lr_lambda(k))


def CyclicLR(
    base_lr: float,
    max_lr: float,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
    gamma: float = 1.0,
    scale_fn: Callable[[int], float] | None = None,
    scale_mode: Literal["cycle", "iterations"] = "cycle",
) -> Schedule:
    """For the momentum, the same with base_momentum and max_momentum changed over: `CyclicLR(max_m, base_m, ...)`."""
    if scale_fn is None:
        return Cyclic(base_lr, max_lr, step_size_up, step_size_down, mode, gamma if mode == "exp_range" else 1.0)
    per_cycle = PerEpoch(Lambda(scale_fn)[1:], step_size_up + (step_size_down or step_size_up))
    scale = per_cycle if scale_mode == "cycle" else Lambda(scale_fn)
    return Cyclic(0, max_lr - base_lr, step_size_up, step_size_down) * scale + base_lr


def OneCycleLR(
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """For the momentum, `OneCycle(base_momentum, total_steps, max_momentum, max_momentum, ...)`.

    Differs: it holds after total_steps; phases of no length are passed over, not divided by.
    """
    start, shapes = max_lr / div_factor, {"cos": "cosine", "linear": "linear"}
    shape: Any = shapes[anneal_strategy]
    return OneCycle(max_lr, total_steps, start, start / final_div_factor, pct_start, shape, 3 if three_phase else 2)


def SWALR(
    lr: float, swa_lr: float, anneal_epochs: int = 10, anneal_strategy: Literal["cos", "linear"] = "cos"
) -> Schedule:
    """After n steps of another schedule: `s[:n] >> SWALR(s(n), swa_lr)`."""
    return {"cos": Cosine, "linear": Linear}[anneal_strategy](lr, swa_lr, anneal_epochs)


def SequentialLR(schedulers: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """Each from its own k = 0."""
    lengths = [end - start for start, end in zip((0, *milestones), milestones, strict=False)]
    return reduce(rshift, (*(s[:n] for s, n in zip(schedulers, lengths, strict=False)), schedulers[-1]))


def ChainedScheduler(lr: float, schedulers: Sequence[Schedule]) -> Schedule:
    """The product of what each multiplies `lr` by: of those that multiply only, so of cosines that end at 0."""
    return reduce(mul, schedulers) * lr ** (1 - len(schedulers))


def ReduceLROnPlateau(
    lr: Schedule | float,
    mode: Literal["min", "max"] = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: Literal["rel", "abs"] = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
) -> Plateau:
    """Differs: without eps, and as `ReduceOnPlateau` says for metrics below 0."""
    return Plateau(lr, factor, patience, mode, threshold, cooldown, min_lr, threshold_mode)
