"""transformers' schedules by the names of `SchedulerType`, with the arguments of get_scheduler.

`lr` is the rate of the optimizer, w = num_warmup_steps, T = num_training_steps. Its reduce_lr_on_plateau is PyTorch's.

>>> from ravine.dialects.compositions import transformers
>>> transformers.constant_with_warmup(0.1, num_warmup_steps=100)
Linear(0.0, 0.1, 100)
"""

from typing import Literal

from ...schedules.algebra import Schedule
from ...schedules.cycles import CosineRestarts, CosineWave
from ...schedules.shapes import Constant, Cosine, InverseSqrt, Linear, Polynomial

__all__ = [
    "constant",
    "constant_with_warmup",
    "cosine",
    "cosine_warmup_with_min_lr",
    "cosine_with_min_lr",
    "cosine_with_restarts",
    "inverse_sqrt",
    "linear",
    "polynomial",
    "warmup_stable_decay",
]


def constant(lr: float) -> Schedule:
    """The same."""
    return Constant(lr)


def constant_with_warmup(lr: float, num_warmup_steps: int) -> Schedule:
    """The same."""
    return Linear(0, lr, num_warmup_steps)


def linear(lr: float, num_warmup_steps: int, num_training_steps: int) -> Schedule:
    """The same."""
    return Linear(0, lr, num_warmup_steps) >> Linear(lr, 0, num_training_steps - num_warmup_steps)


def cosine(lr: float, num_warmup_steps: int, num_training_steps: int, num_cycles: float = 0.5) -> Schedule:
    """Rises again after T; `Cosine` doesn't."""
    return cosine_with_min_lr(lr, num_warmup_steps, num_training_steps, 0.0, num_cycles)


def cosine_with_restarts(lr: float, num_warmup_steps: int, num_training_steps: int, num_cycles: int = 1) -> Schedule:
    """num_cycles are done in T - w steps, which they need not divide; then 0."""
    steps = num_training_steps - num_warmup_steps
    waves = CosineRestarts(lr, 0, max(steps, 1))[::num_cycles]
    return Linear(0, lr, num_warmup_steps) >> waves[:steps] >> Constant(0)


def polynomial(
    lr: float, num_warmup_steps: int, num_training_steps: int, lr_end: float = 1e-7, power: float = 1.0
) -> Schedule:
    """The same, save that T = w is at the end, not an error."""
    return Linear(0, lr, num_warmup_steps) >> Polynomial(lr, lr_end, num_training_steps - num_warmup_steps, power)


def inverse_sqrt(lr: float, num_warmup_steps: int, timescale: int | None = None) -> Schedule:
    """timescale is num_warmup_steps if left out, and 10000 without these."""
    scale = timescale or num_warmup_steps or 10_000
    return Linear(0, lr, num_warmup_steps) >> InverseSqrt(lr * scale**0.5)[scale - 1 :]


def cosine_with_min_lr(
    lr: float, num_warmup_steps: int, num_training_steps: int, min_lr: float, num_cycles: float = 0.5
) -> Schedule:
    """Rises again after T."""
    period = max(1, num_training_steps - num_warmup_steps) / num_cycles
    return Linear(0, lr, num_warmup_steps) >> CosineWave(lr, min_lr, period)


def cosine_warmup_with_min_lr(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int,
    min_lr: float,
    num_cycles: float = 0.5,
    warmup_lr_rate: float | None = None,
) -> Schedule:
    """One step ahead: the first update has lr / w, or with a warmup_lr_rate begins at that share of lr."""
    w = num_warmup_steps
    ahead = Linear(0, lr, w)[1 : w + 1]
    warmup = ahead if warmup_lr_rate is None else Linear(lr * warmup_lr_rate, lr, max(w - 1, 1))[:w]
    return warmup >> CosineWave(lr, min_lr, max(1, num_training_steps - w) / num_cycles)[1:]


def warmup_stable_decay(
    lr: float,
    num_warmup_steps: int,
    num_stable_steps: int,
    num_decay_steps: int,
    warmup_type: Literal["linear", "cosine", "1-sqrt"] = "linear",
    decay_type: Literal["linear", "cosine", "1-sqrt"] = "cosine",
    min_lr_ratio: float = 0.0,
    num_cycles: float = 0.5,
) -> Schedule:
    """WSD: the three parts, each between min_lr_ratio * lr and lr."""
    low, w, d = min_lr_ratio * lr, num_warmup_steps, num_decay_steps
    warmups = {"linear": Linear(low, lr, w), "cosine": Cosine(low, lr, w), "1-sqrt": Polynomial(low, lr, w, power=0.5)}
    decays: dict[str, Schedule] = {
        "linear": Linear(lr, low, d),
        "cosine": CosineWave(lr, low, max(d, 1) / num_cycles)[:d],
        "1-sqrt": Linear(0, 1, d) ** 0.5 * (low - lr) + lr,
    }
    return warmups[warmup_type] >> Constant(lr)[:num_stable_steps] >> decays[decay_type] >> Constant(low)
