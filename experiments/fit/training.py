"""A training under way: its state, and the loop that moves it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from ...autograd import Tensor, no_grad
from ..errors import UsageError
from ..step import training_step
from . import model as models
from . import optimizers
from .callback import Logs, attach
from .data import Rows, Shuffle, order
from .history import History
from .metrics import Metric, measured, name_of


@dataclass(frozen=True)
class Plan:
    """What does not change while a training runs."""

    loss: Callable[[Any, Any], Any]
    metrics: Mapping[str, Metric]
    data: Rows
    validation: Rows | None
    batch_size: int
    shuffle: Shuffle
    seed: int


class Training:
    """A training under way, as callbacks see it.

    Attributes:
        model: what is trained.
        optimizer: the one at work, bound.
        history: what happened so far.
        epochs: how many there are to be.
        epoch: the present one, 0, 1, ...; in `on_epoch_end` already the next.
        batch: the batches of it that have been trained on.
        batches: how many an epoch has.
        at_average: whether the average that the optimizer keeps is judged, and left in the parameters at the end.

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

    def __init__(self, model: Any, optimizer: Any, plan: Plan, epochs: int, callbacks: Sequence[Any]) -> None:
        self.model, self.optimizer, self.plan, self.epochs = model, optimizer, plan, epochs
        self.callbacks = callbacks
        self.history = History()
        self.epoch = self.batch = 0
        self.batches = -(-len(plan.data) // plan.batch_size)
        self.totals: dict[str, float] = {}
        self.at_average = any(bound.spec.average for bound in optimizers.bounds(optimizer))
        self.began: list[dict[str, Any]] = []
        for callback in callbacks:
            attach(callback, self)

    def tell(self, hook: str, *args: Any) -> None:
        """Call a method of every callback that has it."""
        for callback in self.callbacks:
            if method := getattr(callback, hook, None):
                method(*args)

    def stop(self, reason: str) -> None:
        """End the training with the present epoch, which is validated; its remaining batches are left out."""
        self.history.stopped = self.history.stopped or reason

    # ------------------------------------------------------------------------------------------------- the loop
    def run(self) -> History:
        """Train up to the last epoch, or until a callback says stop."""
        models.switch(self.model, True)
        try:
            self.tell("on_train_begin", {})
            self.began = optimizers.hyperparameters(self.optimizer)
            self.tell("on_train_ready")
            while self.batch or (self.epoch < self.epochs and not self.history.stopped):
                self.run_epoch()
            if self.at_average:
                self.put_back(self.snapshot())
            self.tell("on_train_end", self.history.epochs[-1] if self.history.epochs else {})
        finally:
            models.switch(self.model, False)
        return self.history

    def run_epoch(self) -> None:
        """Train on the batches of an epoch, or on what is left of it, and validate."""
        if self.batch == 0:
            self.totals = {}
            self.tell("on_epoch_begin", self.epoch, {})
        rows = order(len(self.plan.data), self.plan.seed, self.epoch, self.plan.shuffle)
        while self.batch < self.batches and not self.history.stopped:
            first = self.batch * self.plan.batch_size
            logs = self.step(self.plan.data[rows[first : first + self.plan.batch_size]])
            self.batch += 1
            self.tell("on_batch_end", self.batch - 1, logs)
        if self.batch:
            self.end_epoch()

    def end_epoch(self) -> None:
        """Note the epoch down."""
        rows = min(self.batch * self.plan.batch_size, len(self.plan.data))
        logs = {name: total / rows for name, total in self.totals.items()}
        if self.plan.validation is not None:
            logs |= {f"val_{name}": value for name, value in self.evaluate(self.plan.validation).items()}
        logs["lr"] = self.history.steps["lr"][-1]
        self.history.epochs.append(logs)
        self.epoch, self.batch = self.epoch + 1, 0
        self.tell("on_epoch_end", self.epoch - 1, logs)

    def step(self, batch: Rows) -> Logs:
        """Take one step; gives loss and metrics before it."""
        measures: list[dict[str, float]] = []

        def loss() -> Tensor:
            outputs = self.model(batch.X)
            value = self.plan.loss(outputs, batch.y)
            if not isinstance(value, Tensor):
                raise UsageError(f"fit: loss must return a Tensor made of the outputs. Received: {value!r}.")
            if not measures:  # a rule with a line search evaluates several times
                measures.append(measured(self.plan.metrics, outputs.data, batch.y))
            return value

        steps = {"lr": optimizers.rate(self.optimizer)}
        before = optimizers.updates(self.optimizer)
        steps["loss"] = training_step(self.optimizer, loss).loss
        if optimizers.recording(self.optimizer):
            moved = optimizers.updates(self.optimizer) > before
            steps |= optimizers.last_step(self.optimizer) if moved else optimizers.NO_STEP
        for name, value in steps.items():
            self.history.steps.setdefault(name, []).append(value)
        logs = {"loss": steps["loss"], **measures[0]}
        for name, value in logs.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * len(batch)
        return logs | {"lr": steps["lr"]}

    # -------------------------------------------------------------------------------------------- the evaluation
    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The model as it is to be judged: without dropout, at the average if there is one, nothing recorded."""
        models.switch(self.model, False)
        try:
            with optimizers.averaged(self.optimizer) if self.at_average else nullcontext(), no_grad():
                yield
        finally:
            models.switch(self.model, True)

    def evaluate(self, rows: Rows) -> dict[str, float]:
        """Loss and metrics of these rows."""
        with self.evaluating():
            return scores(self.model, rows, self.plan.loss, self.plan.metrics, self.plan.batch_size)

    def snapshot(self) -> dict[str, Any]:
        """A copy of the model's parameters and buffers, as it is judged."""
        with self.evaluating():
            return models.state_of(self.model)

    def put_back(self, snapshot: Mapping[str, Any]) -> None:
        """Copy a snapshot into the model."""
        models.restore(self.model, snapshot)

    # ------------------------------------------------------------------------------------------------- the state
    @property
    def settings(self) -> dict[str, Any]:
        """What a state is of: with anything else it would not go on as it began."""
        validation = self.plan.validation
        return {
            "data": self.plan.data.digest,
            "validation data": None if validation is None else validation.digest,
            "batch_size": self.plan.batch_size,
            "shuffle": self.plan.shuffle,
            "seed": self.plan.seed,
            "loss": name_of(self.plan.loss),
            "metrics": list(self.plan.metrics),
            "recording": optimizers.recording(self.optimizer),
            "hyperparameters": self.began,
            "callbacks": [type(callback).__name__ for callback in self._stateful()],
        }

    def _stateful(self) -> list[Any]:
        return [callback for callback in self.callbacks if hasattr(callback, "state_dict")]

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the training depends on, a copy."""
        return {
            "settings": self.settings,
            "position": [self.epoch, self.batch],
            "totals": dict(self.totals),
            "model": models.state_of(self.model),
            "generators": [rng.bit_generator.state for rng in models.generators(self.model)],
            "optimizer": optimizers.state_of(self.optimizer, self.began),
            "history": self.history.state_dict(),
            "callbacks": [callback.state_dict() for callback in self._stateful()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave. Raises UsageError if it is another training's."""
        for name, value in self.settings.items():
            if (saved := state["settings"].get(name)) != value:
                raise UsageError(
                    f"Checkpoint: the training that was saved has other {name}. Received: {value!r}, there it was "
                    f"{saved!r}. Train as then, or remove the file."
                )
        models.restore(self.model, state["model"])
        for rng, saved in zip(models.generators(self.model), state["generators"], strict=True):
            rng.bit_generator.state = saved
        optimizers.restore(self.optimizer, state["optimizer"])
        self.epoch, self.batch = state["position"]
        self.totals = dict(state["totals"])
        self.history.load_state_dict(state["history"])
        for callback, saved in zip(self._stateful(), state["callbacks"], strict=True):
            callback.load_state_dict(saved)


def scores(
    model: Any, rows: Rows, loss: Callable[[Any, Any], Any], metrics: Mapping[str, Metric], batch_size: int
) -> dict[str, float]:
    """Loss and metrics of a model as it is, means over the rows."""
    totals = dict.fromkeys(["loss", *metrics], 0.0)
    for batch in rows.batches(batch_size):
        outputs = model(batch.X)
        values = {"loss": float(loss(outputs, batch.y).data), **measured(metrics, outputs.data, batch.y)}
        for name, value in values.items():
            totals[name] += value * len(batch)
    return {name: total / len(rows) for name, total in totals.items()}
