"""The pictures of a sweep, by what is to be read under them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ..plots import FLOOR, best_of_k, learning_curves, performance_profiles, rank_diagram
from ..plots.figure import WIDTH, Figure, legend, marker_style, styled
from ..statistics import costs
from .contender import Task
from .results import Entry, Results
from .search import Grid
from .space import LogUniform, Uniform

__all__ = ["across", "of_task"]

Array = NDArray[np.float64]
Pictures = Iterator[tuple[str, str, Figure]]
"""File names, titles and figures."""


def of_task(results: Results, task: Task) -> Pictures:
    """Yield the pictures of one task."""
    entries = [entry for entry in results.entries if entry.task == task]
    problem, split = task.problem, "validation " if task.problem.held_out else ""
    curves = {entry.name: stacked(entry, lambda outcome: outcome.train_loss) for entry in entries}
    if not any(values.size for values in curves.values()):
        return
    if problem.held_out:
        yield "loss", "Training loss", learning_curves(curves, xlabel="epoch", ylabel="training loss")
    metrics = {entry.name: stacked(entry, lambda outcome: outcome.validation_metric) for entry in entries}
    name = f"{split}{problem.metric}"
    log = not problem.higher_is_better
    options: dict[str, Any] = {"xlabel": "epoch", "ylabel": name, "logarithmic": log, "target": problem.target}
    yield "metric", name.capitalize(), learning_curves(metrics, **options)
    for measure in results.sweep.measures:
        found = {entry.name: stacked(entry, partial(measured, measure)) for entry in entries}
        label = measure.replace("_", " ")
        points = np.arange(1, task.epochs + 1)
        yield measure, label.capitalize(), learning_curves(found, x=points, xlabel="epoch", ylabel=label)
    searches = [space for entry in entries for space in entry.contender.searched.items()]
    for hyperparameter in dict.fromkeys(name for name, space in searches if isinstance(space, Uniform)):
        figure = searched(entries, hyperparameter, name, problem.higher_is_better)
        yield f"by-{hyperparameter}", f"Every setting tried, by {hyperparameter}", figure
    if not isinstance(results.sweep.search, Grid):
        trials = {entry.name: scores(entry) for entry in widest(entries)}
        options = {"higher_is_better": problem.higher_is_better, "logarithmic": log, "ylabel": name}
        yield "best-of-k", "What a search of k settings finds", best_of_k(trials, **options)


def across(results: Results) -> Pictures:
    """Yield the pictures of all tasks together, of which there must be two, as of contenders."""
    entries = widest(results.entries)
    tasks, names = results.sweep.tasks, [contender.name for contender in results.sweep.entrants]
    done = all(entry.tuned and None not in entry.final for entry in entries)
    if len(tasks) < 2 or len(names) < 2 or not done:
        return
    shape = len(tasks), len(names)
    for unit in ("epochs", "seconds"):
        times = np.array([middle(entry, f"{unit}_to_target") for entry in entries]).reshape(shape)
        if np.isfinite(times).any():
            title = f"{unit.capitalize()} to the problems' targets: profiles over problems"
            yield f"profiles-{unit}", title, performance_profiles(times, names)
    values = np.array([middle(entry, "test_metric") for entry in entries]).reshape(shape)
    yield "ranks", "Mean rank of the median test metric", rank_diagram(values, names)


def widest(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with the greatest budget."""
    return list({(entry.task.name, entry.contender.name): entry for entry in entries}.values())


def middle(entry: Entry, quantity: str) -> float:
    """Return the median of a quantity as a cost: infinity if it is a run that did not finish, or if there is none."""
    higher = quantity == "test_metric" and entry.task.problem.higher_is_better
    values = costs(entry.values(quantity), higher)
    return float(np.median(values)) if values.size else float("inf")


def stacked(entry: Entry, curve: Callable[[Any], Sequence[float]]) -> Array:
    """Return a curve of every final run that is there, shape (runs, points); NaN from where it did not go on."""
    found = [[*curve(record.outcome)] if record.outcome else [] for record in entry.final if record]
    points = max(map(len, found), default=0)
    return np.array([row + [np.nan] * (points - len(row)) for row in found], np.float64)


def measured(measure: str, outcome: Any) -> Sequence[float]:
    """Return what was measured of a run, epoch by epoch."""
    values: Sequence[float] = outcome.measured[measure]
    return values


def scores(entry: Entry) -> Array:
    """Return the mean validation metric of every setting, shape (settings,): NaN where a run did not finish."""
    return np.array([tried.score("validation_metric") for tried in entry.tried], np.float64)


@styled
def searched(entries: Sequence[Entry], name: str, ylabel: str, higher_is_better: bool) -> Figure:
    """Draw the score of every setting against one hyperparameter; below, what diverged."""
    shown = [(i, entry) for i, entry in enumerate(entries) if name in entry.contender.searched]
    figure = Figure(figsize=(WIDTH, 4.3 + 0.2 * len(shown)), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 0.5 + 0.2 * len(shown)))
    for row, (i, entry) in enumerate(shown):
        place = np.array([dict(tried.setting)[name] for tried in entry.tried], np.float64)
        draw(upper, lower, place, scores(entry), row, {**marker_style(i), "linestyle": "none"}, higher_is_better)
    log = any(isinstance(entry.contender.searched[name], LogUniform) for _, entry in shown)
    upper.set(xscale="log" if log else "linear", yscale="linear" if higher_is_better else "log", ylabel=ylabel)
    upper.set_title("mean over the tuning seeds")
    lower.set(xlabel=name, ylim=(len(shown) - 0.5, -0.5))
    lower.set_title("best (mark), diverged or failed (cross)")
    lower.set_yticks(range(len(shown)), [entry.name for _, entry in shown], fontsize="small")
    for axes in (upper, lower):
        axes.grid(True)
    looks = [{**marker_style(i), "linestyle": "none"} for i, _ in shown]
    legend(figure, [Line2D([], [], **look) for look in looks], [entry.name for _, entry in shown])
    return figure


def draw(
    upper: Axes, lower: Axes, place: Array, values: Array, row: int, look: dict[str, Any], higher_is_better: bool
) -> None:
    """Draw the settings of one entry."""
    finite = np.isfinite(values)
    upper.plot(place[finite], values[finite] if higher_is_better else np.maximum(values[finite], FLOOR), **look)
    lower.plot(place[~finite], [row] * int((~finite).sum()), "x", color=look["color"], markersize=6)
    if finite.any():
        found = int(np.nanargmax(values) if higher_is_better else np.nanargmin(values))
        lower.plot(place[found], row, color=look["color"], marker=look["marker"], markersize=8)
