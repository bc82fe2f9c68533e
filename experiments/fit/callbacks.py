"""Callbacks that stop a training, choose its parameters, change its learning rate, or show its progress."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...optim import BoundOptimizer
from ...schedules import ReduceOnPlateau, Schedule
from ...schedules.fields import NonNegativeInt
from ..errors import UsageError, checked
from .adapters import averaged, bounds, learning_rate, set_learning_rate
from .callback import Callback, Monitor
from .training import Logs


class TerminateOnNaN(Callback):
    """Stops after a batch whose loss is not finite; the epoch is still validated, as in Keras.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> data = np.ones((2, 1)), np.array([[1.0], [np.nan]])
    >>> fit(nn.Linear(1, 1, rng=0), data, SGD(lr=0.1), epochs=9, callbacks=[TerminateOnNaN()]).stopped
    'TerminateOnNaN: the loss of batch 0 of epoch 0 is not finite'
    """

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Check the loss."""
        if not math.isfinite(logs["loss"]):
            place = f"batch {batch} of epoch {self.training.epoch}"
            self.training.stop(f"TerminateOnNaN: the loss of {place} is not finite")


class BestEpoch(Callback):
    """A base class of callbacks that compare each epoch with the best one so far.

    Args:
        monitor: the name of a number in the logs.
        mode: "min", "max", or "auto": "max" for an accuracy, "min" for a loss or an error.
        min_delta: an improvement of this or less does not count.

    Attributes:
        best: the best number so far; None before a finite one.
        best_epoch: its epoch.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        self.monitor = Monitor(type(self).__name__, monitor, mode, min_delta)
        self.reset()

    def reset(self) -> None:
        """Forget all epochs."""
        self.best: float | None = None
        self.best_epoch: int | None = None

    def on_train_begin(self, logs: Logs) -> None:
        """Forget the epochs of an earlier training."""
        self.reset()

    def improved(self, epoch: int, logs: Logs) -> bool:
        """Return whether this epoch is the best so far, and remember it if it is."""
        value = self.monitor.value(logs)
        better = self.monitor.better(value, self.best)
        if better:
            self.best, self.best_epoch = value, epoch
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return the best number and its epoch."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned."""
        for name in self.state_dict():
            setattr(self, name, state[name])


