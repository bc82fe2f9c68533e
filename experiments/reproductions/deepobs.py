"""Schneider, Balles & Hennig 2019: DeepOBS's problem `quadratic_deep`, and its published runs, one by one.

The problem comes from its seeds, the runs from a file: github.com/fsschneider/DeepOBS_Baselines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...optim import SGD, Adam, Momentum, Optimizer
from ..batched import BatchedOptimizer, train_epochs, variants
from ..errors import UsageError
from ..plots import style
from ..plots.figure import Figure
from .base import Findings, reproduction
from .quadratics import range_test_limit

Array = NDArray[np.float64]
SOURCE = "Schneider, Balles & Hennig 2019, ICLR, arXiv:1903.05499"

OPTIMIZERS = {"SGD": SGD(lr=1.0), "Momentum": Momentum(lr=1.0, momentum=0.99), "Adam": Adam(lr=1.0)}

ORDERS = range(100, 120)  # seeds of the order of the batches: no bound was chosen on these

# -- the problem and its trainings -------------------------------------------------------------------------------------

BATCH, STEPS, EPOCHS = 128, 7, 100  # a last, smaller batch of an epoch is left out
LARGEST = float(np.finfo(np.float32).max)  # the authors computed in float32: a loss beyond is infinite there


def rotation(n: int, rng: np.random.RandomState) -> Array:
    """Return a random rotation in n dimensions: the subgroup algorithm of Diaconis & Shahshahani 1987."""
    angle = 2 * np.pi * rng.uniform()
    found = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for size in range(3, n + 1):
        to = rng.normal(size=size)
        mirror = np.eye(size)[0] - to / np.linalg.norm(to)
        mirror /= np.linalg.norm(mirror)
        larger = np.eye(size)
        larger[1:, 1:] = found
        found = larger - 2 * np.outer(mirror, mirror @ larger)
    return -found


class QuadraticDeep(NamedTuple):
    """The mean over points p of (x - p)' Q (x - p) / 2, in 100 dimensions; training and test points (896, 100)."""

    curvature: Array
    train: Array
    test: Array

    def loss(self, x: Array, points: Array) -> Array:
        """Return the loss of each row of x, (n, 100): at the mean of the points, plus a constant for their spread."""
        centre = points.mean(axis=0)
        spread = points - centre
        constant = np.sum((spread @ self.curvature) * spread) / (2 * len(points))
        found: Array = np.sum(((x - centre) @ self.curvature) * (x - centre), axis=-1) / 2 + constant
        return found


@cache
def quadratic_deep() -> QuadraticDeep:
    """Return the problem from its three seeds: 90 eigenvalues in (0, 1), 10 in (30, 60)."""
    rng = np.random.RandomState(42)
    eigenvalues = np.concatenate([rng.uniform(0, 1, 90), rng.uniform(30, 60, 10)])
    rotated = rotation(100, rng)
    train, test = (
        np.random.RandomState(seed).normal(0, 0.6, (1000, 100)).astype(np.float32).astype(np.float64)
        for seed in (42, 43)
    )
    return QuadraticDeep(rotated.T @ np.diag(eigenvalues) @ rotated, train, test[: STEPS * BATCH])


def batches(seed: int, fixed: bool) -> Iterator[Array]:
    """Yield the mean of the points of every batch, (100,), in order.

    With `fixed`, every epoch has the same batches in the same order, as in the authors' runs: their shuffled iterator
    was restarted from the graph's seed in each epoch.
    """
    rng, points = np.random.default_rng(seed), quadratic_deep().train
    order = rng.permutation(len(points))
    for _ in range(EPOCHS):
        yield from points[order[: STEPS * BATCH]].reshape(STEPS, BATCH, -1).mean(axis=1)
        if not fixed:
            order = rng.permutation(len(points))


