"""Small ReLU classifiers trained side by side: many settings of one optimizer, and many seeds of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...autograd import Parameter, nn, no_grad
from ...optim import Optimizer
from .side_by_side import SideBySide

__all__ = ["Curves", "Task", "train"]

Array = NDArray[Any]


class Curves(NamedTuple):
    """After each epoch, (settings, seeds, epochs); a diverged run is NaN or infinite from there on."""

    train: Array  # mean loss of the epoch's batches, each before its step
    test: Array  # loss on the unseen points
    error: Array  # share of the unseen points that are classified wrongly


@dataclass(frozen=True, eq=False)
class Task:
    """Points, (n, features), their classes, (n,), and the network that is to tell them apart.

    Attributes:
        hidden: widths of the hidden layers.
        batch: points in a batch; a last, smaller batch of an epoch is left out.
        dropout: the share of every hidden layer that is left out in training.
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
        """Steps of an epoch."""
        return len(self.y) // self.batch

    def initial(self, settings: int, seeds: Sequence[int]) -> list[Parameter]:
        """Weights (settings, seeds, n_in, n_out) and biases (settings, seeds, 1, n_out) in turn; settings are alike."""
        widths = (self.X.shape[1], *self.hidden, int(self.y.max()) + 1)
        found = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            layers = [nn.Linear(n_in, n_out, rng=np.random.default_rng([seed, i])).parameters() for seed in seeds]
            for ones in zip(*layers, strict=True):
                stack = np.stack([np.atleast_2d(p.data) for p in ones])
                found.append(Parameter(np.repeat(stack[None], settings, axis=0)))
        return found

    def batches(self, seeds: Sequence[int], epoch: int) -> Iterator[tuple[Array, Array]]:
        """The batches of an epoch, (seeds, batch, features) and (seeds, batch), in the order of each seed."""
        rows = np.stack([np.random.default_rng([seed, epoch]).permutation(len(self.y)) for seed in seeds])
        for first in range(0, self.steps * self.batch, self.batch):
            chosen = rows[:, first : first + self.batch]
            yield self.X[chosen], self.y[chosen]

    def logits(self, parameters: Sequence[Any], X: Array, masks: np.random.Generator | None = None) -> Any:
        """(settings, seeds, n, classes); with a generator of masks, in training."""
        layers = list(zip(parameters[::2], parameters[1::2], strict=True))
        h: Any = X
        for weight, bias in layers[:-1]:
            h = np.maximum(h @ weight + bias, 0)
            if masks and self.dropout:
                kept = masks.random(h.shape[1:], dtype=np.float32) >= self.dropout  # the same in all settings
                h = h * (kept / np.float32(1 - self.dropout))
        weight, bias = layers[-1]
        return h @ weight + bias


def cross_entropy(logits: Any, y: Array) -> Any:
    """The mean over the points, (settings, seeds). Labels: (seeds, n), or (n,) for all alike."""
    labels = np.broadcast_to(y, logits.shape[:-1]).reshape(-1)
    values = nn.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels, reduction="none")
    return np.mean(values.reshape(logits.shape[:-1]), axis=-1)


def train(spec: Optimizer, task: Task, epochs: int, seeds: Sequence[int], **hyper: Any) -> Curves:
    """Train a network for every setting and seed.

    Settings and seeds are paired: a seed has the same initial weights, batches and dropout in all settings.

    Args:
        spec: the optimizer.
        task: data and network.
        epochs: passes through the training points.
        seeds: one run each.
        hyper: hyperparameters in which the settings differ, each a sequence of numbers or schedules.
    """
    settings = len(next(iter(hyper.values())))
    parameters = task.initial(settings, seeds)
    flat = [p.data.reshape(-1, *p.shape[2:]) for p in parameters]
    repeated = {name: [value for value in values for _ in seeds] for name, values in hyper.items()}
    optimizer = SideBySide(spec, flat, **repeated)
    masks, found = np.random.default_rng(list(seeds)), []
    with np.errstate(all="ignore"):
        for epoch in range(epochs):
            total = np.zeros((settings, len(seeds)))
            for X, y in task.batches(seeds, epoch):
                total += step(task, parameters, optimizer, X, y, masks)
            found.append((total / task.steps, *score(task, parameters)))
    return Curves(*np.moveaxis(np.array(found), 0, -1))


def step(task: Task, parameters: list[Parameter], optimizer: SideBySide, X: Array, y: Array, masks: Any) -> Array:
    """Take a step of every run; return the losses before it. A run's gradient is its own: the losses are added up."""
    losses = cross_entropy(task.logits(parameters, X, masks), y)
    for p in parameters:
        p.grad = None
    np.sum(losses).backward()
    optimizer.step([np.asarray(p.grad).reshape(-1, *p.shape[2:]) for p in parameters])
    found: Array = losses.data
    return found


def score(task: Task, parameters: list[Parameter]) -> tuple[Array, Array]:
    """Loss and error on the unseen points, (settings, seeds)."""
    with no_grad():
        logits = task.logits(parameters, task.X_test)
        loss = cross_entropy(logits, task.y_test)
    return loss.data, np.mean(logits.data.argmax(axis=-1) != task.y_test, axis=-1)
