"""The report of results: one page that works offline, tables as CSV and LaTeX, figures as SVG and PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..page import save_figure, write_file, write_page
from ..tables import csv_table, latex_table
from ..training import DIVERGENCE
from .figures import ReportFigure, cross_problem_figures, problem_figures
from .results import Results
from .runs import ProblemSummary, Run
from .summary import CLAIM_HEADINGS, cells, claim_cells, columns, setting_text


def write_report(results: Results, folder: Path) -> Path:
    """Write results.json, report.html, and tables and figures to a folder; return the page's path.

    With several problems, the files of each begin with its name.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ravine.experiments.sweep import Store, executor, read, run
    >>> parts = {"problems": {"booth": {"epochs": 1}}, "optimizers": {"sgd": {"lr": 0.1}}}
    >>> sweep = read({"name": "warmup", **parts, "seeds": {"tuning": 1, "final": 1}})
    >>> with TemporaryDirectory() as folder:
    ...     results = run(sweep, Store(Path(folder, "results.sqlite")), executor())
    ...     page = write_report(results, Path(folder, "report"))
    ...     page.name, sorted(path.name for path in page.parent.glob("*.csv"))
    ('report.html', ['results.csv', 'runs.csv'])
    """
    folder.mkdir(parents=True, exist_ok=True)
    results.save(folder)
    rows = results.rows
    write_file(folder / "results.csv", csv_table(row.flat() for row in rows))
    write_file(folder / "runs.csv", csv_table(_run_rows(results)))
    if results.findings:
        claims = claim_cells(results.findings)
        write_file(folder / "claims.csv", csv_table(dict(zip(CLAIM_HEADINGS, row, strict=True)) for row in claims))
        write_file(folder / "claims.tex", latex_table(CLAIM_HEADINGS, claims, "lll"))
    sections = []
    for problem in results.problems:
        prefix = f"{problem.name}-" if len(results.problems) > 1 else ""
        write_file(folder / f"{prefix}results.tex", results.latex(problem))
        figures = problem_figures(problem, results.of_problem(problem), results.measures)
        sections.append({**_table(problem, results), "figures": _saved(figures, folder, prefix)})
    write_page(
        folder / "report.html",
        "report.html",
        results=results,
        sections=sections,
        across=_saved(cross_problem_figures(results.entries), folder),
        missing=sum(run.result is None for run in results.runs),
        divergence=DIVERGENCE,
        files=sorted(path.name for path in folder.iterdir() if path.suffix in (".csv", ".tex", ".json", ".svg")),
    )
    return folder / "report.html"


def _table(problem: ProblemSummary, results: Results) -> dict[str, Any]:
    """The table of a problem as the page shows it."""
    rows = [row for row in results.rows if row.problem == problem.name]
    shown = columns(problem, rows)
    return {"problem": problem, "columns": shown, "rows": list(zip(rows, cells(shown, rows), strict=True))}


def _saved(figures: Iterator[ReportFigure], folder: Path, prefix: str = "") -> list[tuple[ReportFigure, str]]:
    """Write figures as SVG and PDF; return each with the SVG in base64."""
    return [(figure, save_figure(figure.figure, folder / f"{prefix}{figure.name}")) for figure in figures]


def _run_rows(results: Results) -> Iterable[dict[str, Any]]:
    """Yield a row of runs.csv for each run that has a result."""
    for entry in results.entries:
        for run in entry.runs:
            if run.result is not None:
                yield {"problem": run.problem, "optimizer": entry.name, **_run_row(run)}


def _run_row(run: Run) -> dict[str, Any]:
    """Settings, seeds, status, scores at the end of the last epoch that was finished, and timings in seconds."""
    result = run.result
    timing = result.timing if result else None
    head = {"phase": run.phase, "setting": setting_text(run.setting), "lr": run.lr, "seed": run.seed}
    seeds = {f"{stream}_seed": seed for stream, seed in run.seeds._asdict().items()}
    if result is None:
        return {**head, **seeds}
    ended = {"status": result.status, "error": result.error, "process": result.process, "digest": run.digest}
    if timing is None:  # it failed
        return {**head, **seeds, **ended}
    return {
        **head,
        **seeds,
        **ended,
        "diverged_epoch": result.diverged_epoch,
        "epochs": len(result.train_loss) - 1,
        "train_loss": result.train_loss[-1],
        "validation_loss": result.validation_loss[-1],
        "validation_metric": result.validation_metric[-1],
        "test_loss": result.test_loss,
        "test_metric": result.test_metric,
        "step_seconds": timing.step,
        "update_seconds": timing.update,
        "total_seconds": timing.total,
        "timed_in_parallel": timing.parallel,
    }
