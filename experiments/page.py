"""HTML pages and pieces of HTML that need nothing from elsewhere: figures are embedded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..kernels.files import atomic_file
from .plots import render
from .plots.figure import Figure


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file atomically: a reader or a crash finds the old content or the new, never a part."""
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fill a template of this package, which extends base.html, and write the page."""
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined)
    write_file(path, environment.get_template(template).render(**values))


def save_figure(figure: Figure, path: Path) -> str:
    """Write a figure as SVG and PDF to a path without suffix; return the SVG in base64, as a page embeds it."""
    svg = render(figure, "svg")
    write_file(path.with_name(f"{path.name}.svg"), svg)
    write_file(path.with_name(f"{path.name}.pdf"), render(figure, "pdf"))
    return b64encode(svg).decode()


def html_lines(texts: Iterable[str]) -> str:
    """Return a paragraph with one line for each text.

    >>> html_lines(["a < b", "c"])
    '<p>a &lt; b<br>c</p>'
    """
    return f"<p>{'<br>'.join(map(escape, texts))}</p>"


def html_image(figure: Figure, title: str = "") -> str:
    """Return a figure as an image tag with the PNG in it."""
    png, size = figure._repr_png_()
    return f'<img alt="{escape(title)}" width="{size["width"]}" src="data:image/png;base64,{b64encode(png).decode()}">'
