"""The learning-rate range test: one short run with increasing learning rates shows which of them are worth trying."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .base import Schedule
from .fields import Fraction, Interval, Positive, checked, refusal
from .shapes import Exponential, Linear

Ramp = Literal["exponential", "linear"]


@dataclass(frozen=True, eq=False)
class RangeTest:
    """The result of `range_test`. The arrays are float64, with one element for each update whose loss was finite.

    >>> found = range_test(lambda rate: (rate - 1.0) ** 2, 0.01, 1.0, steps=3, smoothing=0.0)
    >>> found.rates.round(3).tolist(), found.losses.round(3).tolist(), found.diverged_at
    ([0.01, 0.1, 1.0], [0.98, 0.81, 0.0], None)
    """

    rates: NDArray[np.float64]
    """The learning rates."""
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    """The exponential moving average of the losses."""
    suggestion: float | None
    """The learning rate at which the smoothed loss falls fastest along the ramp; None if it never falls."""
    diverged_at: float | None
    """The learning rate at which the test stopped because of divergence; None if it ran to the end."""
    ramp: Ramp
    """Whether the learning rates grow by a constant factor or by a constant difference."""

    def plot(self, *, path: str | PathLike[str] | None = None, ax: Any = None) -> Any:
        """Plot the losses over the learning rates, and the suggestion. The arguments are those of `Schedule.plot`."""
        axes = drawing.new_axes() if ax is None else ax
        axes.plot(self.rates, self.losses, color="C0", alpha=0.4, label="loss")
        axes.plot(self.rates, self.smoothed, color="C0", label="smoothed")
        if self.suggestion is not None:
            axes.axvline(self.suggestion, color="C1", linestyle="--", label=f"suggestion: {self.suggestion:.2g}")
        axes.set_xscale("log" if self.ramp == "exponential" else "linear")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend(fontsize="small")
        return drawing.written(axes.figure, path)


def range_test(
    train_step: Callable[[float], Any],
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    *,
    ramp: Ramp = "exponential",
    smoothing: float = 0.9,
    divergence: float = 4.0,
) -> RangeTest:
    """Train with a learning rate that increases from update to update, until the loss diverges.

    Smith 2017, section 3.3, arXiv:1506.01186.

    Args:
        train_step: a function that makes one update with the learning rate it is given and returns the loss, a number.
            The test trains the model until it diverges: pass a copy.
        low, high: the first and the last learning rate.
        steps: the number of updates, at least 3.
        ramp: whether the learning rates grow by a constant factor or by a constant difference.
        smoothing: the weight of the past in the moving average of the loss, in [0, 1).
        divergence: the test stops when the smoothed loss exceeds the lowest one so far by more than (divergence - 1)
            times its absolute value, or when a loss is NaN or infinite.

    Raises:
        TypeError, ValueError: an argument is not as described, or a loss is not a number.

    >>> x = np.array([3.0])
    >>> def train_step(rate):  # gradient descent on 2 * x**2, which diverges above 0.5
    ...     loss = 2 * x[0] ** 2
    ...     x[0] -= rate * 4 * x[0]
    ...     return loss
    >>> found = range_test(train_step, 1e-4, 10.0)
    >>> bool(found.suggestion < 0.5 < found.diverged_at)
    True
    """
    if not callable(train_step):
        raise TypeError(f"range_test: {refusal('train_step', 'a function', train_step, 'Write def step(lr): ....')}")
    rates = _rates(low, high, steps, ramp)
    smoothing = checked("range_test", Fraction, smoothing=smoothing)
    divergence = checked("range_test", Annotated[float, Interval(gt=1)], divergence=divergence)
    losses: list[float] = []
    means: list[float] = []
    for rate in rates.tolist():
        loss = _number(train_step(rate), rate)
        diverged_at = rate
        if not math.isfinite(loss):
            break
        losses.append(loss)
        means.append(smoothing * means[-1] + (1 - smoothing) * loss if means else loss)
        lowest = min(means)
        if means[-1] > lowest + (divergence - 1) * abs(lowest):
            break
    else:
        diverged_at = None
    smoothed = np.array(means)
    slopes = np.gradient(smoothed) if smoothed.size > 1 else np.zeros(1)
    steepest = int(np.argmin(slopes))
    suggestion = float(rates[steepest]) if slopes[steepest] < 0 else None
    return RangeTest(rates[: len(losses)], np.array(losses), smoothed, suggestion, diverged_at, ramp)


def _rates(low: float, high: float, steps: int, ramp: Ramp) -> NDArray[np.float64]:
    low, high = checked("range_test", Positive, low=low), checked("range_test", Positive, high=high)
    steps = checked("range_test", Annotated[int, Interval(ge=3, integer=True)], steps=steps)
    if low >= high:
        raise ValueError(f"range_test: {refusal('low', f'< high={high!r}', low, 'The rates rise from low to high.')}")
    ramps: dict[str, Schedule] = {
        "exponential": Exponential(low, high / low, steps - 1),
        "linear": Linear(low, high, steps - 1),
    }
    return ramps[checked("range_test", Ramp, ramp=ramp)](np.arange(steps))


def _number(loss: Any, rate: float) -> float:
    try:
        return float(loss)
    except (TypeError, ValueError):
        raise TypeError(f"range_test: train_step must return a number. Received: {loss!r} at rate {rate!r}.") from None
