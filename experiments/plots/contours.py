"""Trajectories of optimizers over the contours of a function of two variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from .figure import WIDTH, Figure, legend, marker_style, styled

Array = NDArray[np.float64]
Range = tuple[float, float]
Surface = Callable[[Any, Any], Any]

LEVELS = 18
POINTS = 120  # on each side of the grid on which f is evaluated


@styled
def trajectories(
    f: Surface,
    paths: Mapping[str, ArrayLike],
    *,
    minima: Sequence[tuple[float, float]] = (),
    x: Range | None = None,
    y: Range | None = None,
    title: str = "",
) -> Figure:
    """Plot trajectories over the contours of f, with a ring at the start, a marker at the end and stars at the minima.

    The contour levels are quantiles of the values of f in the plotted area, so they do not depend on the scale of f.

    Args:
        f: takes arrays x, y and returns an array, elementwise: `Function.f`, or anything written in NumPy.
        paths: arrays of shape (steps + 1, 2) by name, such as the trajectory of `minimize`; a NaN ends a path.
        minima: the minima of f.
        x: the limits of the x axis; by default, those of a box around the paths and the minima.
        y: the limits of the y axis, likewise.
        title: the title of the figure.

    Raises:
        ValueError: a path has another shape, there is nothing to derive limits from, or limits are equal.

    >>> from ravine.optim import SGD, minimize
    >>> found = minimize(lambda p: p[0] ** 2 + 4 * p[1] ** 2, [2.0, 1.0], SGD(lr=0.1), steps=20)
    >>> figure = trajectories(lambda x, y: x**2 + 4 * y**2, {"sgd": found.trajectory}, minima=[(0, 0)])
    >>> [text.get_text() for text in figure.legends[0].get_texts()], found.trajectory.shape
    (['sgd'], (21, 2))
    """
    figure, axes = contours(f, paths, minima=minima, x=x, y=y, title=title)
    for i, path in enumerate(paths.values()):
        points = finite(path)
        axes.plot(*points.T, **{**marker_style(i), "marker": ""})
        axes.plot(*points[-1:].T, marker=marker_style(i)["marker"], color=marker_style(i)["color"], markersize=8)
    return figure


def contours(
    f: Surface,
    paths: Mapping[str, ArrayLike],
    *,
    minima: Sequence[tuple[float, float]],
    x: Range | None,
    y: Range | None,
    title: str,
) -> tuple[Figure, Axes]:
    """Return a figure with the contours, the starts, the minima and the legend, but without the paths."""
    if x is None or y is None:
        wide, high = _limits(paths, minima)
        x, y = x or wide, y or high
    if x[0] == x[1] or y[0] == y[1]:
        raise ValueError(f"Limits must differ. Received: x={x}, y={y}.")
    figure = Figure(figsize=(WIDTH, 0.78 * WIDTH), layout="constrained")
    axes = figure.subplots()
    xs, ys = np.linspace(*x, POINTS), np.linspace(*y, POINTS)
    with np.errstate(all="ignore"):  # where f is not defined there is no contour
        values = np.asarray(f(*np.meshgrid(xs, ys)), np.float64)
    levels = levels_of(values)
    if len(levels) > 1:
        axes.contourf(xs, ys, values, levels, colors=[str(grey) for grey in np.linspace(0.80, 1.0, len(levels) - 1)])
        axes.contour(xs, ys, values, levels, colors="0.65", linewidths=0.5)
    for path in paths.values():
        axes.plot(*finite(path)[:1].T, "o", color="white", markeredgecolor="black", markersize=7, zorder=3)
    for minimum in minima:
        axes.plot(*minimum, "*", color="white", markeredgecolor="black", markersize=14, zorder=5)
    axes.set(xlim=x, ylim=y, xlabel="x", ylabel="y")
    axes.set_title(title)
    if paths:
        legend(figure, [Line2D([], [], **marker_style(i, 6)) for i in range(len(paths))], list(paths))
    return figure, axes


def levels_of(values: Array) -> Array:
    """Return the contour levels; none, if no value is finite."""
    shown = values[np.isfinite(values)]
    return np.unique(np.quantile(shown, np.linspace(0, 1, LEVELS) ** 2)) if shown.size else shown


def finite(path: ArrayLike) -> Array:
    """Return the points before the first that is not finite."""
    points = np.asarray(path, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"A path has points of two coordinates, shape (steps + 1, 2). Received: shape {points.shape}.")
    kept: Array = points[np.isfinite(points).all(axis=1).cumprod().astype(bool)]
    return kept


def _limits(paths: Mapping[str, ArrayLike], minima: Sequence[tuple[float, float]]) -> tuple[Range, Range]:
    """Return a box around everything, with a margin.

    Diverging paths are cut off: the box ends half its size beyond the starts, the minima and most points.
    """
    runs = [points for points in map(finite, paths.values()) if len(points)]
    points = np.concatenate([*runs, np.reshape(np.asarray(minima, np.float64), (-1, 2))])
    if not len(points):
        raise ValueError("There is nothing to show: no path has a point, and no minima are given. Give x and y.")
    most = np.quantile(points, (0.1, 0.9), axis=0)
    core = np.concatenate([most, *(run[:1] for run in runs), points[sum(map(len, runs)) :]])
    reach = 0.5 * np.ptp(core, axis=0)
    low = np.maximum(points.min(axis=0), core.min(axis=0) - reach)
    high = np.minimum(points.max(axis=0), core.max(axis=0) + reach)
    margin = 0.1 * np.maximum(high - low, 0.1 * (high - low).max()) + 1e-6
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return (left, right), (bottom, top)
