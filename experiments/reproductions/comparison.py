"""Functions shared by several reproductions: tuning, checks of claims over several seeds, reports, small tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..batched import NetworkTask
from ..datasets import load
from ..plots import style
from ..plots.figure import Figure
from .base import Findings

Array = NDArray[Any]

TUNING_SEEDS = range(2)
"""The seeds for tuning; bounds were chosen on them, too."""

TEST_SEEDS = range(100, 105)
"""The seeds for checking claims. They were not used for tuning or for choosing bounds."""


class BestSetting(NamedTuple):
    """The best of several settings, such as a learning rate, and its losses, (seeds, epochs)."""

    setting: Any
    losses: Array

    def after(self, epoch: int) -> float:
        """Return the mean loss over the seeds after an epoch, 1, 2, ...."""
        return float(self.losses[:, epoch - 1].mean())


def best_setting(settings: Sequence[Any], losses: Array) -> BestSetting:
    """Return the setting with the lowest last loss, mean over the seeds; a setting with a diverged run is left out.

    Args:
        settings: in the order of the losses.
        losses: (settings, seeds, epochs).
    """
    last = losses[:, :, -1].mean(axis=1)
    chosen = int(np.argmin(np.where(np.isfinite(last), last, np.inf)))
    return BestSetting(settings[chosen], losses[chosen])


def tune(losses: Callable[[Sequence[Any], Sequence[int]], Array], settings: Sequence[Any]) -> BestSetting:
    """Return the setting that is best on TUNING_SEEDS, with its losses on TEST_SEEDS.

    Args:
        losses: a function that trains every setting with every seed, and returns losses (settings, seeds, epochs).
        settings: the settings to choose from.
    """
    setting = best_setting(settings, losses(settings, TUNING_SEEDS)).setting
    return BestSetting(setting, losses([setting], TEST_SEEDS)[0])


def check_lower(findings: Findings, claim: str, lower: Array, higher: Array) -> None:
    """Check a claim that a source makes in words, namely that one number is lower than another for every seed.

    This is a sign test: by chance, it would hold for five of five seeds with probability 3 %.

    Args:
        findings: the Findings that the check is added to.
        claim: the claim in words.
        lower: a number for each seed, (seeds,).
        higher: a number for each seed, (seeds,), of the same seeds.
    """
    findings.equal(f"{claim}: seeds of {len(lower)}", len(lower), int(np.sum(lower < higher)), basis="words")


def mean_interval(differences: Array) -> tuple[float, float]:
    """Return the mean of paired differences minus and plus two standard errors."""
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))
    return float(mean - 2 * error), float(mean + 2 * error)


LAST_MEANS = ("training loss", "test loss", "test error")
"""Column headings for the texts that `last_means` returns for `batched.Curves`."""


def last_means(curves: Sequence[Array], setting: int, digits: str = ".3g") -> tuple[str, ...]:
    """Return the mean last value of a setting in each of the curves, (settings, seeds, epochs), as texts."""
    return tuple(f"{curve[setting, :, -1].mean():{digits}}" for curve in curves)


def plot_curves(curves: Mapping[str, Array], ylabel: str, **limits: Any) -> Figure:
    """Plot the mean of each array, (seeds, epochs), over the seeds, and a band from the lowest to the highest seed."""
    figure = Figure(figsize=(6.5, 4.4), layout="constrained")
    axes = figure.subplots()
    for i, (name, values) in enumerate(curves.items()):
        epochs = np.arange(1, values.shape[1] + 1)
        axes.plot(epochs, values.mean(axis=0), label=name, **style(i))
        axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=style(i)["color"], alpha=0.15, lw=0)
    axes.set(xlabel="epoch", ylabel=ylabel, **limits)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    figure.legend(loc="outside lower center", ncols=2, handlelength=4)
    return figure


def report(findings: Findings, title: str, best: Mapping[str, BestSetting], epochs: Sequence[int], what: str) -> None:
    """Add a table and a figure of optimizers at their best learning rates; `what` names the losses."""
    rows = [(name, f"{b.setting:.3g}", *(f"{b.after(t):.4f}" for t in epochs)) for name, b in best.items()]
    findings.table(title, ("optimizer", "best learning rate", *(f"{what}, epoch {t}" for t in epochs)), rows)
    low = min(b.losses.min() for b in best.values())
    high = max(b.losses[:, 1:].max() for b in best.values())
    figure = plot_curves({name: b.losses for name, b in best.items()}, what, ylim=(0.95 * low, 1.05 * high))
    findings.figure(title, figure)


def digits() -> NetworkTask:
    """Return handwritten digits of 8 by 8 pixels, and a 64-32-10 network."""
    data = load("digits")
    return NetworkTask(data.X_train, data.y_train, data.X_test, data.y_test, hidden=(32,), batch=64)


def mnist(train: int, **fields: Any) -> NetworkTask:
    """Return the first `train` training images of MNIST, and 2,500 test images; `fields` are those of the task."""
    data = load("mnist")
    return NetworkTask(data.X_train[:train], data.y_train[:train], data.X_test[:2500], data.y_test[:2500], **fields)
