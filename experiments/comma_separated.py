"""CSV files, every number in full: the summary, one line an optimizer; the runs, one line a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from .outcome import Outcome
from .runs import Run
from .summary import Row, Timings


def summary(rows: Sequence[Row]) -> str:
    """Return a line for each optimizer, timings last."""
    return comma_separated(_flat(asdict(row)) for row in rows)


def runs(runs: Sequence[Run]) -> str:
    """Return a line for each run: its settings, its status, its scores at the last epoch it finished, its timings."""
    return comma_separated(_line(run) for run in runs)


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    timing = line.pop("timing")
    return {**line, **(timing or dict.fromkeys(field.name for field in fields(Timings)))}


def _line(run: Run) -> dict[str, Any]:
    outcome = run.outcome
    return {
        "phase": run.phase,
        "optimizer": run.optimizer,
        "lr": run.lr,
        "seed": run.seed,
        "status": outcome.status,
        "diverged_epoch": outcome.diverged_epoch,
        "epochs": len(outcome.train_loss) - 1,
        **scores(outcome),
    }


def scores(outcome: Outcome) -> dict[str, Any]:
    """Return the scores of a run at the last epoch that it finished, and its timings."""
    return {
        "train_loss": outcome.train_loss[-1],
        "validation_loss": outcome.validation_loss[-1],
        "validation_metric": outcome.validation_metric[-1],
        "test_loss": outcome.test_loss,
        "test_metric": outcome.test_metric,
        **{f"{name}_seconds": value for name, value in asdict(outcome.timing).items() if name != "parallel"},
        "timed_in_parallel": outcome.timing.parallel,
    }


def comma_separated(lines: Iterable[dict[str, Any]]) -> str:
    """Return CSV with a heading; a line may lack names that another has."""
    table = list(lines)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, max(table, key=len, default={}), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return buffer.getvalue()
