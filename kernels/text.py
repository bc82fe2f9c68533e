"""Lines of generated code."""

from __future__ import annotations

import ast

__all__ = ["Text"]


class Text:
    """Lines of a function body."""

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Say a line inside the blocks that are open."""
        # Through the syntax tree and back: this leaves only the parentheses that matter.
        self.lines.append("    " * self.indent + ast.unparse(ast.parse(line)))

    def open(self, head: str) -> int:
        """Begin a block; gives a mark to close it by."""
        self.lines.append("    " * self.indent + head)
        self.indent += 1
        return len(self.lines)

    def close(self, mark: int) -> None:
        """End a block: one without lines says `pass`, an empty `else` is left out."""
        if len(self.lines) == mark and self.lines[-1].endswith("else:"):
            self.lines.pop()
        elif len(self.lines) == mark:
            self.add("pass")
        self.indent -= 1
