"""Kingma & Ba 2015, figure 1, right: logistic regression on sparse bags of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optim import NAG, Adagrad, Adam, Optimizer, RMSprop
from ...schedules import InverseSqrt
from ..batched import BatchedOptimizer, train_epochs
from ..datasets import load
from .base import Findings, reproduction
from .comparison import TEST_SEEDS, TUNING_SEEDS, BestSetting, best_setting, check_lower, report

Array = NDArray[Any]

CANDIDATES: dict[str, tuple[Optimizer, Any, tuple[float, ...]]] = {
    "Adam": (Adam(), InverseSqrt, (0.03, 0.1, 0.3, 1, 3)),
    "Adagrad, constant learning rate": (Adagrad(), float, (0.1, 0.3, 1, 3, 10)),
    "Nesterov": (NAG(lr=1, momentum=0.9), InverseSqrt, (0.3, 1, 3, 10, 30)),
    "RMSprop": (RMSprop(), InverseSqrt, (0.01, 0.03, 0.1)),
    "Adagrad, 1 / sqrt(t)": (Adagrad(), InverseSqrt, (0.03, 0.1, 0.3)),
}


def train(optimizers: Sequence[Optimizer], X: Any, y: Array, seed: int, dropout: float, epochs: int) -> Array:
    """Return the mean loss of every epoch's batches, (optimizers, epochs), all on the same batches; X is CSR."""
    rng, steps, labels = np.random.default_rng(seed), len(y) // 128, y.astype(np.float32)[:, None]
    weights = np.zeros((len(optimizers), X.shape[1] + 1), np.float32)  # the last is the bias
    batched = BatchedOptimizer(optimizers, [weights])

    def batches(epoch: int) -> Iterator[tuple[Any, Array]]:
        for rows in rng.permutation(len(y))[: 128 * steps].reshape(steps, 128):
            words = X[rows]
            words.data = words.data * (rng.random(words.nnz, np.float32) >= dropout) / np.float32(1 - dropout)
            yield words, labels[rows]

    def step(batch: tuple[Any, Array]) -> Array:
        words, positive = batch
        logits = words @ weights[:, :-1].T + weights[:, -1]
        derivatives = (0.5 + 0.5 * np.tanh(logits / 2) - positive) / len(positive)
        loss: Array = np.mean(np.logaddexp(0, logits) - positive * logits, axis=0)
        batched.step([np.hstack([(words.T @ derivatives).T, derivatives.sum(axis=0)[:, None]])])
        return loss

    (curves,) = train_epochs(epochs, batches, step)
    return np.asarray(curves)


def tuned(X: Any, y: Array, dropout: float, epochs: int) -> dict[str, BestSetting]:
    """Return each optimizer at its best learning rate, tuned on TUNING_SEEDS, with its losses on TEST_SEEDS."""

    def losses(settings: Sequence[tuple[str, float]], seeds: Sequence[int]) -> Array:
        optimizers = [CANDIDATES[name][0].replace(lr=CANDIDATES[name][1](lr)) for name, lr in settings]
        return np.stack([train(optimizers, X, y, seed, dropout, epochs) for seed in seeds], axis=1)

    settings = [(name, lr) for name, (_, _, lrs) in CANDIDATES.items() for lr in lrs]
    tuning = dict(zip(settings, losses(settings, TUNING_SEEDS), strict=True))
    best = [
        (name, best_setting(lrs, np.stack([tuning[name, lr] for lr in lrs])).setting)
        for name, (_, _, lrs) in CANDIDATES.items()
    ]
    final = losses(best, TEST_SEEDS)
    return {name: BestSetting(lr, final[i]) for i, (name, lr) in enumerate(best)}


@reproduction(
    "adam-imdb",
    "On bags of words Adagrad is faster than Nesterov's momentum, and with dropout Adam is as fast",
    "Kingma & Ba 2015, arXiv:1412.6980, section 6.1 and figure 1, right",
)
def regression(findings: Findings) -> None:
    """As in the paper: all 25,000 training reviews, the 10,000 most frequent words, batches of 128, dropout of half of
    the words (or none), learning rates lr / sqrt(t).

    Not in the paper, so ours: the presence of words as input; the learning rates, each optimizer's best of a grid by
    its last training loss on two seeds, evaluated on five others; 40 epochs instead of 160 with dropout, ten without.
    By section 5, Adam with lr / sqrt(t) should match Adagrad with a constant learning rate. With lr / sqrt(t) Adagrad's
    learning rate would decay twice.

    The paper says "by a large margin" and "as fast as". We take these as 0.02 and 0.01 of loss for every seed, chosen
    before we saw our runs. The margin holds after ten epochs; after 40 the order holds, with a smaller margin (table).
    Without dropout the loss goes to 0, and the best learning rates are large. There Adam is slower than Adagrad
    (table); the paper shows no curve of it.
    """
    X, y = load("imdb").development  # all 25,000 training reviews: words, a CSR matrix, and whether it is positive
    cases = (
        (0.5, (1, 2, 5, 10, 40), "with dropout", "a margin of 0.02 after 40 epochs"),
        (0.0, (1, 2, 5, 10), "without dropout", "Adam as fast as Adagrad"),
    )
    for dropout, epochs, title, unseen in cases:
        found = tuned(X, y, dropout, epochs[-1])
        adam, adagrad, nesterov = (best.losses for best in list(found.values())[:3])
        lead, gap = nesterov - adagrad, adam - adagrad
        claim = f"{title}: Nesterov's loss minus Adagrad's after 10 epochs, smallest of the seeds"
        findings.above(claim, 0.02, float(lead[:, 9].min()), basis="words")
        if dropout:
            claim = f"{title}: after 40 epochs Adagrad's loss is below Nesterov's"
            check_lower(findings, claim, adagrad[:, -1], nesterov[:, -1])
            for epoch in (10, 40):
                claim = f"{title}: Adam's loss and Adagrad's after {epoch} epochs, largest difference of the seeds"
                findings.below(claim, 0.01, float(np.abs(gap[:, epoch - 1]).max()), basis="words")
        report(findings, f"IMDB {title}, each at its best learning rate", found, epochs, "training loss")
        rows = [(t, *(f"{x[:, t - 1].mean():.4f}" for x in (lead, gap))) for t in epochs]
        columns = ("epoch", "Nesterov minus Adagrad", "Adam minus Adagrad")
        findings.table(f"The paper's claim, not seen here {title}: {unseen}", columns, rows)
