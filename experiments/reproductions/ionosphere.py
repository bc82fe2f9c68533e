"""The ionosphere example of learning-rate articles: a network of 34-34-1, a rate decayed by time, and one by drops."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...autograd import nn, no_grad
from ...optim import Momentum
from ...schedules import InverseTime, PerEpoch, Schedule, Step
from ..datasets import load
from ..step import training_step
from .base import Findings, reproduction
from .comparison import ahead, drawn, interval

Array = NDArray[Any]
EPOCHS, BATCH = 50, 28
SEEDS = range(100, 110)


class Split(NamedTuple):
    """Points, (n, 34), and whether the return is good, (n, 1)."""

    X: Array
    y: Array


def thirds(seed: int) -> tuple[Split, Split]:
    """Two thirds to train on, and the third that is held out."""
    data = load("ionosphere")
    X = np.concatenate([data.X_train, data.X_validation, data.X_test])
    y = np.concatenate([data.y_train, data.y_validation, data.y_test]).astype(np.float32)[:, None]
    held, rest = np.split(np.random.default_rng(seed).permutation(len(y)), [round(0.33 * len(y))])
    return Split(X[rest], y[rest]), Split(X[held], y[held])


def train(spec: Momentum, seed: int) -> Array:
    """After each epoch: accuracy on the held-out third, training loss, and the rate of the last step; (3, epochs)."""
    rng = np.random.default_rng(seed)
    network = nn.Sequential(nn.Linear(34, 34, rng=rng), nn.ReLU(), nn.Linear(34, 1, rng=rng))
    loss = nn.binary_cross_entropy_with_logits
    optimizer, (seen, held), found = spec.bind(network.parameters()), thirds(seed), []
    for _ in range(EPOCHS):
        order, total = rng.permutation(len(seen.y)), 0.0
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            rate = float(spec.lr(optimizer.t)) if isinstance(spec.lr, Schedule) else spec.lr
            step = training_step(optimizer, lambda: loss(network(seen.X[rows]), seen.y[rows]))  # noqa: B023
            total += step.loss * len(rows) / len(order)
        with no_grad():
            accuracy = np.mean((network(held.X).data > 0) == held.y)
        found.append((accuracy, total, rate))
    return np.array(found).T


@reproduction(
    "ionosphere",
    "A network on the ionosphere data learns under a rate decayed by time and by drops",
    "the question: two examples of articles on schedules in Keras, since 2016; the data: Sigillito et al. 1989",
)
def ionosphere(findings: Findings) -> None:
    """As in the examples: 34-34-1, 50 epochs, batches of 28, a third held out.

    By time: 0.1 / (1 + 0.002 k), k counting updates, momentum 0.8. By drops: 0.1, halved every 10 epochs, momentum 0.9.

    Not as there: ten splits in place of one, and a constant 0.1 beside each. No accuracy of the examples is used:
    checked are the rates, and accuracy above that of always guessing the more frequent class, at every split. Nothing
    is tuned. That the decay gains accuracy is not seen here: both intervals hold 0.
    """
    steps = -(-len(thirds(0)[0].y) // BATCH)
    specs = {
        "by time, momentum 0.8": Momentum(lr=InverseTime(0.1, 0.002), momentum=0.8),
        "constant, momentum 0.8": Momentum(lr=0.1, momentum=0.8),
        "by drops, momentum 0.9": Momentum(lr=PerEpoch(Step(0.1, 0.5, 10), steps), momentum=0.9),
        "constant, momentum 0.9": Momentum(lr=0.1, momentum=0.9),
    }
    found = {name: np.stack([train(spec, seed) for seed in SEEDS], axis=1) for name, spec in specs.items()}
    good = np.array([thirds(seed)[1].y.mean() for seed in SEEDS])
    by_time, constant, by_drops, constant_9 = found.values()
    for name, (accuracy, _, _) in found.items():
        ahead(findings, f"{name}: held-out accuracy above guessing", np.maximum(good, 1 - good), accuracy[:, -1])
    last = 0.1 / (1 + 0.002 * (EPOCHS * steps - 1))
    findings.close("by time: the last rate", last, by_time[2, 0, -1], rel=1e-12, basis="theory")
    findings.close("by drops: the last rate", 0.1 / 2**4, by_drops[2, 0, -1], rel=1e-12, basis="theory")
    rows = [
        (name, f"{a[:, -1].mean():.3f}", f"{a[:, -1].min():.3f} to {a[:, -1].max():.3f}", f"{loss[:, -1].mean():.4f}")
        for name, (a, loss, _) in found.items()
    ]
    columns = ("rate", "held-out accuracy", "over the splits", "training loss")
    findings.table(f"After {EPOCHS} epochs, {steps} steps each; ten splits", columns, rows)
    pairs = {"by time": by_time[0] - constant[0], "by drops": by_drops[0] - constant_9[0]}
    gains = [(name, "{:+.4f} to {:+.4f}".format(*interval(gain[:, -1]))) for name, gain in pairs.items()]
    findings.table("Accuracy gained over a constant rate: mean -+ two standard errors", ("rate", "gain"), gains)
    findings.figure("Training loss", drawn({name: loss for name, (_, loss, _) in found.items()}, "loss", yscale="log"))
    rates = {name: rate for name, (_, _, rate) in found.items()}
    findings.figure("Learning rate in use", drawn(rates, "learning rate"))
