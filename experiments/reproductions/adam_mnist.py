"""Kingma & Ba 2015 on MNIST, figure 1, left, and figure 2: softmax regression, and a network with dropout."""

from __future__ import annotations

from typing import Any

from ...optim import NAG, Adadelta, Adagrad, Adam, Optimizer, RMSprop
from ...schedules import InverseSqrt
from .base import Findings, reproduction
from .curves import AtBest, at_best, show
from .networks import Task, train
from .tasks import images

SOURCE = "Kingma & Ba 2015, arXiv:1412.6980"
SEEDS = range(3)


def contest(task: Task, optimizers: dict[str, tuple[Optimizer, Any, Any]], epochs: int) -> dict[str, AtBest]:
    """Each optimizer, at each of its rates under its schedule: the training loss at the best."""
    found = {}
    for name, (spec, schedule, lrs) in optimizers.items():
        curves = train(spec, task, epochs, SEEDS, lr=[schedule(lr) for lr in lrs])
        found[name] = at_best(lrs, curves.train)
    return found


@reproduction(
    "adam-mnist", "On MNIST Adam is as fast as Nesterov's momentum, both faster than Adagrad", f"{SOURCE}, 6.1"
)
def regression(findings: Findings) -> None:
    """Softmax regression on 20,000 images, lr / sqrt(t), batches of 128; L2 of 1e-4, which the paper does not give.

    Under the common schedule Adagrad's rate decays twice, as its own sum of squares decays it already; at a constant
    one it keeps up with Adam.
    """
    decay = {"weight_decay": 1e-4}
    optimizers = {
        "Adam": (Adam(**decay), InverseSqrt, (0.03, 0.1, 0.3)),
        "Nesterov": (NAG(lr=1, momentum=0.9, **decay), InverseSqrt, (1.0, 3.0, 10.0)),
        "Adagrad, 1 / sqrt(t)": (Adagrad(**decay), InverseSqrt, (0.1, 0.3, 1.0)),
        "Adagrad, constant rate": (Adagrad(**decay), float, (0.03, 0.1, 0.3)),
    }
    found = contest(images(20_000), optimizers, 10)
    adam, nesterov, adagrad = (found[name] for name in ("Adam", "Nesterov", "Adagrad, 1 / sqrt(t)"))
    findings.close("loss after 10 epochs, Adam over Nesterov", 1, adam.after(10) / nesterov.after(10), rel=0.05)
    for name, faster in (("Adam", adam), ("Nesterov", nesterov)):
        for epoch in (5, 10):
            lead = (adagrad.losses - faster.losses)[:, epoch - 1].min()
            findings.above(f"after {epoch} epochs Adagrad's loss less {name}'s, the least of the seeds", 0.0, lead)
    show(findings, "Softmax regression on MNIST, each at its best rate", found, (1, 2, 5, 10), "training loss")


@reproduction(
    "adam-dropout", "A network with dropout on MNIST: Adam converges better than the others", f"{SOURCE}, 6.2"
)
def dropout(findings: Findings) -> None:
    """784-64-64-10 in place of 784-1000-1000-10, half of the hidden units left out, 4,800 images."""
    optimizers = {
        "Adam": (Adam(), float, (3e-4, 1e-3, 3e-3)),
        "Adagrad": (Adagrad(), float, (3e-3, 1e-2, 3e-2)),
        "RMSprop": (RMSprop(), float, (3e-4, 1e-3, 3e-3)),
        "Nesterov": (NAG(lr=1, momentum=0.9), float, (1e-2, 3e-2, 1e-1)),
        "Adadelta": (Adadelta(rho=0.95), float, (0.3, 1.0, 3.0)),
    }
    found = contest(images(4_800, hidden=(64, 64), dropout=0.5), optimizers, 8)
    others = {name: best.after(8) for name, best in found.items() if name != "Adam"}
    for name, loss in others.items():
        findings.below(f"loss after 8 epochs, Adam over {name}", 1.05, found["Adam"].after(8) / loss)
    show(findings, "784-64-64-10 with dropout, each at its best rate", found, (1, 3, 8), "training loss")
