"""`kinks`: the gradients that this package returns at points where the derivative does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..nn import relu
from ..tensor import Tensor

INF = np.inf

CASES: list[tuple[str, str, Callable[[Any], Any], list[float]]] = [
    ("abs at 0", "|x|", np.abs, [0.0]),
    ("sign", "sign(x)", lambda x: np.sign(x) + 0 * x, [0.0]),
    ("round", "round(x)", lambda x: np.round(x) + 0 * x, [0.5]),
    ("floor", "floor(x)", lambda x: np.floor(x) + 0 * x, [1.0]),
    ("relu at 0", "relu(x)", relu, [0.0]),
    ("maximum, tie", "maximum(x, 1)", lambda x: np.maximum(x, 1.0), [1.0, 2.0, 0.0]),
    ("minimum, tie", "minimum(x, 1)", lambda x: np.minimum(x, 1.0), [1.0, 2.0, 0.0]),
    ("maximum with itself", "maximum(x, x)", lambda x: np.maximum(x, x), [1.0]),
    ("max, ties", "max(x)", np.max, [1.0, 1.0, 0.0]),
    ("min, ties", "min(x)", np.min, [1.0, 0.0, 0.0]),
    ("max along an axis, ties", "max(x, axis=0)", lambda x: np.max(x, axis=0), [1.0, 1.0, 1.0]),
    ("ptp, ties", "ptp(x)", np.ptp, [1.0, 1.0, 2.0]),
    ("median of an even number", "median(x)", np.median, [1.0, 2.0, 3.0, 4.0]),
    ("median, ties: by sorted position", "median(x)", np.median, [1.0, 1.0, 1.0]),
    ("clip at its bounds", "clip(x, 0, 1)", lambda x: np.clip(x, 0.0, 1.0), [0.0, 1.0, 2.0, -1.0]),
    ("sort, ties in order", "sort(x) @ [1, 10]", lambda x: np.sort(x) * np.array([1.0, 10.0]), [1.0, 1.0]),
    ("copysign at 0", "copysign(x, 1)", lambda x: np.copysign(x, 1.0), [0.0]),
    ("interp at a knot", "interp(x, [0, 1, 2], [0, 1, 3])", lambda x: np.interp(x, [0, 1, 2], [0, 1, 3]), [1.0]),
    ("remainder at a multiple", "remainder(x, 1)", lambda x: np.remainder(x, 1.0), [1.0]),
    ("nan_to_num", "nan_to_num(x)", np.nan_to_num, [np.nan, INF, 1.0]),
    ("sinc at 0", "sinc(x)", np.sinc, [0.0]),
    ("sqrt at 0", "sqrt(x)", np.sqrt, [0.0]),
    ("cbrt at 0", "cbrt(x)", np.cbrt, [0.0]),
    ("x**0 at 0", "x**0", lambda x: x**0, [0.0]),
    ("x**1 at 0", "x**1", lambda x: x**1, [0.0]),
    ("x**0.5 at 0", "power(x, 0.5)", lambda x: np.power(x, 0.5), [0.0]),
    ("0**x", "0**x", lambda x: 0.0**x, [2.0]),
    ("arccos at 1", "arccos(x)", np.arccos, [1.0]),
    ("1-norm at 0", "norm(x, 1)", lambda x: np.linalg.norm(x, 1), [0.0, 2.0]),
    ("maximum norm, ties", "norm(x, inf)", lambda x: np.linalg.norm(x, INF), [1.0, -1.0]),
    ("norm at 0", "norm(x)", np.linalg.norm, [0.0, 0.0]),
    ("square of the norm at 0", "norm(x)**2", lambda x: np.linalg.norm(x) ** 2, [0.0, 0.0]),
    ("standard deviation of equal numbers", "std(x)", np.std, [2.0, 2.0]),
    ("hypot at the origin", "hypot(x, 0)", lambda x: np.hypot(x, 0.0), [0.0]),
    ("arctan2 at the origin", "arctan2(x, 0)", lambda x: np.arctan2(x, 0.0), [0.0]),
    ("product with one 0", "prod(x)", np.prod, [0.0, 2.0, 3.0]),
    ("product with two 0", "prod(x)", np.prod, [0.0, 0.0, 3.0]),
    ("where takes no part of the other side", "where(x > 0, x, inf)", lambda x: np.where(x > 0, x, INF), [1.0, -1.0]),
    (
        "a masked infinite slope (0 under strong_zero)",
        "where(x > 0, sqrt(x), 0)",
        lambda x: np.where(x > 0, np.sqrt(x), 0.0),
        [0.0],
    ),
]
"""(name, formula, function, point); the sum of the elements of the result is differentiated."""


class Kink(NamedTuple):
    """The gradient of one function at one point.

    >>> next(kink.gradient for kink in kinks() if kink.case == "max, ties")
    (0.5, 0.5, 0.0)
    """

    case: str
    formula: str
    x: tuple[float, ...]
    gradient: tuple[float, ...]


class Kinks(list[Kink]):
    """A list of `Kink`. `print` shows it as a Markdown table."""

    def __str__(self) -> str:
        rows = [("case", "function", "x", "gradient")]
        rows += [(k.case, k.formula, _listed(k.x), _listed(k.gradient)) for k in self]
        cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
        return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return str(self)


def kinks() -> Kinks:
    """The gradient at every kind of point where the derivative does not exist, computed by the ops when called.

    It is the subgradient of smallest norm. Equal elements of a maximum get equal parts. At a bound of clip the
    derivative is 1. An infinite derivative is inf.

    >>> kinks()[0]
    Kink(case='abs at 0', formula='|x|', x=(0.0,), gradient=(0.0,))
    """
    return Kinks(Kink(case, formula, tuple(at), _gradient(f, at)) for case, formula, f, at in CASES)


def _gradient(f: Callable[[Any], Any], at: list[float]) -> tuple[float, ...]:
    x = Tensor(at, requires_grad=True)
    with np.errstate(all="ignore"):
        np.sum(f(x)).backward()
    assert x.grad is not None
    return tuple((x.grad + 0.0).tolist())  # + 0.0: no negative zeros


def _listed(x: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in x)
