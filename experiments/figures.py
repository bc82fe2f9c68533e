"""The pictures of a comparison: what each shows of the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .outcome import Outcome
from .plots import (
    learning_curves,
    learning_curves_apart,
    performance_profiles,
    rank_diagram,
    sensitivity,
    style,
)
from .plots.figure import Figure
from .results import Results
from .runs import counted
from .summary import final_metrics, settings, steps_to_reach

__all__ = ["Picture", "pictures", "style"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """A figure, the name of its files, its heading, and what is to be seen in it."""

    name: str
    heading: str
    seen: str
    figure: Figure


def pictures(results: Results) -> Iterator[Picture]:
    """Yield the pictures, in the order in which a reader wants them."""
    described = results.description
    metric = described.of_split(described.metric, "validation")
    seeds = counted(len(described.final_seeds), "seed")
    seen = f"median of {seeds}, band: middle half"
    many = len(described.optimizers) > 1
    apart = many and described.held_out
    yield Picture(
        "learning_curves",
        "Learning curves",
        f"Each optimizer at its best learning rate: {seen}"
        + (", the others in grey." if apart else "."),
        (learning_curves_apart if apart else learning_curves)(
            curves(results, lambda outcome: outcome.validation_metric),
            xlabel="epoch",
            ylabel=metric,
            logarithmic=not described.higher_is_better,
            target=described.target,
            title=f"{described.problem}: {seen}",
        ),
    )
    if described.held_out:
        figure = learning_curves(
            curves(results, lambda outcome: outcome.train_loss),
            xlabel="epoch",
            ylabel="training loss",
            title=f"{described.problem}: {seen}",
        )
        yield Picture("training_loss", "Training loss", f"Of the same runs: {seen}.", figure)
    yield tuned(results, metric)
    if many and len(described.final_seeds) > 1:
        yield from across_seeds(results, seeds)


def tuned(results: Results, metric: str) -> Picture:
    """Return the picture of the search."""
    described = results.description
    seeds, epochs = counted(len(described.tuning_seeds), "tuning seed"), counted(described.epochs, "epoch")
    values: dict[str, list[float]] = {}
    for name in described.optimizers:
        grid = settings(run for run in results.runs if (run.phase, run.optimizer) == ("tuning", name))
        values[name] = [np.nan if setting.metric is None else setting.metric for setting in grid]
    figure = sensitivity(
        described.lrs,
        values,
        higher_is_better=described.higher_is_better,
        ylabel=metric,
        title=f"{described.problem}: after {epochs}, mean of {seeds}",
    )
    seen = f"After {epochs}, against the learning rate: the mean of {seeds}; diverged rates are crossed."
    return Picture("sensitivity", "Sensitivity to the learning rate", seen, figure)


def across_seeds(results: Results, seeds: str) -> Iterator[Picture]:
    """Yield what compares the optimizers seed by seed."""
    described = results.description
    times = np.stack([*steps_to_reach(described, results.runs).values()], axis=1)
    if np.isfinite(times).any():
        yield Picture(
            "profile",
            "Who is first at the target",
            f"Share of the seeds on which an optimizer reaches {described.target:g} within τ times the steps of the "
            "fastest on that seed (Dolan and Moré 2002). The score is the area under the line, up to 4 (AlgoPerf).",
            performance_profiles(times, described.optimizers, of="seeds", title=f"{described.problem}: {seeds}"),
        )
    metrics = np.stack([*final_metrics(described, results.runs).values()], axis=1)
    name = described.of_split(described.metric, "test")
    yield Picture(
        "ranks",
        "Ranks",
        f"Mean rank by {name} over the seeds, a diverged run last. A bar joins optimizers that Nemenyi's test "
        "(level 0.05) can't tell apart: those whose ranks differ by less than the critical difference (Demšar 2006).",
        rank_diagram(metrics, described.optimizers, higher_is_better=described.higher_is_better, of="seeds"),
    )


def curves(results: Results, curve: Callable[[Outcome], Sequence[float]]) -> dict[str, Array]:
    """Return a curve of every final run by optimizer, shape (runs, epochs + 1); NaN from where it diverged on."""
    described = results.description
    found = {}
    for name in described.optimizers:
        runs = [run.outcome for run in results.runs if (run.phase, run.optimizer) == ("final", name)]
        array = np.full((len(runs), described.epochs + 1), np.nan)
        for row, outcome in zip(array, runs, strict=True):
            if outcome.status == "finished":
                row[:] = curve(outcome)
        found[name] = array
    return found
