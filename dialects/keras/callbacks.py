"""keras.callbacks that change the learning rate: they need an optimizer, but no model.

A loop of one's own says `callback.set_optimizer(opt)`, `callback.on_train_begin()`, and around each epoch
`callback.on_epoch_begin(epoch, logs)` and `callback.on_epoch_end(epoch, logs)`, with the metrics of the epoch in logs.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np

__all__ = ["Callback", "LearningRateScheduler", "ReduceLROnPlateau"]


class Callback:
    """What is called as training goes on. Each method takes the logs, a dict of metrics that may be added to.

    Attributes:
        optimizer: what `set_optimizer` or `set_model` gave: an optimizer of a dialect, or a bound one of ours.
        model: what `set_model` gave.
        params: what `set_params` gave.
    """

    optimizer: Any = None
    model: Any = None
    params: Mapping[str, Any] | None = None
    logged_as: ClassVar[str] = "learning_rate"
    """What the rate is called in the logs."""

    def set_optimizer(self, optimizer: Any) -> None:
        """Work on this optimizer."""
        self.optimizer = optimizer

    def set_model(self, model: Any) -> None:
        """Work on the `optimizer` of an object."""
        self.model = model
        self.set_optimizer(model.optimizer)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take the numbers of epochs and batches, as Keras hands them over."""
        self.params = params

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before the epoch 0, 1, 2, ..."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After the epoch."""

    @property
    def learning_rate(self) -> float:
        """The optimizer's. Raises ValueError if there is no optimizer."""
        if self.optimizer is None:
            raise ValueError(f"{type(self).__name__} has no optimizer. Say set_optimizer(opt) first.")
        return float(getattr(self.optimizer, self._name()))

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        setattr(self.optimizer, self._name(), value)

    def _name(self) -> str:
        return "learning_rate" if hasattr(self.optimizer, "learning_rate") else "lr"


class LearningRateScheduler(Callback):
    """Sets the rate at the beginning of each epoch.

    Args:
        schedule: a function of the epoch 0, 1, 2, ...; one that can take two arguments is also given the present rate.
            A schedule of ours counts epochs here.
        verbose: 1: print each rate.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function. Received: {schedule!r}.")
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate. Raises TypeError if the schedule returns no number."""
        now = self.learning_rate
        rate: Any = self.schedule(epoch, now) if _takes(self.schedule, epoch, now) else self.schedule(epoch)
        if isinstance(rate, str | bytes | bool) or np.size(rate) != 1:
            raise TypeError(f"LearningRateScheduler: schedule must return a number. Received: {rate!r}.")
        self.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: learning rate {float(rate)}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs[self.logged_as] = self.learning_rate


def _takes(function: Callable[..., Any], *arguments: Any) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True


class ReduceLROnPlateau(Callback):
    """Multiplies the rate by `factor` when `patience` epochs in a row have not been better than the best one.

    PyTorch waits one epoch longer, and counts one epoch more of a cooldown. 0 and 1 epochs of patience are the same.

    Args:
        monitor: the name of a metric in the logs.
        factor: in (0, 1).
        patience: epochs.
        verbose: 1: print each reduction.
        mode: "min" or "max": what is better; "auto": "min" for a loss, which is an error for another metric.
        min_delta: better is better by more than this, whatever the metric's size.
        cooldown: epochs after a reduction that do not count.
        min_lr: the rate is not reduced below this.

    After a NaN as the first metric, nothing is ever better, as in Keras.
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
        def check(valid: bool, name: str, must: str, value: Any) -> None:
            if not valid:
                raise ValueError(f"ReduceLROnPlateau: {name} must be {must}. Received: {name}={value!r}.")

        check(isinstance(factor, Real) and 0 < factor < 1, "factor", "in (0, 1)", factor)
        check(mode in ("auto", "min", "max"), "mode", "'auto', 'min' or 'max'", mode)
        check(isinstance(patience, int) and patience >= 0, "patience", "an integer >= 0", patience)
        check(isinstance(cooldown, int) and cooldown >= 0, "cooldown", "an integer >= 0", cooldown)
        check(isinstance(min_lr, Real) and min_lr >= 0, "min_lr", "a number >= 0", min_lr)
        check(isinstance(min_delta, Real) and math.isfinite(min_delta), "min_delta", "a finite number", min_delta)
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.min_delta, self.cooldown, self.min_lr = abs(min_delta), cooldown, min_lr
        self.mode = mode if mode != "auto" else self.guessed()
        self.on_train_begin()

    def guessed(self) -> str:
        """What is better for the metric. Raises ValueError if its name does not tell."""
        if self.monitor.removeprefix("val_") == "loss":
            return "min"
        raise ValueError(
            f"ReduceLROnPlateau: mode must be 'min' or 'max' for this metric. Received: mode='auto', "
            f"monitor={self.monitor!r}. There is no model here that knows."
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget everything."""
        worst = {None: None, math.inf: math.inf if self.mode == "min" else -math.inf}
        self.best = worst[self.best_at_first]
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether epochs do not count at present."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the metric, and reduce the rate if it is time. Warns if the metric is not in the logs."""
        logs = {} if logs is None else logs
        logs[self.logged_as] = self.learning_rate
        if self.monitor not in logs:
            known = ", ".join(logs)
            warnings.warn(f"ReduceLROnPlateau: there is no {self.monitor!r} in the logs: {known}.", stacklevel=2)
            return
        metric = float(logs[self.monitor])
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._better(metric):
            self.best = metric
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self.learning_rate > self.min_lr:
                self.learning_rate = max(self.learning_rate * self.factor, self.min_lr)
                self.cooldown_counter = self.cooldown
                self.wait = 0
                if self.verbose > 0:
                    print(f"Epoch {epoch + 1}: learning rate reduced to {self.learning_rate}")

    def _better(self, metric: float) -> bool:
        if self.best is None:
            return True
        return metric + self.min_delta < self.best if self.mode == "min" else metric - self.min_delta > self.best

    def state_dict(self) -> dict[str, Any]:
        """What it has seen: best, wait and cooldown_counter."""
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what state_dict gave. Raises ValueError if that is something else."""
        if state.keys() != self.state_dict().keys():
            raise ValueError(f"A state must have {', '.join(self.state_dict())}. Received: {', '.join(state)}.")
        self.best, self.wait, self.cooldown_counter = state["best"], int(state["wait"]), int(state["cooldown_counter"])
