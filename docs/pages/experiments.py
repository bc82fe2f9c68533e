"""Reproductions, problems and datasets."""

from collections.abc import Callable

from ravine.experiments import PROBLEMS, datasets
from ravine.experiments.datasets.libsvm import FILES
from ravine.experiments.reproductions import REPRODUCTIONS
from ravine.optim.formula import table

from .example import first_line


def reproductions() -> str:
    """What `ravine verify` checks."""
    head = """# Reproductions

What `ravine verify` computes again; `ravine verify NAME --out FOLDER` writes the page with tables and figures. A
claim is judged by what is expected, what was got, and a tolerance; the exit status is 1 on a miss.
"""
    parts = [head]
    for name, found in REPRODUCTIONS.items():
        parts += [f"## {name}", f"**{found.title}** ({found.source})", found.settings]
    return "\n\n".join(parts)


def problems() -> str:
    """Problems and datasets."""
    rows = [(f"`{name}`", first_line(cls)) for name, cls in PROBLEMS.items()]
    sets = [(f"`{name}`", about(name, source)) for name, source in datasets.DATASETS.items()]
    return "\n\n".join(
        ["# Problems and datasets", table(("problem", "what"), rows), "## Datasets", table(("name", "what"), sets)]
    )


def about(name: str, source: Callable[[int], datasets.Dataset]) -> str:
    """What a dataset holds, without a download."""
    if name in datasets.SCALING:
        return f"{repr(datasets.load(name)).partition(': ')[2].removesuffix('>')}; comes with scikit-learn"
    if name in FILES:
        return f"sparse, in LIBSVM's format, {FILES[name][0].url}"
    return first_line(getattr(source, "func", source))
