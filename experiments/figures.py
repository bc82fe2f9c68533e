"""The two pictures of a comparison, drawn from its data alone."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .outcome import Outcome
from .results import Results
from .runs import Description, Run, counted
from .summary import Setting, best, settings

Quantiles = NDArray[np.float64]  # (3, epochs + 1): lower quartile, median, upper quartile

# Paul Tol's "muted" scheme and black: told apart with any kind of colour vision. Dashes and markers repeat with other
# periods, so that the look of a line is its own up to the 20th, and readable in grey.
COLOURS = ("#000000", "#CC6677", "#332288", "#999933", "#88CCEE", "#AA4499", "#117733", "#882255", "#44AA99", "#DDCC77")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^")

FLOOR = 1e-16  # of a logarithmic axis: what is below is rounding, in float64 and functions of order one


def style(i: int) -> dict[str, Any]:
    """Return the look of optimizer number i, the same in every figure."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)], "linewidth": 1.6}


def png(figure: Figure) -> bytes:
    """Return the picture."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


# -- learning curves --------------------------------------------------------------------------------------------------


def learning_curves(results: Results) -> Figure:
    """Curves of the final runs: the median of the seeds that finished, and a band that holds their middle half.

    Training loss of all optimizers together, and validation metric of each in front of the others. Without held-out
    data these are one quantity: the metric, together.
    """
    described = results.description
    finals = [[r for r in results.runs if (r.phase, r.optimizer) == ("final", name)] for name in described.optimizers]
    metric = Curves(
        described.of_split(described.metric, "validation"),
        [quantiles(runs, lambda outcome: outcome.validation_metric) for runs in finals],
        logarithmic=not described.higher_is_better,
    )
    labels = [status(name, runs) for name, runs in zip(described.optimizers, finals, strict=True)]
    if not described.held_out:
        figure = Figure(figsize=(8.5, 5), layout="constrained")
        target(together(figure, metric, described, labels), described)
        return figure
    loss = Curves("training loss", [quantiles(runs, lambda outcome: outcome.train_loss) for runs in finals], True)
    figure = Figure(figsize=(15, 5.5), layout="constrained")
    left, right = figure.subfigures(1, 2, wspace=0.02, squeeze=False)[0]
    together(left, loss, described, labels)
    one_by_one(right, metric, described)
    return figure


@dataclass(frozen=True)
class Curves:
    """One quantity of every optimizer against epochs; None for one of which no seed finished."""

    name: str
    quantiles: Sequence[Quantiles | None]
    logarithmic: bool

    def draw(self, axes: Axes, i: int) -> None:
        """Draw the median and the band of optimizer number i."""
        if (values := self.quantiles[i]) is not None:
            low, middle, high = np.maximum(values, FLOOR) if self.logarithmic else values
            epochs = np.arange(len(middle))
            axes.fill_between(epochs, low, high, color=style(i)["color"], alpha=0.15, linewidth=0)
            axes.plot(epochs, middle, **style(i))

    def shadow(self, axes: Axes, i: int) -> None:
        """Draw the median of optimizer number i in grey, behind."""
        if (values := self.quantiles[i]) is not None:
            axes.plot(np.maximum(values[1], FLOOR), color="0.8", linewidth=0.8, zorder=0)

    def frame(self, axes: Axes, described: Description) -> None:
        """Set scales and limits."""
        axes.set_xlim(0, described.epochs)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.grid(alpha=0.3)
        if not self.logarithmic:
            axes.set_ylim(*self.limits(described.target))
        elif any(values is not None for values in self.quantiles):  # an empty axis has no logarithm
            axes.set_yscale("log")

    def limits(self, target: float) -> tuple[float, float]:
        """Return limits that show the target and the last three quarters of every curve, not the steep beginning."""
        late = [values[:, values.shape[1] // 4 :] for values in self.quantiles if values is not None]
        low, high = min([target, *(v.min() for v in late)]), max([target, *(v.max() for v in late)])
        margin = 0.05 * (high - low) or 0.05
        return low - margin, high + margin


def quantiles(runs: Sequence[Run], curve: Callable[[Outcome], Sequence[float]]) -> Quantiles | None:
    """Return quartiles and median over the finished runs."""
    finished = [curve(run.outcome) for run in runs if run.outcome.status == "finished"]
    return np.quantile(np.asarray(finished), (0.25, 0.5, 0.75), axis=0) if finished else None


def together(figure: Figure | SubFigure, curves: Curves, described: Description, labels: Sequence[str]) -> Axes:
    """Draw all optimizers into one axes, with the legend beside it."""
    axes = figure.subplots()
    for i in range(len(labels)):
        curves.draw(axes, i)
    curves.frame(axes, described)
    axes.set(xlabel="epoch", ylabel=curves.name)
    seeds = counted(len(described.final_seeds), "seed")
    axes.set_title(f"{described.problem}: median of {seeds}, band: middle half", loc="left")
    handles = [Line2D([], [], **style(i)) for i in range(len(labels))]
    figure.legend(handles, labels, loc="outside right upper", title="at its best rate", handlelength=3)
    return axes


def one_by_one(figure: SubFigure, curves: Curves, described: Description) -> None:
    """Draw each optimizer into axes of its own, in front of the others in grey."""
    count = len(described.optimizers)
    columns = math.ceil(math.sqrt(count))
    grid = figure.subplots(math.ceil(count / columns), columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[count:]:
        axes.remove()
    for i, (axes, name) in enumerate(zip(grid.flat[:count], described.optimizers, strict=True)):
        for j in range(count):
            curves.draw(axes, j) if j == i else curves.shadow(axes, j)
        curves.frame(axes, described)
        target(axes, described)
        axes.set_title(name, fontsize="medium", color=style(i)["color"])
        axes.tick_params(labelbottom=i + columns >= count)
    figure.supxlabel("epoch", fontsize="medium")
    figure.supylabel(curves.name, fontsize="medium")


def target(axes: Axes, described: Description) -> None:
    """Draw the target as a line."""
    axes.axhline(described.target, color="0.4", linewidth=0.8, zorder=0)
    place = (described.epochs, described.target)
    axes.annotate("target", place, ha="right", va="bottom", color="0.4", fontsize="x-small")


def status(optimizer: str, runs: Sequence[Run]) -> str:
    """Return the legend's text: the name, and how many final runs diverged."""
    diverged = sum(run.outcome.status == "diverged" for run in runs)
    if not runs:
        return f"{optimizer} (diverged at every rate)"
    return f"{optimizer} ({diverged} of {len(runs)} diverged)" if diverged else optimizer


