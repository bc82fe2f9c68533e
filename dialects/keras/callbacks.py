"""keras.callbacks that change the learning rate. They need an optimizer, but no model.

In a training loop of your own, call `callback.set_optimizer(opt)` and `callback.on_train_begin()` at the beginning, and
around each epoch `callback.on_epoch_begin(epoch, logs)` and `callback.on_epoch_end(epoch, logs)`, with the metrics of
the epoch in logs.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from ...schedules import ReduceOnPlateau, Schedule
from ...schedules.fields import Interval, NonNegative, NonNegativeInt, checked
from ...schedules.plateau import beats, counted

__all__ = ["Callback", "LearningRateScheduler", "ReduceLROnPlateau"]


class Callback:
    """The base class of callbacks. Each method takes logs, a dict of metrics, and may add metrics to it.

    Attributes:
        optimizer: an optimizer of a dialect, or a bound optimizer of ravine, from `set_optimizer` or `set_model`.
        model: the model from `set_model`.
        params: the parameters from `set_params`.
    """

    optimizer: Any = None
    model: Any = None
    params: Mapping[str, Any] | None = None
    logged_as: ClassVar[str] = "learning_rate"
    """The name of the learning rate in the logs."""

    def set_optimizer(self, optimizer: Any) -> None:
        """Use this optimizer."""
        self.optimizer = optimizer

    def set_model(self, model: Any) -> None:
        """Use the `optimizer` of this object."""
        self.model = model
        self.set_optimizer(model.optimizer)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take Keras's dict with the numbers of epochs and batches."""
        self.params = params

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before the epoch 0, 1, 2, ..."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After the epoch."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before each batch of training; the older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After each batch of training; the older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before each batch of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After each batch of training."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the validation of an epoch."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the validation of an epoch."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before each batch of the validation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After each batch of the validation."""

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate. Raises ValueError if there is no optimizer."""
        if self.optimizer is None:
            raise ValueError(f"{type(self).__name__} has no optimizer. Say set_optimizer(opt) first.")
        return float(getattr(self.optimizer, self._name()))

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        setattr(self.optimizer, self._name(), value)

    def _name(self) -> str:
        return "learning_rate" if hasattr(self.optimizer, "learning_rate") else "lr"


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: a function of the epoch 0, 1, 2, ...; if it can take two arguments, the second is the present learning
            rate. A schedule of ravine is evaluated at the number of the epoch.
        verbose: 1 to print each learning rate.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function. Received: {schedule!r}.")
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the learning rate. Raises TypeError if the schedule does not return a number."""
        now = self.learning_rate
        rate: Any = self.schedule(epoch, now) if _takes(self.schedule, epoch, now) else self.schedule(epoch)
        if isinstance(rate, str | bytes | bool) or np.size(rate) != 1:
            raise TypeError(f"LearningRateScheduler: schedule must return a number. Received: {rate!r}.")
        self.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: learning rate {float(rate)}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the learning rate."""
        if logs is not None:
            logs[self.logged_as] = self.learning_rate


def _takes(function: Callable[..., Any], *arguments: Any) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` after `patience` epochs in a row without improvement.

    PyTorch waits one epoch longer, and its cooldown is one epoch longer. A patience of 0 is the same as 1.

    Args:
        monitor: the name of a metric in the logs.
        factor: the factor of a reduction, in (0, 1).
        patience: a number of epochs.
        verbose: 1 to print each reduction.
        mode: "min" if a smaller metric is better, "max" if a larger one is; "auto" is "min" for a loss, and an error
            for any other metric.
        min_delta: an improvement smaller than this does not count, in units of the metric.
        cooldown: the number of epochs after a reduction that do not count.
        min_lr: the learning rate is not reduced below this.

    If the first metric is NaN, no later metric counts as better, as in Keras.
    """

    best_at_first: ClassVar[float | None] = None

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        check = partial(checked, "ReduceLROnPlateau")
        self.monitor, self.verbose = monitor, verbose
        self.factor = check(Annotated[float, Interval(gt=0, lt=1)], factor=factor)
        self.patience = check(NonNegativeInt, patience=patience)
        self.cooldown = check(NonNegativeInt, cooldown=cooldown)
        self.min_lr = check(NonNegative, min_lr=min_lr)
        self.min_delta = abs(check(float, min_delta=min_delta))
        self.mode = self.guessed() if check(Literal["auto", "min", "max"], mode=mode) == "auto" else mode
        self.on_train_begin()

    def guessed(self) -> str:
        """The mode for the metric. Raises ValueError if the name of the metric does not determine it."""
        if self.monitor.removeprefix("val_") == "loss":
            return "min"
        raise ValueError(
            f"ReduceLROnPlateau: mode must be 'min' or 'max' for this metric. Received: mode='auto', "
            f"monitor={self.monitor!r}. Without a model, only a loss has a known direction. Pass mode."
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Reset the best metric and the counters."""
        worst = {None: None, math.inf: math.inf if self.mode == "min" else -math.inf}
        self.best = worst[self.best_at_first]
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether this is a cooldown, in which epochs do not count."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Take the metric into account. Warns if it is not in the logs."""
        logs = {} if logs is None else logs
        logs[self.logged_as] = self.learning_rate
        if self.monitor not in logs:
            known = ", ".join(logs)
            warnings.warn(f"ReduceLROnPlateau: there is no {self.monitor!r} in the logs: {known}.", stacklevel=2)
            return
        if self._observed(float(logs[self.monitor])):
            self.learning_rate = max(self.learning_rate * self.factor, self.min_lr)
            if self.verbose > 0:
                print(f"Epoch {epoch + 1}: learning rate reduced to {self.learning_rate}")

    def _observed(self, metric: float) -> bool:
        """Count a metric. Returns whether to reduce the learning rate."""
        delta = self.min_delta if self.mode == "min" else -self.min_delta
        better = self.best is None or beats(metric + delta, self.best, self.mode)
        self.best = metric if better else self.best
        # Keras reduces at the patience-th metric, not after it, and the last metric of a cooldown counts again.
        cooling, bad = max(self.cooldown_counter - 1, 0), 0 if self.in_cooldown() else self.wait
        reduces, self.wait, _ = counted(better, bad, cooling, max(self.patience, 1) - 1, 0)
        self.cooldown_counter = self.cooldown if reduces else cooling
        if reduces and self.learning_rate <= self.min_lr:  # already at min_lr: no reduction, and no cooldown
            self.wait, self.cooldown_counter = bad + 1, cooling
            return False
        return reduces

    @staticmethod
    def schedule(
        lr: Schedule | float,
        factor: float = 0.1,
        patience: int = 10,
        mode: Literal["min", "max"] = "min",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> ReduceOnPlateau:
        """The equivalent schedule of ravine. It differs in one case: it ignores a NaN as the first metric."""
        return ReduceOnPlateau(lr, factor, max(patience, 1) - 1, mode, min_delta, max(cooldown, 1) - 1, min_lr, "abs")

    def state_dict(self) -> dict[str, Any]:
        """The state: best, wait and cooldown_counter."""
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the result of state_dict. Raises ValueError for anything else."""
        if state.keys() != self.state_dict().keys():
            raise ValueError(f"A state must have {', '.join(self.state_dict())}. Received: {', '.join(state)}.")
        self.best, self.wait, self.cooldown_counter = state["best"], int(state["wait"]), int(state["cooldown_counter"])
