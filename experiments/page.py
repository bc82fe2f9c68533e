"""The figures of a page: files beside it, and in it."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from matplotlib.figure import Figure

from .plots import render
from .store import write

__all__ = ["drawn"]


def drawn(figure: Figure, path: Path) -> str:
    """Write a figure as SVG and PDF to a path without ending; return the SVG as a page embeds it, in base64."""
    vector = render(figure, "svg")
    write(path.with_name(f"{path.name}.svg"), vector)
    write(path.with_name(f"{path.name}.pdf"), render(figure, "pdf"))
    return b64encode(vector).decode()
