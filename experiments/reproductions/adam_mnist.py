"""Kingma & Ba 2015 on MNIST, figure 1, left, and figure 2: softmax regression, and a network with dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...optim import NAG, Adadelta, Adagrad, Adam, Optimizer, RMSprop
from ...schedules import InverseSqrt
from ..batched import NetworkTask, train
from .base import Findings, reproduction
from .comparison import AtBest, ahead, contest, mnist, show

SOURCE = "Kingma & Ba 2015, arXiv:1412.6980"


def contests(task: NetworkTask, optimizers: dict[str, tuple[Optimizer, Any, Any]], epochs: int) -> dict[str, AtBest]:
    """Each optimizer at the best of its rates, under its schedule: the training loss."""
    return {
        name: contest(lambda lrs, seeds: train(spec, task, epochs, seeds, lr=[*map(schedule, lrs)]).train, lrs)  # noqa: B023
        for name, (spec, schedule, lrs) in optimizers.items()
    }


@reproduction(
    "adam-mnist",
    "On MNIST Adam is as fast as Nesterov's momentum, both faster than Adagrad at a rate that decays as theirs",
    f"{SOURCE}, section 6.1 and figure 1, left",
)
def regression(findings: Findings) -> None:
    """As in the paper: softmax regression on all 60,000 images, L2, lr / sqrt(t), batches of 128.

    Not in the paper, so ours: L2 of 1e-4; the rates, each optimizer's best of a grid by its last training loss on two
    seeds, judged on five others; momentum 0.9; ten epochs of its 45. "Similar" we took as a difference below 5 %, and
    "faster" as a lower loss at every seed, with no regard to our runs.

    Under the common schedule Adagrad's rate decays twice, as its own sum of squares decays it already. At a constant
    one it keeps up with Adam, and Nesterov's method is behind it. At rates that are good in the end Nesterov's first
    epoch is behind Adagrad's too. Both are in the second table.
    """
    decay = {"weight_decay": 1e-4}
    optimizers = {
        "Adam": (Adam(**decay), InverseSqrt, (0.03, 0.1, 0.3)),
        "Nesterov": (NAG(lr=1, momentum=0.9, **decay), InverseSqrt, (1.0, 3.0, 10.0)),
        "Adagrad, 1 / sqrt(t)": (Adagrad(**decay), InverseSqrt, (0.1, 0.3, 1.0)),
        "Adagrad, constant rate": (Adagrad(**decay), float, (0.03, 0.1, 0.3)),
    }
    found = contests(mnist(60_000), optimizers, 10)
    adam, nesterov, adagrad, constant = (best.losses for best in found.values())
    apart = float(np.abs(adam[:, -1] / nesterov[:, -1] - 1).max())
    claim = "Adam's loss over Nesterov's after 10 epochs, farthest from 1 of the seeds"
    findings.below(claim, 0.05, apart, basis="words")
    for name, faster in (("Adam", adam), ("Nesterov", nesterov)):
        for epoch in (5, 10):
            claim = f"after {epoch} epochs {name} is ahead of Adagrad"
            ahead(findings, claim, faster[:, epoch - 1], adagrad[:, epoch - 1])
    show(findings, "Softmax regression on MNIST, each at its best rate", found, (1, 2, 5, 10), "training loss")
    rows = [
        (f"{name} ahead of {other}", *(int(np.sum(a[:, t - 1] < b[:, t - 1])) for t in (1, 2, 3, 5, 10)))
        for other, b in (("Adagrad, 1 / sqrt(t)", adagrad), ("Adagrad, constant rate", constant))
        for name, a in (("Adam", adam), ("Nesterov", nesterov))
    ]
    title = "The paper's claim, not seen here in the first epochs and at a constant rate: seeds of 5 with a lower loss"
    findings.table(title, ("order", *(f"epoch {t}" for t in (1, 2, 3, 5, 10))), rows)


@reproduction(
    "adam-dropout",
    "A network with dropout on MNIST: Adam converges better than the others",
    f"{SOURCE}, section 6.2 and figure 2, a",
)
def dropout(findings: Findings) -> None:
    """As in the paper: MNIST, two hidden layers of ReLU with dropout, batches of 128, a constant rate, five optimizers.

    Reduced: 784-128-128-10 in place of 784-1000-1000-10, 6,400 images in place of 60,000, five epochs in place of 200.
    Not in the paper, so ours: half of the hidden units left out; the rates, each optimizer's best of a grid by its last
    training loss on two seeds, judged on five others. "Better" we took as a lower loss after the last epoch at every
    seed. That this is so on the two seeds, and with 9,600 images on the five, was known before;
    the size was then cut for time.
    """
    optimizers = {
        "Adam": (Adam(), float, (1e-3, 3e-3, 1e-2)),
        "Adagrad": (Adagrad(), float, (1e-2, 3e-2, 1e-1)),
        "RMSprop": (RMSprop(), float, (3e-4, 1e-3, 3e-3)),
        "Nesterov": (NAG(lr=1, momentum=0.9), float, (1e-2, 3e-2, 1e-1)),
        "Adadelta": (Adadelta(rho=0.95), float, (0.3, 1.0, 3.0)),
    }
    found = contests(mnist(6_400, hidden=(128, 128), dropout=0.5), optimizers, 5)
    adam, *others = found
    for name in others:
        ahead(findings, f"after 5 epochs Adam is ahead of {name}", found[adam].losses[:, -1], found[name].losses[:, -1])
    show(findings, "784-128-128-10 with dropout, each at its best rate", found, (1, 2, 3, 5), "training loss")
