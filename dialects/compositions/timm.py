"""timm.scheduler: `lr` is the rate of the optimizer; t is counted in steps or, by `PerEpoch`, in epochs.

A value at t is timm's `_get_lr(t)`. Noise is a factor: `s * (Noise(seed) * std + 1)`, other numbers than timm's.

>>> from ravine.dialects.compositions import timm
>>> timm.StepLRScheduler(0.1, decay_t=30, decay_rate=0.5, warmup_t=5)
Linear(0.0, 0.1, 5) >> Step(0.1, 0.5, 30)
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import reduce
from math import cos, pi
from operator import rshift
from typing import Literal

from ...schedules.algebra import Schedule
from ...schedules.functions import Lambda
from ...schedules.plateau import ReduceOnPlateau as Plateau
from ...schedules.shapes import Constant, Cosine, Linear, Piecewise, Polynomial, Step
from . import names

__all__ = [
    "CosineLRScheduler",
    "MultiStepLRScheduler",
    "PlateauLRScheduler",
    "PolyLRScheduler",
    "StepLRScheduler",
    "TanhLRScheduler",
]


def warmed_up(main: Schedule, lr: float, warmup_t: int, warmup_lr_init: float, warmup_prefix: bool) -> Schedule:
    """Without warmup_prefix the main schedule goes on during the warm-up, and takes over where it is by then."""
    return Linear(warmup_lr_init, lr, warmup_t) >> (main if warmup_prefix else main[warmup_t:])


def cycles(
    shape: Callable[[float, int], Schedule], lr: float, lr_min: float, t: int, mul: int, decay: float, limit: int
) -> Schedule:
    """`shape(height, steps)` for each cycle, of which there are `limit`; then lr_min."""
    return reduce(rshift, [shape(lr * decay**i, t * mul**i) for i in range(limit)]) >> Constant(lr_min)


def CosineLRScheduler(
    lr: float,
    t_initial: int,
    lr_min: float = 0.0,
    cycle_mul: int = 1,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    k_decay: float = 1.0,
) -> Schedule:
    """k_decay (Zhang & Li 2020, arXiv:2004.05909) bends time, which only a function can say."""

    def bent(height: float, steps: int) -> Schedule:
        wave = Lambda(lambda k: (1 + cos(pi * (k / steps) ** k_decay)) / 2)[:steps]
        return Cosine(height, lr_min, steps) if k_decay == 1 else wave * (height - lr_min) + lr_min

    main = cycles(bent, lr, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    return warmed_up(main, lr, warmup_t, warmup_lr_init, warmup_prefix)


def TanhLRScheduler(
    lr: float,
    t_initial: int,
    lb: float = -7.0,
    ub: float = 3.0,
    lr_min: float = 0.0,
    cycle_mul: int = 1,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
) -> Schedule:
    """Neither starts at lr nor ends at lr_min exactly: tanh doesn't."""
    main = cycles(
        lambda height, steps: names.tanh(height, lr_min, steps, lb, ub),
        *(lr, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit),
    )
    return warmed_up(main, lr, warmup_t, warmup_lr_init, warmup_prefix)


def PolyLRScheduler(
    lr: float,
    t_initial: int,
    power: float = 0.5,
    lr_min: float = 0.0,
    cycle_mul: int = 1,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    k_decay: float = 1.0,
) -> Schedule:
    """With k_decay=1, `Polynomial`."""

    def bent(height: float, steps: int) -> Schedule:
        falls = (1 - Linear(0, 1, steps) ** k_decay) ** power
        return Polynomial(height, lr_min, steps, power) if k_decay == 1 else falls * (height - lr_min) + lr_min

    main = cycles(bent, lr, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    return warmed_up(main, lr, warmup_t, warmup_lr_init, warmup_prefix)


def StepLRScheduler(
    lr: float,
    decay_t: int,
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
) -> Schedule:
    """The same."""
    return warmed_up(Step(lr, decay_rate, decay_t), lr, warmup_t, warmup_lr_init, warmup_prefix)


def MultiStepLRScheduler(
    lr: float,
    decay_t: Sequence[int],
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
) -> Schedule:
    """Drops one step before each milestone."""
    at = sorted(set(decay_t))
    drops = Piecewise([lr * decay_rate ** bisect_right(sorted(decay_t), t) for t in (0, *at)], at)[1:]
    return warmed_up(drops, lr, warmup_t, warmup_lr_init, warmup_prefix)


def PlateauLRScheduler(
    lr: float,
    decay_rate: float = 0.1,
    patience_t: int = 10,
    threshold: float = 1e-4,
    cooldown_t: int = 0,
    mode: Literal["min", "max"] = "max",
    lr_min: float = 0.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
) -> Plateau:
    """PyTorch's, of a schedule that warms up; observe only after the warm-up."""
    warmup = Linear(warmup_lr_init, lr, warmup_t)
    return Plateau(warmup, decay_rate, patience_t, mode, threshold, cooldown_t, lr_min)
