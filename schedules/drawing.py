"""Plots of a schedule: inline SVG for notebooks, without any library, and matplotlib figures."""

from collections.abc import Callable
from functools import cache
from html import escape
from importlib import import_module
from io import BytesIO
from os import PathLike
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[[Any], Any]

WIDTH, HEIGHT, MARGIN = 360, 120, 16  # pixels
FEW = 40  # up to this many points are marked one by one
GREY, BLUE = "#767676", "#0072b2"  # both are legible on white and on black


def points(function: Function, steps: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """At most `most` step counts between 0 and `steps`, and the values there."""
    k = np.unique(np.linspace(0, min(steps, 2**53), most).astype(np.int64))
    return k, function(k)


def svg(function: Function, source: str, steps: int) -> str:
    """A small plot with the source below it. Values that are not finite are left out."""
    k, values = points(function, steps, WIDTH)
    k, values = k[np.isfinite(values)], values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        heights = (values / 2 - low / 2) / (high / 2 - low / 2) if high > low else np.full(values.shape, 0.5)
    x = MARGIN + (WIDTH - 2 * MARGIN) * k / max(steps, 1)
    y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * heights
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    texts = [
        (MARGIN, MARGIN - 4, "start", f"{high:.4g}"),
        (MARGIN, HEIGHT - 4, "start", f"{low:.4g}" if low < high else ""),
        (WIDTH - MARGIN, HEIGHT - 4, "end", f"k = {steps}"),
        (MARGIN, HEIGHT + MARGIN - 2, "start", escape(shorten(source, 60, placeholder=" ..."))),
    ]
    labels = "".join(f'<text x="{x}" y="{y}" text-anchor="{at}">{text}</text>' for x, y, at, text in texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT + MARGIN}">'
        f'<title>{escape(source)}</title><g fill="{GREY}" font-size="10" font-family="sans-serif">{labels}</g>'
        f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )


def plotted(function: Function, source: str, steps: int, path: str | PathLike[str] | None, ax: Any) -> Any:
    """A matplotlib figure of the values at k = 0 ... steps, saved to `path` if that is given."""
    axes = new_axes() if ax is None else ax
    k, values = points(function, steps, 2000)
    label = shorten(source, 70, placeholder=" ...")
    axes.plot(k, values, marker="o" if k.size <= FEW else None, markersize=3, label=label)
    axes.set_xlabel("k, updates taken")
    axes.legend(loc="best", fontsize="small")
    return written(axes.figure, path)


def written(figure: Any, path: str | PathLike[str] | None) -> Any:
    """The figure, saved to `path` if that is given."""
    if path is not None:
        figure.savefig(path)
    return figure


def new_axes() -> Any:
    """The axes of a new figure. Raises ModuleNotFoundError if matplotlib is missing."""
    return _figure_class()(figsize=(6.4, 3.2), dpi=100, layout="constrained").add_subplot()


@cache
def _figure_class() -> Any:
    try:
        figure = import_module("matplotlib.figure").Figure  # imported here because only plots need matplotlib
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'plot draws with matplotlib, which is not installed. Install it: pip install ".[experiments]". '
            "A notebook shows a schedule without it."
        ) from None
    return type("Figure", (figure,), {"_repr_png_": _png})  # notebooks need it without pyplot


def _png(figure: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
