"""What a notebook shows of an optimizer: Markdown, with the formula typeset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .bound import BoundOptimizer
    from .optimizer import Optimizer

__all__ = ["of_bound", "of_spec", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; None is an empty cell."""
    cells = [["" if cell is None else str(cell).replace("|", r"\|") for cell in row] for row in (columns, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(columns), *lines[1:]])


def of_spec(spec: Optimizer) -> str:
    """Where it comes from, its formula with the options that are on, its hyperparameters."""
    formula = spec.explain()
    names = [name for name in vars(spec) if f"{name}=" in repr(spec)]
    rows = [(f"`{name}`", f"`{getattr(spec, name)!r}`", _domain(spec.domains[name])) for name in names]
    states = ", ".join(f"`{name}`" for name in spec.state) or "none"
    parts = [
        f"**{type(spec).__name__}** · {formula.title}",
        f"$$\n{formula.latex}\n$$",
        table(("hyperparameter", "value", "must be"), rows),
        f"state: {states}",
    ]
    return "\n\n".join(parts)


def of_bound(optimizer: BoundOptimizer) -> str:
    """The above, and every parameter with its states; of an array the shape and the root of the mean square."""
    slots = list(dict.fromkeys(name for place in optimizer.places for name in (*place.slots, *place.scalars)))
    rows = []
    for place in optimizer.places:
        states = place.slots | place.scalars
        sizes = (_size(states[name]) if name in states else None for name in slots)
        rows.append((place.name, f"{place.data.shape} {place.x.dtype}", _size(place.x), *sizes))
    heads = ("parameter", "shape, dtype", "x", *slots)
    title = f"{optimizer.t} updates taken. Every parameter and state, as the root of its mean square:"
    return "\n\n".join([of_spec(optimizer.groups[0].spec), title, table(heads, rows)])


def _domain(domain: Any) -> str:
    return " or ".join(map(repr, domain)) if isinstance(domain, tuple) else domain.text


def _size(state: Any) -> str:
    return f"{np.sqrt(np.mean(np.square(state, dtype=np.float64))):.4g}"
