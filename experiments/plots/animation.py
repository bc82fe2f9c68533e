"""Animations of trajectories: as GIF, and as SVG that needs no script (SMIL)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from os import PathLike

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from .contours import Range, Surface, contours, finite
from .figure import Figure, marker_style, render, styled

FRAMES = 60


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
