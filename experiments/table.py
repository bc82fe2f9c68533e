"""The summary as a table: its columns are written here once, for the terminal, the CSV file and the HTML page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .runs import Description, counted
from .summary import Row


@dataclass(frozen=True)
class Column:
    """A heading and the text under it."""

    heading: str
    cell: Callable[[Row], str]


def columns(description: Description) -> list[Column]:
    """Return the columns for this problem."""
    loss = [Column("test loss", lambda row: number(row.loss_mean))] if description.held_out else []
    return [
        Column("optimizer", lambda row: row.optimizer),
        Column("best lr", lambda row: number(row.best_lr) + "*" * row.at_edge),
        Column(description.of_split(description.metric, "test"), lambda row: metric(row, description)),
        *loss,
        Column(f"epochs to {description.target:g}", lambda row: number(row.epochs_to_target)),
        Column("µs/step", lambda row: f"{row.timing.step_us:.0f}" if row.timing else "-"),
        Column("update", lambda row: f"{row.timing.update_us:.1f}" if row.timing else "-"),
        Column("diverged", lambda row: f"{row.settings_diverged}/{len(description.lrs)}"),
    ]


def metric(row: Row, description: Description) -> str:
    """Return mean ± spread, with the number of finished seeds if some diverged."""
    if row.best_lr is None:
        return "diverged at every lr"
    if row.metric_mean is None:
        return f"diverged, {row.seeds_diverged} of {row.seeds_diverged} seeds"
    digits = (lambda value: f"{value:.4f}") if description.higher_is_better else number
    spread = f" ± {digits(row.metric_std)}" if row.metric_std is not None else ""
    seeds = row.seeds_finished + row.seeds_diverged
    part = f" ({row.seeds_finished} of {seeds} seeds)" if row.seeds_diverged else ""
    return digits(row.metric_mean) + spread + part


def number(value: float | None) -> str:
    """Return three significant digits, or a dash."""
    return "-" if value is None else f"{value:.3g}"


def notes(description: Description, rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know to read the table rightly."""
    seeds, rates = counted(len(description.final_seeds), "seed"), counted(len(description.lrs), "learning rate")
    chosen = ", chosen on the validation split" if description.held_out else ""
    found = [
        f"Mean ± standard deviation over {seeds}, at the best of {rates}{chosen}.",
        "µs/step: median time of a step: forward, backward and update; the update alone beside it.",
    ]
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
