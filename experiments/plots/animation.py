"""Trajectories that move: as GIF, and as SVG that needs no script (SMIL), to be opened or embedded anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from .figure import marker_style, render, styled
from .plane import Range, Surface, finite, ground

__all__ = ["animated_svg", "save_gif"]

FRAMES = 60


@styled
def save_gif(
    file: str | PathLike[str],
    f: Surface,
    paths: Mapping[str, ArrayLike],
    *,
    minima: Sequence[tuple[float, float]] = (),
    x: Range | None = None,
    y: Range | None = None,
    title: str = "",
    seconds: float = 6.0,
) -> None:
    """Write the picture that `trajectories` draws as a GIF in which the paths grow, all at the same pace of steps.

    Args:
        file: where to.
        f: as for `trajectories`; so are paths, minima, x, y and title.
        paths: by name, shape (steps + 1, 2).
        minima: of f.
        x: limits.
        y: limits.
        title: of the picture.
        seconds: it takes, over and over.

    Raises:
        ValueError: as `trajectories`, or seconds are not positive.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_gif(f"{folder}/bowl.gif", lambda x, y: x**2 + y**2, {"sgd": [[2, 1], [1, 0.5], [0, 0]]})
    ...     Path(folder, "bowl.gif").read_bytes()[:6]
    b'GIF89a'
    """
    _check(seconds)
    figure, axes = ground(f, paths, minima=minima, x=x, y=y, title=title)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or it is laid out again for every frame
    points = _points(paths)
    lines = [axes.plot([], [], **{**marker_style(i), "marker": ""})[0] for i in points]
    heads = [axes.plot([], [], **{**marker_style(i, 8), "linestyle": ""})[0] for i in points]
    clock = axes.text(0.99, 0.98, "", transform=axes.transAxes, ha="right", va="top")
    writer = PillowWriter(fps=FRAMES / seconds)  # type: ignore[arg-type]  # slow ones have less than one
    with writer.saving(figure, str(file), dpi=80):
        for step in _frames(points):
            for line, head, path in zip(lines, heads, points.values(), strict=True):
                line.set_data(*path[: step + 1].T)
                head.set_data(*path[min(step, len(path) - 1)][:, None])
            clock.set_text(f"step {step}")
            writer.grab_frame()


@styled
def animated_svg(
    f: Surface,
    paths: Mapping[str, ArrayLike],
    *,
    minima: Sequence[tuple[float, float]] = (),
    x: Range | None = None,
    y: Range | None = None,
    title: str = "",
    seconds: float = 6.0,
) -> str:
    """Return the picture that `trajectories` draws as one SVG document in which the paths grow.

    It holds no script and asks for nothing. Arguments and errors are those of `save_gif`.

    >>> picture = animated_svg(lambda x, y: x**2 + y**2, {"sgd": [[2, 1], [1, 0.5], [0, 0]]}, seconds=2)
    >>> picture.count('dur="2s"'), "<script" in picture  # the line, and both coordinates of its head
    (3, False)
    """
    _check(seconds)
    figure, axes = ground(f, paths, minima=minima, x=x, y=y, title=title)
    figure.set_dpi(72)  # the unit of SVG: a point
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    points = _points(paths)
    frames = _frames(points)
    moving = "".join(_moving(_placed(path, axes), i, frames, seconds) for i, path in points.items())
    box = axes.get_window_extent()
    height = figure.get_figheight() * 72
    frame = f'x="{box.x0:.1f}" y="{height - box.y1:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    text = render(figure, "svg").decode()
    return text.replace("</svg>", f'<svg {frame} overflow="hidden">{moving}</svg>\n</svg>')


def _check(seconds: float) -> None:
    """Raise ValueError unless it is a length of time."""
    if not 0 < seconds < np.inf:
        raise ValueError(f"seconds must be above 0. Received: {seconds!r}. The default is 6.")


def _points(paths: Mapping[str, ArrayLike]) -> dict[int, NDArray[np.float64]]:
    """The paths by number, those that have a finite point."""
    found = {i: finite(path) for i, path in enumerate(paths.values())}
    return {i: path for i, path in found.items() if len(path)}


def _frames(paths: Mapping[int, NDArray[np.float64]]) -> list[int]:
    """The steps to show: FRAMES of them, from 0 to the last, and the last for a while."""
    last = max((len(path) for path in paths.values()), default=1) - 1
    shown = sorted(set(np.linspace(0, last, FRAMES).round().astype(int).tolist()))
    return shown + [last] * (len(shown) // 6)


def _placed(path: NDArray[np.float64], axes: Axes) -> NDArray[np.float64]:
    """Points in units of SVG, from the upper left corner of the axes."""
    box = axes.get_window_extent()
    far = 4 * max(box.width, box.height)  # beyond what is seen: a flight to 1e200 has no length
    shown = np.clip(axes.transData.transform(path), -far, far)
    return np.stack([shown[:, 0] - box.x0, box.y1 - shown[:, 1]], axis=1)


def _moving(path: NDArray[np.float64], i: int, frames: Sequence[int], seconds: float) -> str:
    """A line that is uncovered from its beginning, and a disc at its head."""
    at = np.minimum(frames, len(path) - 1)
    length = np.concatenate([[0.0], np.linalg.norm(np.diff(path, axis=0), axis=1).cumsum()])
    hidden = 1 - length[at] / (length[-1] or 1.0)
    colour = marker_style(i)["color"]
    clock = f'dur="{seconds:g}s" repeatCount="indefinite"'
    animate = '<animate attributeName="{}" values="{}" {}/>'
    places = [animate.format(n, _numbers(path[at, axis]), clock) for axis, n in enumerate(("cx", "cy"))]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in path)
    look = f'fill="none" stroke="{colour}" stroke-width="1.6" pathLength="1" stroke-dasharray="1"'
    return (
        f'<polyline points="{line}" {look}>'
        f"{animate.format('stroke-dashoffset', _numbers(hidden, 4), clock)}</polyline>\n"
        f'<circle r="4" cx="{path[-1, 0]:.1f}" cy="{path[-1, 1]:.1f}" fill="{colour}">{"".join(places)}</circle>\n'
    )


def _numbers(values: NDArray[np.float64], digits: int = 1) -> str:
    return ";".join(f"{value:.{digits}f}" for value in values)
