"""What a notebook shows of results: tables and figures as one piece of HTML, which needs nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .plots.figure import Figure

__all__ = ["image", "lines", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table."""
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def lines(texts: Iterable[str]) -> str:
    """Return a paragraph with a line for each text."""
    return f"<p>{'<br>'.join(map(escape, texts))}</p>"


def image(figure: Figure, title: str = "") -> str:
    """Return a figure as it is shown in a notebook."""
    png, size = figure._repr_png_()
    return f'<img alt="{escape(title)}" width="{size["width"]}" src="data:image/png;base64,{b64encode(png).decode()}">'
