"""Plots of results against one hyperparameter, and against two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from ..statistics import costs
from .figure import FLOOR, WIDTH, Figure, legend, marker_style, styled

TICKS = 20  # on each side of a heat map; more would overlap


@styled
def sensitivity(
    lrs: ArrayLike,
    values: Mapping[str, ArrayLike],
    *,
    higher_is_better: bool = False,
    ylabel: str = "loss",
    title: str = "",
) -> Figure:
    """Plot results against the learning rate; markers below the axes show the best and the diverged learning rates.

    Args:
        lrs: learning rates, shape (n,).
        values: arrays of shape (n,) by name, NaN at a learning rate where the run diverged.
        higher_is_better: whether higher values are better. If not, the y axis is logarithmic and starts at FLOOR.
        ylabel: the label of the values.
        title: the title of the figure.

    Raises:
        ValueError: a learning rate is not positive, or has no value.

    >>> figure = sensitivity([0.01, 0.1, 1.0], {"sgd": [0.9, 0.3, np.nan], "adam": [0.2, 0.5, 0.8]})
    >>> [line.get_xdata().tolist() for line in figure.axes[1].lines if line.get_marker() == "x"]  # where each diverged
    [[1.0], []]
    """
    rates, count = np.asarray(lrs, np.float64), len(values)
    if rates.ndim != 1 or not (rates > 0).all():
        raise ValueError(f"sensitivity: learning rates must be positive, shape (n,). Received: {rates.tolist()}.")
    for name, found in values.items():
        if np.shape(found) != rates.shape:
            raise ValueError(
                f"sensitivity: {name} needs a value for each learning rate, shape {rates.shape}. "
                f"Received: {np.shape(found)}."
            )
    order = np.argsort(rates)
    rates = rates[order]
    strip = 0.5 + 0.24 * count
    figure = Figure(figsize=(WIDTH, 4.0 + strip), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, strip))
    logarithmic = False
    for i, found in enumerate(np.asarray(of_rate, np.float64)[order] for of_rate in values.values()):
        finite, marker = np.isfinite(found), marker_style(i)
        if finite.any():
            logarithmic = not higher_is_better
            upper.plot(rates[finite], np.maximum(found, FLOOR)[finite] if logarithmic else found[finite], **marker)
            best = int(costs(found, higher_is_better).argmin())
            lower.plot(rates[best], i, color=marker["color"], marker=marker["marker"], markersize=8)
        crosses = rates[~finite]
        lower.plot(crosses, [i] * len(crosses), "x", color=marker["color"], markersize=6, markeredgewidth=1.8)
    upper.set(xscale="log", yscale="log" if logarithmic else "linear", ylabel=ylabel)
    upper.set_title(title)
    lower.set(xlabel="learning rate", ylim=(max(count, 1) - 0.5, -0.5))
    lower.set_title("best learning rate (marker), diverged (cross)")
    lower.set_yticks(range(count), list(values), fontsize="small")
    for axes in (upper, lower):
        axes.grid(True)
    legend(figure, [Line2D([], [], **marker_style(i)) for i in range(count)], list(values))
    return figure


@styled
def heat_map(
    values: ArrayLike,
    x: Sequence[float],
    y: Sequence[float],
    *,
    xlabel: str = "learning rate",
    ylabel: str = "weight decay",
    label: str = "loss",
    higher_is_better: bool = False,
    logarithmic: bool = False,
    title: str = "",
) -> Figure:
    """Plot results over a grid of two hyperparameters: a star marks the best, a cross on white a diverged run.

    Args:
        values: shape (len(y), len(x)), NaN where a run diverged.
        x: values of one hyperparameter, one for each column.
        y: values of the other, one for each row, from below.
        xlabel: the label of x.
        ylabel: the label of y.
        label: the label of the colours.
        higher_is_better: whether higher values are better; better values are brighter.
        logarithmic: whether the colours are logarithmic, which needs positive values.
        title: the title of the figure.

    Raises:
        ValueError: values have another shape, or are not positive where colours are logarithmic.

    >>> figure = heat_map([[0.4, 0.2, np.nan], [0.5, 0.3, np.nan]], x=[0.01, 0.1, 1.0], y=[0.0, 0.1])
    >>> figure.axes[0].get_title(loc="left")
    'star: best, cross: diverged'
    """
    grid = np.asarray(values, np.float64)
    if grid.shape != (len(y), len(x)) or not grid.size:
        raise ValueError(
            f"heat_map: values must have a row for each y and a column for each x: shape {(len(y), len(x))}. "
            f"Received: {grid.shape}."
        )
    if logarithmic and (grid <= 0).any():
        raise ValueError(f"heat_map: logarithmic colours need positive values. Received: {np.nanmin(grid)}.")
    figure = Figure(figsize=(WIDTH, 1.6 + 0.8 * WIDTH * max(0.3, min(1.2, len(y) / len(x)))), layout="constrained")
    axes = figure.subplots()
    finite = np.isfinite(grid)
    image = axes.imshow(
        np.ma.masked_where(~finite, grid),
        cmap="cividis" if higher_is_better else "cividis_r",
        norm=LogNorm() if logarithmic else Normalize(),
        origin="lower",
        aspect="auto",
    )
    for row, column in np.argwhere(~finite):
        axes.plot(column, row, "x", color="0.3", markersize=6)
    if finite.any():
        row, column = np.unravel_index(costs(grid, higher_is_better).argmin(), grid.shape)
        axes.plot(column, row, "*", color="white", markeredgecolor="black", markersize=15)
        figure.colorbar(image, label=label)
    columns, rows = (range(0, len(side), -(-len(side) // TICKS)) for side in (x, y))
    axes.set_xticks(columns, [f"{x[i]:.3g}" for i in columns], rotation=45, ha="right")
    axes.set_yticks(rows, [f"{y[i]:.3g}" for i in rows])
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title or "star: best" + ", cross: diverged" * bool((~finite).any()))
    return figure
