"""Two optimizers of the same name side by side, and where they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from html import escape
from itertools import zip_longest
from typing import Any

import numpy as np

from ..optim.formula import Formula
from ..optim.optimizer import Optimizer
from ..schedules import Schedule
from .base import Dialect

SIZES = (1.0, 1e-2, 1e-4, 1e-6, 1e-8)
_EXAMPLE = 0.01


@dataclass(frozen=True)
class Difference:
    """Two optimizers side by side. `print` shows text, a notebook shows tables.

    >>> from ravine.dialects import keras, torch
    >>> found = difference(torch.Adam, keras.Adam)
    >>> found.parted, [round(step, 3) for step in found.first_steps[1e-8]]
    (1, [0.5, 0.003])
    """

    names: tuple[str, str]
    specs: tuple[Optimizer, Optimizer]
    """Both as optimizers of ravine."""
    hyperparameters: Mapping[str, tuple[Any, Any]]
    """The hyperparameters that differ, by ravine's names, with both values; None if an optimizer has no such
    hyperparameter."""
    first_steps: Mapping[float, tuple[float, float]]
    """For each size of the first gradient, the distance that a parameter moves from 0, divided by lr, for both; NaN if
    the update rule needs a loss."""
    threshold: float
    steps: int
    """The number of updates that were compared."""
    parted: int | None
    """The number of the first update after which they are more than the threshold apart; None if there is none."""

    @property
    def formulas(self) -> tuple[Formula, Formula]:
        """The formulas of both, with the options that are set."""
        first, second = self.specs
        return first.explain(), second.explain()

    def _tables(self) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        first, second = (formula.lines for formula in self.formulas)
        yield "formula", [("", left, right) for left, right in zip_longest(first, second, fillvalue="")]
        yield "hyperparameters", [(name, _text(a), _text(b)) for name, (a, b) in self.hyperparameters.items()]
        yield "first step / lr", [(f"g = {g:g}", _text(a), _text(b)) for g, (a, b) in self.first_steps.items()]

    def _verdict(self) -> str:
        if any(map(math.isnan, self.first_steps[1.0])):
            return "One of them needs a loss, so no trajectories were compared."
        if self.parted is None:
            return f"They are never more than {self.threshold:g} apart in {self.steps} updates."
        return f"After update {self.parted} they are more than {self.threshold:g} apart."

    def __str__(self) -> str:
        """Tables as text."""
        left, right = self.names
        tables = list(self._tables())
        wide = [max(len(row[i]) for _, rows in [("", [("", left, right)]), *tables] for row in rows) for i in range(2)]
        lines = [_line(("", left, right), wide)]
        for title, rows in tables:
            lines += ["", title, *(_line(row, wide) for row in rows or [("", "the same", "")])]
        return "\n".join([*lines, "", self._verdict()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(name)}</th>" for name in ("", *self.names))
        body = ""
        for title, rows in self._tables():
            body += f'<tr><th colspan="3">{title}</th></tr>'
            for name, *cells in rows or [("", "the same", "")]:
                shown = "".join(f'<td align="left"><code>{escape(cell)}</code></td>' for cell in cells)
                body += f"<tr><td>{escape(name)}</td>{shown}</tr>"
        return f"<table><tr>{heads}</tr>{body}</table><p>{escape(self._verdict())}</p>"


def difference(
    a: Any, b: Any, threshold: float = 1e-6, gradients: Sequence[Any] | None = None, start: Any = None
) -> Difference:
    """Compare two optimizers: their formulas, hyperparameters and first steps, and where their trajectories diverge.

    Args:
        a, b: classes or configurations, from a dialect or from ravine. A class stands for its defaults. If one of them
            has no default lr, it gets the lr of the other, or 0.01.
        threshold: the largest difference of two elements of x, in units of x, that still counts as equal.
        gradients: the gradients that both receive, arrays of one shape; by default 1000 float64 matrices of shape
            (2, 3) with sizes from 1e-6 to 1.
        start: the array of that shape where both start; by default 0.

    Raises:
        TypeError: a or b is not an optimizer.
        ValueError: threshold is negative.

    >>> from ravine.dialects import keras, torch
    >>> difference(torch.RMSprop, keras.RMSprop).hyperparameters
    {'lr': (0.01, 0.001), 'rho': (0.99, 0.9), 'eps': (1e-08, 1e-07), 'initial_accumulator': (None, 0.0)}
    """
    if not threshold >= 0:
        raise ValueError(f"difference: threshold must be >= 0. Received: threshold={threshold!r}.")
    (first, one, own), (second, other, its) = _configured(a), _configured(b)
    if own != its:  # both get the same lr
        one, other = (one, other.replace(lr=_lr(one))) if own else (one.replace(lr=_lr(other)), other)
    given = list(_gradients() if gradients is None else (np.asarray(g, dtype=np.float64) for g in gradients))
    pairs = zip(_first_steps(one), _first_steps(other), strict=True)
    return Difference(
        (first, second), (one, other), _differing(one, other), dict(zip(SIZES, pairs, strict=True)), threshold,
        len(given), _parted(one, other, threshold, given, start),
    )  # fmt: skip


def _configured(optimizer: Any) -> tuple[str, Optimizer, bool]:
    """The name, the optimizer of ravine, and whether it has an lr of its own."""
    kind = optimizer if isinstance(optimizer, type) else type(optimizer)
    if issubclass(kind, Dialect):
        required = {name for name, p in kind.accepts.items() if p.default is p.empty}
        own = kind is not optimizer or not required & {"lr", "learning_rate"}
        return kind.title(), kind.to_ours(kind.example()) if kind is optimizer else optimizer.spec, own
    if issubclass(kind, Optimizer):
        bare = {f.name: _EXAMPLE for f in fields(kind) if f.default is MISSING}  # type: ignore[arg-type]
        own = kind is not optimizer or "lr" not in bare
        return kind.__name__, kind(**bare) if kind is optimizer else optimizer, own
    if isinstance(getattr(optimizer, "spec", None), Optimizer):
        return repr(optimizer), optimizer.spec, True
    raise TypeError(
        f"difference takes optimizers, from a dialect or from ravine. Received: {optimizer!r}. "
        "Say torch.Adam, or Adam(lr=0.1)."
    )


def _lr(spec: Optimizer) -> Any:
    return vars(spec)["lr"]


def _differing(one: Optimizer, other: Optimizer) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys([*vars(one), *vars(other)])
    pairs = {name: (vars(one).get(name), vars(other).get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _follows_gradients(spec: Optimizer) -> bool:
    return not spec.needs_closure


def _first_steps(spec: Optimizer) -> list[float]:
    lr = _lr(spec)
    rate = lr(0) if isinstance(lr, Schedule) else lr
    return [_moved(spec, size) / rate if rate and _follows_gradients(spec) else math.nan for size in SIZES]


def _moved(spec: Optimizer, size: float) -> float:
    x = np.zeros((1, 1))
    spec.bind([x]).step([np.full((1, 1), size)])
    return abs(float(x.item()))


def _gradients() -> Iterator[Any]:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        yield rng.normal(size=(2, 3)) * 10.0 ** rng.uniform(-6, 0)


def _parted(one: Optimizer, other: Optimizer, threshold: float, gradients: Sequence[Any], start: Any) -> int | None:
    if not gradients or not (_follows_gradients(one) and _follows_gradients(other)):
        return None
    x = np.zeros_like(gradients[0]) if start is None else np.array(start, dtype=np.float64)
    y = x.copy()
    a, b = one.bind([x]), other.bind([y])
    for t, g in enumerate(gradients, 1):
        a.step([g])
        b.step([g])
        if not np.abs(x - y).max() <= threshold:
            return t
    return None


def _line(row: tuple[str, str, str], wide: Sequence[int]) -> str:
    name, left, right = row
    return f"  {name:<{wide[0]}}  {left:<{wide[1]}}  {right}".rstrip()


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
