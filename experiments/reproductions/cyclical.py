"""Smith 2017: rates that go up and down, and the range test that finds where."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ...autograd import nn
from ...optim import SGD, Momentum
from ...schedules import Cyclic, PerEpoch, RangeTest, range_test
from ..datasets import load
from .base import Findings, reproduction
from .curves import drawn
from .networks import train
from .tasks import digits

SOURCE = "Smith 2017, WACV, arXiv:1506.01186"


def tested() -> RangeTest:
    """A range test of SGD on digits and the 64-32-10 network."""
    data = load("digits")
    network = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    optimizer, rng = SGD(network.parameters(), lr=1.0), np.random.default_rng(0)

    def train_step(lr: float) -> float:
        rows = rng.integers(0, len(data.y_train), 64)
        optimizer.lr = lr
        optimizer.zero_grad()
        loss = nn.cross_entropy(network(data.X_train[rows]), data.y_train[rows])
        loss.backward()
        optimizer.step()
        return float(loss.data)

    return range_test(train_step, 1e-3, 1e2, 200, divergence=2.0)


@reproduction(
    "cyclical", "A triangular rate between the bounds of a range test, against constant rates", f"{SOURCE}, 3 and 4"
)
def cyclical(findings: Findings) -> None:
    """Digits, SGD, 24 epochs in three cycles, up to the rate at which the range test turns, from a quarter of it."""
    test = tested()
    high = float(test.rates[int(np.argmin(test.smoothed))])
    low = high / 4
    task, half = digits(), 4
    lrs = {
        "triangular": Cyclic(low, high, half * task.steps),
        "triangular2": Cyclic(low, high, half * task.steps, mode="triangular2"),
        f"constant, {low:.2g}": low,
        f"constant, {(low + high) / 2:.2g}": (low + high) / 2,
        f"constant, {high:.2g}": high,
    }
    curves = train(SGD(lr=1.0), task, 6 * half, range(3), lr=list(lrs.values()))
    loss = curves.train[:, :, -1].mean(axis=1)
    suggested = test.suggestion is not None and low < test.suggestion < high
    findings.equal("range test: where the loss falls fastest lies between the bounds", True, suggested)
    findings.above("training loss at the constant lower bound over triangular's", 1.0, loss[2] / loss[0])
    findings.below("triangular's over the middle rate's", 1.25, loss[0] / loss[3])
    rows = [(name, *(f"{curve[i, :, -1].mean():.4f}" for curve in curves)) for i, name in enumerate(lrs)]
    columns = ("rate", "training loss", "test loss", "test error")
    findings.table(f"After {6 * half} epochs at the end of a cycle, mean of three seeds", columns, rows)
    findings.picture("The range test: loss against rate", _drawn(test))
    shown = dict(zip(lrs, curves.error, strict=True))
    findings.picture("Three cycles of eight epochs", drawn(shown, "test error", yscale="log"))


def _drawn(test: RangeTest) -> Figure:
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    test.plot(ax=figure.subplots())
    return figure


@reproduction(
    "cyclical-callback",
    "A cyclical rate as a schedule, and set by hand before each epoch: equal numbers",
    f"{SOURCE}, 3.1",
)
def callback(findings: Findings) -> None:
    """Digits, momentum, 8 epochs."""
    data, cycle = load("digits"), Cyclic(0.01, 0.1, 2)
    steps = len(data.y_train) // 64
    runs = []
    for scheduled in (True, False):
        network = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
        spec = Momentum(lr=PerEpoch(cycle, steps) if scheduled else 1.0)
        optimizer, rng, losses = spec.bind(network.parameters()), np.random.default_rng(0), []
        for epoch in range(8):
            if not scheduled:
                optimizer.lr = float(cycle(epoch))
            for rows in rng.permutation(len(data.y_train))[: steps * 64].reshape(steps, 64):
                optimizer.zero_grad()
                loss = nn.cross_entropy(network(data.X_train[rows]), data.y_train[rows])
                loss.backward()
                optimizer.step()
                losses.append(float(loss.data))
        runs.append(losses)
    findings.equal("steps whose losses differ", 0, sum(a != b for a, b in zip(*runs, strict=True)))
    findings.close("the rate at the top of a cycle, epoch 2", 0.1, float(cycle(2)), rel=1e-15)
    findings.close("the rate at its foot, epoch 4", 0.01, float(cycle(4)), rel=1e-15)