# -- sensitivity ------------------------------------------------------------------------------------------------------


def sensitivity(results: Results) -> Figure:
    """Metric after the last epoch of tuning against the learning rate; below, the best rates and the diverged ones."""
    described = results.description
    count = len(described.optimizers)
    strip = 0.4 + 0.25 * count
    figure = Figure(figsize=(9.5, 4.4 + strip), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, strip))
    for i, name in enumerate(described.optimizers):
        grid = settings(run for run in results.runs if (run.phase, run.optimizer) == ("tuning", name))
        draw_grid(upper, lower, i, grid, described)
    seeds = counted(len(described.tuning_seeds), "tuning seed")
    upper.set(xscale="log", ylabel=described.of_split(described.metric, "validation"))
    epochs = counted(described.epochs, "epoch")
    upper.set_title(f"{described.problem}: after {epochs}, mean of {seeds}", loc="left")
    lower.set(xlabel="learning rate", ylim=(count - 0.5, -0.5))
    lower.set_title("best rate (mark), diverged (cross)", loc="left", fontsize="medium")
    lower.set_yticks(range(count), described.optimizers, fontsize="small")
    handles = [Line2D([], [], **style(i), marker=MARKERS[i % len(MARKERS)], markersize=4) for i in range(count)]
    figure.legend(handles, described.optimizers, loc="outside right upper", handlelength=4)
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    return figure


def draw_grid(upper: Axes, lower: Axes, i: int, grid: Sequence[Setting], described: Description) -> None:
    """Draw the settings of optimizer number i: its finished ones as a line, its best and its diverged ones in a row."""
    look = {**style(i), "marker": MARKERS[i % len(MARKERS)]}
    if finished := [(setting.lr, setting.metric) for setting in grid if setting.metric is not None]:
        lrs, metrics = np.array(finished).T
        if not described.higher_is_better:
            metrics = np.maximum(metrics, FLOOR)
            upper.set_yscale("log")
        upper.plot(lrs, metrics, **look, markersize=4)
    crosses = [setting.lr for setting in grid if setting.diverged]
    lower.plot(crosses, [i] * len(crosses), "x", color=look["color"], markersize=6, markeredgewidth=1.8)
    if chosen := best(grid, described.higher_is_better):
        lower.plot(chosen.lr, i, color=look["color"], marker=look["marker"], markersize=8)
