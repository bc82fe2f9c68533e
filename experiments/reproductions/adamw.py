"""Loshchilov & Hutter 2019: where good rates and weight decays lie, for L2 and for decoupled decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...optim import SGD, Adam, AdamW, Momentum, Optimizer
from ...schedules import Cosine
from ..datasets import load
from .base import Findings, reproduction
from .networks import Task, train

Array = NDArray[Any]
SOURCE = "Loshchilov & Hutter 2019, ICLR, arXiv:1711.05101"

EPOCHS = 100
SHARES = 2.0 ** -np.arange(5)  # of the largest rate
DECAYS = 2.0 ** np.arange(-12, 1, 1.5)  # of L2; of x at each step, in tenths, if decoupled


def noisy_digits() -> Task:
    """512 digits, a fifth of them with a random label, so that a network that is not held back learns the noise."""
    data, rng = load("digits"), np.random.default_rng(0)
    y = data.y_train[:512].copy()
    wrong = rng.random(len(y)) < 0.2
    y[wrong] = rng.integers(0, 10, int(wrong.sum()))
    return Task(data.X_train[: len(y)], y, data.X_test, data.y_test, hidden=(32,), batch=64)


def basin(task: Task, spec: Optimizer, largest: float, option: str, decoupled: bool) -> Array:
    """Last test loss at every rate and decay, (rates, decays), under a cosine.

    Ours multiplies a decoupled decay by the rate, the paper's by the cosine alone: divided by the first rate it is the
    paper's.
    """
    lrs, decays = (axis.ravel() for axis in np.meshgrid(largest * SHARES, DECAYS, indexing="ij"))
    cosines = [Cosine(float(lr), 0.0, EPOCHS * task.steps) for lr in lrs]
    own = 0.1 * decays / lrs if decoupled else decays
    losses = train(spec, task, EPOCHS, [0], lr=cosines, **{option: own}).test[:, 0, -1]
    return losses.reshape(len(SHARES), len(DECAYS))


def tilt(losses: Array) -> float:
    """By how many octaves the best decay rises when the rate rises by one: weights fall by e every 0.02 of loss."""
    weights = np.exp((losses.min(axis=1, keepdims=True) - losses) / 0.02)
    centres = weights @ np.log2(DECAYS) / weights.sum(axis=1)
    return float(np.polyfit(np.log2(SHARES), centres, 1)[0])


@reproduction(
    "adamw-basins",
    "Decoupling turns the basin of good rates and decays by an octave for an octave",
    f"{SOURCE}, figure 2",
)
def basins(findings: Findings) -> None:
    """A 64-32-10 network in place of a ResNet.

    L2 of w acts as a decoupled decay of rate * w, for SGD exactly: at twice the rate, half of it does. This turns the
    basin by one. That the decoupled one lies along the axes, as in the paper, depends on the task: here it does not.
    """
    task = noisy_digits()
    momentum = Momentum(lr=1.0, momentum=0.9)
    found = {
        "Momentum, L2": basin(task, momentum, 0.25, "weight_decay", False),
        "Momentum, decoupled": basin(task, momentum, 0.25, "decoupled_weight_decay", True),
        "Adam, L2": basin(task, Adam(), 0.0625, "weight_decay", False),
        "AdamW": basin(task, AdamW(), 0.0625, "weight_decay", True),
    }
    tilts = {name: tilt(losses) for name, losses in found.items()}
    for coupled, decoupled in (("Momentum, L2", "Momentum, decoupled"), ("Adam, L2", "AdamW")):
        claim = f"{decoupled} less {coupled}: octaves of decay for an octave of rate"
        findings.close(claim, 1.0, tilts[decoupled] - tilts[coupled], off=0.35)
    rows = [(name, f"{tilts[name]:.2f}", f"{x.min():.3f}", f"{x[:, 0].min():.3f}") for name, x in found.items()]
    columns = ("optimizer", "tilt", "lowest test loss", "lowest with the least decay")
    findings.table("Octaves of best decay for an octave of rate, and what decay gains", columns, rows)
    findings.picture("Last test loss; a ring marks the best decay of each rate", drawn(found))


@reproduction(
    "adamw-identity", "L2 and decoupled decay are one for SGD, and two for Adam", f"{SOURCE}, propositions 1 and 2"
)
def identity(findings: Findings) -> None:
    """Equal settings on 1,000 random gradients."""
    for spec in (SGD(lr=0.01), Adam(lr=0.01)):
        gradients = np.random.default_rng(0).normal(size=(1000, 20)) * np.geomspace(0.01, 100, 20)
        coupled, decoupled = np.ones(20), np.ones(20)
        first = spec.replace(weight_decay=0.1).bind([coupled])
        second = spec.replace(decoupled_weight_decay=0.1).bind([decoupled])
        for g in gradients:
            first.step([g])
            second.step([g])
        apart = float(np.abs(coupled - decoupled).max() / np.abs(decoupled).max())
        if isinstance(spec, SGD):
            findings.close("SGD: largest difference, relative to the largest x", 0.0, apart, off=1e-12)
        else:
            findings.above("Adam: largest difference, relative to the largest x", 0.1, apart)


def drawn(basins: Mapping[str, Array]) -> Figure:
    """A heat map for each optimizer, on one scale."""
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True)
    low = min(losses.min() for losses in basins.values())
    for axes, (name, losses) in zip(grid.flat, basins.items(), strict=True):
        mesh = axes.imshow(losses, aspect="auto", cmap="viridis_r", vmin=low, vmax=low + 0.4)
        best = losses.argmin(axis=1)
        axes.plot(best, range(len(best)), "o", color="white", fillstyle="none")
        axes.set_title(name, fontsize="medium")
        axes.set_yticks(range(len(SHARES)), [f"1/{1 / share:g}" for share in SHARES])
        axes.set_xticks(range(0, len(DECAYS), 2), [f"2^{np.log2(decay):g}" for decay in DECAYS[::2]])
    figure.supxlabel("weight decay", fontsize="medium")
    figure.supylabel("rate, as a share of the largest", fontsize="medium")
    figure.colorbar(mesh, ax=grid, label="test loss")
    return figure
