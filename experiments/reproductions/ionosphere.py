"""The ionosphere example of learning-rate articles: a 34-34-1 network with inverse-time decay and with step decay."""

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
from .comparison import check_lower, mean_interval, plot_curves

Array = NDArray[Any]
EPOCHS, BATCH = 50, 28
SEEDS = range(100, 110)


class Returns(NamedTuple):
    """Inputs X, (n, 34), and targets y, (n, 1): whether the radar return is good."""

    X: Array
    y: Array


def thirds(seed: int) -> tuple[Returns, Returns]:
    """Return two thirds of the data for training, and one third for validation."""
    X, y = load("ionosphere").split("train", "validation", "test")
    y = y.astype(np.float32)[:, None]
    held, rest = np.split(np.random.default_rng(seed).permutation(len(y)), [round(0.33 * len(y))])
    return Returns(X[rest], y[rest]), Returns(X[held], y[held])


def train(optimizer: Momentum, seed: int) -> Array:
    """Return validation accuracy, training loss and last learning rate of each epoch, (3, epochs)."""
    rng = np.random.default_rng(seed)
    network = nn.Sequential(nn.Linear(34, 34, rng=rng), nn.ReLU(), nn.Linear(34, 1, rng=rng))
    loss = nn.binary_cross_entropy_with_logits
    bound, (seen, held), found = optimizer.bind(network.parameters()), thirds(seed), []
    for _ in range(EPOCHS):
        order, total = rng.permutation(len(seen.y)), 0.0
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            rate = float(optimizer.lr(bound.t)) if isinstance(optimizer.lr, Schedule) else optimizer.lr
            step = training_step(bound, lambda: loss(network(seen.X[rows]), seen.y[rows]))  # noqa: B023
            total += step.loss * len(rows) / len(order)
        with no_grad():
            accuracy = np.mean((network(held.X).data > 0) == held.y)
        found.append((accuracy, total, rate))
    return np.array(found).T


@reproduction(
    "ionosphere",
    "A network on the ionosphere data learns with inverse-time decay and with step decay",
    "the question: two examples of articles on schedules in Keras, since 2016; the data: Sigillito et al. 1989",
)
def ionosphere(findings: Findings) -> None:
    """As in the examples: a 34-34-1 network, 50 epochs, batches of 28, a third for validation.

    Inverse-time decay: 0.1 / (1 + 0.002 k), where k counts updates, and momentum 0.8. Step decay: 0.1, halved every 10
    epochs, and momentum 0.9.

    Different: ten splits instead of one, and a constant 0.1 for comparison. We use no accuracy of the examples. We
    check the learning rates, and that the accuracy is above that of the more frequent class for every split. Nothing is
    tuned. The decays do not raise the accuracy here: both intervals contain 0.
    """
    steps = -(-len(thirds(0)[0].y) // BATCH)
    optimizers = {
        "inverse-time decay, momentum 0.8": Momentum(lr=InverseTime(0.1, 0.002), momentum=0.8),
        "constant, momentum 0.8": Momentum(lr=0.1, momentum=0.8),
        "step decay, momentum 0.9": Momentum(lr=PerEpoch(Step(0.1, 0.5, 10), steps), momentum=0.9),
        "constant, momentum 0.9": Momentum(lr=0.1, momentum=0.9),
    }
    found = {
        name: np.stack([train(optimizer, seed) for seed in SEEDS], axis=1) for name, optimizer in optimizers.items()
    }
    good = np.array([thirds(seed)[1].y.mean() for seed in SEEDS])
    inverse_time, constant, step_decay, constant_9 = found.values()
    for name, (accuracy, _, _) in found.items():
        claim = f"{name}: validation accuracy above that of the more frequent class"
        check_lower(findings, claim, np.maximum(good, 1 - good), accuracy[:, -1])
    last = 0.1 / (1 + 0.002 * (EPOCHS * steps - 1))
    claim = "inverse-time decay: the last learning rate"
    findings.close(claim, last, inverse_time[2, 0, -1], rtol=1e-12, basis="theory")
    findings.close("step decay: the last learning rate", 0.1 / 2**4, step_decay[2, 0, -1], rtol=1e-12, basis="theory")
    rows = [
        (name, f"{a[:, -1].mean():.3f}", f"{a[:, -1].min():.3f} to {a[:, -1].max():.3f}", f"{loss[:, -1].mean():.4f}")
        for name, (a, loss, _) in found.items()
    ]
    columns = ("learning rate", "validation accuracy", "range of the splits", "training loss")
    findings.table(f"After {EPOCHS} epochs, {steps} steps each; ten splits", columns, rows)
    pairs = {"inverse-time decay": inverse_time[0] - constant[0], "step decay": step_decay[0] - constant_9[0]}
    gains = [(name, "{:+.4f} to {:+.4f}".format(*mean_interval(gain[:, -1]))) for name, gain in pairs.items()]
    title = "Accuracy gained over a constant learning rate: mean -+ two standard errors"
    findings.table(title, ("decay", "gain"), gains)
    losses = {name: loss for name, (_, loss, _) in found.items()}
    findings.figure("Training loss", plot_curves(losses, "loss", yscale="log"))
    rates = {name: rate for name, (_, _, rate) in found.items()}
    findings.figure("Learning rate", plot_curves(rates, "learning rate"))
