"""What a learning rate does: too small, good, too large; RMSprop with a large epsilon; Adam, RAdam and AdamW."""

from __future__ import annotations

import numpy as np

from ...optim import SGD, Adam, AdamW, Momentum, RAdam, RMSprop
from ...schedules import Step
from .base import Findings, reproduction
from .curves import drawn
from .networks import train
from .tasks import digits, images

SEEDS = range(3)


@reproduction(
    "rate-sizes",
    "A learning rate that is too small crawls, one that is too large does not learn",
    "the question: introductions to training; Bengio 2012, arXiv:1206.5533, 3.1.1",
)
def sizes(findings: Findings) -> None:
    """SGD on a 64-32-10 network and digits, 20 epochs."""
    lrs = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    curves = train(SGD(lr=1.0), digits(), 20, SEEDS, lr=lrs)
    rows = [
        (f"{lr:g}", *(f"{curve[i, :, -1].mean():.3g}" for curve in (curves.train, curves.test, curves.error)))
        for i, lr in enumerate(lrs)
    ]
    findings.table("After 20 epochs, mean of three seeds", ("rate", "training loss", "test loss", "test error"), rows)
    last = np.where(np.isfinite(curves.train[:, :, -1]), curves.train[:, :, -1], np.inf)
    good = last.mean(axis=1).min()
    findings.above("training loss at 0.001 over that at the best rate, least of the seeds", 10.0, last[0].min() / good)
    findings.above("training loss at 10, least of the seeds; that of guessing is 2.3", 2.25, last[-1].min())
    shown = {f"rate {lr:g}": curve for lr, curve in zip(lrs, curves.train, strict=True)}
    findings.picture("SGD at five rates", drawn(shown, "training loss", yscale="log"))


@reproduction(
    "rmsprop-epsilon",
    "With epsilon 1 RMSprop is all but momentum, and stands a rate of 0.045",
    "Szegedy, Vanhoucke, Ioffe, Shlens & Wojna 2016, arXiv:1512.00567, 8",
)
def epsilon(findings: Findings) -> None:
    """Rate 0.045 times 0.94 every two epochs, rho = momentum = 0.9: the settings of Inception on a 64-32-10 network."""
    task, epochs = digits(), 30
    falling = [Step(0.045, 0.94, 2 * task.steps)]
    found = {
        "RMSprop, epsilon 1": train(RMSprop(rho=0.9, momentum=0.9, eps=1.0), task, epochs, SEEDS, lr=falling),
        "RMSprop, epsilon 1e-8": train(RMSprop(rho=0.9, momentum=0.9, eps=1e-8), task, epochs, SEEDS, lr=falling),
        "Momentum": train(Momentum(lr=1.0, momentum=0.9), task, epochs, SEEDS, lr=falling),
    }
    rows = [(name, *(f"{curve[0, :, -1].mean():.3g}" for curve in curves)) for name, curves in found.items()]
    columns = ("optimizer", "training loss", "test loss", "test error")
    findings.table("After 30 epochs, mean of three seeds", columns, rows)
    large, small, momentum = (curves.train[0] for curves in found.values())
    gap = float(np.abs(large[:, 0] / momentum[:, 0] - 1).max())
    findings.below("first epoch: training loss with epsilon 1 against Momentum's, largest share", 0.1, gap)
    ratio = float((small[:, -1] / large[:, -1]).min())
    findings.above("last epoch: training loss with epsilon 1e-8 over that with 1, least of the seeds", 1.0, ratio)
    shown = {name: curves.train[0] for name, curves in found.items()}
    findings.picture("0.045, times 0.94 every two epochs", drawn(shown, "training loss", yscale="log"))


@reproduction(
    "adam-radam-adamw",
    "Adam, RAdam and AdamW at equal training loss",
    "Kingma & Ba 2015, arXiv:1412.6980; Liu et al. 2020, arXiv:1908.03265; Loshchilov & Hutter 2019, arXiv:1711.05101",
)
def variants(findings: Findings) -> None:
    """A 784-64-10 network on 6,400 images of MNIST, 12 epochs, at rates of 1e-3 and 1e-2."""
    task, lrs, target = images(6_400, hidden=(64,)), (1e-3, 1e-2), 0.4
    specs = {"Adam": Adam(), "RAdam": RAdam(), "AdamW, decay 0.01": AdamW(), "AdamW, decay 1": AdamW(weight_decay=1.0)}
    found = {name: train(spec, task, 12, SEEDS, lr=lrs) for name, spec in specs.items()}
    rows, errors = [], {}
    for i, lr in enumerate(lrs):
        for name, curves in found.items():
            reached = np.argmax(curves.train[i] < target, axis=1)
            there = [curves.error[i, seed, epoch] for seed, epoch in enumerate(reached)]
            errors[name, lr] = float(np.mean(there))
            last = (f"{curve[i, :, -1].mean():.4f}" for curve in curves)
            rows.append((name, f"{lr:g}", *last, f"{1 + reached.mean():.1f}", f"{errors[name, lr]:.4f}"))
    columns = (
        "optimizer",
        "rate",
        "training loss",
        "test loss",
        "test error",
        f"epochs to {target}",
        "test error there",
    )
    findings.table(
        "After 12 epochs, and where the training loss first is below 0.4; mean of three seeds", columns, rows
    )
    for name in ("RAdam", "AdamW, decay 0.01"):
        difference = errors[name, 1e-3] - errors["Adam", 1e-3]
        findings.close(f"{name}: test error at equal training loss, less Adam's", 0.0, difference, off=0.01)
    slower = found["RAdam"].train[0, :, 0] / found["Adam"].train[0, :, 0]
    findings.above("RAdam's loss in the first epoch over Adam's, least of the seeds", 1.0, float(slower.min()))
    shown = {name: curves.train[0] for name, curves in found.items()}
    findings.picture("At a rate of 1e-3", drawn(shown, "training loss", yscale="log"))
