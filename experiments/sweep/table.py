"""The tables of a report: their columns are written here once, for the page and for LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..latex import tabular
from .claims import Finding
from .contender import Task
from .summary import Row

__all__ = ["Column", "columns", "findings_latex", "latex"]


@dataclass(frozen=True)
class Column:
    """A heading, the text under it, and on which side it stands."""

    heading: str
    cell: Callable[[Row], str]
    align: Literal["l", "r"] = "r"


def columns(task: Task) -> list[Column]:
    """Return the columns for a task."""
    target = f"to {task.problem.target:g}"
    return [
        Column("optimizer", lambda row: row.optimizer, "l"),
        Column("best setting", setting, "l"),
        Column(f"{task.problem.metric}: median", lambda row: number(row.median)),
        Column("quartiles", lambda row: between(row.lower_quartile, row.upper_quartile)),
        Column("95 % interval", lambda row: between(row.interval_low, row.interval_high)),
        Column("loss", lambda row: number(row.median_loss)),
        Column(f"steps {target}", lambda row: number(row.steps_to_target)),
        Column(f"seconds {target}", lambda row: timed(row, row.seconds_to_target)),
        Column("µs/step", lambda row: timed(row, row.microseconds)),
        Column("runs diverged", runs),
        Column("settings diverged", lambda row: f"{row.settings_diverged}/{row.settings}"),
    ]


def latex(task: Task, rows: Sequence[Row]) -> str:
    """Return the table of a task for a paper."""
    shown = columns(task)
    lines = [[column.cell(row) for column in shown] for row in rows]
    return tabular([column.heading for column in shown], lines, "".join(column.align for column in shown))


def findings_latex(findings: Sequence[Finding]) -> str:
    """Return the table of the claims for a paper."""
    return tabular(["claim", "found", "verdict"], [[f.claim, f.found, f.word] for f in findings], "lll")


def setting(row: Row) -> str:
    """Return the best setting, and at which ends it lies."""
    return (row.setting or "-") + f" * ({row.edges})" * bool(row.edges)


def runs(row: Row) -> str:
    """Return how many runs diverged and how many failed."""
    return f"{row.runs_diverged}/{row.runs}" + f", {row.runs_failed} failed" * bool(row.runs_failed)


def timed(row: Row, value: float | None) -> str:
    """Return a time, marked if others shared the machine."""
    return number(value) + " †" * (row.timed_in_parallel and value is not None)


def between(low: float | None, high: float | None) -> str:
    """Return "low … high", or a dash."""
    return "-" if low is None else f"{number(low)} … {number(high)}"


def number(value: float | None) -> str:
    """Return four significant digits; a dash for nothing, and in words what a diverged run takes part in."""
    return "-" if value is None else f"{value:.4g}" if math.isfinite(value) else "diverged"
