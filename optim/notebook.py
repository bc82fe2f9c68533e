"""Markdown that a notebook shows of an optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .formula import Formula


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; None is an empty cell."""
    cells = [["" if cell is None else str(cell).replace("|", r"\|") for cell in row] for row in (columns, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(columns), *lines[1:]])


def configuration(name: str, formula: Formula, hyperparameters: Iterable[Sequence[Any]], states: Sequence[str]) -> str:
    """The page of an optimizer configuration: source, formula, hyperparameters, names of the states.

    Args:
        name: the name of the optimizer.
        formula: its formula, with the options that are on.
        hyperparameters: rows of name, value and domain.
        states: the names of its states.
    """
    parts = [
        f"**{name}** · {formula.title}",
        f"$$\n{formula.latex}\n$$",
        table(("hyperparameter", "value", "must be"), hyperparameters),
        f"state: {', '.join(f'`{state}`' for state in states) or 'none'}",
    ]
    return "\n\n".join(parts)
