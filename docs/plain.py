"""Docstrings are plain text with code in backticks: |x| and *args are no markup."""

import re
from typing import Any

from sphinx.application import Sphinx

MARKUP = re.compile(r"[\\*|]|(?<=\w)_(?=\W|$)")


def escape(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Escape what reStructuredText would take for markup, outside code and examples; what a module indents is code."""
    in_example = in_block = False
    written = []
    for line in lines:
        in_example = bool(line.strip()) and (in_example or line.lstrip().startswith(">>>"))
        if what == "module" and line.strip():
            written += ["::", ""] if line.startswith(" ") and not in_block else []
            in_block = line.startswith(" ")
        written.append(line if in_example or in_block else escaped(line))
    lines[:] = written


def escaped(line: str) -> str:
    """A line of text, the code in it as it is."""
    parts = line.split("`")
    parts[::2] = [MARKUP.sub(lambda found: "\\" + found[0], part) for part in parts[::2]]
    return "`".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Before napoleon, which adds markup of its own."""
    app.connect("autodoc-process-docstring", escape, priority=400)
    return {"parallel_read_safe": True}
