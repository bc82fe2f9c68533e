"""Callbacks that change the learning rate. For one that depends on the step alone, give the optimizer a schedule."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from ...optim import BoundOptimizer
from ...schedules import ReduceOnPlateau
from ..errors import UsageError
from .callback import Callback, Logs, Monitor
from .optimizers import bounds, rate, set_rate


class LearningRateScheduler(Callback):
    """Sets the rate before each epoch.

    Args:
        schedule: a function of the epoch 0, 1, ..., or one of two arguments, the epoch and the present rate. One of our
            schedules counts epochs here.

    Raises:
        UsageError: it is no function, or returns no number.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> halving = LearningRateScheduler(lambda epoch, lr: lr / 2 if epoch else lr)
    >>> fit(nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3)), SGD(lr=1.0), epochs=4, callbacks=[halving])["lr"]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., Any]) -> None:
        if not callable(schedule):
            raise UsageError(f"LearningRateScheduler: schedule must be a function. Received: {schedule!r}.")
        given = inspect.signature(schedule).parameters.values()
        self.takes_rate = sum(p.default is p.empty and p.kind is not p.KEYWORD_ONLY for p in given) == 2
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Ask, and set."""
        optimizer = self.training.optimizer
        value = self.schedule(epoch, rate(optimizer)) if self.takes_rate else self.schedule(epoch)
        if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
            raise UsageError(f"LearningRateScheduler: schedule must return a finite number. Received: {value!r}.")
        set_rate(optimizer, float(value))


class Observe(Callback):
    """Tells a metric to the controllers among the optimizer's schedules: Adam(lr=ReduceOnPlateau(1e-3)).

    Args:
        monitor: the name of a number in the logs.

    Raises:
        UsageError: there is no controller, or no such number.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> from ravine.schedules import ReduceOnPlateau
    >>> optimizer, nothing = SGD(lr=ReduceOnPlateau(1.0, factor=0.5, patience=1)), (np.zeros((3, 3)), np.arange(3))
    >>> fit(nn.Linear(3, 3, init="zeros"), nothing, optimizer, epochs=6, callbacks=[Observe("loss")])["lr"]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, monitor: str = "val_loss") -> None:
        self.monitor = Monitor(type(self).__name__, monitor, mode="min")  # what is better, the controller knows

    def on_train_begin(self, logs: Logs) -> None:
        """Look for controllers."""
        if not self.controllers():
            raise UsageError("Observe: no schedule of the optimizer reacts to a metric. Say lr=ReduceOnPlateau(1e-3).")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Tell them."""
        metric = self.monitor.value(logs)
        for controller in self.controllers():
            controller.observe(metric)

    def controllers(self) -> list[Any]:
        """Those that are told."""
        return [controller for bound in bounds(self.training.optimizer) for controller in bound.controllers]


class ReduceLROnPlateau(Observe):
    """Reduces the rate when a metric has stopped getting better: `schedules.ReduceOnPlateau`, for any rate.

    Counts as PyTorch does: more than `patience` epochs in a row that are not better. Keras counts one less, see
    `ravine.dialects.keras.callbacks`. The optimizer's learning rate becomes a controller that multiplies what it was, a
    number or a schedule.

    Args:
        monitor: the name of a number in the logs.
        fields: of `ReduceOnPlateau`: factor=0.1, patience=10, mode="min", threshold=1e-4, cooldown=0, minimum=0.0,
            threshold_mode="rel".

    Raises:
        TypeError, ValueError: as `ReduceOnPlateau`.
        UsageError: the optimizer is a dialect's, which has its own.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> nothing, reduce = (np.zeros((3, 3)), np.arange(3)), ReduceLROnPlateau("loss", patience=1, factor=0.5)
    >>> fit(nn.Linear(3, 3, init="zeros"), nothing, SGD(lr=1.0), epochs=6, callbacks=[reduce])["lr"]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, monitor: str = "val_loss", **fields: Any) -> None:
        super().__init__(monitor)
        ReduceOnPlateau(fields.get("minimum", 0.0), **fields)  # what is wrong is refused here and now
        self.fields = fields
        self.own: list[ReduceOnPlateau] = []

    def on_train_begin(self, logs: Logs) -> None:
        """Wrap the rates."""
        optimizer = self.training.optimizer
        if type(optimizer) is not BoundOptimizer:
            raise UsageError(
                f"ReduceLROnPlateau: the optimizer must be one of ours. Received: {optimizer!r}. Use its own dialect's."
            )
        groups = optimizer.groups
        self.own = [ReduceOnPlateau(group.spec.lr, **self.fields) for group in groups]
        for group, controller in zip(groups, self.own, strict=True):
            group.set(lr=controller)

    def controllers(self) -> list[Any]:
        """Its own."""
        return list(self.own)
