"""Kingma & Ba 2015, figure 1, right: logistic regression on words, few of which occur in a review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optim import NAG, Adagrad, Adam, Optimizer, RMSprop
from ...schedules import InverseSqrt
from ..datasets import load
from .base import Findings, reproduction
from .curves import AtBest, at_best, show
from .side_by_side import SideBySide

Array = NDArray[Any]


def train(spec: Optimizer, X: Any, y: Array, lrs: Sequence[Any], epochs: int, dropout: float) -> Array:
    """The mean loss of the batches of every epoch, (rates, epochs); X is a CSR matrix and stays one."""
    weights = np.zeros((len(lrs), X.shape[1] + 1), np.float32)  # the last is the bias
    optimizer, rng, found = SideBySide(spec, [weights], lr=lrs), np.random.default_rng(0), []
    steps, labelled = len(y) // 128, y.astype(np.float32)
    for _ in range(epochs):
        rows, total = rng.permutation(len(y)), np.zeros(len(lrs))
        for k in range(steps):
            chosen = rows[k * 128 : (k + 1) * 128]
            batch, labels = X[chosen], labelled[chosen, None]
            batch.data = batch.data * (rng.random(batch.nnz, np.float32) >= dropout) / np.float32(1 - dropout)
            scores = batch @ weights[:, :-1].T + weights[:, -1]
            total += np.mean(np.logaddexp(0, scores) - labels * scores, axis=0)
            slopes = (0.5 + 0.5 * np.tanh(scores / 2) - labels) / len(chosen)
            optimizer.step([np.hstack([(batch.T @ slopes).T, slopes.sum(axis=0)[:, None]])])
        found.append(total / steps)
    return np.array(found).T


def contest(X: Any, y: Array, dropout: float, epochs: int) -> dict[str, AtBest]:
    """Each optimizer under lr / sqrt(t), at the best of its rates; Adagrad also at a constant rate."""
    optimizers: dict[str, tuple[Optimizer, Any, tuple[float, ...]]] = {
        "Adam": (Adam(), InverseSqrt, (0.03, 0.1, 0.3)),
        "Adagrad, constant rate": (Adagrad(), float, (0.03, 0.1, 0.3)),
        "Nesterov": (NAG(lr=1, momentum=0.9), InverseSqrt, (0.3, 1, 3)),
        "RMSprop": (RMSprop(), InverseSqrt, (0.003, 0.01, 0.03)),
        "Adagrad, 1 / sqrt(t)": (Adagrad(), InverseSqrt, (0.03, 0.1, 0.3)),
    }
    found = {}
    for name, (spec, schedule, lrs) in optimizers.items():
        losses = train(spec, X, y, [schedule(lr) for lr in lrs], epochs, dropout)
        found[name] = at_best(lrs, losses[:, None])
    return found


@reproduction(
    "adam-imdb",
    "On bags of words Adagrad is far ahead of Nesterov's momentum, and Adam as fast",
    "Kingma & Ba 2015, arXiv:1412.6980, 6.1 and figure 1, right",
)
def regression(findings: Findings) -> None:
    """20,833 reviews, the 10,000 most frequent words, batches of 128; half of the words left out in training, or none.

    Adam under lr / sqrt(t) should match Adagrad at a constant rate, by section 5; under lr / sqrt(t) Adagrad's rate
    decays twice.
    """
    X, y = load("imdb").split("train")
    for dropout, title in ((0.5, "with dropout"), (0.0, "without dropout")):
        found = contest(X, y, dropout, 10)
        adam, adagrad, nesterov = list(found.values())[:3]
        lead, gap = nesterov.after(10) - adagrad.after(10), adam.after(10) - adagrad.after(10)
        findings.above(f"{title}: Nesterov's loss less Adagrad's, after 10 epochs", 0.02, lead)
        findings.close(f"{title}: Adam's loss less Adagrad's, after 10 epochs", 0.0, gap, off=0.01)
        show(findings, f"IMDB {title}, each at its best rate", found, (1, 2, 5, 10), "training loss")
