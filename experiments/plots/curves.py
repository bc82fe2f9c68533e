"""Learning curves: medians over runs, with bands for the interquartile range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from ..statistics import quantiles
from .figure import FLOOR, WIDTH, Figure, legend, style, styled

Array = NDArray[np.float64]


@styled
def learning_curves(
    curves: Mapping[str, ArrayLike],
    *,
    x: ArrayLike | None = None,
    xlabel: str = "step",
    ylabel: str = "loss",
    logarithmic: bool = True,
    target: float | None = None,
    title: str = "",
) -> Figure:
    """Plot the learning curves of several optimizers in one figure.

    A run with a value that is not finite has diverged: median and band leave it out, and the legend counts it.

    Args:
        curves: arrays of shape (runs, points) by name. An empty array stands for an optimizer that diverged in every
            tuning run.
        x: the x coordinate of each point, shape (points,); by default 0, 1, ....
        xlabel: the label of the x axis.
        ylabel: the label of the y axis.
        logarithmic: whether the y axis is logarithmic; values below FLOOR are then plotted at FLOOR.
        target: the height of a horizontal line.
        title: the title of the figure.

    Raises:
        ValueError: curves have another shape, or x has another number of points.

    >>> figure = learning_curves({"sgd": [[4, 2, 1], [4, 3, 2]], "adam": [[4, 1, 0.5], [4, 9, np.nan]]}, target=1)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['sgd', 'adam (1 of 2 diverged)']
    """
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    runs = {name: _runs(name, values, x) for name, values in curves.items()}
    bands = [_band(values, logarithmic) for values in runs.values()]
    for i, band in enumerate(bands):
        _draw(axes, band, x, i)
    _frame(axes, bands, logarithmic, target)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title)
    handles = [Line2D([], [], **style(i)) for i in range(len(curves))]
    legend(figure, handles, [_label(name, values) for name, values in runs.items()])
    return figure


@styled
def learning_curves_apart(
    curves: Mapping[str, ArrayLike],
    *,
    x: ArrayLike | None = None,
    xlabel: str = "step",
    ylabel: str = "accuracy",
    logarithmic: bool = False,
    target: float | None = None,
    title: str = "",
) -> Figure:
    """Plot each optimizer in axes of its own, in front of the others in grey: for curves that cross often.

    Arguments and errors are those of `learning_curves`.

    >>> figure = learning_curves_apart({"sgd": [[0.5, 0.7, 0.8]], "adam": [[0.5, 0.8, 0.7]]})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['sgd', 'adam']
    """
    runs = {name: _runs(name, values, x) for name, values in curves.items()}
    columns = min(3, math.ceil(math.sqrt(len(curves) or 1)))
    rows = math.ceil((len(curves) or 1) / columns)
    figure = Figure(figsize=(WIDTH, 1 + 1.7 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    bands = [_band(values, logarithmic) for values in runs.values()]
    for spare in grid.flat[len(curves) :]:
        spare.remove()
    for i, (axes, (name, values)) in enumerate(zip(grid.flat, runs.items(), strict=False)):
        for other, band in enumerate(bands):
            if other != i and band is not None:
                axes.plot(_points(band, x), band[1], color="0.8", linewidth=0.8, zorder=0)
        _draw(axes, bands[i], x, i)
        _frame(axes, bands, logarithmic, target)
        axes.set_title(fill(_label(name, values), 76 // columns), fontsize="small", color=style(i)["color"])
        axes.tick_params(labelbottom=i + columns >= len(curves))
    figure.supxlabel(xlabel, fontsize="medium")
    figure.supylabel(ylabel, fontsize="medium")
    figure.suptitle(title, fontsize="medium", x=0.01, ha="left")
    return figure


def _runs(name: str, values: ArrayLike, x: ArrayLike | None) -> Array:
    """Return curves as an array (runs, points). Raises ValueError for another shape, or another number of x."""
    try:
        runs = np.atleast_2d(np.asarray(values, np.float64))
    except ValueError as error:  # curves of several lengths
        raise ValueError(f"{name}: {error}. Fill up with NaN the points that a diverged run lacks.") from error
    if runs.ndim != 2 or (x is not None and runs.size and np.shape(x) != runs.shape[1:]):
        points = "" if x is None else f", with as many points as x, {np.shape(x)}"
        raise ValueError(f"{name}: curves must have shape (runs, points){points}. Received: {np.shape(values)}.")
    return runs


def _band(runs: Array, logarithmic: bool) -> Array | None:
    """Return quartiles and median of the runs that finished, shape (3, points); None if none did."""
    finished = runs[np.isfinite(runs).all(axis=1)]
    if not finished.size:
        return None
    return np.maximum(quantiles(finished), FLOOR) if logarithmic else quantiles(finished)


def _points(band: Array, x: ArrayLike | None) -> Array:
    return np.arange(band.shape[1], dtype=np.float64) if x is None else np.asarray(x, np.float64)


def _draw(axes: Axes, band: Array | None, x: ArrayLike | None, i: int) -> None:
    if band is not None:
        low, middle, high = band
        axes.fill_between(_points(band, x), low, high, color=style(i)["color"], alpha=0.15, linewidth=0)
        axes.plot(_points(band, x), middle, **style(i))


def _frame(axes: Axes, bands: Sequence[Array | None], logarithmic: bool, target: float | None) -> None:
    """Set scales and limits, and draw the target."""
    shown = [band for band in bands if band is not None]
    axes.margins(x=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(True)
    if shown and logarithmic:  # an empty axis has no logarithm
        axes.set_yscale("log")
    elif shown:
        axes.set_ylim(*_limits(shown, target))
    if target is not None:
        axes.axhline(target, color="0.4", linewidth=0.8, zorder=0)
        place = axes.get_yaxis_transform()
        axes.annotate("target", (0.02, target), (0, 2), place, "offset points", color="0.4", fontsize="x-small")


def _limits(bands: Sequence[Array], target: float | None) -> tuple[float, float]:
    """Return limits that show the target and the last three quarters of every curve, not the steep beginning."""
    late = [band[:, band.shape[1] // 4 :] for band in bands] + ([np.array(target)] if target is not None else [])
    low, high = min(float(values.min()) for values in late), max(float(values.max()) for values in late)
    margin = 0.05 * (high - low) or 0.05
    return low - margin, high + margin


def _label(name: str, runs: Array) -> str:
    """Return the name, and how many runs diverged."""
    if not runs.size:
        return f"{name} (diverged)"
    diverged = int((~np.isfinite(runs).all(axis=1)).sum())
    return f"{name} ({diverged} of {len(runs)} diverged)" if diverged else name
