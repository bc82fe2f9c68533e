"""A training in progress: its state, and the loop that continues it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from ...autograd import Tensor, no_grad
from ..errors import UsageError
from ..step import training_step
from . import adapters
from .data import Rows, Shuffle, order
from .history import History
from .metrics import Metric, compute, name_of

Logs = dict[str, Any]
"""The numbers that callbacks receive, by name."""

EVENTS = ("on_train_begin", "on_epoch_begin", "on_batch_begin", "on_batch_end", "on_epoch_end", "on_train_end")
KERAS_EVENTS = ("on_train_batch_begin", "on_train_batch_end", "on_test_begin", "on_test_end")
"""Events for which callbacks of Keras may have methods besides."""


def call_nobody(event: str, *args: Any) -> None:
    """Stand in for `Training.call` where there are no callbacks."""


@dataclass(frozen=True)
class FitOptions:
    """The arguments of `fit` that stay the same while a training runs."""

    loss: Callable[[Any, Any], Any]
    metrics: Mapping[str, Metric]
    data: Rows
    validation: Rows | None
    batch_size: int
    shuffle: Shuffle
    seed: int


class Training:
    """A training in progress, as callbacks see it.

    Attributes:
        model: the model that is trained.
        optimizer: bound to the model's parameters.
        history: the losses and metrics so far.
        epochs: the number of epochs of the whole training.
        epoch: the current epoch, 0, 1, ...; in `on_epoch_end` already the next.
        batch: the number of its batches that have been trained on.
        batches: the number of batches in an epoch.
        at_average: whether the average that the optimizer keeps is validated, and left in the parameters at the end.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import Callback, fit
    >>> from ravine.optim import SGD
    >>> class Tell(Callback):
    ...     def on_batch_end(self, batch, logs):
    ...         print(f"epoch {self.training.epoch}: {self.training.batch} of {self.training.batches} batches")
    >>> fit(nn.Linear(3, 3, rng=0), (np.eye(3), np.arange(3)), SGD(lr=1.0), 1, batch_size=2, callbacks=[Tell()]).stopped
    epoch 0: 1 of 2 batches
    epoch 0: 2 of 2 batches
    """

    def __init__(self, model: Any, optimizer: Any, options: FitOptions, epochs: int, callbacks: Sequence[Any]) -> None:
        self.model, self.optimizer, self.options, self.epochs = model, optimizer, options, epochs
        self.callbacks = callbacks
        self.history = History()
        self.epoch = self.batch = 0
        self.batches = -(-len(options.data) // options.batch_size)
        self.totals: dict[str, float] = {}
        self.at_average = any(bound.spec.average for bound in adapters.bounds(optimizer))
        self.initial: list[dict[str, Any]] = []
        for callback in callbacks:
            attach(callback, self)

    def call(self, event: str, *args: Any) -> None:
        """Call a method of every callback that has it."""
        for callback in self.callbacks:
            if method := getattr(callback, event, None):
                method(*args)

    def call_batch(self, event: str, batch: int, logs: Logs) -> None:
        """Call a method of every callback for a batch of training: on_train_batch_end of Keras, or on_batch_end."""
        for callback in self.callbacks:
            method = getattr(callback, f"on_train_{event}", None) or getattr(callback, f"on_{event}", None)
            if method:
                method(batch, logs)

    def stop(self, reason: str) -> None:
        """End the training with the current epoch: its remaining batches are skipped, and it is still validated."""
        self.history.stopped = self.history.stopped or reason

    # ------------------------------------------------------------------------------------------------- the loop
    def run(self) -> History:
        """Train up to the last epoch, or until a callback stops the training."""
        adapters.set_training_mode(self.model, True)
        try:
            self.call("on_train_begin", {})
            self.initial = adapters.hyperparameters(self.optimizer)
            self.call("on_train_ready")
            while self.batch or (self.epoch < self.epochs and not self.history.stopped):
                self.run_epoch()
            if self.at_average:
                self.restore(self.snapshot())
            adapters.finalize(self.optimizer)
            self.call("on_train_end", self.history.epochs[-1] if self.history.epochs else {})
        finally:
            adapters.set_training_mode(self.model, False)
        return self.history

    def run_epoch(self) -> None:
        """Train on the batches of an epoch, or on the rest of it, and validate."""
        if self.batch == 0:
            self.totals = {}
            self.call("on_epoch_begin", self.epoch, {})
        size = self.options.batch_size
        rows = order(len(self.options.data), self.options.seed, self.epoch, self.options.shuffle)
        while self.batch < self.batches and not self.history.stopped:
            first = self.batch * size
            self.call_batch("batch_begin", self.batch, {})
            logs = self.step(self.options.data[rows[first : first + size]])
            self.batch += 1
            self.call_batch("batch_end", self.batch - 1, logs)
        if self.batch:
            self.end_epoch()

    def end_epoch(self) -> None:
        """Validate, and add the epoch to the history."""
        rows = min(self.batch * self.options.batch_size, len(self.options.data))
        logs = {name: total / rows for name, total in self.totals.items()}
        if self.options.validation is not None:
            logs |= {f"val_{name}": value for name, value in self.validate(self.options.validation).items()}
        logs["lr"] = self.history.steps["lr"][-1]
        self.history.epochs.append(logs)
        self.epoch, self.batch = self.epoch + 1, 0
        self.call("on_epoch_end", self.epoch - 1, logs)

    def step(self, batch: Rows) -> Logs:
        """Take one step; return the loss and the metrics before it."""
        measures: list[dict[str, float]] = []

        def loss() -> Tensor:
            outputs = self.model(batch.X)
            value = self.options.loss(outputs, batch.y)
            if not isinstance(value, Tensor):
                raise UsageError(f"fit: loss must return a Tensor made of the outputs. Received: {value!r}.")
            if not measures:  # LBFGS computes the loss several times: the first counts
                measures.append(compute(self.options.metrics, outputs.data, batch.y))
            return value

        steps = {"lr": adapters.learning_rate(self.optimizer)}
        before = adapters.updates(self.optimizer)
        steps["loss"] = training_step(self.optimizer, loss).loss
        if adapters.recording(self.optimizer):
            moved = adapters.updates(self.optimizer) > before
            steps |= adapters.last_norms(self.optimizer) if moved else adapters.NO_NORMS
        for name, value in steps.items():
            self.history.steps.setdefault(name, []).append(value)
        logs = {"loss": steps["loss"], **measures[0]}
        for name, value in logs.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * len(batch)
        return logs | {"lr": steps["lr"]}

    # -------------------------------------------------------------------------------------------- the evaluation
    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Put the model in evaluation mode, at the average if there is one, without recording a graph."""
        adapters.set_training_mode(self.model, False)
        try:
            with adapters.averaged(self.optimizer) if self.at_average else nullcontext(), no_grad():
                yield
        finally:
            adapters.set_training_mode(self.model, True)

    def evaluate(self, rows: Rows, call: Callable[..., None] = call_nobody) -> dict[str, float]:
        """Return loss and metrics of these rows; `call` as in `scores`."""
        options = self.options
        with self.evaluating():
            return scores(self.model, rows, options.loss, options.metrics, options.batch_size, call)

    def validate(self, rows: Rows) -> dict[str, float]:
        """Evaluate, and call the methods that callbacks of Keras have for it."""
        self.call("on_test_begin", {})
        totals = self.evaluate(rows, self.call)
        self.call("on_test_end", totals)
        return totals

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the model's parameters and buffers, as they are validated."""
        with self.evaluating():
            return adapters.model_state(self.model)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Copy a snapshot into the model."""
        adapters.load_model_state(self.model, snapshot)

    # ------------------------------------------------------------------------------------------------- the state
    @property
    def settings(self) -> dict[str, Any]:
        """The settings that must be equal for a training to continue from a saved state."""
        validation = self.options.validation
        return {
            "data": self.options.data.digest,
            "validation data": None if validation is None else validation.digest,
            "batch_size": self.options.batch_size,
            "shuffle": self.options.shuffle,
            "seed": self.options.seed,
            "loss": name_of(self.options.loss),
            "metrics": list(self.options.metrics),
            "recording": adapters.recording(self.optimizer),
            "hyperparameters": self.initial,
            "callbacks": [type(callback).__name__ for callback in self._stateful()],
        }

    def _stateful(self) -> list[Any]:
        return [callback for callback in self.callbacks if hasattr(callback, "state_dict")]

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that the rest of the training depends on."""
        return {
            "settings": self.settings,
            "position": [self.epoch, self.batch],
            "totals": dict(self.totals),
            "model": adapters.model_state(self.model),
            "generators": [rng.bit_generator.state for rng in adapters.generators(self.model)],
            "optimizer": adapters.optimizer_state(self.optimizer, self.initial),
            "history": self.history.state_dict(),
            "callbacks": [callback.state_dict() for callback in self._stateful()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned. Raises UsageError if it was saved with other settings."""
        for name, value in self.settings.items():
            if (saved := state["settings"].get(name)) != value:
                raise UsageError(
                    f"Checkpoint: the saved training has other {name}. Received: {value!r}, saved: {saved!r}. "
                    "Use the saved settings, or remove the file."
                )
        adapters.load_model_state(self.model, state["model"])
        for rng, saved in zip(adapters.generators(self.model), state["generators"], strict=True):
            rng.bit_generator.state = saved
        adapters.load_optimizer_state(self.optimizer, state["optimizer"])
        self.epoch, self.batch = state["position"]
        self.totals = dict(state["totals"])
        self.history.load_state_dict(state["history"])
        for callback, saved in zip(self._stateful(), state["callbacks"], strict=True):
            callback.load_state_dict(saved)


def attach(callback: Any, training: Training) -> None:
    """Give a callback its training, or a dialect's callback its optimizer. Raises UsageError if it is no callback."""
    if isinstance(callback, type):
        raise UsageError(f"fit: a callback must be an object, not a class. Received: {callback!r}.")
    if not any(callable(getattr(callback, event, None)) for event in (*EVENTS, *KERAS_EVENTS)):
        raise UsageError(f"fit: a callback must have one of {', '.join(EVENTS)}. Received: {callback!r}.")
    if hasattr(callback, "set_training"):
        callback.set_training(training)
    elif hasattr(callback, "set_model"):
        if hasattr(callback, "set_params"):
            callback.set_params({"verbose": 0, "epochs": training.epochs, "steps": training.batches})
        callback.set_model(KerasModel(training))
    elif hasattr(callback, "set_optimizer"):
        callback.set_optimizer(training.optimizer)


class KerasModel:
    """The model as callbacks of Keras see it: with `optimizer` and `stop_training`. All else is the model's own."""

    def __init__(self, training: Training) -> None:
        vars(self)["_training"] = training

    @property
    def optimizer(self) -> Any:
        """The optimizer, bound to the model's parameters."""
        return self._training.optimizer

    @property
    def stop_training(self) -> bool:
        """Whether the training ends with this epoch. It can be set."""
        return bool(self._training.history.stopped)

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self._training.history.stopped = "a callback has set model.stop_training" if value else None

    def __call__(self, *args: Any, **arguments: Any) -> Any:
        """The outputs of the model."""
        return self._training.model(*args, **arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_training"].model, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "stop_training":
            object.__setattr__(self, name, value)
        else:
            setattr(self._training.model, name, value)


def scores(
    model: Any,
    rows: Rows,
    loss: Callable[[Any, Any], Any],
    metrics: Mapping[str, Metric],
    batch_size: int,
    call: Callable[..., None] = call_nobody,
) -> dict[str, float]:
    """Return loss and metrics of a model, means over the rows; its mode, training or evaluation, is not changed.

    `call` is called with the names and arguments of Keras's events of each batch.
    """
    totals = dict.fromkeys(["loss", *metrics], 0.0)
    for index, batch in enumerate(rows.batches(batch_size)):
        call("on_test_batch_begin", index, {})
        outputs = model(batch.X)
        values = {"loss": float(loss(outputs, batch.y).data), **compute(metrics, outputs.data, batch.y)}
        for name, value in values.items():
            totals[name] += value * len(batch)
        call("on_test_batch_end", index, values)
    return {name: total / len(rows) for name, total in totals.items()}
