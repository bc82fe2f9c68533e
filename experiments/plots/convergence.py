"""Basins of attraction: which minimum an optimizer reaches from every point of a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from ...autograd import grad
from ...optim import Optimizer
from .figure import COLOURS, WIDTH, Figure, legend, styled

Array = NDArray[np.float64]


def attraction(
    f: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    x: ArrayLike,
    y: ArrayLike,
    minima: Sequence[tuple[float, float]],
    steps: int,
    *,
    within: float = 0.1,
) -> NDArray[np.intp]:
    """Start an optimizer at every point of a grid, and return which minimum it reaches from each.

    All starts are elements of one parameter, which an elementwise optimizer updates independently.

    Args:
        f: takes arrays or Tensors x, y and returns the same, elementwise: `Function.f`.
        optimizer: without parameters; elementwise.
        x: the x coordinates of the starts, shape (columns,).
        y: the y coordinates of the starts, shape (rows,).
        minima: points that may be reached.
        steps: the number of updates from each start.
        within: the largest distance from a minimum that counts as reached.

    Returns:
        Shape (rows, columns): the index of the minimum, or -1 for none of them.

    Raises:
        ValueError: the optimizer is bound, or its update rule or an option of it is not elementwise; there are no
            minima.

    >>> from ravine.optim import SGD
    >>> wells = [(-1, 0), (1, 0)]
    >>> attraction(lambda x, y: (x**2 - 1) ** 2 + y**2, SGD(lr=0.1), [-1.5, -0.5, 0, 0.5], [0, 1], wells, 100).tolist()
    [[0, 0, -1, 1], [0, 0, -1, 1]]
    """
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"attraction: an unbound optimizer is needed, such as Adam(lr=0.1). Received: {optimizer!r}.")
    if not len(minima):
        raise ValueError("attraction: there are no minima to reach. Give at least one minimum.")
    norms = (optimizer.clip_norm, optimizer.clip_each_norm, optimizer.clip_adaptive)
    if optimizer.granularity != "elementwise" or any(norms) or optimizer.nonfinite != "propagate":
        raise ValueError(
            "attraction: all starts share one parameter, which needs an optimizer that works element by element. "
            f"Received: {optimizer!r}. Call minimize for each start."
        )
    starts = np.stack(np.meshgrid(np.asarray(x, np.float64), np.asarray(y, np.float64)), axis=-1)
    points = starts.reshape(-1, 2)
    bound = optimizer.bind([points])
    gradient = grad(lambda places: np.sum(f(places[:, 0], places[:, 1])))
    with np.errstate(all="ignore"):  # a start that diverges overflows
        for _ in range(steps):
            bound.step([gradient(points.copy())])
        distances = np.linalg.norm(points[:, None] - np.asarray(minima), axis=-1)
    nearest = np.where(np.isfinite(distances), distances, np.inf)
    reached = np.where(nearest.min(axis=1) <= within, nearest.argmin(axis=1), -1)
    return reached.reshape(starts.shape[:2])


@styled
def basins(
    reached: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    minima: Sequence[tuple[float, float]],
    *,
    title: str = "",
) -> Figure:
    """Plot which minimum the optimizer reaches from each start.

    Args:
        reached: shape (len(y), len(x)): the index of the minimum, -1 for none of them, as `attraction` returns it.
        x: the x coordinates of the starts, evenly spaced and increasing, two or more.
        y: the y coordinates, likewise.
        minima: at most ten.
        title: the title of the figure.

    Raises:
        ValueError: `reached` has another shape, or an element that is no index; the starts are not evenly spaced.

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
    fractions = [(indices == i).mean() for i in range(len(minima))]
    handles = [Patch(facecolor=c, edgecolor="black") for c in [*colours, "white"]]
    names = [f"{i + 1}: ({a:.3g}, {b:.3g})" for i, (a, b) in enumerate(minima)]
    labels = [f"{name}  {part:.0%}" for name, part in zip(names, fractions, strict=True)]
    legend(figure, handles, [*labels, f"elsewhere  {(indices == -1).mean():.0%}"])
    return figure


def _edges(centres: Array) -> tuple[float, float]:
    """Return where a row of cells with these centres begins and ends."""
    half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2
    return float(centres[0] - half), float(centres[-1] + half)
