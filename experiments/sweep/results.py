"""What a store holds of a sweep: for every task and contender, the settings tried, the best one, its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from .. import notebook
from ..statistics import steps_to_target
from ..trial import Trial
from .claims import ENDS, Finding, Values
from .contender import Contender, Setting, Task
from .specification import Sweep
from .store import Record

__all__ = ["Entry", "Results", "Tried"]

Records = Sequence[Record | None]


@dataclass(frozen=True)
class Tried:
    """A setting and its tuning runs, None where one is missing."""

    setting: Setting
    trials: Sequence[Trial]
    records: Records

    @property
    def complete(self) -> bool:
        """Whether all have been run."""
        return all(record is not None for record in self.records)

    def score(self, quantity: str) -> float:
        """Return the mean of "validation_metric" or "validation_loss" over the runs; NaN if one didn't finish."""
        return fmean(last(record, quantity) for record in self.records)


@dataclass(frozen=True)
class Entry:
    """A contender on a task, with one budget of tuning; None is all of a grid."""

    task: Task
    contender: Contender
    budget: int | None
    tried: Sequence[Tried]
    best: Tried | None  # None as long as runs are missing, and if every setting diverged or failed
    edges: Mapping[str, str]  # where the best setting lies at an end of what was searched
    trials: Sequence[Trial]  # of the best setting
    final: Records

    @property
    def tuned(self) -> bool:
        """Whether the search is complete."""
        return all(tried.complete for tried in self.tried)

    @property
    def runs(self) -> list[tuple[Trial, Record | None]]:
        """Every run asked for as far as is known: of the search, then of the best setting."""
        pairs = [zip(part.trials, part.records, strict=True) for part in self.tried]
        return [*chain.from_iterable(pairs), *zip(self.trials, self.final, strict=True)]

    @property
    def name(self) -> str:
        """The contender's name, with the budget if it has one."""
        return self.contender.name if self.budget is None else f"{self.contender.name} ({self.budget} tried)"

    @property
    def timed_in_parallel(self) -> bool:
        """Whether a final run shared the machine with others."""
        return any(record.outcome.timing.parallel for record in self.final if record and record.outcome)

    def values(self, quantity: str) -> NDArray[np.float64]:
        """Return a quantity at the end of every final run, shape (runs,): NaN where it did not finish."""
        if quantity in ENDS:
            return np.array([last(record, quantity) for record in self.final], np.float64)
        epochs = self.epochs_to_target()
        if quantity == "steps_to_target":
            return epochs * float(self.task.steps_per_epoch)
        return epochs * self.pace if quantity == "seconds_to_target" else epochs

    @property
    def pace(self) -> NDArray[np.float64]:
        """The seconds of an epoch of each final run, shape (runs,): steps at their median time, scores left out."""
        steps = [record.outcome.timing.step if record and record.outcome else np.nan for record in self.final]
        return self.task.steps_per_epoch * np.array(steps, np.float64)

    def epochs_to_target(self) -> NDArray[np.float64]:
        """Return the first epoch at which each final run's validation metric reaches the problem's target, else NaN."""
        problem = self.task.problem
        curves = np.full((len(self.final), self.task.epochs + 1), np.nan)
        for row, record in zip(curves, self.final, strict=True):
            if record and record.status == "finished" and record.outcome:
                row[:] = record.outcome.validation_metric
        found: NDArray[np.float64] = steps_to_target(curves, problem.target, higher_is_better=problem.higher_is_better)
        return np.where(np.isfinite(found), found, np.nan)


@dataclass(frozen=True)
class Results:
    """Every entry of a sweep, in its order: task by task."""

    sweep: Sweep
    entries: Sequence[Entry]

    def _repr_html_(self) -> str:
        from . import figures, table  # they are made of results
        from .summary import summarised

        parts = []
        for task in self.sweep.tasks:
            shown = table.columns(task)
            rows = [row for row in summarised(self.entries) if row.problem == task.name]
            cells = ([column.cell(row) for column in shown] for row in rows)
            parts += [f"<b>{task.name}</b>", notebook.table([column.heading for column in shown], cells)]
            parts += [notebook.image(figure, title) for _, title, figure in list(figures.of_task(self, task))[:1]]
        claims = [(finding.claim, finding.found, finding.word) for finding in self.findings()]
        return "".join([*parts, notebook.table(("claim", "found", "verdict"), claims) if claims else ""])

    @property
    def runs(self) -> dict[Trial, Record | None]:
        """Every run that the sweep asks for, as far as is known yet.

        Entries take turns, so that a first glance shows something of each.
        """
        turns = chain.from_iterable(zip_longest(*(entry.runs for entry in self.entries)))
        return dict(pair for pair in turns if pair is not None)

    @property
    def missing(self) -> list[Trial]:
        """The runs that there is no record of."""
        return [trial for trial, record in self.runs.items() if record is None]

    @property
    def failed(self) -> list[Trial]:
        """The runs that raised an exception."""
        return [trial for trial, record in self.runs.items() if record and record.status == "failed"]

    def findings(self) -> list[Finding]:
        """Judge every claim; with several budgets, on the greatest."""
        return [claim.judge(self.look) for claim in self.sweep.claims]

    def look(self, task: str, contender: str, quantity: str) -> Values | None:
        """Return a quantity of the final runs; None if one is missing."""
        entry = [e for e in self.entries if (e.task.name, e.contender.name) == (task, contender)][-1]
        if not entry.tuned or (entry.best is not None and None in entry.final):
            return None
        higher = quantity.endswith("metric") and entry.task.problem.higher_is_better
        seeds = self.sweep.seeding.final
        values = entry.values(quantity) if entry.best else np.full(seeds, np.nan)  # diverged wherever it was tried
        return Values(values, higher, quantity == "seconds_to_target" and entry.timed_in_parallel)


def last(record: Record | None, quantity: str) -> float:
    """Return a quantity at the end of a run; NaN if it did not finish or has none."""
    if record is None or record.status != "finished":
        return float("nan")
    value = getattr(record.outcome, quantity)
    return float("nan") if value is None else float(value[-1] if isinstance(value, tuple) else value)


def best(tried: Sequence[Tried], higher_is_better: bool) -> Tried | None:
    """Return the setting with the best mean validation metric; of equals, that with the lower loss, then the first."""
    sign = -1 if higher_is_better else 1
    scores = [(sign * t.score("validation_metric"), t.score("validation_loss"), i) for i, t in enumerate(tried)]
    finite = [score for score in scores if np.isfinite(score[:2]).all()]
    return tried[min(finite)[2]] if finite else None
