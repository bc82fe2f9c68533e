"""The summary as a table: its columns are written here once, for the terminal, the LaTeX file and the HTML page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .latex import tabular
from .runs import Description, counted
from .summary import Row


@dataclass(frozen=True)
class Column:
    """A heading and the text under it."""

    heading: str
    cell: Callable[[Row], str]


def columns(description: Description) -> list[Column]:
    """Return the columns for this problem."""
    name = description.of_split(description.metric, "test")
    middle = [] if description.higher_is_better else [Column("median [quartiles]", quartiles)]
    loss = [Column("test loss", lambda row: number(row.loss_mean))] if description.held_out else []
    return [
        Column("optimizer", lambda row: row.optimizer),
        Column("best lr", lambda row: number(row.best_lr) + "*" * row.at_edge),
        Column(name, lambda row: metric(row, description)),
        *middle,
        Column("95 % interval", lambda row: interval(row, description)),
        Column("p", lambda row: "best" if row.is_best else number(row.p_against_best)),
        *loss,
        Column(f"steps to {description.target:g}", lambda row: whole(row.steps_to_target)),
        Column(f"s to {description.target:g}", seconds),
        Column("µs/step", lambda row: f"{row.timing.step_us:.0f}" if row.timing else "-"),
        Column("update", lambda row: f"{row.timing.update_us:.1f}" if row.timing else "-"),
        Column("diverged", lambda row: f"{row.settings_diverged}/{len(description.lrs)}"),
    ]


def seconds(row: Row) -> str:
    """Return the time to the target, or a dash."""
    return number(row.timing.seconds_to_target if row.timing else None)


def metric(row: Row, description: Description) -> str:
    """Return mean ± spread, with the number of finished seeds if some diverged."""
    if row.best_lr is None:
        return "diverged at every lr"
    if row.metric_mean is None:
        return f"diverged, {row.seeds_diverged} of {row.seeds_diverged} seeds"
    spread = f" ± {digits(row.metric_std, description)}" if row.metric_std is not None else ""
    seeds = row.seeds_finished + row.seeds_diverged
    part = f" ({row.seeds_finished} of {seeds} seeds)" if row.seeds_diverged else ""
    return digits(row.metric_mean, description) + spread + part


def quartiles(row: Row) -> str:
    """Return median [lower, upper]; "diverged" for those that a diverged seed takes part in."""
    if row.metric_mean is None:
        return "-"
    low, middle, high = (
        "diverged" if value is None else number(value)
        for value in (row.metric_lower_quartile, row.metric_median, row.metric_upper_quartile)
    )
    return f"{middle} [{low}, {high}]"


def interval(row: Row, description: Description) -> str:
    """Return [low, high], or a dash."""
    if row.interval_low is None:
        return "-"
    return f"[{digits(row.interval_low, description)}, {digits(row.interval_high, description)}]"


def digits(value: float | None, description: Description) -> str:
    """Return four decimals of a share, three significant digits of what has no natural scale."""
    return f"{value:.4f}" if description.higher_is_better else number(value)


def number(value: float | None) -> str:
    """Return three significant digits, or a dash."""
    return "-" if value is None else f"{value:.3g}"


def whole(value: float | None) -> str:
    """Return a count, which may be a half if it is a median, or a dash."""
    return "-" if value is None else f"{value:.10g}"


def notes(description: Description, rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know to read the table rightly."""
    seeds, rates = counted(len(description.final_seeds), "seed"), counted(len(description.lrs), "learning rate")
    chosen = ", chosen on the validation split" if description.held_out else ""
    found = [f"Mean ± standard deviation over {seeds}, at the best of {rates}{chosen}."]
    if any(row.interval_low is not None for row in rows):
        what = "mean" if description.higher_is_better else "median"
        found.append(f"95 % interval: of the {what}, by bootstrap; too narrow for a handful of seeds.")
    if tested := sum(row.p_against_best is not None for row in rows):
        least = min(1.0, tested * 2.0 ** (1 - len(description.final_seeds)))
        found.append(
            "p: Wilcoxon's paired test against the best on the same seeds, adjusted for their number (Holm). "
            f"With {seeds} the least that can come out is {least:.2g}; more seeds tell more."
        )
    found.append("steps to, s to: medians, seen at the ends of epochs; seconds are those steps at their median time.")
    found.append("µs/step: median time of a step: forward, backward and update; the update alone beside it.")
    if any(row.timing and row.timing.parallel for row in rows):
        found.append("Times were taken while other runs shared the machine: compare them within this table only.")
    if any(row.at_edge for row in rows):
        found.append("* at the edge of the grid: a better rate may lie outside it.")
    if any(row.settings_diverged for row in rows):
        found.append("diverged: learning rates at which a tuning run diverged; they are neither chosen nor averaged.")
    return found


def text(description: Description, rows: Sequence[Row]) -> str:
    """Return the table for a terminal, with its notes."""
    shown = columns(description)
    lines = [[column.heading for column in shown], *([column.cell(row) for column in shown] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    align = [str.ljust] + [str.rjust] * (len(widths) - 1)
    body = [
        "  ".join(put(cell, width) for put, cell, width in zip(align, line, widths, strict=True)).rstrip()
        for line in lines
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([body[0], rule, *body[1:], "", *notes(description, rows)])


def latex(description: Description, rows: Sequence[Row]) -> str:
    """Return the table for a paper."""
    shown = columns(description)
    lines = [[column.cell(row) for column in shown] for row in rows]
    return tabular([column.heading for column in shown], lines, "l" + "r" * (len(shown) - 1))
