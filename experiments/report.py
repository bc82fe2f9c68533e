"""The folder of a comparison: results.json, tables, figures, and one page that holds them all."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import comma_separated
from .figures import Picture, pictures
from .page import drawn
from .results import Results
from .store import write
from .table import columns, latex, notes
from .training import DIVERGENCE


def render(results: Results, folder: Path) -> None:
    """Write tables (CSV, LaTeX), figures (SVG, PDF) and report.html."""
    shown = [(picture, drawn(picture.figure, folder / picture.name)) for picture in pictures(results)]
    rows = results.rows
    write(folder / "results.csv", comma_separated.summary(rows))
    write(folder / "results.tex", latex(results.description, rows))
    write(folder / "runs.csv", comma_separated.runs(results.runs))
    write(folder / "report.html", page(results, shown))


def page(results: Results, shown: list[tuple[Picture, str]]) -> str:
    """Return the page; pictures are embedded, nothing is fetched."""
    described, rows = results.description, results.rows
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html").render(
        described=described,
        columns=columns(described),
        rows=rows,
        notes=notes(described, rows),
        shown=shown,
        divergence=DIVERGENCE,
        environments=results.environments,
    )