def train(optimizer: Optimizer, lrs: Sequence[float] | Array, seeds: Sequence[int], fixed: bool = True) -> Array:
    """Return the test losses at the start, x = 1, and after every epoch, (learning rates, seeds, epochs + 1).

    A loss beyond the range of float32 is infinite.
    """
    problem, x = quadratic_deep(), np.ones((len(lrs) * len(seeds), 100))
    batched = BatchedOptimizer(variants(optimizer, lr=np.repeat(lrs, len(seeds))), [x])
    means = zip(*(batches(seed, fixed) for seed in seeds), strict=True)

    def step(centres: tuple[Array, ...]) -> Array:
        distance = x - np.tile(centres, (len(lrs), 1))
        gradient = distance @ problem.curvature
        batched.step([gradient])
        loss: Array = np.sum(gradient * distance, axis=-1) / 2
        return loss

    start = problem.loss(x, problem.test)
    _, test = train_epochs(EPOCHS, lambda epoch: islice(means, STEPS), step, lambda: (problem.loss(x, problem.test),))
    losses = np.column_stack([start, test]).reshape(len(lrs), len(seeds), -1)
    return np.where(losses <= LARGEST, losses, np.inf)


# -- the published runs ------------------------------------------------------------------------------------------------

LRS = 10.0 ** np.linspace(-5, 2, 36)
OURS = {"GradientDescentOptimizer": "SGD", "MomentumOptimizer": "Momentum", "AdamOptimizer": "Adam"}
SEEDS = range(42, 52)  # the sweep has the first, the best learning rate all ten
NEEDED = (
    'a JSON object whose "runs" list the run files of github.com/fsschneider/DeepOBS_Baselines under quadratic_deep/, '
    "each with optimizer, lr, seed and test_losses"
)


class Published(NamedTuple):
    """The published test losses of an optimizer, at the start and after each epoch; not finite after divergence."""

    sweep: Array  # (learning rates, epochs + 1), one seed
    best: int  # the index in LRS of the learning rate with ten seeds
    again: Array  # (10 seeds, epochs + 1)


def published() -> dict[str, Published]:
    """Return the published runs by optimizer.

    Raises:
        UsageError: the file is missing, damaged, a different one, or lacks a run.
    """
    folder = os.environ.get("RAVINE_DATA")
    path = Path(folder or "", "deepobs", "quadratic_deep_baselines.json")
    if not folder or not path.is_file():
        raise UsageError(
            f"The published runs aren't here. Received: RAVINE_DATA={folder}. Needed: deepobs/{path.name} in that "
            f"folder: {NEEDED}."
        )
    try:
        return _by_optimizer(json.loads(path.read_text(encoding="utf-8"))["runs"])
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UsageError(
            f"The published runs can't be read. Received: {path}, {type(error).__name__}: {error}. Needed: {NEEDED}."
        ) from error


def _by_optimizer(runs: list[dict[str, Any]]) -> dict[str, Published]:
    cells: dict[str, dict[tuple[int, int], Array]] = {name: {} for name in OURS.values()}
    for run in runs:
        losses = np.array(run["test_losses"], np.float64)
        if losses.shape != (EPOCHS + 1,):
            raise ValueError(f"test_losses of shape {losses.shape} in place of ({EPOCHS + 1},)")
        cells[OURS[run["optimizer"]]][_index(run["lr"]), run["seed"]] = losses
    return {name: _arranged(name, found) for name, found in cells.items()}


def _index(lr: float) -> int:
    index = int(np.argmin(np.abs(LRS - lr)))
    if not np.isclose(LRS[index], lr, rtol=1e-3):
        raise ValueError(f"lr={lr} isn't one of the 36 from 1e-5 to 100")
    return index


def _arranged(name: str, cells: dict[tuple[int, int], Array]) -> Published:
    again = {place for place, seed in cells if seed != SEEDS[0]}
    needed = {(place, SEEDS[0]) for place in range(len(LRS))} | {(place, seed) for place in again for seed in SEEDS}
    if len(again) != 1 or needed - cells.keys():
        raise ValueError(f"{name}: {len(LRS)} rates of seed {SEEDS[0]} and one of ten seeds, but {len(cells)} runs")
    (best,) = again
    sweep = np.stack([cells[place, SEEDS[0]] for place in range(len(LRS))])
    return Published(sweep, best, np.stack([cells[best, seed] for seed in SEEDS]))


# -- the comparison ----------------------------------------------------------------------------------------------------


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
