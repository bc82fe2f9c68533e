"""The folder of a comparison: results.json, tables, figures, and one page that holds them all."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import comma_separated, figures
from .results import Results
from .store import write
from .table import columns, notes
from .training import DIVERGENCE

FIGURES = {"learning_curves.png": figures.learning_curves, "sensitivity.png": figures.sensitivity}


def render(results: Results, folder: Path) -> None:
    """Write tables, figures and report.html."""
    pictures = {name: figures.png(draw(results)) for name, draw in FIGURES.items()}
    write(folder / "results.csv", comma_separated.summary(results.rows))
    write(folder / "runs.csv", comma_separated.runs(results.runs))
    for name, picture in pictures.items():
        write(folder / name, picture)
    write(folder / "report.html", page(results, pictures))


def page(results: Results, pictures: dict[str, bytes]) -> str:
    """Return the page; pictures are embedded, nothing is fetched."""
    described, rows = results.description, results.rows
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html").render(
        described=described,
        columns=columns(described),
        rows=rows,
        notes=notes(described, rows),
        pictures={name: b64encode(picture).decode() for name, picture in pictures.items()},
        divergence=DIVERGENCE,
        environments=results.environments,
    )
