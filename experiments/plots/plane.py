"""Functions of two variables: paths over their contours, and which minimum each start leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from .figure import COLOURS, WIDTH, Figure, legend, marker_style, styled

__all__ = ["Range", "basins", "trajectories"]

Array = NDArray[np.float64]
Range = tuple[float, float]
Surface = Callable[[Any, Any], Any]

LEVELS = 18
POINTS = 120  # of the grid that contours are drawn from, on each side


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
    """Draw paths over the contours of a function: a ring at the start, a mark at the end, stars at the minima.

    Contours are at shares of the area, so that valleys and hills show at once, whatever the scale of f.

    Args:
        f: from arrays x, y to an array: `Function.f`, or anything written in NumPy.
        paths: by name, shape (steps + 1, 2), such as the trajectory that `minimize` returns; NaN ends a path.
        minima: of f.
        x: limits; what holds the paths and the minima if not given.
        y: limits, likewise.
        title: of the picture.

    Raises:
        ValueError: a path is not of that shape, nothing says what limits to take, or limits are equal.

    >>> from ravine.optim import SGD, minimize
    >>> found = minimize(lambda p: p[0] ** 2 + 4 * p[1] ** 2, [2.0, 1.0], SGD(lr=0.1), steps=20)
    >>> figure = trajectories(lambda x, y: x**2 + 4 * y**2, {"sgd": found.trajectory}, minima=[(0, 0)])
    >>> [text.get_text() for text in figure.legends[0].get_texts()], found.trajectory.shape
    (['sgd'], (21, 2))
    """
    figure, axes = ground(f, paths, minima=minima, x=x, y=y, title=title)
    for i, path in enumerate(paths.values()):
        points = finite(path)
        axes.plot(*points.T, **{**marker_style(i), "marker": ""})
        axes.plot(*points[-1:].T, marker=marker_style(i)["marker"], color=marker_style(i)["color"], markersize=8)
    return figure


def ground(
    f: Surface,
    paths: Mapping[str, ArrayLike],
    *,
    minima: Sequence[tuple[float, float]],
    x: Range | None,
    y: Range | None,
    title: str,
) -> tuple[Figure, Axes]:
    """Return a picture with the contours, the starts, the minima and the legend, but without the paths."""
    if x is None or y is None:
        wide, high = _limits(paths, minima)
        x, y = x or wide, y or high
    if x[0] == x[1] or y[0] == y[1]:
        raise ValueError(f"Limits must differ. Received: x={x}, y={y}.")
    figure = Figure(figsize=(WIDTH, 0.78 * WIDTH), layout="constrained")
    axes = figure.subplots()
    xs, ys = np.linspace(*x, POINTS), np.linspace(*y, POINTS)
    with np.errstate(all="ignore"):  # where f has no value there is no contour
        values = np.asarray(f(*np.meshgrid(xs, ys)), np.float64)
    levels = heights(values)
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


def heights(values: Array) -> Array:
    """Return where contours are drawn; nowhere, if no value is finite."""
    shown = values[np.isfinite(values)]
    return np.unique(np.quantile(shown, np.linspace(0, 1, LEVELS) ** 2)) if shown.size else shown


def finite(path: ArrayLike) -> Array:
    """Return the points before the first that isn't finite."""
    points = np.asarray(path, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"A path has points of two coordinates, shape (steps + 1, 2). Received: shape {points.shape}.")
    kept: Array = points[np.isfinite(points).all(axis=1).cumprod().astype(bool)]
    return kept


def _limits(paths: Mapping[str, ArrayLike], minima: Sequence[tuple[float, float]]) -> tuple[Range, Range]:
    """The box around everything, with a margin. Flights are cut off: half a box beyond starts, minima, most points."""
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


@styled
def basins(
    reached: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    minima: Sequence[tuple[float, float]],
    *,
    title: str = "",
) -> Figure:
    """Draw which minimum each start leads to.

    Args:
        reached: shape (len(y), len(x)): the index of the minimum, -1 for none of them, as `attraction` returns it.
        x: of the starts, evenly spaced and increasing, two or more.
        y: of the starts, likewise.
        minima: at most ten.
        title: of the picture.

    Raises:
        ValueError: `reached` is not of that shape, or holds what is no index; starts are not evenly spaced.

    >>> figure = basins([[0, 0, 1, 1], [0, -1, 1, 1]], [-2, -1, 0, 1], [0, 1], minima=[(-1, 0), (1, 0)])
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['1: (-1, 0)  38%', '2: (1, 0)  50%', 'elsewhere  12%']
    """
    indices, xs, ys = np.asarray(reached), np.asarray(x, np.float64), np.asarray(y, np.float64)
    if indices.shape != (len(ys), len(xs)):
        raise ValueError(
            f"basins: one index for each start is needed, shape {(len(ys), len(xs))}. Received: {indices.shape}."
        )
    for name, starts in {"x": xs, "y": ys}.items():
        gaps = np.diff(starts)
        if not gaps.size or not (gaps > 0).all() or not np.allclose(gaps, gaps[0]):
            raise ValueError(
                f"basins: {name} must increase evenly, two starts or more, as np.linspace does. "
                f"Received: {starts.tolist()}."
            )
    if (indices % 1).any() or indices.min() < -1 or indices.max() >= len(minima) or len(minima) > len(COLOURS):
        raise ValueError(
            f"basins: indices are -1, or those of at most {len(COLOURS)} minima. "
            f"Received: {indices.min()} to {indices.max()}, {len(minima)} minima."
        )
    colours = [*COLOURS[1:], COLOURS[0]][: len(minima)]
    figure = Figure(figsize=(WIDTH, 0.78 * WIDTH), layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        indices,
        ListedColormap(["white", *colours]),
        vmin=-1.5,
        vmax=len(minima) - 0.5,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(*_edges(xs), *_edges(ys)),
    )
    for i, place in enumerate(minima):
        axes.plot(*place, "o", color="white", markeredgecolor="black", markersize=17, zorder=5)
        axes.annotate(str(i + 1), place, ha="center", va="center", color="black", fontsize="small", zorder=6)
    axes.set(xlabel="x at the start", ylabel="y at the start")
    axes.set_title(title)
    shares = [(indices == i).mean() for i in range(len(minima))]
    handles = [Patch(facecolor=c, edgecolor="black") for c in [*colours, "white"]]
    names = [f"{i + 1}: ({a:.3g}, {b:.3g})" for i, (a, b) in enumerate(minima)]
    told = [f"{name}  {share:.0%}" for name, share in zip(names, shares, strict=True)]
    legend(figure, handles, [*told, f"elsewhere  {(indices == -1).mean():.0%}"])
    return figure


def _edges(centres: Array) -> Range:
    """Where a row of cells with these centres begins and ends."""
    half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2
    return float(centres[0] - half), float(centres[-1] + half)
