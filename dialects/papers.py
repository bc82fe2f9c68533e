"""Schedules that papers have named: warm-ups, and whole schedules.

>>> from ravine.dialects import papers
>>> papers.warmup_stable_decay(1.0, warmup=2, stable=5, decay=2)
Linear(0.0, 1.0, 2) >> Constant(1.0)[:5] >> Linear(1.0, 0.0, 2)
"""

from math import exp, sqrt

from ..schedules import Constant, Cosine, Exponential, InverseSqrt, Linear, Polynomial, Schedule

__all__ = [
    "constant_warmup",
    "cosine_warmup",
    "exponential_warmup",
    "linear_warmup",
    "noam",
    "rex",
    "slanted_triangular",
    "sqrt_warmup",
    "tanh",
    "warmup_stable_decay",
]


def constant_warmup(low: float, steps: int) -> Schedule:
    """A low value before s: `constant_warmup(1e-4, 5) >> s`. He et al. 2016, section 4.2, arXiv:1512.03385."""
    return Constant(low)[:steps]


def linear_warmup(peak: float, steps: int, start: float = 0.0) -> Schedule:
    """A line from start to peak. Goyal et al. 2017, section 2.2, arXiv:1706.02677."""
    return Linear(start, peak, steps)


def cosine_warmup(peak: float, steps: int, start: float = 0.0) -> Schedule:
    """Half a cosine wave from start to peak."""
    return Cosine(start, peak, steps)


def exponential_warmup(peak: float, steps: int, start: float) -> Schedule:
    """From `start` > 0 to peak, multiplied by the same factor at each step."""
    return Exponential(start, peak / start, max(steps, 1))[:steps] >> Constant(peak)[:0]


def sqrt_warmup(peak: float, steps: int, start: float = 0.0) -> Schedule:
    """From start to peak as 1 - sqrt(1 - u), u = k / steps, which is slow at first."""
    return Polynomial(start, peak, steps, power=0.5)


def warmup_stable_decay(peak: float, warmup: int, stable: int, decay: int, end: float = 0.0) -> Schedule:
    """Warm-up, stable, decay (WSD). Hu et al. 2024, section 4, arXiv:2404.06395; there the decay is not linear."""
    return Linear(0, peak, warmup) >> Constant(peak)[:stable] >> Linear(peak, end, decay)


def noam(d_model: int, warmup: int, factor: float = 1.0) -> Schedule:
    """Falls as 1 / sqrt(t), t = k + 1, after a linear warm-up. Vaswani et al. 2017, equation 3, arXiv:1706.03762."""
    return (Linear(0, 1 / sqrt(warmup), warmup) >> InverseSqrt(1)[warmup - 1 :])[1:] * (factor / sqrt(d_model))


def rex(start: float, steps: int) -> Schedule:
    """start * (1 - u) / (1 - u / 2), u = k / steps. Chen et al. 2021, section 4, arXiv:2107.04197."""
    return Linear(1, 0, steps) * Linear(1, 0.5, steps) ** -1 * start


def tanh(start: float, end: float, steps: int, low: float = -7.0, high: float = 3.0) -> Schedule:
    """end + (start - end) * (1 - tanh(x)) / 2 as x goes from low to high. Hsueh et al. 2019, arXiv:1806.01593."""
    falls = (Exponential(exp(2 * low), exp(2 * (high - low)), steps)[:steps] + 1) ** -1  # (1 - tanh(x)) / 2
    return falls * (start - end) + end


def slanted_triangular(peak: float, steps: int, rise: float = 0.1, ratio: float = 32.0) -> Schedule:
    """A line up in a fraction `rise` of the steps, and down. Howard & Ruder 2018, section 3.2, arXiv:1801.06146."""
    up = int(steps * rise)
    return Linear(peak / ratio, peak, up) >> Linear(peak, peak / ratio, steps - up)
