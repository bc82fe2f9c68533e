"""The text of a generated module with two functions: `numbers`, called once a step, and `loop`, over the elements."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager


class Body:
    """The lines of a function body."""

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a line to the block that is open."""
        # Through the syntax tree and back: this leaves only the parentheses that matter.
        self.lines.append("    " * self.indent + ast.unparse(ast.parse(line)))

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A block under `head`. An empty one gets `pass`; an empty `else:` is left out."""
        self.lines.append("    " * self.indent + head)
        self.indent += 1
        start = len(self.lines)
        yield
        if len(self.lines) == start and head == "else:":
            self.lines.pop()
        elif len(self.lines) == start:
            self.add("pass")
        self.indent -= 1


class GeneratedModule:
    """The parts of a generated module, which lowering fills in, and its text."""

    def __init__(self) -> None:
        self.numbers, self.loop = Body(1), Body(2)
        self.parameters: list[str] = []
        """The numbers that `numbers` takes."""
        self.constants: dict[str, str] = {}
        """The constants that `numbers` returns and `loop` takes, each with the expression it stands for."""
        self.conditional: list[str] = []
        """Constants that are computed on one branch only; on the other they are 0."""
        self.flags: set[str] = set()
        """Constants that are conditions."""
        self.called: set[str] = set()
        """The functions of `device` that `loop` calls."""

    def source(self, title: str, arrays: Sequence[str], scalars: Sequence[str], more: Sequence[str]) -> str:
        """The source of the module.

        Args:
            title: the name of the rule.
            arrays: what `loop` takes before the constants.
            scalars: what `numbers` returns after the constants.
            more: what `numbers` takes after the parameters.
        """
        taken = [*(f"{name}_array" for name in arrays), *(f"{name}_" for name in self.constants)]
        return "\n".join(
            [
                f'"""{title} as one pass over arrays. Generated: edit the rule, not this file."""',
                "",
                "import math",
                "",
                f"from {__package__} import functions",
                f"from {__package__}.denormals import flush_denormals, restore_denormals",
                *([f"from {__package__}.device import {', '.join(sorted(self.called))}"] if self.called else []),
                "",
                "",
                f"def numbers({', '.join([*self.parameters, *more])}):",
                '    """The part that involves numbers alone: run once a step, in float64."""',
                *(f"    {name} = 0.0" for name in self.conditional),
                *self.numbers.lines,
                f"    return {_tuple(self.constants)}, {_tuple(scalars)}",
                "",
                "",
                f"def loop({', '.join(taken)}):",
                '    """The part that involves elements: in the dtype of the arrays, denormals flushed to zero."""',
                "    mode = flush_denormals()",
                "    real = x_array.dtype.type",
                *(f"    {self._rounded(name)}" for name in self.constants),
                "    for i in range(x_array.size):",
                *(f"        {name} = {name}_array[i]" for name in arrays),
                *self.loop.lines,
                "    restore_denormals(mode)",
                "",
            ]
        )

    def _rounded(self, name: str) -> str:
        """The line that rounds a constant to the dtype of the arrays."""
        line = f"{name} = {name}_ != 0" if name in self.flags else f"{name} = real({name}_)"
        return line if self.constants[name] == name else f"{line}  # {self.constants[name]}"


def _tuple(names: Iterable[str]) -> str:
    return f"({''.join(f'{name}, ' for name in names)})"
