"""The report of a sweep: one page that works offline, its figures as SVG and PDF, its tables as CSV and LaTeX."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from pprint import pformat
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..comma_separated import comma_separated, scores
from ..page import drawn
from ..store import write
from ..training import DIVERGENCE
from ..trial import Trial
from . import figures
from .figures import Pictures
from .results import Results, Tried
from .store import Record
from .summary import summarised, told
from .table import columns, findings_latex, latex

__all__ = ["render"]


def render(results: Results, folder: Path) -> Path:
    """Write report.html, the figures, and the tables as CSV and LaTeX to a folder; return the page's path.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments.sweep import Store, campaign, executor, read
    >>> parts = {"problems": {"booth": {"epochs": 1}}, "optimizers": {"sgd": {"lr": 0.1}}}
    >>> sweep = read({"name": "warmup", **parts, "seeds": {"tuning": 1, "final": 1}})
    >>> with TemporaryDirectory() as folder:
    ...     results = campaign(sweep, Store(Path(folder, "results.sqlite")), executor())
    ...     page = render(results, Path(folder, "report"))
    ...     page.name, sorted(path.name for path in page.parent.glob("*.csv"))
    ('report.html', ['runs.csv', 'summary.csv'])
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, findings = summarised(results.entries), results.findings()
    write(folder / "summary.csv", comma_separated(asdict(row) for row in rows))
    write(folder / "runs.csv", comma_separated(runs(results)))
    if findings:
        judged = [{"claim": found.claim, "found": found.found, "verdict": found.word} for found in findings]
        write(folder / "claims.csv", comma_separated(judged))
        write(folder / "claims.tex", findings_latex(findings))
    sections = []
    for task in results.sweep.tasks:
        own = [row for row in rows if row.problem == task.name]
        write(folder / f"{task.name}.tex", latex(task, own))
        pictures = embedded(figures.of_task(results, task), folder, f"{task.name}-")
        sections.append({"task": task, "columns": columns(task), "rows": own, "pictures": pictures})
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    records = [record for record in results.runs.values() if record]
    machines = [record.outcome.environment for record in records if record.outcome]
    page = environment.get_template("sweep.html").render(
        sweep=results.sweep,
        findings=findings,
        sections=sections,
        across=embedded(figures.across(results), folder, ""),
        errors=sorted({record.error for record in records if record.error}),
        missing=len(results.missing),
        specification=pformat(results.sweep, width=110),
        environments=[dict(pairs) for pairs in dict.fromkeys(tuple(machine.items()) for machine in machines)],
        divergence=DIVERGENCE,
    )
    write(folder / "report.html", page)
    return folder / "report.html"


def embedded(pictures: Pictures, folder: Path, prefix: str) -> list[tuple[str, str]]:
    """Write figures as SVG and PDF; return titles and what a page shows."""
    return [(title, drawn(figure, folder / f"{prefix}{name}")) for name, title, figure in pictures]


def runs(results: Results) -> Iterable[dict[str, Any]]:
    """Yield a line for each run that there is."""
    for entry in results.entries:
        chosen = [Tried(entry.best.setting, entry.trials, entry.final)] if entry.best else []
        for phase, parts in {"tuning": entry.tried, "final": chosen}.items():
            for part in parts:
                for trial, record in zip(part.trials, part.records, strict=True):
                    if record is not None:
                        head = {"problem": entry.task.name, "optimizer": entry.name, "phase": phase}
                        yield {**head, "setting": told(part.setting), **line(trial, record)}


def line(trial: Trial, record: Record) -> dict[str, Any]:
    """Return seeds, status, scores at the last epoch that was finished, and timings."""
    seeds = {f"{stream}_seed": seed for stream, seed in trial.seeds._asdict().items()}
    ended = {"status": record.status, "error": record.error, "place": record.place, "digest": trial.digest}
    if (outcome := record.outcome) is None:
        return {**seeds, **ended}
    return {**seeds, **ended, "diverged_epoch": outcome.diverged_epoch, **scores(outcome)}
