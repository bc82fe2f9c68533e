"""The learning-rate range test: which rates are worth trying, from one short run at rising ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .base import Schedule
from .fields import Interval, OneOf, refusal
from .shapes import Exponential, Linear

positive, several = Interval(gt=0), Interval(ge=3, integer=True)
memory, excess = Interval(ge=0, lt=1), Interval(gt=1)


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What `range_test` found. The arrays are float64, with an element for each update whose loss was finite.

    >>> found = range_test(lambda rate: (rate - 1.0) ** 2, 0.01, 1.0, steps=3, smoothing=0.0)
    >>> found.rates.round(3).tolist(), found.losses.round(3).tolist(), found.diverged_at
    ([0.01, 0.1, 1.0], [0.98, 0.81, 0.0], None)
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    """A running mean of the losses."""
    suggestion: float | None
    """The rate at which the smoothed loss falls fastest along the ramp; None if it never falls."""
    diverged_at: float | None
    """The rate at which the test stopped; None if it got through."""
    ramp: Literal["exponential", "linear"]
    """How the rates rise."""

    def plot(self, *, path: str | PathLike[str] | None = None, ax: Any = None) -> Any:
        """Draw the losses over the rates, and the suggestion. Arguments, result and errors as of `Schedule.plot`."""
        axes = drawing.new_axes() if ax is None else ax
        axes.plot(self.rates, self.losses, color="C0", alpha=0.4, label="loss")
        axes.plot(self.rates, self.smoothed, color="C0", label="smoothed")
        if self.suggestion is not None:
            axes.axvline(self.suggestion, color="C1", linestyle="--", label=f"suggestion: {self.suggestion:.2g}")
        axes.set_xscale("log" if self.ramp == "exponential" else "linear")
        axes.set_xlabel("rate")
        axes.set_ylabel("loss")
        axes.legend(fontsize="small")
        return drawing.written(axes.figure, path)


def range_test(
    train_step: Callable[[float], Any],
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    *,
    ramp: Literal["exponential", "linear"] = "exponential",
    smoothing: float = 0.9,
    divergence: float = 4.0,
) -> RangeTest:
    """Train at rates that rise from update to update, until the loss diverges.

    Smith 2017, section 3.3, arXiv:1506.01186.

    Args:
        train_step: takes one update at the rate it is given and returns the loss, a number. The model it trains is
            spoilt afterwards: hand in a copy.
        low, high: the first and the last rate.
        steps: the number of updates.
        ramp: whether rates grow by a factor or by a difference.
        smoothing: the weight of the past in the running mean of the loss.
        divergence: the test stops once the smoothed loss is this many times the lowest one (as far above it as that, if
            it is negative), and at a loss that is NaN or infinite.

    Raises:
        TypeError, ValueError: an argument outside its domain, or a loss that is no number.

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
        raise TypeError(f"range_test: {refusal('train_step', 'a function', train_step, 'It takes a rate: step(lr).')}")
    rates = _rates(_named(positive, low=low), _named(positive, high=high), _named(several, steps=steps), ramp)
    smoothing, divergence = _named(memory, smoothing=smoothing), _named(excess, divergence=divergence)
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


def _named(check: Callable[[str, Any], Any], **argument: Any) -> Any:
    ((name, value),) = argument.items()
    try:
        return check(name, value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"range_test: {error}") from None


def _rates(low: float, high: float, steps: int, ramp: str) -> NDArray[np.float64]:
    if low >= high:
        raise ValueError(f"range_test: {refusal('low', f'< high={high!r}', low, 'The rates rise from low to high.')}")
    ramps: dict[str, Schedule] = {
        "exponential": Exponential(low, high / low, steps - 1),
        "linear": Linear(low, high, steps - 1),
    }
    return ramps[_named(OneOf(tuple(ramps)), ramp=ramp)](np.arange(steps))


def _number(loss: Any, rate: float) -> float:
    try:
        return float(loss)
    except (TypeError, ValueError):
        raise TypeError(f"range_test: train_step must return a number. Received: {loss!r} at rate {rate!r}.") from None
