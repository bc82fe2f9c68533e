"""The folder of a comparison: results.json, tables, figures, and one page that holds them all."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import comma_separated
from .figures import Picture, pictures
from .pictures import saved
from .results import Results
from .store import write
from .table import columns, latex, notes
from .training import DIVERGENCE


def render(results: Results, folder: Path) -> None:
    """Write tables (CSV, LaTeX), figures (SVG, PDF) and report.html."""
    shown = []
    for picture in pictures(results):
        vector = saved(picture.figure, "svg")
        write(folder / f"{picture.name}.svg", vector)
        write(folder / f"{picture.name}.pdf", saved(picture.figure, "pdf"))
        shown.append((picture, b64encode(vector).decode()))
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
