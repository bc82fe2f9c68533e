"""Trajectories of optimizers over the contours of a function of two variables, as a plot and as an animation.

An animation is a GIF, or an SVG that needs no script (SMIL).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from .figure import WIDTH, Figure, legend, marker_style, render, styled

Array = NDArray[np.float64]
Range = tuple[float, float]
Surface = Callable[[Any, Any], Any]

LEVELS = 18
FRAMES = 60  # of an animation
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


class Animation:
    """The plot of `trajectories` as an animation: in each frame, the paths grow by the same number of steps.

    Args:
        f: the function, as for `trajectories`.
        paths: arrays of shape (steps + 1, 2) by name.
        minima: the minima of f.
        x: the limits of the x axis.
        y: the limits of the y axis.
        title: the title of the figure.
        seconds: the duration of the animation, in seconds; it repeats.

    Raises:
        ValueError: as `trajectories`, or seconds are not positive.

    >>> bowl = Animation(lambda x, y: x**2 + y**2, {"sgd": [[2, 1], [1, 0.5], [0, 0]]}, seconds=2)
    >>> svg = bowl.to_svg()
    >>> svg.count('dur="2s"'), "<script" in svg  # the line, and both coordinates of the disc at its end
    (3, False)
    """

    def __init__(
        self,
        f: Surface,
        paths: Mapping[str, ArrayLike],
        *,
        minima: Sequence[tuple[float, float]] = (),
        x: Range | None = None,
        y: Range | None = None,
        title: str = "",
        seconds: float = 6.0,
    ) -> None:
        if not 0 < seconds < np.inf:
            raise ValueError(f"seconds must be above 0. Received: {seconds!r}. The default is 6.")
        points = {i: finite(path) for i, path in enumerate(paths.values())}
        self.points = {i: path for i, path in points.items() if len(path)}
        self.seconds = seconds
        self.contours = partial(contours, f, paths, minima=minima, x=x, y=y, title=title)

    @styled
    def save_gif(self, file: str | PathLike[str]) -> None:
        """Write the animation as a GIF.

        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Animation(lambda x, y: x**2 + y**2, {"sgd": [[2, 1], [1, 0.5], [0, 0]]}).save_gif(f"{folder}/bowl.gif")
        ...     Path(folder, "bowl.gif").read_bytes()[:6]
        b'GIF89a'
        """
        figure, axes = self._background()
        lines = [axes.plot([], [], **{**marker_style(i), "marker": ""})[0] for i in self.points]
        heads = [axes.plot([], [], **{**marker_style(i, 8), "linestyle": ""})[0] for i in self.points]
        clock = axes.text(0.99, 0.98, "", transform=axes.transAxes, ha="right", va="top")
        writer = PillowWriter(fps=FRAMES / self.seconds)  # type: ignore[arg-type]  # slow ones have less than one
        with writer.saving(figure, str(file), dpi=80):
            for step in self._frames():
                for line, head, path in zip(lines, heads, self.points.values(), strict=True):
                    line.set_data(*path[: step + 1].T)
                    head.set_data(*path[min(step, len(path) - 1)][:, None])
                clock.set_text(f"step {step}")
                writer.grab_frame()

    @styled
    def to_svg(self) -> str:
        """Return the animation as one SVG document. It holds no script and loads nothing."""
        figure, axes = self._background()
        moving = "".join(self._growing(_to_svg_units(path, axes), i) for i, path in self.points.items())
        box = axes.get_window_extent()
        height = figure.get_figheight() * 72
        frame = f'x="{box.x0:.1f}" y="{height - box.y1:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
        text = render(figure, "svg").decode()
        return text.replace("</svg>", f'<svg {frame} overflow="hidden">{moving}</svg>\n</svg>')

    def _background(self) -> tuple[Figure, Axes]:
        """Return the plot without paths, in a layout that stays the same in every frame."""
        figure, axes = self.contours()
        figure.set_dpi(72)  # the unit of SVG: a point
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure, axes

    def _frames(self) -> list[int]:
        """Return the step that each frame shows: up to FRAMES steps from 0 to the last, which is then repeated."""
        last = max((len(path) for path in self.points.values()), default=1) - 1
        shown = sorted(set(np.linspace(0, last, FRAMES).round().astype(int).tolist()))
        return shown + [last] * (len(shown) // 6)

    def _growing(self, path: NDArray[np.float64], i: int) -> str:
        """Return SVG elements: a line that is drawn from its start to its end, and a disc that moves with its end."""
        at = np.minimum(self._frames(), len(path) - 1)
        length = np.concatenate([[0.0], np.linalg.norm(np.diff(path, axis=0), axis=1).cumsum()])
        hidden = 1 - length[at] / (length[-1] or 1.0)
        colour = marker_style(i)["color"]
        clock = f'dur="{self.seconds:g}s" repeatCount="indefinite"'
        animate = '<animate attributeName="{}" values="{}" {}/>'
        centre = [animate.format(n, _numbers(path[at, axis]), clock) for axis, n in enumerate(("cx", "cy"))]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in path)
        stroke = f'fill="none" stroke="{colour}" stroke-width="1.6" pathLength="1" stroke-dasharray="1"'
        return (
            f'<polyline points="{line}" {stroke}>'
            f"{animate.format('stroke-dashoffset', _numbers(hidden, 4), clock)}</polyline>\n"
            f'<circle r="4" cx="{path[-1, 0]:.1f}" cy="{path[-1, 1]:.1f}" fill="{colour}">{"".join(centre)}</circle>\n'
        )


def _to_svg_units(path: NDArray[np.float64], axes: Axes) -> NDArray[np.float64]:
    """Return points in units of SVG, from the upper left corner of the axes."""
    box = axes.get_window_extent()
    far = 4 * max(box.width, box.height)  # points farther away are moved here: a path to 1e200 has no finite length
    shown = np.clip(axes.transData.transform(path), -far, far)
    return np.stack([shown[:, 0] - box.x0, box.y1 - shown[:, 1]], axis=1)


def _numbers(values: NDArray[np.float64], digits: int = 1) -> str:
    return ";".join(f"{value:.{digits}f}" for value in values)
