"""A contest of optimizers: seeds that choose each one's rate, others that judge; a table and a picture of it."""

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

__all__ = ["CHOOSING", "JUDGING", "AtBest", "ahead", "at_best", "contest", "drawn", "interval", "show"]

Array = NDArray[Any]

CHOOSING = range(2)
"""The seeds on which settings are chosen and bounds settled."""

JUDGING = range(100, 105)
"""The seeds that are judged: no setting and no bound was chosen on them."""


class AtBest(NamedTuple):
    """The best of some settings, and its loss in every run and epoch, (seeds, epochs)."""

    setting: Any
    losses: Array

    def after(self, epoch: int) -> float:
        """The mean loss of the seeds after an epoch, 1, 2, ..."""
        return float(self.losses[:, epoch - 1].mean())


def at_best(settings: Sequence[Any], losses: Array) -> AtBest:
    """The setting with the lowest last loss, mean of the seeds; one with a run that diverged is out of the contest.

    losses: (settings, seeds, epochs).
    """
    last = losses[:, :, -1].mean(axis=1)
    chosen = int(np.argmin(np.where(np.isfinite(last), last, np.inf)))
    return AtBest(settings[chosen], losses[chosen])


def contest(losses: Callable[[Sequence[Any], Sequence[int]], Array], settings: Sequence[Any]) -> AtBest:
    """The setting that is best on the seeds CHOOSING, run again on the seeds JUDGING.

    losses: trains every setting from every seed; returns (settings, seeds, epochs).
    """
    setting = at_best(settings, losses(settings, CHOOSING)).setting
    return AtBest(setting, losses([setting], JUDGING)[0])


def ahead(findings: Findings, claim: str, lower: Array, higher: Array) -> None:
    """Check an order that a source states in words: it holds for every seed (a sign test: five of five by chance, 3 %).

    lower, higher: numbers of the same seeds, (seeds,).
    """
    findings.equal(f"{claim}: seeds of {len(lower)}", len(lower), int(np.sum(lower < higher)), basis="words")


def interval(differences: Array) -> tuple[float, float]:
    """Mean of paired differences less and plus two standard errors: what the noise of the seeds leaves open."""
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))
    return float(mean - 2 * error), float(mean + 2 * error)


def drawn(curves: Mapping[str, Array], ylabel: str, **limits: Any) -> Figure:
    """The mean of the seeds of each, (seeds, epochs), and a band from the lowest to the highest."""
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


def show(findings: Findings, title: str, contest: Mapping[str, AtBest], epochs: Sequence[int], what: str) -> None:
    """Put a table and a picture of optimizers at their best rates into the findings."""
    rows = [(name, f"{best.setting:.3g}", *(f"{best.after(t):.4f}" for t in epochs)) for name, best in contest.items()]
    findings.table(title, ("optimizer", "best rate", *(f"{what}, epoch {t}" for t in epochs)), rows)
    low = min(best.losses.min() for best in contest.values())
    high = max(best.losses[:, 1:].max() for best in contest.values())
    figure = drawn({name: best.losses for name, best in contest.items()}, what, ylim=(0.95 * low, 1.05 * high))
    findings.figure(title, figure)


def digits() -> NetworkTask:
    """Digits of 8 by 8 pixels, and a 64-32-10 network."""
    data = load("digits")
    return NetworkTask(data.X_train, data.y_train, data.X_test, data.y_test, hidden=(32,), batch=64)


def mnist(train: int, **fields: Any) -> NetworkTask:
    """The first `train` training images of MNIST, and 2,500 test images; `fields` are those of the task."""
    data = load("mnist")
    return NetworkTask(data.X_train[:train], data.y_train[:train], data.X_test[:2500], data.y_test[:2500], **fields)
