"""Does Adam gain from a rate that falls? Asked in many articles; answered on digits, MNIST, and a table of bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...optim import Adam
from ...optim.dialects import tf1
from ...schedules import Constant, Cosine, InverseSqrt, Piecewise, Schedule
from .base import Findings, reproduction
from .curves import drawn
from .networks import Curves, Task, train
from .tasks import digits, images

SEEDS = range(3)


def exponential(lr: float) -> Schedule:
    """As TF1's users write it: `tf.train.exponential_decay(lr, step, 1, 0.9999)`."""
    schedule: Schedule = tf1.exponential_decay(lr, tf1.Variable(0, trainable=False), 1, 0.9999)
    return schedule


def schedules(steps: int) -> dict[str, Callable[[float], Schedule]]:
    """What a rate may do over so many steps."""
    return {
        "constant": Constant,
        "exponential, 0.9999": exponential,
        "1 / sqrt(t)": InverseSqrt,
        "cosine": lambda lr: Cosine(lr, 0.0, steps),
    }


TOO_LARGE = 0.15  # an article's start: exponential_decay(0.15, step, 1, 0.9999)


@reproduction(
    "adam-decay",
    "A falling rate rescues Adam from one that is too large; what it gains at a good one",
    "the question: articles on learning rates since 2017; 1 / sqrt(t): Kingma & Ba 2015, arXiv:1412.6980, 6.1",
)
def decay(findings: Findings) -> None:
    """Four schedules, each at the best of its rates, and from 0.15."""
    for title, task, epochs in (("digits", digits(), 30), ("MNIST", images(6_400, hidden=(32,)), 10)):
        best, large, rows = {}, {}, []
        for name, schedule in schedules(epochs * task.steps).items():
            lrs = (0.003, 0.01, 0.03, 0.1, TOO_LARGE)
            curves = train(Adam(), task, epochs, SEEDS, lr=[schedule(lr) for lr in lrs])
            chosen = int(np.argmin(curves.train[:, :, -1].mean(axis=1)))
            best[name], large[name] = curves.train[chosen], curves.train[-1]
            rows.append((name, lrs[chosen], *row(curves, chosen), *row(curves, -1)))
        columns = ("training loss", "test loss", "test error")
        wide = ("schedule", "best rate", *columns, *(f"{column}, from {TOO_LARGE}" for column in columns))
        findings.table(f"{title}: after {epochs} epochs, mean of {len(SEEDS)} seeds", wide, rows)
        findings.picture(f"{title}: each schedule at its best rate", drawn(best, "training loss", yscale="log"))
        findings.picture(f"{title}: from {TOO_LARGE}", drawn(large, "training loss", yscale="log"))
        for name in ("1 / sqrt(t)", "cosine"):
            gain = float((large["constant"][:, -1] / large[name][:, -1]).min())
            findings.above(
                f"{title}, from {TOO_LARGE}: training loss, constant over {name}, least of the seeds", 1.0, gain
            )


def row(curves: Curves, setting: int) -> tuple[str, ...]:
    """The last of the three curves, means of the seeds."""
    return tuple(f"{curve[setting, :, -1].mean():.3g}" for curve in curves)


def bodies() -> Task:
    """Heights of 1.4 to 2 m and weights of 30 to 120 kg, and what the body-mass index says: thin, normal, heavy."""
    rng = np.random.default_rng(0)
    height, weight = rng.uniform(1.4, 2.0, 6000), rng.uniform(30, 120, 6000)
    y = np.digitize(weight / height**2, (18.5, 25.0)).astype(np.int64)
    X = np.stack([height / 2, weight / 120], axis=1).astype(np.float32)
    return Task(X[:4000], y[:4000], X[4000:], y[4000:], hidden=(32, 32), batch=50)


@reproduction(
    "adam-bmi",
    "Lowering Adam's rate from 1e-3 to 1e-4 to 1e-5 lifts the accuracy of a classifier of body-mass indices",
    "articles on learning rates, as 2017 and later; the index: Quetelet 1832; the classes: WHO 2000",
)
def body_mass(findings: Findings) -> None:
    """2-32-32-3 on 4,000 bodies, 60 epochs: 40 at 1e-3, ten at 1e-4, ten at 1e-5; and constant rates. Ten seeds."""
    task, seeds = bodies(), range(10)
    ways: dict[str, Any] = {
        "1e-3, 1e-4, 1e-5": Piecewise((1e-3, 1e-4, 1e-5), (40 * task.steps, 50 * task.steps)),
        "1e-3": 1e-3,
        "1e-4": 1e-4,
        "1e-5": 1e-5,
    }
    error = train(Adam(), task, 60, seeds, lr=list(ways.values())).error
    ends = (40, 50, 60)
    rows = [(name, *(f"{1 - error[i, :, end - 1].mean():.4f}" for end in ends)) for i, name in enumerate(ways)]
    columns = ("rate", *(f"after {end} epochs" for end in ends))
    findings.table("Accuracy on unseen bodies, mean of ten seeds", columns, rows)
    lift = error[0, :, 39] - error[0, :, 49]
    findings.above("accuracy after ten epochs at 1e-4, less that before: mean of the seeds", 0.0, float(lift.mean()))
    findings.above("seeds of ten whose accuracy rises", 7, int(np.sum(lift > 0)))
    title = "Share of unseen bodies in the wrong class; the rate is lowered at 40 and 50"
    findings.picture(title, drawn(dict(zip(ways, error, strict=True)), "test error", yscale="log"))
