"""Reproductions, problems and datasets."""

from glissade.experiments import PROBLEMS, datasets
from glissade.experiments.reproductions import REPRODUCTIONS
from glissade.optim.notebook import table

from .example import first_line


def reproductions() -> str:
    """What `glissade verify` checks."""
    head = """# Reproductions

What `glissade verify` computes again; `glissade verify NAME --out FOLDER` writes the page with tables and figures. A
claim is judged by what is expected, what was got, and a tolerance; the exit status is 1 on a miss.
"""
    parts = [head]
    for name, found in REPRODUCTIONS.items():
        parts += [f"## {name}", f"**{found.title}.** {found.source}.", found.settings]
    return "\n\n".join(parts)


def problems() -> str:
    """Problems and datasets."""
    rows = [(f"`{name}`", first_line(type(problem))) for name, problem in PROBLEMS.items()]
    sets = [(f"`{name}`", first_line(source) or "") for name, source in datasets.DATASETS.items()]
    return "\n\n".join(
        ["# Problems and datasets", table(("problem", "what"), rows), "## Datasets", table(("name", "what"), sets)]
    )
