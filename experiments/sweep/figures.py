"""The figures of a report, in the order in which a reader wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..plots import (
    FLOOR,
    best_of_k,
    learning_curves,
    learning_curves_apart,
    performance_profiles,
    rank_diagram,
    sensitivity,
)
from ..plots.figure import WIDTH, Figure, legend, marker_style, styled
from ..statistics import costs
from .runs import OptimizerResult, ProblemSummary, Values
from .summary import counted

Entries = Sequence[OptimizerResult]


@dataclass(frozen=True)
class ReportFigure:
    """A figure, the name of its files, its heading, and its caption."""

    name: str
    heading: str
    caption: str
    figure: Figure


def problem_figures(problem: ProblemSummary, entries: Entries, measures: Sequence[str]) -> Iterator[ReportFigure]:
    """Yield the figures of one problem; none before a final run or a complete search is there."""
    if not any(entry.tuned for entry in entries):
        return
    metric = problem.of_split(problem.metric, "validation")
    seeds = counted(max(entry.final_seeds for entry in entries), "seed")
    caption = f"median of {seeds}, band: interquartile range"
    title = f"{problem.name}: {caption}"
    apart = len(entries) > 1 and problem.held_out
    yield ReportFigure(
        "learning_curves",
        "Learning curves",
        f"Each optimizer at its best setting: {caption}" + (", the others in grey." if apart else "."),
        (learning_curves_apart if apart else learning_curves)(
            _curves(entries, "validation_metric"),
            xlabel="epoch",
            ylabel=metric,
            logarithmic=not problem.higher_is_better,
            target=problem.target,
            title=title,
        ),
    )
    if problem.held_out:
        figure = learning_curves(_curves(entries, "train_loss"), xlabel="epoch", ylabel="training loss", title=title)
        yield ReportFigure("training_loss", "Training loss", f"Training loss of the same runs: {caption}.", figure)
    for measure in measures:
        label = measure.replace("_", " ")
        epochs = np.arange(1, problem.epochs + 1)
        figure = learning_curves(_curves(entries, measure), x=epochs, xlabel="epoch", ylabel=label, title=title)
        yield ReportFigure(measure, label.capitalize(), f"Mean over the steps of each epoch: {caption}.", figure)
    yield from _search_figures(problem, entries, metric)
    if len(entries) > 1 and entries[0].final_seeds > 1:
        yield from _seed_figures(problem, entries, seeds)


def _curves(entries: Entries, name: str) -> dict[str, Values]:
    return {entry.name: entry.curves(name) for entry in entries}


def _scores(entry: OptimizerResult) -> Values:
    """The mean validation metric of every setting, shape (settings,); NaN where a run diverged or failed."""
    return np.array([result.score("validation_metric") for result in entry.tried], np.float64)


def _tried(entry: OptimizerResult, name: str) -> Values:
    """The values of a hyperparameter that were tried, shape (settings,)."""
    return np.array([dict(result.setting)[name] for result in entry.tried], np.float64)


def _search_figures(problem: ProblemSummary, entries: Entries, metric: str) -> Iterator[ReportFigure]:
    """Yield the results of tuning, by hyperparameter and by number of settings."""
    entries = _largest_budgets(entries)
    runs = counted(len(entries[0].tried[0].runs), "seed")
    searched = {tuple(name for name, _ in result.setting) for entry in entries for result in entry.tried}
    grids = {tuple(_tried(entry, "lr")) for entry in entries} if searched == {("lr",)} else set()
    if len(grids) == 1:  # one grid of learning rates for all
        figure = sensitivity(
            next(iter(grids)),
            {entry.name: _scores(entry) for entry in entries},
            higher_is_better=problem.higher_is_better,
            ylabel=metric,
            title=f"{problem.name}: after {counted(problem.epochs, 'epoch')}, mean of {runs}",
        )
        caption = f"After {counted(problem.epochs, 'epoch')}, mean of {runs}; crosses are learning rates that diverged."
        yield ReportFigure("sensitivity", "Sensitivity to the learning rate", caption, figure)
    else:
        for name in dict.fromkeys(name for entry in entries for name in entry.scales):
            figure = _scatter(entries, name, metric, problem.higher_is_better)
            caption = f"Every setting tried, mean of {runs}; crosses are settings that diverged or failed."
            yield ReportFigure(f"by-{name}", f"Sensitivity to {name}", caption, figure)
    if entries[0].budget is not None:
        figure = best_of_k(
            {entry.name: _scores(entry) for entry in entries},
            higher_is_better=problem.higher_is_better,
            logarithmic=not problem.higher_is_better,
            ylabel=metric,
        )
        caption = "The best of k settings: median over searches, band: interquartile range."
        yield ReportFigure("best-of-k", "Result of a search with k settings", caption, figure)


def _seed_figures(problem: ProblemSummary, entries: Entries, seeds: str) -> Iterator[ReportFigure]:
    """Yield comparisons of the optimizers seed by seed, once all runs are there."""
    if not all(entry.complete for entry in entries):
        return
    names = [entry.name for entry in entries]
    times = np.stack([entry.values("steps_to_target") for entry in entries], axis=1)
    if np.isfinite(times).any():
        yield ReportFigure(
            "profile",
            "Steps to the target, relative to the fastest optimizer",
            f"Fraction of the seeds on which an optimizer reaches {problem.target:g} within τ times the steps of the "
            "fastest on that seed (Dolan and Moré 2002). The score is the area under the line, up to 4 (AlgoPerf).",
            performance_profiles(_infinite(times), names, of="seeds", title=f"{problem.name}: {seeds}"),
        )
    metrics = np.stack([entry.values("test_metric") for entry in entries], axis=1)
    yield ReportFigure(
        "ranks",
        "Ranks",
        f"Mean rank by {problem.of_split(problem.metric, 'test')} over the seeds, a diverged run last. {CLIQUES}",
        rank_diagram(metrics, names, higher_is_better=problem.higher_is_better, of="seeds"),
    )


CLIQUES = (
    "A bar joins optimizers that Nemenyi's test (level 0.05) can't tell apart: those whose ranks differ by less than "
    "the critical difference (Demšar 2006)."
)


def _infinite(times: Values) -> Values:
    return np.where(np.isfinite(times), times, np.inf)


def _largest_budgets(entries: Entries) -> list[OptimizerResult]:
    """Return, for each optimizer on each problem, the entry with the largest budget."""
    return list({(entry.problem.name, entry.optimizer): entry for entry in entries}.values())


def cross_problem_figures(entries: Entries) -> Iterator[ReportFigure]:
    """Yield comparisons over problems, if there are several problems and optimizers and all runs are there."""
    entries = _largest_budgets(entries)
    problems = list(dict.fromkeys(entry.problem.name for entry in entries))
    names = list(dict.fromkeys(entry.optimizer for entry in entries))
    if len(problems) < 2 or len(names) < 2 or not all(entry.complete for entry in entries):
        return
    shape = len(problems), len(names)
    for unit in ("epochs", "seconds"):
        times = np.array([_median_cost(entry, f"{unit}_to_target") for entry in entries]).reshape(shape)
        if np.isfinite(times).any():
            heading = f"{unit.capitalize()} to the problems' targets"
            caption = (
                f"Fraction of the problems on which an optimizer's median reaches the target within τ times the {unit} "
                "of the fastest (Dolan and Moré 2002)."
            )
            yield ReportFigure(f"profiles-{unit}", heading, caption, performance_profiles(times, names))
    values = np.array([_median_cost(entry, "test_metric") for entry in entries]).reshape(shape)
    caption = f"Mean rank over problems of the median test metric. {CLIQUES}"
    yield ReportFigure("ranks", "Ranks", caption, rank_diagram(values, names))


def _median_cost(entry: OptimizerResult, quantity: str) -> float:
    """The median of a quantity over the final runs, smaller being better; infinite if it is a run without an end."""
    higher = quantity == "test_metric" and entry.problem.higher_is_better
    return float(np.median(costs(entry.values(quantity), higher)))


@styled
def _scatter(entries: Entries, name: str, ylabel: str, higher_is_better: bool) -> Figure:
    """Draw the score of every setting against one hyperparameter; below, the best and those that diverged."""
    shown = [(i, entry) for i, entry in enumerate(entries) if name in entry.scales]
    figure = Figure(figsize=(WIDTH, 4.3 + 0.2 * len(shown)), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 0.5 + 0.2 * len(shown)))
    styles = [{**marker_style(i), "linestyle": "none"} for i, _ in shown]
    for row, (_, entry) in enumerate(shown):
        _scatter_entry(upper, lower, _tried(entry, name), _scores(entry), row, styles[row], higher_is_better)
    log = any(entry.scales[name] == "log" for _, entry in shown)
    upper.set(xscale="log" if log else "linear", yscale="linear" if higher_is_better else "log", ylabel=ylabel)
    upper.set_title("mean over the tuning seeds")
    lower.set(xlabel=name, ylim=(len(shown) - 0.5, -0.5))
    lower.set_title("best (mark), diverged or failed (cross)")
    names = [entry.name for _, entry in shown]
    lower.set_yticks(range(len(shown)), names, fontsize="small")
    for axes in (upper, lower):
        axes.grid(True)
    legend(figure, [Line2D([], [], **style) for style in styles], names)
    return figure


def _scatter_entry(
    upper: Axes, lower: Axes, x: Values, values: Values, row: int, style: dict[str, Any], higher_is_better: bool
) -> None:
    """Draw the settings of one entry."""
    finite = np.isfinite(values)
    upper.plot(x[finite], values[finite] if higher_is_better else np.maximum(values[finite], FLOOR), **style)
    lower.plot(x[~finite], [row] * int((~finite).sum()), "x", color=style["color"], markersize=6)
    if finite.any():
        best = int(np.nanargmax(values) if higher_is_better else np.nanargmin(values))
        lower.plot(x[best], row, color=style["color"], marker=style["marker"], markersize=8)
