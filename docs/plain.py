"""Docstrings are plain text with code in backticks: |x| and *args are no markup."""

import re
from typing import Any

from sphinx.application import Sphinx

MARKUP = re.compile(r"[\\*|]|(?<=\w)_(?=\W|$)")


def escape(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Escape what reStructuredText would take for markup, outside of code and of examples."""
    in_example = False
    for i, line in enumerate(lines):
        in_example = bool(line.strip()) and (in_example or line.lstrip().startswith(">>>"))
        if not in_example:
            parts = line.split("`")
            parts[::2] = [MARKUP.sub(lambda found: "\\" + found[0], part) for part in parts[::2]]
            lines[i] = "`".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Before napoleon, which adds markup of its own."""
    app.connect("autodoc-process-docstring", escape, priority=400)
    return {"parallel_read_safe": True}