class EarlyStopping(BestEpoch):
    """Stops after `patience` epochs in a row that did not improve on the best one; 0 and 1 are the same.

    As Keras's EarlyStopping, except that a NaN is never the best: Keras accepts it as the first value, and then no
    other value improves on it.

    Args:
        monitor: the name of a number in the logs.
        min_delta: an improvement of this or less does not count.
        patience: a number of epochs.
        mode: "min", "max", or "auto": "max" for an accuracy, "min" for a loss or an error.
        restore_best: at the end, restore the parameters of the best epoch, whether the training stopped early or not.

    Attributes:
        best: the best number so far; None before a finite one.
        best_epoch: its epoch.

    Raises:
        UsageError: an argument has an invalid value, or the logs lack the number.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> contrary = {"validation_data": (-np.eye(3), np.arange(3)), "callbacks": [EarlyStopping(patience=2)]}
    >>> fit(nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3)), SGD(lr=1.0), epochs=100, **contrary).stopped
    'EarlyStopping: val_loss was best in epoch 0'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "auto",
        restore_best: bool = False,
    ) -> None:
        self.patience, self.restore_best = checked("EarlyStopping", NonNegativeInt, patience=patience), restore_best
        super().__init__(monitor, mode, min_delta)

    def reset(self) -> None:
        """Forget all epochs."""
        super().reset()
        self.wait = 0
        self.weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best epoch."""
        if self.improved(epoch, logs):
            self.wait = 0
            if self.restore_best:
                self.weights = self.training.snapshot()
            return
        self.wait += 1
        if self.wait >= self.patience and epoch > 0:
            self.training.stop(f"EarlyStopping: {self.monitor.name} was best in epoch {self.best_epoch}")

    def on_train_end(self, logs: Logs) -> None:
        """Restore the best parameters."""
        if self.weights is not None:
            self.training.restore(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return all that `on_epoch_end` has seen."""
        return super().state_dict() | {"wait": self.wait, "weights": self.weights}


class WeightAveraging(Callback):
    """Validates the average of the parameters that the optimizer keeps, and leaves it in the model at the end.

    The optimizer computes it, Adam(ema=0.999) or SGD(swa=1000), as part of its state; see `opt.averaged()`. A rule
    that is an average itself, such as ScheduleFreeSGD, needs no callback for this. Buffers, such as the statistics of
    batch normalization, stay those of the parameters that were trained.

    Raises:
        UsageError: the optimizer keeps no average, or more than one.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> net, data = nn.Linear(1, 1, bias=False, init="zeros"), (np.ones((1, 1)), np.ones((1, 1)))
    >>> history = fit(net, data, SGD(lr=0.25, ema=0.5), epochs=2, callbacks=[WeightAveraging()])
    >>> net.weight.data.tolist()  # the weight was 0, 1/2, 3/4
    [[0.625]]
    """

    def on_train_begin(self, logs: Logs) -> None:
        """Make the training evaluate the average from now on."""
        try:
            with averaged(self.training.optimizer):
                self.training.at_average = True
        except ValueError as error:
            raise UsageError(f"WeightAveraging: {error}") from error


# -------------------------------------------------------------------------------------------------- learning rates
class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch. If it should change at every step, give the optimizer a schedule.

    Args:
        schedule: a function of the epoch 0, 1, ..., or of the epoch and the learning rate. One of our schedules counts
            epochs here.

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
        self.schedule = checked("LearningRateScheduler", Callable[..., Any], schedule=schedule)
        given = inspect.signature(schedule).parameters.values()
        self.takes_rate = sum(p.default is p.empty and p.kind is not p.KEYWORD_ONLY for p in given) == 2

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Call the function, and set the learning rate."""
        optimizer = self.training.optimizer
        value = self.schedule(epoch, learning_rate(optimizer)) if self.takes_rate else self.schedule(epoch)
        set_learning_rate(optimizer, checked("LearningRateScheduler: schedule returned a wrong value", float, lr=value))


class ObserveMetric(Callback):
    """Passes a metric to the plateau schedulers among the optimizer's schedules: Adam(lr=ReduceOnPlateau(1e-3)).

    Args:
        monitor: the name of a number in the logs.

    Raises:
        UsageError: there is no plateau scheduler, or no such number.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> from ravine.schedules import ReduceOnPlateau
    >>> optimizer, data = SGD(lr=ReduceOnPlateau(1.0, factor=0.5, patience=1)), (np.zeros((3, 3)), np.arange(3))
    >>> net = nn.Linear(3, 3, init="zeros")  # the gradients are 0: nothing improves
    >>> fit(net, data, optimizer, epochs=6, callbacks=[ObserveMetric("loss")])["lr"]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, monitor: str = "val_loss") -> None:
        self.monitor = Monitor(type(self).__name__, monitor, mode="min")  # the scheduler itself knows the mode

    def on_train_begin(self, logs: Logs) -> None:
        """Look for plateau schedulers."""
        if not self.schedulers():
            name = type(self).__name__
            raise UsageError(f"{name}: no schedule of the optimizer reacts to a metric. Say lr=ReduceOnPlateau(1e-3).")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Pass the metric on."""
        metric = self.monitor.value(logs)
        for scheduler in self.schedulers():
            scheduler.observe(metric)

    def schedulers(self) -> list[Any]:
        """Return the plateau schedulers that receive the metric."""
        specs = [group.spec for bound in bounds(self.training.optimizer) for group in bound.groups]
        schedules = [value for spec in specs for value in vars(spec).values() if isinstance(value, Schedule)]
        return list({id(found): found for schedule in schedules for found in schedule.plateaus}.values())


class ReduceLROnPlateau(ObserveMetric):
    """Reduces the learning rate when a metric has stopped improving: `schedules.ReduceOnPlateau`.

    It counts as PyTorch does: more than `patience` epochs in a row without an improvement. Keras counts one less, see
    `ravine.dialects.keras.callbacks`. The optimizer's learning rate becomes a plateau scheduler that multiplies what it
    was, a number or a schedule.

    Args:
        monitor: the name of a number in the logs.
        fields: of `ReduceOnPlateau`: factor=0.1, patience=10, mode="min", threshold=1e-4, cooldown=0, minimum=0.0,
            threshold_mode="rel".

    Raises:
        TypeError, ValueError: as `ReduceOnPlateau`.
        UsageError: the optimizer comes from a dialect, which has a callback of its own.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> data, reduce = (np.zeros((3, 3)), np.arange(3)), ReduceLROnPlateau("loss", patience=1, factor=0.5)
    >>> fit(nn.Linear(3, 3, init="zeros"), data, SGD(lr=1.0), epochs=6, callbacks=[reduce])["lr"]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, monitor: str = "val_loss", **fields: Any) -> None:
        super().__init__(monitor)
        ReduceOnPlateau(fields.get("minimum", 0.0), **fields)  # raises the errors of wrong fields now
        self.fields = fields
        self.own: list[ReduceOnPlateau] = []

    def on_train_begin(self, logs: Logs) -> None:
        """Wrap the learning rates."""
        optimizer = self.training.optimizer
        if type(optimizer) is not BoundOptimizer:
            raise UsageError(
                f"ReduceLROnPlateau: the optimizer must be one of ours. Received: {optimizer!r}. Use its own dialect's."
            )
        groups = optimizer.groups
        self.own = [ReduceOnPlateau(group.spec.lr, **self.fields) for group in groups]
        for group, scheduler in zip(groups, self.own, strict=True):
            group.set(lr=scheduler)

    def schedulers(self) -> list[Any]:
        """Return its own plateau schedulers."""
        return list(self.own)


def in_short(logs: Logs) -> str:
    """Return the numbers as text, with four digits each."""
    return "  ".join(f"{name} {value:.4g}" for name, value in logs.items())


class ProgressBar(Callback):
    """A bar over the batches of an epoch, on standard error; it leaves a line for each epoch."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_train_begin(self, logs: Logs) -> None:
        """Show the bar."""
        self.task = self.progress.add_task("", total=self.training.batches, numbers="")

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Advance."""
        title = f"epoch {self.training.epoch + 1}/{self.training.epochs}"
        self.progress.update(self.task, completed=batch + 1, description=title, numbers=f"loss {logs['loss']:.4g}")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Leave a line."""
        line = f"epoch {epoch + 1}/{self.training.epochs}  {in_short(logs)}"
        self.progress.console.print(line, highlight=False, soft_wrap=True)


class ProgressLine(Callback):
    """A line that is overwritten after each epoch. It needs no widgets."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the line."""
        print(f"\repoch {epoch + 1}/{self.training.epochs}  {in_short(logs)}".ljust(100), end="", flush=True)

    def on_train_end(self, logs: Logs) -> None:
        """Go to the next line."""
        print()


@contextmanager
def shown(console: Console, progress: bool) -> Iterator[list[Any]]:
    """Yield the callbacks that show the progress on this console; none if `progress` is False."""
    if not progress:
        yield []
    elif console.is_jupyter:
        yield [ProgressLine()]
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        numbers = TextColumn("{task.fields[numbers]}")
        with Progress(*columns, numbers, console=console, transient=True) as bar:
            yield [ProgressBar(bar)]
    else:
        yield []
