"""Schedules made from epochs, from functions, and from random numbers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .algebra import Inner
from .base import Schedule
from .fields import NonNegativeInt, PositiveInt


class PerEpoch(Schedule):
    """`schedule(epoch)`, where the epoch 0, 1, 2, ... is k // steps_per_epoch.

    >>> from ravine.schedules import Exponential
    >>> PerEpoch(Exponential(1.0, 0.5), steps_per_epoch=100)([0, 99, 100, 200]).tolist()
    [1.0, 1.0, 0.5, 0.25]
    """

    schedule: Inner
    steps_per_epoch: PositiveInt

    def formula(self, k: int) -> float:
        """schedule(k // steps_per_epoch)"""
        return self.schedule.formula(k // self.steps_per_epoch)

    @property
    def horizon(self) -> float:
        """The horizon of the schedule, in steps."""
        return self.schedule.horizon * self.steps_per_epoch

    @property
    def plot_steps(self) -> int:
        """The plot steps of the schedule, in steps."""
        return self.schedule.plot_steps * self.steps_per_epoch


class Lambda(Schedule):
    """`function(k)` for any pure function of k = 0, 1, 2, ...; no end.

    The repr and JSON name a function at the top level of a module as "module:name". Other functions, such as lambdas,
    can be used but not written to JSON. For a schedule with parameters, write a class:

    >>> from ravine.schedules import Schedule
    >>> from ravine.schedules.fields import PositiveInt
    >>> class Sawtooth(Schedule):
    ...     '''From 0 up to `top`, again and again.'''
    ...     top: float
    ...     every: PositiveInt = 2
    ...
    ...     def formula(self, k):
    ...         return self.top * (k % self.every) / self.every
    >>> Sawtooth(8, every=4)([0, 1, 2, 3, 4]).tolist()
    [0.0, 2.0, 4.0, 6.0, 0.0]
    """

    function: Callable[..., Any]

    def formula(self, k: int) -> float:
        """function(k)"""
        return returned("Lambda", self.function(k), k)


class Recurrence(Schedule):
    """`start` at k = 0, then `function(k, value at k - 1)`; no end.

    It has no closed form: a call computes all steps from the k of the last call to the new k, or from 0 if the new k is
    smaller.

    >>> Recurrence(1.0, lambda k, previous: previous / k)([0, 1, 2, 3, 4]).round(3).tolist()
    [1.0, 1.0, 0.5, 0.167, 0.042]
    """

    start: float
    function: Callable[..., Any]

    def formula(self, k: int) -> float:
        """function(k, value(k - 1))"""
        at, value = vars(self).get("_last", (0, self.start))
        if k < at:
            at, value = 0, self.start
        for step in range(at + 1, k + 1):
            value = returned("Recurrence", self.function(step, value), step)
        vars(self)["_last"] = k, value
        return float(value)


def returned(owner: str, value: object, k: int) -> float:
    """The value that a user's function returned, as a float. Raises TypeError if it is not a number."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"{owner}: function must return a number. Received: {value!r} at k={k}.") from None


class Noise(Schedule):
    """Independent standard normal random numbers, one for each k, which depend on `seed` and k alone; no end.

    Box & Muller 1958, with two uniform numbers that NumPy's SeedSequence derives from (seed, k).

    >>> from ravine.schedules import Constant
    >>> noisy = Constant(0.1) * (Noise(seed=0) * 0.2 + 1)
    >>> noisy(7) == noisy(7), noisy(7) == noisy(8)
    (True, False)
    """

    seed: NonNegativeInt

    def formula(self, k: int) -> float:
        """sqrt(-2 * log(u)) * cos(2 * pi * v), with u and v from a hash of (seed, k)"""
        u, v = ((int(bits) + 1) / 2**32 for bits in np.random.SeedSequence((self.seed, k)).generate_state(2))
        return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)
