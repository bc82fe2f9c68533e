"""The columns and notes of the summary table, the same for the terminal, the page, LaTeX and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .claims import Finding
from .runs import ProblemSummary
from .summary import SummaryRow, setting_text

__all__ = ["CLAIM_HEADINGS", "Column", "cells", "claim_cells", "columns", "counted", "notes"]


@dataclass(frozen=True)
class Column:
    """A heading, the function that makes the text under it, and the alignment: left or right."""

    heading: str
    cell: Callable[[SummaryRow], str]
    align: Literal["l", "r"] = "r"


def columns(problem: ProblemSummary, rows: Sequence[SummaryRow]) -> list[Column]:
    """Return the columns for the rows of a problem."""
    lr_only = _lr_only(rows)
    target = f"{problem.target:g}"
    quartiles = [] if problem.higher_is_better else [Column("median [quartiles]", quartile_text)]
    loss = [Column("test loss", lambda row: number(row.loss_mean))] if problem.held_out else []
    return [
        Column("optimizer", lambda row: row.optimizer, "l"),
        Column("best lr", lr_text) if lr_only else Column("best setting", best_text, "l"),
        Column(problem.of_split(problem.metric, "test"), lambda row: mean_text(row, problem, lr_only)),
        *quartiles,
        Column("95 % interval", lambda row: interval_text(row, problem)),
        Column("p", lambda row: "best" if row.is_best else number(row.p_against_best)),
        *loss,
        Column(f"steps to {target}", lambda row: number(row.steps_to_target, 10)),
        Column(f"s to {target}", lambda row: number(row.timing.seconds_to_target if row.timing else None)),
        Column("µs/step", lambda row: time_text(row, "step_us", 0)),
        Column("update", lambda row: time_text(row, "update_us", 1)),
        Column("diverged", lambda row: f"{row.settings_diverged}/{row.settings}"),
    ]


def cells(shown: Sequence[Column], rows: Sequence[SummaryRow]) -> list[list[str]]:
    """Return the text of every row."""
    return [[column.cell(row) for column in shown] for row in rows]


def _lr_only(rows: Sequence[SummaryRow]) -> bool:
    """Whether the learning rate is the only hyperparameter that was searched, as far as is known."""
    texts = {setting_text((("lr", row.best_lr),)) if row.best_lr is not None else "" for row in rows}
    return {row.best_setting or "" for row in rows} <= texts


def lr_text(row: SummaryRow) -> str:
    """Return the best learning rate, with a star at an end of those tried."""
    return number(row.best_lr) + "*" * row.at_edge


def best_text(row: SummaryRow) -> str:
    """Return the best setting, and which hyperparameters are at an end of the values tried."""
    return (row.best_setting or "-") + f" * ({row.edges})" * row.at_edge


def mean_text(row: SummaryRow, problem: ProblemSummary, lr_only: bool) -> str:
    """Return mean ± standard deviation, and the number of finished seeds if some diverged or failed."""
    if row.settings_diverged == row.settings:
        return f"diverged at every {'lr' if lr_only else 'setting'}"
    seeds = row.seeds_finished + row.seeds_diverged + row.seeds_failed
    if row.metric_mean is None:
        return f"diverged, {seeds} of {seeds} seeds" if seeds else "-"
    spread = f" ± {score(row.metric_std, problem)}" if row.metric_std is not None else ""
    part = f" ({row.seeds_finished} of {seeds} seeds)" if row.seeds_finished < seeds else ""
    return score(row.metric_mean, problem) + spread + part


def quartile_text(row: SummaryRow) -> str:
    """Return median [lower, upper quartile]; "diverged" where a diverged run takes part."""
    if row.metric_mean is None:
        return "-"
    low, middle, high = (
        "diverged" if value is None else number(value)
        for value in (row.metric_lower_quartile, row.metric_median, row.metric_upper_quartile)
    )
    return f"{middle} [{low}, {high}]"


def interval_text(row: SummaryRow, problem: ProblemSummary) -> str:
    """Return [low, high], or a dash."""
    if row.interval_low is None:
        return "-"
    return f"[{score(row.interval_low, problem)}, {score(row.interval_high, problem)}]"


def time_text(row: SummaryRow, name: str, decimals: int) -> str:
    """Return a time with so many decimals, and a dagger if other runs shared the machine."""
    return f"{getattr(row.timing, name):.{decimals}f}" + " †" * row.timing.parallel if row.timing else "-"


def score(value: float | None, problem: ProblemSummary) -> str:
    """Return four decimals of a metric such as accuracy, three significant digits of a value without natural scale."""
    return f"{value:.4f}" if problem.higher_is_better else number(value)


def number(value: float | None, digits: int = 3) -> str:
    """Return so many significant digits, or a dash for None."""
    return "-" if value is None else f"{value:.{digits}g}"


def counted(count: int, noun: str) -> str:
    """Return, for example, "5 seeds"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def notes(problem: ProblemSummary, rows: Sequence[SummaryRow], final_seeds: int) -> list[str]:
    """Return explanations of the table, only those that apply to these rows."""
    seeds, tried = counted(final_seeds, "seed"), sorted({row.settings for row in rows})
    settings = counted(tried[-1], "learning rate" if _lr_only(rows) else "setting")
    if len(tried) > 1:
        settings = f"{tried[0]} to {settings}"
    chosen = ", chosen on the validation split" if problem.held_out else ""
    found = [f"Mean ± standard deviation over {seeds}, at the best of {settings}{chosen}."]
    if any(row.interval_low is not None for row in rows):
        what = "mean" if problem.higher_is_better else "median"
        found.append(f"95 % interval: of the {what}, by bootstrap; too narrow for a handful of seeds.")
    if tested := sum(row.p_against_best is not None for row in rows):
        least = min(1.0, tested * 2.0 ** (1 - final_seeds))
        found.append(
            "p: Wilcoxon's paired test against the best optimizer on the same seeds, with Holm's correction. "
            f"With {seeds} the smallest possible p is {least:.2g}; more seeds allow a smaller one."
        )
    found.append("steps to, s to: medians, seen at the ends of epochs; s = steps times the median time of a step.")
    found.append("µs/step: median time of a step: forward, backward and update; the update alone beside it.")
    if any(row.timing and row.timing.parallel for row in rows):
        found.append("† timed while other runs shared the machine: compare such times with each other only.")
    if any(row.at_edge for row in rows):
        found.append("* first or last of the values tried: a better one may lie outside them.")
    if any(row.settings_diverged for row in rows):
        found.append("diverged: settings at which a tuning run diverged; they are neither chosen nor averaged.")
    if any(row.seeds_failed for row in rows):
        found.append("Seeds that failed raised an exception.")
    return found


CLAIM_HEADINGS = ("claim", "found", "verdict")


def claim_cells(findings: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Return the text of a row for each claim."""
    return [(finding.claim, finding.found, finding.verdict) for finding in findings]
