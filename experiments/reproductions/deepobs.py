"""Schneider, Balles & Hennig 2019: the published runs of `quadratic_deep`, run for run."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...optim import SGD, Adam, Momentum
from ...schedules import range_test
from ..errors import UsageError
from ..figures import style
from .base import Findings, reproduction
from .quadratic_deep import Problem, quadratic_deep, train

Array = NDArray[np.float64]
SOURCE = "Schneider, Balles & Hennig 2019, ICLR, arXiv:1903.05499"

LRS = 10.0 ** np.linspace(-5, 2, 36)
OPTIMIZERS = {"SGD": SGD(lr=1.0), "Momentum": Momentum(lr=1.0, momentum=0.99), "Adam": Adam(lr=1.0)}

THEIR_NAMES = {"GradientDescentOptimizer": "SGD", "MomentumOptimizer": "Momentum", "AdamOptimizer": "Adam"}


@cache
def sweep(name: str) -> Array:
    """The last test loss at every rate, (36,): mean of twenty orders of the batches."""
    mean: Array = train(OPTIMIZERS[name], LRS, range(20)).mean(axis=1)
    return mean


@reproduction(
    "deepobs", "DeepOBS's quadratic_deep from its seeds: losses, limits of stability, a trap in the batch order", SOURCE
)
def deepobs(findings: Findings) -> None:
    """What the paper and its baselines state, at 36 rates of three optimizers and ten seeds of the best."""
    problem = quadratic_deep()
    largest = float(np.linalg.eigvalsh(problem.curvature)[-1])
    findings.close("test loss at the start", 353.446764, float(problem.loss(np.ones(100), problem.test)), rel=1e-6)
    for name, limit, published in (("SGD", 2 / largest, 10**-1.4), ("Momentum", 2 * 1.99 / largest, 10**-1.0)):
        first = LRS[np.argmax(np.isinf(sweep(name)))]
        findings.close(f"{name}: the lowest rate of the grid that diverges", published, first, rel=1e-9)
        claim = f"{name}: the lowest rate of the grid above the limit of stability, {limit:.5f}"
        findings.equal(claim, f"{first:.4g}", f"{LRS[np.searchsorted(LRS, limit)]:.4g}")
    findings.equal("Adam: rates that diverge", 0, int(np.isinf(sweep("Adam")).sum()))
    findings.close("a range test breaks at 2 / L", 2 / largest, breaking(problem), rel=0.1)
    findings.picture("Last test loss at every rate, mean of 20 seeds; dotted, the limits of stability", drawn(largest))

    seeds = range(42, 52)
    rows, losses = [], {}
    for name, best, published in (("SGD", -1.8, 87.397), ("Momentum", -2.6, 87.045), ("Adam", -1.4, 87.112)):
        fixed, shuffled = (train(OPTIMIZERS[name], [10**best], seeds, fixed=way)[0] for way in (True, False))
        findings.close(f"{name}: last test loss, mean of ten seeds", published, float(fixed.mean()), off=0.15)
        rows.append((name, f"{10**best:.4g}", published, spread(fixed), spread(shuffled)))
        losses[name] = fixed, shuffled
    findings.above("Momentum with batches shuffled anew at each epoch", 87.6, float(losses["Momentum"][1].mean()))
    columns = ("optimizer", "rate", "published", "the same batches in every epoch", "shuffled anew")
    findings.table("Last test loss at the best rate, mean and standard deviation of ten seeds", columns, rows)
    findings.picture("Ten seeds at the best rate: a fixed order of the batches, and the usual one", trap(losses))


def spread(values: Array) -> str:
    """Mean and standard deviation."""
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def breaking(problem: Problem) -> float:
    """The rate where the error in the steepest direction turns, when it rises by 10 % at every step of descent."""
    x, steepest = np.ones(100), np.linalg.eigh(problem.curvature)[1][:, -1]
    optimizer = SGD([x], lr=1.0)

    def train_step(lr: float) -> float:
        optimizer.lr = lr
        optimizer.step([problem.curvature @ x])
        return float(x @ steepest) ** 2

    test = range_test(train_step, 1e-2, 1e-1, 25)
    return float(test.rates[int(np.argmin(test.losses))])


def drawn(largest: float, published: dict[str, Array] | None = None) -> Figure:
    """Losses against rates; published ones as marks."""
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    for i, name in enumerate(OPTIMIZERS):
        axes.plot(LRS, sweep(name), label=name, **style(i))
        if published:
            axes.plot(LRS, published[name], "o", color=style(i)["color"], markersize=4, fillstyle="none")
    for i, limit in enumerate((2 / largest, 2 * 1.99 / largest)):
        axes.axvline(limit, color=style(i)["color"], linestyle=":", linewidth=1)
    axes.set(xscale="log", yscale="log", ylim=(80, 2000), xlabel="learning rate", ylabel="test loss")
    axes.legend()
    return figure


def trap(losses: dict[str, tuple[Array, Array]]) -> Figure:
    """A mark for every seed."""
    figure = Figure(figsize=(6.5, 3), layout="constrained")
    axes = figure.subplots()
    for way, (label, mark, shift) in enumerate((("fixed", "o", 0.15), ("shuffled anew", "s", -0.15))):
        points = [(value, i + shift) for i, pair in enumerate(losses.values()) for value in pair[way]]
        axes.plot(*np.transpose(points), mark, color=style(2 - way)["color"], fillstyle="none", label=label)
    axes.set(xlabel="last test loss", yticks=range(len(losses)), yticklabels=losses)
    axes.legend(title="order of batches")
    return figure


@reproduction(
    "deepobs-cells",
    "Each of the 108 published runs of quadratic_deep",
    f"{SOURCE}; github.com/fsschneider/DeepOBS_Baselines, 2019",
)
def cells(findings: Findings) -> None:
    """The authors' last test losses: finite where ours are, and within 0.2 % up to the best rate."""
    published = baselines()
    for name, theirs in published.items():
        ours = sweep(name)
        same = int(np.sum(np.isfinite(ours) == np.isfinite(theirs)))
        findings.equal(f"{name}: rates of 36 where both diverge or neither does", 36, same)
        upto = LRS[np.nanargmin(theirs)] * 1.001 >= LRS
        error = np.abs(ours[upto] / theirs[upto] - 1)
        findings.below(f"{name}: largest relative error at the {upto.sum()} rates up to the best", 0.002, error.max())
    pairs = [values for name in OPTIMIZERS for values in (published[name], sweep(name))]
    rows = [
        [f"{value:.5g}" if np.isfinite(value) else "diverged" for value in row] for row in zip(LRS, *pairs, strict=True)
    ]
    columns = ("learning rate", *(f"{name}, {whose}" for name in OPTIMIZERS for whose in ("published", "here")))
    findings.table("Last test losses", columns, rows)
    largest = float(np.linalg.eigvalsh(quadratic_deep().curvature)[-1])
    findings.picture("Lines: here, mean of 20 seeds; rings: published, one seed", drawn(largest, published))


def baselines() -> dict[str, Array]:
    """The published last test losses by optimizer, (36,), at LRS, seed 42; NaN is infinite.

    Raises:
        UsageError: the file isn't there.
    """
    folder = os.environ.get("GLISSADE_DATA")
    path = Path(folder or "", "deepobs", "quadratic_deep_baselines.json")
    if not folder or not path.is_file():
        raise UsageError(
            f"The published runs aren't here. Received: GLISSADE_DATA={folder}. Needed: deepobs/{path.name} in that "
            "folder: the run files of github.com/fsschneider/DeepOBS_Baselines under quadratic_deep/ as one list."
        )
    found = {name: np.full(len(LRS), np.nan) for name in OPTIMIZERS}
    runs: list[dict[str, Any]] = json.loads(path.read_text())["runs"]
    for run in runs:
        if run["seed"] == 42:
            nearest = np.argmin(np.abs(np.log(LRS / run["lr"])))
            found[THEIR_NAMES[run["optimizer"]]][nearest] = run["test_losses"][-1]
    return found
