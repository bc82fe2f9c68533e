"""The schedules of optax, with optax's arguments. As in optax, a transition of 0 steps keeps the first value.

>>> from ravine.dialects import optax
>>> optax.piecewise_constant_schedule(0.1, {30: 0.5, 60: 0.5})
Piecewise((0.1, 0.05, 0.025), (30, 60))
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from operator import mul, rshift
from typing import Any, Literal

from ...schedules import Constant, Cosine, Exponential, Linear, Piecewise, Polynomial, Schedule
from ...schedules import ReduceOnPlateau as Plateau
from ..base import worded
from ..torch.combined import SequentialLR
from .base import as_schedule

__all__ = [
    "constant_schedule",
    "cosine_decay_schedule",
    "cosine_onecycle_schedule",
    "exponential_decay",
    "join_schedules",
    "linear_onecycle_schedule",
    "linear_schedule",
    "piecewise_constant_schedule",
    "piecewise_interpolate_schedule",
    "polynomial_schedule",
    "reduce_on_plateau",
    "sgdr_schedule",
    "warmup_constant_schedule",
    "warmup_cosine_decay_schedule",
    "warmup_exponential_decay_schedule",
]


def _count(name: str, value: Any, at_least: int | None = None) -> Any:
    """A number of steps as an integer, also from a float such as 300.0. Raises ValueError for a fraction."""
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{name} must be a whole number of steps. Received: {name}={value!r}. Round it.")
    if at_least is not None and value < at_least:
        raise ValueError(f"{name} must be >= {at_least}, as in optax. Received: {name}={value!r}.")
    return int(value)


def _scales(boundaries_and_scales: Mapping[int, float] | None) -> dict[int, float]:
    """The scales by boundary, sorted. Raises ValueError for a scale below 0, as optax does."""
    scales = {_count("boundaries_and_scales", k): v for k, v in sorted((boundaries_and_scales or {}).items())}
    if below := [scale for scale in scales.values() if scale < 0]:
        raise ValueError(f"boundaries_and_scales must have scales >= 0. Received: {below[0]!r}.")
    return scales


@worded
def constant_schedule(value: float) -> Schedule:
    """The same value at every step."""
    return Constant(value)


@worded
def polynomial_schedule(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Schedule:
    """A polynomial from init_value to end_value in transition_steps, after transition_begin steps at init_value."""
    if transition_steps <= 0:
        return Constant(init_value)
    wait = Constant(init_value)[: max(_count("transition_begin", transition_begin), 0)]
    return wait >> Polynomial(init_value, end_value, _count("transition_steps", transition_steps), power)


@worded
def linear_schedule(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Schedule:
    """A line from init_value to end_value in transition_steps, after transition_begin steps at init_value."""
    return polynomial_schedule(init_value, end_value, 1, transition_steps, transition_begin)


@worded
def piecewise_constant_schedule(
    init_value: float, boundaries_and_scales: Mapping[int, float] | None = None
) -> Schedule:
    """The value is multiplied by a scale from each boundary on."""
    scales = _scales(boundaries_and_scales)
    start = init_value * scales.pop(0, 1.0)
    return Piecewise(list(accumulate(scales.values(), mul, initial=start)), list(scales))


@worded
def piecewise_interpolate_schedule(
    interpolate_type: Literal["linear", "cosine"],
    init_value: float,
    boundaries_and_scales: Mapping[int, float] | None = None,
) -> Schedule:
    """The value is multiplied by a scale at each boundary, with linear or cosine interpolation between boundaries."""
    scales = _scales(boundaries_and_scales)
    start = init_value * scales.pop(0, 1.0)
    values, at = list(accumulate(scales.values(), mul, initial=start)), [0, *scales]
    ramp = {"linear": Linear, "cosine": Cosine}[interpolate_type]
    ramps = [ramp(values[i], values[i + 1], at[i + 1] - at[i]) for i in range(len(scales))]
    return reduce(rshift, ramps, Constant(start)[:0])


@worded
def exponential_decay(
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    """Exponential after transition_begin steps. end_value is the lowest value, or the highest if decay_rate > 1."""
    if transition_steps <= 0 or decay_rate == 0:
        return Constant(init_value)
    decay = Exponential(init_value, decay_rate, _count("transition_steps", transition_steps), staircase)
    whole = Constant(init_value)[: max(_count("transition_begin", transition_begin), 0)] >> decay
    if end_value is None:
        return whole
    return whole.clip(low=end_value) if decay_rate < 1 else whole.clip(high=end_value)


@worded
def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Schedule:
    """Half a cosine wave to a power; with exponent=1 `Cosine(init_value, alpha * init_value, decay_steps)`."""
    decay_steps = _count("decay_steps", decay_steps, 1)
    return Cosine(1, 0, decay_steps) ** exponent * (init_value * (1 - alpha)) + init_value * alpha


@worded
def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up, down and further down, all linear. Phases have whole numbers of steps; the last ends at transition_steps."""
    transition_steps = _count("transition_steps", transition_steps, 1)
    low, up, down = peak_value / div_factor, int(pct_start * transition_steps), int(pct_final * transition_steps)
    fall = Linear(peak_value, low, down - up) >> Linear(low, low / final_div_factor, transition_steps - down)
    return Linear(low, peak_value, up) >> fall


