"""The style of all figures: lines can be told apart with colour blindness and in grey print."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
import matplotlib.figure

# Paul Tol's "muted" scheme and black, which differ with any kind of colour vision. Dashes and markers repeat with other
# periods than the colours: up to 20 lines have a style of their own, also in grey.
COLOURS = ("#000000", "#CC6677", "#332288", "#999933", "#88CCEE", "#AA4499", "#117733", "#882255", "#44AA99", "#DDCC77")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^")

FLOOR = 1e-16  # the lower end of a logarithmic axis: smaller values are rounding errors, in float64 at order one
WIDTH = 6.4  # inches, a column of text; letters of 11 points stay legible on a phone

RC_PARAMS: dict[Any, Any] = {
    "font.size": 11,
    "legend.fontsize": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "axes.formatter.useoffset": False,
}

OUTLINES = re.compile(rb' d="[^"]*"')


class Figure(matplotlib.figure.Figure):
    """matplotlib's Figure, which a notebook also shows without pyplot."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return render(self, "png"), {"width": round(100 * self.get_figwidth())}


P = ParamSpec("P")
T = TypeVar("T")


def style(i: int) -> dict[str, Any]:
    """Return the arguments of `Axes.plot` that give line number i its style, the same in every figure.

    >>> style(1)
    {'color': '#CC6677', 'linestyle': '--', 'linewidth': 1.6}
    """
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)], "linewidth": 1.6}


def marker_style(i: int, size: float = 4) -> dict[str, Any]:
    """Return the style of line number i, with a marker at each point."""
    return {**style(i), "marker": MARKERS[i % len(MARKERS)], "markersize": size}


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a plotting function: it uses RC_PARAMS instead of the user's settings of matplotlib.

    A figure that it returns is laid out once. Otherwise matplotlib would repeat the layout at every save.
    """

    @wraps(function)
    def plot(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context({**mpl.rcParamsDefault, **RC_PARAMS}):
            made = function(*args, **kwargs)
            if isinstance(made, Figure):
                made.draw_without_rendering()
                made.set_layout_engine("none")
            return made

    return plot


def legend(figure: Figure, handles: Any, labels: Any, **options: Any) -> None:
    """Add a legend below the axes, in as many columns as fit; the figure becomes higher by the height of the legend."""
    width = 62 + 6 * max(map(len, labels), default=1)  # of a column of the legend, in points
    columns = max(1, min(len(labels), int(72 * figure.get_figwidth() // width)))
    figure.set_figheight(figure.get_figheight() + 0.19 * -(-len(labels) // columns))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, handlelength=3, **options)


def render(figure: matplotlib.figure.Figure, kind: Literal["svg", "pdf", "png"]) -> bytes:
    """Return a figure as the bytes of an SVG, PDF or PNG file; equal figures give equal bytes.

    >>> from ravine.experiments.plots import learning_curves
    >>> figure = learning_curves({"sgd": [[4.0, 2.0, 1.0]]})
    >>> render(figure, "svg")[:5], render(figure, "svg") == render(figure, "svg")
    (b'<?xml', True)
    """
    buffer = io.BytesIO()
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    with mpl.rc_context({**mpl.rcParamsDefault, **RC_PARAMS, "svg.hashsalt": "ravine", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    content = buffer.getvalue()
    return OUTLINES.sub(_rounded, content) if kind == "svg" else content


def _rounded(outline: re.Match[bytes]) -> bytes:
    """Round to hundredths of a point, which halves the size of the file."""
    return re.sub(rb"(\.\d\d)\d+", rb"\1", outline[0])
