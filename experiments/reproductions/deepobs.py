"""Schneider, Balles & Hennig 2019: the published runs of `quadratic_deep`, one by one."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...optim import SGD, Adam, Momentum
from ..plots import style
from ..plots.figure import Figure
from .base import Findings, reproduction
from .deepobs_baselines import LRS, Published, published
from .quadratic_deep import quadratic_deep, train
from .quadratics import range_test_limit

Array = NDArray[np.float64]
SOURCE = "Schneider, Balles & Hennig 2019, ICLR, arXiv:1903.05499"

OPTIMIZERS = {"SGD": SGD(lr=1.0), "Momentum": Momentum(lr=1.0, momentum=0.99), "Adam": Adam(lr=1.0)}

ORDERS = range(100, 120)  # seeds of the order of the batches: no bound was chosen on these


@cache
def sweep(name: str) -> Array:
    """Return the test losses (36 learning rates, 20 orders of the batches, 101: the start and every epoch)."""
    return train(OPTIMIZERS[name], LRS, ORDERS)


def last(name: str) -> Array:
    """Return the last test loss at every learning rate, (36,), mean over the orders."""
    mean: Array = sweep(name)[:, :, -1].mean(axis=1)
    return mean


@reproduction(
    "deepobs",
    "DeepOBS's quadratic_deep from its seeds: losses, limits of stability, the order of the batches",
    f"{SOURCE}; github.com/fsschneider/DeepOBS_Baselines, 2019",
)
def deepobs(findings: Findings) -> None:
    """As published: the problem from its three seeds, 36 learning rates of three optimizers, 100 epochs, ten seeds of
    the best.

    The order of the batches is TensorFlow's, and not known. We use other orders and average: 20 orders at the 36
    learning rates, ten at the best. The mean of ten must be within 0.15 of the published one. For SGD, whose runs vary
    most, this is two standard errors of the difference.

    In the authors' runs the order is the same in every epoch. If the batches are reshuffled every epoch, as usual,
    Momentum ends above 87.6, which differs from the published mean by twenty times the published standard deviation.
    """
    problem = quadratic_deep()
    largest = float(np.linalg.eigvalsh(problem.curvature)[-1])
    start = float(problem.loss(np.ones(100), problem.test))
    findings.close("test loss at the start", 353.446764, start, rtol=1e-6, basis="published")
    for name, limit, first_bad in (("SGD", 2 / largest, 10**-1.4), ("Momentum", 2 * 1.99 / largest, 10**-1.0)):
        first = LRS[np.argmax(np.isinf(last(name)))]
        claim = f"{name}: the lowest learning rate of the grid that diverges"
        findings.close(claim, first_bad, first, rtol=1e-9, basis="published")
        claim = f"{name}: the lowest learning rate of the grid above the limit of stability, {limit:.5f}"
        findings.equal(claim, f"{LRS[np.searchsorted(LRS, limit)]:.4g}", f"{first:.4g}", basis="theory")
    findings.equal("Adam: learning rates that diverge", 0, int(np.isinf(last("Adam")).sum()), basis="published")
    steepest = np.linalg.eigh(problem.curvature)[1][:, -1]
    limit = range_test_limit(problem.curvature, steepest, 1e-2, 1e-1, 25)  # the learning rate grows by 10 % a step
    findings.close("a range test diverges at 2 / L", 2 / largest, limit, rtol=0.1, basis="theory")
    title = "Last test loss at every learning rate, mean and range of 20 orders; dotted: limits of stability"
    findings.figure(title, plot(largest))

    seeds = range(42, 52)
    rows, losses = [], {}
    for name, best, mean in (("SGD", -1.8, 87.397), ("Momentum", -2.6, 87.045), ("Adam", -1.4, 87.112)):
        both = [train(OPTIMIZERS[name], [10**best], seeds, fixed=order) for order in (True, False)]
        fixed, reshuffled = (curves[0, :, -1] for curves in both)
        claim = f"{name}: last test loss, mean of ten seeds"
        findings.close(claim, mean, float(fixed.mean()), atol=0.15, basis="published")
        rows.append((name, f"{10**best:.4g}", mean, spread(fixed), spread(reshuffled)))
        losses[name] = fixed, reshuffled
    claim = "Momentum with batches reshuffled every epoch: mean of ten seeds"
    findings.above(claim, 87.6, float(losses["Momentum"][1].mean()), basis="published")
    columns = ("optimizer", "learning rate", "published", "same batches in every epoch", "reshuffled")
    findings.table("Last test loss at the best learning rate, mean and standard deviation of ten seeds", columns, rows)
    title = "Ten seeds at the best learning rate: a fixed order of the batches, and reshuffling"
    findings.figure(title, plot_orders(losses))


def spread(values: Array) -> str:
    """Return mean and standard deviation as text."""
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def plot(largest: float, theirs: dict[str, Published] | None = None) -> Figure:
    """Plot loss against learning rate: lines for means, bands for the range of the orders, rings for published ones."""
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    for i, name in enumerate(OPTIMIZERS):
        axes.plot(LRS, last(name), label=name, **style(i))
        ends = np.minimum(sweep(name)[:, :, -1], 1e6)
        axes.fill_between(LRS, ends.min(axis=1), ends.max(axis=1), color=style(i)["color"], alpha=0.15, lw=0)
        if theirs:
            axes.plot(LRS, theirs[name].sweep[:, -1], "o", color=style(i)["color"], markersize=4, fillstyle="none")
    for i, limit in enumerate((2 / largest, 2 * 1.99 / largest)):
        axes.axvline(limit, color=style(i)["color"], linestyle=":", linewidth=1)
    axes.set(xscale="log", yscale="log", ylim=(80, 2000), xlabel="learning rate", ylabel="test loss")
    axes.legend()
    return figure


def plot_orders(losses: dict[str, tuple[Array, Array]]) -> Figure:
    """Plot a marker for every seed."""
    figure = Figure(figsize=(6.5, 3), layout="constrained")
    axes = figure.subplots()
    for order, (label, mark, shift) in enumerate((("fixed", "o", 0.15), ("reshuffled", "s", -0.15))):
        points = [(value, i + shift) for i, pair in enumerate(losses.values()) for value in pair[order]]
        axes.plot(*np.transpose(points), mark, color=style(2 - order)["color"], fillstyle="none", label=label)
    axes.set(xlabel="last test loss", yticks=range(len(losses)), yticklabels=losses)
    axes.legend(title="order of batches")
    return figure


@reproduction(
    "deepobs-cells",
    "Each of the 108 published runs of quadratic_deep, and the learning curves of the best",
    f"{SOURCE}; github.com/fsschneider/DeepOBS_Baselines, 2019",
)
def cells(findings: Findings) -> None:
    """A published run has one order of the batches, which is TensorFlow's and not known; ours are means of 20 orders.

    So a published loss should differ from ours by at most four standard deviations of the orders. The published curves
    are means of ten seeds, ours of 20 orders: they should differ by at most four standard errors. We chose the four on
    other orders. Up to the best learning rate the order hardly matters, and the difference is below 0.2 %.

    Runs that end above float32's range count as diverged.
    """
    theirs = published()
    for name, runs in theirs.items():
        ends, ours = runs.sweep[:, -1], last(name)
        finite = np.isfinite(ours) & np.isfinite(ends)
        same = int(np.sum(np.isfinite(ours) == np.isfinite(ends)))
        findings.equal(f"{name}: learning rates of 36 where both diverge or neither does", 36, same, basis="published")
        upto = np.arange(len(LRS)) <= runs.best
        error = np.abs(ours[upto] / ends[upto] - 1).max()
        claim = f"{name}: largest relative error at the {upto.sum()} learning rates up to the best"
        findings.below(claim, 0.002, error, basis="published")
        away = np.abs(ends[finite] - ours[finite]) / sweep(name)[finite, :, -1].std(axis=1, ddof=1)
        claim = f"{name}: largest difference at {finite.sum()} learning rates without divergence, in std. deviations"
        findings.below(claim, 4.0, away.max(), basis="published")
        claim = f"{name}: last test loss at the best learning rate, mean of ten seeds, and of our orders"
        findings.close(claim, runs.again[:, -1].mean(), ours[runs.best], atol=0.15, basis="published")
        claim = f"{name}: curve at the best learning rate: largest difference of 100 epochs, in standard errors"
        findings.below(claim, 4.0, largest_difference(runs.again, sweep(name)[runs.best]), basis="published")
    findings.table(*losses_table(theirs))
    largest = float(np.linalg.eigvalsh(quadratic_deep().curvature)[-1])
    title = "Lines and bands: here, mean and range of 20 orders; rings: published, one order"
    findings.figure(title, plot(largest, theirs))
    title = "Test loss at the best learning rate; lines: here, mean of 20 orders; rings: published"
    findings.figure(title, curves(theirs))


def largest_difference(theirs: Array, ours: Array) -> float:
    """Return the largest difference of two mean curves, (runs, epochs + 1), in standard errors of the difference."""
    errors = np.sqrt(sum(runs.var(axis=0, ddof=1) / len(runs) for runs in (theirs, ours)))[1:]
    return float((np.abs(theirs.mean(axis=0) - ours.mean(axis=0))[1:] / errors).max())


def losses_table(theirs: dict[str, Published]) -> tuple[str, tuple[str, ...], list[list[str]]]:
    """Return a table of all last losses: title, columns, rows."""
    pairs = [values for name in OPTIMIZERS for values in (theirs[name].sweep[:, -1], last(name))]
    rows = [
        [f"{lr:.4g}", *(f"{value:.5g}" if np.isfinite(value) else "diverged" for value in row)]
        for lr, *row in zip(LRS, *pairs, strict=True)
    ]
    columns = ("learning rate", *(f"{name}, {whose}" for name in OPTIMIZERS for whose in ("published", "here")))
    return "Last test losses: published, one order; here, mean of 20 orders", columns, rows


def curves(theirs: dict[str, Published]) -> Figure:
    """Plot the mean learning curves at the best learning rates."""
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes, epochs = figure.subplots(), np.arange(1, 101)
    for i, (name, runs) in enumerate(theirs.items()):
        axes.plot(epochs, sweep(name)[runs.best].mean(axis=0)[1:], label=f"{name}, {LRS[runs.best]:.3g}", **style(i))
        few = np.unique(np.geomspace(1, 100, 20).astype(int))
        marks = {"color": style(i)["color"], "markersize": 4, "fillstyle": "none"}
        axes.plot(few, runs.again.mean(axis=0)[few], "o", **marks)
    axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="test loss")
    axes.legend(title="learning rate")
    return figure