@worded
def cosine_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Up and down by cosines. Phases have whole numbers of steps."""
    transition_steps = _count("transition_steps", transition_steps, 1)
    low, up = peak_value / div_factor, int(pct_start * transition_steps)
    return Cosine(low, peak_value, up) >> Cosine(peak_value, low / final_div_factor, transition_steps - up)


@worded
def warmup_constant_schedule(init_value: float, peak_value: float, warmup_steps: int) -> Schedule:
    """A line from init_value to peak_value in warmup_steps, and then peak_value."""
    return linear_schedule(init_value, peak_value, warmup_steps)


@worded
def warmup_cosine_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    decay_steps: int,
    end_value: float = 0.0,
    exponent: float = 1.0,
) -> Schedule:
    """A linear warm-up, then a cosine. decay_steps include the warm-up."""
    warmup_steps = _count("warmup_steps", warmup_steps)
    if decay_steps <= warmup_steps:
        raise ValueError(
            f"decay_steps must be > warmup_steps, which it includes. Received: {decay_steps!r} and {warmup_steps!r}."
        )
    alpha = 0.0 if peak_value == 0 else end_value / peak_value
    decay = cosine_decay_schedule(peak_value, decay_steps - warmup_steps, alpha, exponent)
    return Linear(init_value, peak_value, warmup_steps) >> decay


@worded
def warmup_exponential_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Schedule:
    """A linear warm-up, then an exponential decay."""
    decay = exponential_decay(peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return Linear(init_value, peak_value, _count("warmup_steps", warmup_steps)) >> decay


@worded
def sgdr_schedule(cosine_kwargs: Iterable[Mapping[str, Any]]) -> Schedule:
    """Cosines with linear warm-up, one after another."""
    return reduce(rshift, (warmup_cosine_decay_schedule(**arguments) for arguments in cosine_kwargs))


@worded
def join_schedules(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """One schedule or function up to each boundary, then the next from its own step 0."""
    if len(boundaries) != len(schedules) - 1:
        raise ValueError(
            f"boundaries must be one fewer than schedules, {len(schedules) - 1}. Received: {len(boundaries)}."
        )
    return SequentialLR.schedule([*map(as_schedule, schedules)], [_count("boundaries", b) for b in boundaries])


@worded
def reduce_on_plateau(
    factor: float = 0.1, patience: int = 10, rtol: float = 1e-4, cooldown: int = 0, min_scale: float = 0.0
) -> Plateau:
    """A factor for a learning rate. It is reduced at the patience-th metric, not after it; patience is 1 or more.

    Differs from optax: there is no atol and no accumulation_size; see `ReduceOnPlateau` for metrics below 0.
    """
    return Plateau(1.0, factor, patience - 1, "min", rtol, cooldown, min_scale)
