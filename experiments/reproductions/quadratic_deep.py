"""The problem `quadratic_deep` of DeepOBS, from its seeds, and its trainings: Schneider, Balles & Hennig 2019."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...optim import Optimizer
from ..batched import BatchedOptimizer, train_epochs, variants

Array = NDArray[np.float64]

BATCH, STEPS, EPOCHS = 128, 7, 100  # a last, smaller batch of an epoch is left out
LARGEST = float(np.finfo(np.float32).max)  # the authors computed in float32: a loss beyond is infinite there


def rotation(n: int, rng: np.random.RandomState) -> Array:
    """Return a random rotation in n dimensions: the subgroup algorithm of Diaconis & Shahshahani 1987."""
    angle = 2 * np.pi * rng.uniform()
    found = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for size in range(3, n + 1):
        to = rng.normal(size=size)
        mirror = np.eye(size)[0] - to / np.linalg.norm(to)
        mirror /= np.linalg.norm(mirror)
        larger = np.eye(size)
        larger[1:, 1:] = found
        found = larger - 2 * np.outer(mirror, mirror @ larger)
    return -found


class QuadraticDeep(NamedTuple):
    """The mean over points p of (x - p)' Q (x - p) / 2, in 100 dimensions; training and test points (896, 100)."""

    curvature: Array
    train: Array
    test: Array

    def loss(self, x: Array, points: Array) -> Array:
        """Return the loss of each row of x, (n, 100): at the mean of the points, plus a constant for their spread."""
        centre = points.mean(axis=0)
        spread = points - centre
        constant = np.sum((spread @ self.curvature) * spread) / (2 * len(points))
        found: Array = np.sum(((x - centre) @ self.curvature) * (x - centre), axis=-1) / 2 + constant
        return found


@cache
def quadratic_deep() -> QuadraticDeep:
    """Return the problem from its three seeds: 90 eigenvalues in (0, 1), 10 in (30, 60)."""
    rng = np.random.RandomState(42)
    eigenvalues = np.concatenate([rng.uniform(0, 1, 90), rng.uniform(30, 60, 10)])
    rotated = rotation(100, rng)
    train, test = (
        np.random.RandomState(seed).normal(0, 0.6, (1000, 100)).astype(np.float32).astype(np.float64)
        for seed in (42, 43)
    )
    return QuadraticDeep(rotated.T @ np.diag(eigenvalues) @ rotated, train, test[: STEPS * BATCH])


def batches(seed: int, fixed: bool) -> Iterator[Array]:
    """Yield the mean of the points of every batch, (100,), in order.

    With `fixed`, every epoch has the same batches in the same order, as in the authors' runs: their shuffled iterator
    was restarted from the graph's seed in each epoch.
    """
    rng, points = np.random.default_rng(seed), quadratic_deep().train
    order = rng.permutation(len(points))
    for _ in range(EPOCHS):
        yield from points[order[: STEPS * BATCH]].reshape(STEPS, BATCH, -1).mean(axis=1)
        if not fixed:
            order = rng.permutation(len(points))


def train(optimizer: Optimizer, lrs: Sequence[float] | Array, seeds: Sequence[int], fixed: bool = True) -> Array:
    """Return the test losses at the start, x = 1, and after every epoch, (learning rates, seeds, epochs + 1).

    A loss beyond the range of float32 is infinite.
    """
    problem, x = quadratic_deep(), np.ones((len(lrs) * len(seeds), 100))
    batched = BatchedOptimizer(variants(optimizer, lr=np.repeat(lrs, len(seeds))), [x])
    means = zip(*(batches(seed, fixed) for seed in seeds), strict=True)

    def step(centres: tuple[Array, ...]) -> Array:
        distance = x - np.tile(centres, (len(lrs), 1))
        gradient = distance @ problem.curvature
        batched.step([gradient])
        loss: Array = np.sum(gradient * distance, axis=-1) / 2
        return loss

    start = problem.loss(x, problem.test)
    _, test = train_epochs(EPOCHS, lambda epoch: islice(means, STEPS), step, lambda: (problem.loss(x, problem.test),))
    losses = np.column_stack([start, test]).reshape(len(lrs), len(seeds), -1)
    return np.where(losses <= LARGEST, losses, np.inf)
