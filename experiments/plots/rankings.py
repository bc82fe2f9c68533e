"""Plots that compare methods: performance profiles, tuning budgets, ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from ..statistics import (
    algoperf_score,
    average_ranks,
    critical_difference,
    indistinguishable,
    performance_profile,
    quantiles_of_best,
)
from .figure import WIDTH, Figure, legend, style, styled


@styled
def performance_profiles(
    times: ArrayLike, names: Sequence[str], *, tau_max: float = 4.0, of: str = "problems", title: str = ""
) -> Figure:
    """Plot Dolan and Moré's performance profiles; the legend has the AlgoPerf score of each, best first.

    Args:
        times: the times to the target, shape (problems, methods); infinity or NaN where it was missed.
        names: the names of the methods, one for each column.
        tau_max: the upper end of the x axis, in multiples of the best time.
        of: what the rows are, such as "problems" or "seeds".
        title: the title of the figure.

    Raises:
        ValueError: times are no table with a column for each name, or a time is negative.

    >>> figure = performance_profiles([[10, 15], [np.inf, 5]], ["sgd", "adam"])
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['adam  0.92', 'sgd  0.50']
    """
    _check(times, names, "performance_profiles")
    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    axes = figure.subplots()
    taus = np.linspace(1, tau_max, 1000)
    profile, scores = performance_profile(times, taus), algoperf_score(times, tau_max=tau_max)
    order = np.argsort(-scores, kind="stable")
    for i in range(len(names)):
        axes.step(taus, profile[:, i], where="post", **style(i))
    axes.set(xlim=(1, tau_max), ylim=(-0.03, 1.03), xlabel="τ: time to the target, over the best time")
    axes.set_ylabel(f"fraction of {of} solved within τ")
    axes.set_title(title)
    axes.grid(True)
    handles = [Line2D([], [], **style(int(i))) for i in order]
    legend(figure, handles, [f"{names[i]}  {scores[i]:.2f}" for i in order], title="score: area under the profile")
    return figure


@styled
def best_of_k(
    trials: Mapping[str, ArrayLike],
    *,
    higher_is_better: bool = False,
    logarithmic: bool = False,
    ylabel: str = "validation loss",
    title: str = "",
) -> Figure:
    """Plot the best result of a random search of k trials: its median and interquartile range over searches.

    A line begins where the median is finite: with fewer trials, all trials of most searches diverged.

    Args:
        trials: the results of a random search by name, arrays of shape (n,), NaN for a trial that diverged.
        higher_is_better: whether higher results are better.
        logarithmic: whether the y axis is logarithmic.
        ylabel: the label of the results.
        title: the title of the figure.

    >>> figure = best_of_k({"sgd": [0.5, 0.3, 0.4, np.nan], "adam": [0.3, 0.2, 0.4, 0.3]})
    >>> [line.get_ydata().tolist() for line in figure.axes[0].lines]  # medians for k = 1, 2, 3, 4
    [[0.4, 0.3, 0.3, 0.3], [0.3, 0.2, 0.2, 0.2]]
    """
    figure = Figure(figsize=(WIDTH, 4.3), layout="constrained")
    axes = figure.subplots()
    for i, values in enumerate(trials.values()):
        k = np.arange(1, np.size(values) + 1)
        bands = quantiles_of_best(values, k, higher_is_better=higher_is_better)
        low, middle, high = np.where(np.isfinite(bands), bands, np.nan)
        axes.fill_between(k, low, high, color=style(i)["color"], alpha=0.15, linewidth=0)
        axes.plot(k, middle, **style(i))
    positive = any(np.isfinite(values).any() for values in trials.values())  # an empty axis has no logarithm
    axes.set(xlabel="trials, k", ylabel=ylabel, xscale="log", yscale="log" if logarithmic and positive else "linear")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(title or "best of k trials: median, band: interquartile range")
    axes.grid(True)
    legend(figure, [Line2D([], [], **style(i)) for i in range(len(trials))], list(trials))
    return figure


@styled
def rank_diagram(
    values: ArrayLike,
    names: Sequence[str],
    *,
    higher_is_better: bool = False,
    level: float = 0.05,
    of: str = "problems",
    title: str = "",
) -> Figure:
    """Plot mean ranks on an axis; bars join methods without a significant difference. Demšar 2006, figure 1.

    Args:
        values: the results, shape (problems, methods), NaN where a run diverged.
        names: the names of the methods, one for each column.
        higher_is_better: whether higher values are better.
        level: the significance level of Nemenyi's test.
        of: what the rows are, such as "problems" or "seeds".
        title: the title of the figure.

    Raises:
        ValueError: values are no table with a column for each name, or there are fewer than two methods.

    >>> figure = rank_diagram([[0.1, 0.2, 0.3], [0.2, 0.1, np.nan], [0.1, 0.3, 0.4]], ["adam", "sgd", "adagrad"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['adam  1.33', 'sgd  1.67', 'adagrad  3.00', 'critical difference 1.91']
    """
    _check(values, names, "rank_diagram")
    ranks = average_ranks(values, higher_is_better=higher_is_better)
    difference = critical_difference(len(np.asarray(values)), len(names), level)
    groups = indistinguishable(ranks, difference)
    order, count = np.argsort(ranks, kind="stable"), len(names)
    half, bars = (count + 1) // 2, 0.22 * len(groups)
    figure = Figure(figsize=(WIDTH, 1.3 + bars + 0.34 * half), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(1 - 0.03 * count, count + 0.03 * count), ylim=(0.6 + bars + 0.34 * half, -0.65))
    labels = [fill(f"{name}  {rank:.2f}", 44) for name, rank in zip(names, ranks, strict=True)]
    longest = max(len(line) for text in labels for line in text.splitlines())
    size = min(11.0, max(7.0, 280 / longest))  # points; names stand on both sides of the axis, which needs room
    for place, i in enumerate(order):
        depth = 0.5 + bars + 0.34 * min(place, count - 1 - place)
        _label(axes, ranks[i], labels[i], depth, place < half, size)
    for row, group in enumerate(groups):
        ends = ranks[group[0]], ranks[group[-1]]
        axes.plot(ends, [0.25 + 0.22 * row] * 2, color="black", linewidth=4, solid_capstyle="round")
    shown = min(difference, count - 1)
    axes.plot([1, 1 + shown], [-0.35] * 2, color="black", marker="|", markersize=9)
    beyond = " (beyond the axis)" if difference > shown else ""
    axes.text(1, -0.45, f"critical difference {difference:.2f}{beyond}", va="bottom")
    axes.xaxis.tick_top()
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    axes.spines["top"].set(visible=True, position=("data", 0))
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.set_title(title or f"mean rank over {len(np.asarray(values))} {of}; 1 is best", pad=14)
    return figure


def _check(values: ArrayLike, names: Sequence[str], function: str) -> None:
    """Raise ValueError unless every column has a name."""
    if np.ndim(values) != 2 or np.shape(values)[1] != len(names):
        raise ValueError(
            f"{function}: a table with a column for each of {len(names)} names is needed. "
            f"Received: shape {np.shape(values)}, names {list(names)}."
        )


def _label(axes: Axes, rank: float, text: str, depth: float, left: bool, size: float) -> None:
    """Draw a line from the axis down to the method's name, at the left or the right side."""
    edge = axes.get_xlim()[0 if left else 1]
    axes.plot([rank, rank, edge], [0, depth, depth], color="0.4", linewidth=0.9)
    aside, side = (-4, "right") if left else (4, "left")
    axes.annotate(text, (edge, depth), (aside, 0), textcoords="offset points", va="center", ha=side, fontsize=size)
