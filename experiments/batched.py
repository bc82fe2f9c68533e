"""Many training runs at once: their parameters are stacked, so that one matrix product computes all of them.

`train` trains a small network for every setting of an optimizer and every seed. For other models, `BatchedOptimizer`
updates stacked parameters, and `train_epochs` is the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..autograd import Parameter, nn, no_grad
from ..optim import Optimizer
from .step import training_step

__all__ = ["BatchedOptimizer", "Curves", "NetworkTask", "train", "train_epochs", "variants"]

Array = NDArray[Any]
Batch = TypeVar("Batch")


def variants(optimizer: Optimizer, **hyper: Iterable[Any]) -> list[Optimizer]:
    """Return copies of an optimizer: the i-th one has the i-th value of every hyperparameter that is given.

    >>> from ravine.optim import SGD
    >>> variants(SGD(lr=1.0), lr=[0.01, 0.1])
    [SGD(lr=0.01), SGD(lr=0.1)]
    """
    rows = zip(*hyper.values(), strict=True)
    return [optimizer.replace(**dict(zip(hyper, values, strict=True))) for values in rows]


class BatchedOptimizer:
    """One optimizer for each of many runs, whose parameters are stacked along their first axes.

    Every run takes the same steps as it would alone.

    Args:
        optimizers: one for each run; their states are separate.
        parameters: arrays or Parameters, (*runs, ...); updated in place.
        axes: the number of leading axes that index the runs.

    >>> from ravine.optim import SGD
    >>> x = np.ones((2, 3))  # two runs, three coordinates
    >>> optimizer = BatchedOptimizer(variants(SGD(lr=1.0), lr=[0.1, 0.5]), [x])
    >>> optimizer.step([np.ones((2, 3))])
    >>> x.tolist()
    [[0.9, 0.9, 0.9], [0.5, 0.5, 0.5]]
    """

    def __init__(self, optimizers: Sequence[Optimizer], parameters: Sequence[Any], axes: int = 1) -> None:
        self.parameters, self.axes = parameters, axes
        arrays = [p.data if isinstance(p, Parameter) else p for p in parameters]
        runs = zip(*map(self._runs, arrays), strict=True)
        self.bound = [optimizer.bind(list(own)) for optimizer, own in zip(optimizers, runs, strict=True)]

    def zero_grad(self) -> None:
        """Set the gradients of the Parameters to None."""
        for p in self.parameters:
            p.grad = None

    def step(self, gradients: Any) -> float | None:
        """Take one step of every run.

        Args:
            gradients: arrays with the shapes of the parameters, or a closure that computes the gradients of the
                Parameters and returns the loss.

        Returns:
            The loss that the closure returned; None without a closure.
        """
        loss = None
        if callable(gradients):
            loss = gradients()
            gradients = [np.asarray(p.grad) for p in self.parameters]
        for bound, own in zip(self.bound, zip(*map(self._runs, gradients), strict=True), strict=True):
            bound.step(list(own))
        return loss

    def _runs(self, array: Array) -> Array:
        """Return a view of an array with one axis for the runs."""
        return array.reshape(-1, *array.shape[self.axes :])


def train_epochs(
    epochs: int,
    batches: Callable[[int], Iterable[Batch]],
    step: Callable[[Batch], Array],
    score: Callable[[], tuple[Array, ...]] = tuple,
) -> Array:
    """Train many runs for some epochs, and return their curves, (1 + scores, *runs, epochs).

    Args:
        epochs: the number of passes over the data.
        batches: a function that returns the batches of an epoch, 0, 1, ....
        step: a function that takes a step with a batch, and returns the loss of each run before it, (*runs).
        score: a function that returns other quantities to measure after each epoch, arrays of shape (*runs).

    Returns:
        The mean loss of the epoch's batches, then each score. A diverged run is NaN or infinite.

    >>> x = np.ones(2)
    >>> def step(slope):
    ...     loss = slope * x
    ...     x[...] -= [0.25, 0.5]
    ...     return loss
    >>> train_epochs(2, lambda epoch: [1.0], step, lambda: (x.copy(),)).tolist()
    [[[1.0, 0.75], [1.0, 0.5]], [[0.75, 0.5], [0.5, 0.0]]]
    """
    measured = []
    with np.errstate(all="ignore"):  # a diverging run overflows
        for epoch in range(epochs):
            losses = [step(batch) for batch in batches(epoch)]
            measured.append((sum(losses, np.float64(0)) / len(losses), *score()))
    return np.moveaxis(np.array(measured), 0, -1)


class Curves(NamedTuple):
    """Losses and errors after each epoch, (settings, seeds, epochs); a run is NaN or infinite after it diverges.

    Attributes:
        train: the mean loss of the epoch's batches, each before its step.
        test: the loss on the test points.
        error: the fraction of the test points that are classified wrongly.

    >>> from ravine.optim import SGD
    >>> X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    >>> curves = train(SGD(lr=1.0), NetworkTask(X, y, X, y, batch=4), 3, seeds=[0], lr=[0.1, 1.0])
    >>> curves.error.shape
    (2, 1, 3)
    """

    train: Array
    test: Array
    error: Array


@dataclass(frozen=True, eq=False)
class NetworkTask:
    """A ReLU network that classifies points, and its data.

    Attributes:
        X: the training points, (n, features).
        y: their classes, (n,).
        X_test: the test points.
        y_test: their classes.
        hidden: the widths of the hidden layers; () gives softmax regression.
        batch: the number of points in a batch; a last, smaller batch of an epoch is left out.
        dropout: the fraction of every hidden layer that is left out in training.

    >>> X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    >>> task = NetworkTask(X, y, X, y, hidden=(8,), batch=2)
    >>> task.steps, [p.shape for p in task.initial(settings=3, seeds=range(5))]
    (2, [(3, 5, 4, 8), (3, 5, 1, 8), (3, 5, 8, 2), (3, 5, 1, 2)])
    """

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    hidden: tuple[int, ...] = ()
    batch: int = 128
    dropout: float = 0.0

    @property
    def steps(self) -> int:
        """The number of steps in an epoch."""
        return len(self.y) // self.batch

    def initial(self, settings: int, seeds: Sequence[int]) -> list[Parameter]:
        """Return weights, (settings, seeds, n_in, n_out), and biases, (settings, seeds, 1, n_out), layer by layer.

        With equal seeds, they are equal in all settings.
        """
        widths = (self.X.shape[1], *self.hidden, int(self.y.max()) + 1)
        found = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            layers = [nn.Linear(n_in, n_out, rng=np.random.default_rng([seed, i])).parameters() for seed in seeds]
            for ones in zip(*layers, strict=True):
                stack = np.stack([np.atleast_2d(p.data) for p in ones])
                found.append(Parameter(np.repeat(stack[None], settings, axis=0)))
        return found

    def batches(self, seeds: Sequence[int], epoch: int) -> Iterator[tuple[Array, Array]]:
        """Yield the batches of an epoch, (seeds, batch, features) and (seeds, batch), in the order of each seed."""
        rows = np.stack([np.random.default_rng([seed, epoch]).permutation(len(self.y)) for seed in seeds])
        for first in range(0, self.steps * self.batch, self.batch):
            chosen = rows[:, first : first + self.batch]
            yield self.X[chosen], self.y[chosen]

    def logits(self, parameters: Sequence[Any], X: Array, masks: np.random.Generator | None = None) -> Any:
        """Return the outputs, (settings, seeds, n, classes); in training, dropout draws from the generator `masks`."""
        layers = list(zip(parameters[::2], parameters[1::2], strict=True))
        h: Any = X
        for weight, bias in layers[:-1]:
            h = np.maximum(h @ weight + bias, 0)
            if masks and self.dropout:
                kept = masks.random(h.shape[1:], dtype=np.float32) >= self.dropout  # the same in all settings
                h = h * (kept / np.float32(1 - self.dropout))
        weight, bias = layers[-1]
        return h @ weight + bias

    def score(self, parameters: Sequence[Any]) -> tuple[Array, Array]:
        """Return loss and error on the unseen points, (settings, seeds)."""
        with no_grad():
            logits = self.logits(parameters, self.X_test)
            loss = cross_entropy(logits, self.y_test)
        return loss.data, np.mean(logits.data.argmax(axis=-1) != self.y_test, axis=-1)


def cross_entropy(logits: Any, y: Array) -> Any:
    """Return the mean over the points, (settings, seeds). Labels: (seeds, n), or (n,) for all alike."""
    labels = np.broadcast_to(y, logits.shape[:-1]).reshape(-1)
    values = nn.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels, reduction="none")
    return np.mean(values.reshape(logits.shape[:-1]), axis=-1)


def step_of_all(optimizer: BatchedOptimizer, losses: Callable[[], Any]) -> Array:
    """Take a step of every run; return the losses before it, (*runs).

    Their sum is differentiated: its gradient with respect to the parameters of a run is that of the run's own loss.
    """
    computed = []

    def total() -> Any:
        computed.append(losses())
        return np.sum(computed[-1])

    training_step(optimizer, total)
    found: Array = computed[0].data
    return found


def train(optimizer: Optimizer, task: NetworkTask, epochs: int, seeds: Sequence[int], **hyper: Any) -> Curves:
    """Train a network for every setting of an optimizer and every seed.

    The comparison is paired: with equal seeds, all settings have the same initial weights, batches and dropout.

    Args:
        optimizer: without parameters.
        task: the data and the network.
        epochs: the number of passes over the training points.
        seeds: the seeds; each setting has a run for each of them.
        hyper: the hyperparameters in which the settings differ, each a sequence of numbers or schedules.

    >>> from ravine.optim import SGD
    >>> X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    >>> losses = train(SGD(lr=1.0), NetworkTask(X, y, X, y, batch=4), 9, seeds=[0, 1], lr=[0.1, 1.0]).train
    >>> losses.shape, bool((losses[1, :, -1] < losses[0, :, -1]).all())  # lr=1.0 ends lower for both seeds
    ((2, 2, 9), True)
    """
    settings = [setting for setting in variants(optimizer, **hyper) for _ in seeds]
    parameters = task.initial(len(settings) // len(seeds), seeds)
    batched = BatchedOptimizer(settings, parameters, axes=2)
    masks = np.random.default_rng(list(seeds))

    def step(batch: tuple[Array, Array]) -> Array:
        X, y = batch
        return step_of_all(batched, lambda: cross_entropy(task.logits(parameters, X, masks), y))

    curves = train_epochs(epochs, lambda epoch: task.batches(seeds, epoch), step, lambda: task.score(parameters))
    return Curves(*curves)
