"""Classification of real data by small ReLU networks, sorted by size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...autograd import Tensor, nn, no_grad
from ...schedules.fields import Fraction, NonNegativeInt, PositiveInt
from ..datasets import Dataset, load
from .base import Problem, Score, Stream, generator, problem_name

Batch = tuple[NDArray[Any], NDArray[Any]]


class Classification(Problem, abstract=True):
    """Cross-entropy of a float32 ReLU network, on the dataset with the problem's name.

    >>> from ravine.experiments.problems.classification import Iris
    >>> iris = Iris(hidden=(8,), dropout=0.1)
    >>> iris.data
    <Dataset iris: 4 features, 3 classes; train 105, validation 21, test 24>
    >>> iris.model(seed=0)
    Sequential(Linear(4, 8), ReLU(), Dropout(0.1), Linear(8, 3))
    """

    hidden: tuple[PositiveInt, ...] = (16,)  # widths of the hidden layers
    batch_size: PositiveInt = 16
    dropout: Fraction = 0.0  # the fraction of each hidden layer that is left out in training
    split: NonNegativeInt = 0  # the number of the split of the data

    metric = "accuracy"
    higher_is_better = True
    held_out = True
    target = 0.95
    epochs = 60

    @property
    def data(self) -> Dataset:
        """The dataset with its splits."""
        return load(problem_name(type(self)), self.split)

    def resplit(self, seed: int) -> Self:
        """Return this problem on split number `seed` of its data."""
        return self.replace(split=seed)

    def model(self, seed: int) -> nn.Sequential:
        """Return the network with the initial weights of this seed."""
        rng = generator(seed, Stream.INITIAL)
        widths = (self.data.features, *self.hidden, self.data.classes)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out, rng=rng, dtype=np.float32), nn.ReLU()]
            layers += [nn.Dropout(self.dropout)] if self.dropout else []
        return nn.Sequential(*layers[: -2 if self.dropout else -1])

    def reseed(self, model: nn.Sequential, seed: int, epoch: int) -> None:
        """Give every dropout layer its own random generator for this epoch."""
        layers = [module for module in model.modules() if isinstance(module, nn.Dropout)]
        for layer, rng in zip(layers, generator(seed, Stream.NOISE, epoch).spawn(len(layers)), strict=True):
            layer.rng = rng

    def batches(self, seed: int, epoch: int) -> Iterator[Batch]:
        """Yield the training rows, reshuffled every epoch; the last batch may be smaller."""
        X, y = self.data.split("train")
        rows = generator(seed, Stream.ORDER, epoch).permutation(len(y))
        for first in range(0, len(y), self.batch_size):
            batch = rows[first : first + self.batch_size]
            yield X[batch], y[batch]

    def loss(self, model: nn.Sequential, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of the batch."""
        X, y = batch
        loss: Tensor = nn.cross_entropy(model(X), y)
        return loss

    def score(self, model: nn.Sequential, split: str) -> Score:
        """Return mean cross-entropy and accuracy, in evaluation mode."""
        X, y = self.data.split(split)
        model.eval()
        with no_grad():
            logits = model(X)
            loss = nn.cross_entropy(logits, y)
        model.train()
        return Score(float(loss.data), float(np.mean(logits.data.argmax(axis=1) == y)))


class Iris(Classification):
    """Three species of iris from 4 lengths; a 4-16-3 ReLU network."""


class Wine(Classification):
    """Three cultivars of wine from 13 measurements; a 13-16-3 ReLU network."""


class BreastCancer(Classification):
    """Benign or malignant from 30 measurements of cell nuclei; a 30-16-2 ReLU network."""

    epochs = 40
    batch_size: PositiveInt = 32


class Digits(Classification):
    """Handwritten digits of 8 by 8 pixels, 10 classes; a 64-64-10 ReLU network."""

    epochs = 40
    hidden: tuple[PositiveInt, ...] = (64,)
    batch_size: PositiveInt = 64
