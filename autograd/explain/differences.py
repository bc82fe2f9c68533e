"""Derivatives from values alone: central and one-sided differences, the complex step, and what they say of a point."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..modes import no_grad
from ..op import Function
from ..tensor import Tensor

Index = tuple[int, ...]
TINY = 1e-20  # the complex step subtracts nothing, so it may be this short


def evaluate(f: Function, points: Sequence[Any]) -> NDArray[Any]:
    """f as it is called when it is differentiated, on Tensors, but without a graph."""
    with no_grad():
        value = f(*(Tensor(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in points))
    return np.asarray(value.data if isinstance(value, Tensor) else value)


def central(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> float:
    """(f(x + h) - f(x - h)) / 2h for one entry of argument i; h is eps, relative to max(1, |x|)."""
    step = eps * max(1.0, abs(points[i][index]))
    (above, x1), (below, x0) = _moved(f, points, i, index, step), _moved(f, points, i, index, -step)
    return (above - below) / (x1 - x0)


def one_sided(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> tuple[float, float]:
    """The derivatives from the left and from the right, for one entry of argument i."""
    step = eps * max(1.0, abs(points[i][index]))
    here, x = _moved(f, points, i, index, 0.0)
    (above, x1), (below, x0) = _moved(f, points, i, index, step), _moved(f, points, i, index, -step)
    return (here - below) / (x - x0), (above - here) / (x1 - x)


def _moved(f: Function, points: Sequence[Any], i: int, index: Index, step: float) -> tuple[float, float]:
    moved = points[i].copy()
    moved[index] += step
    return float(evaluate(f, [*points[:i], moved, *points[i + 1 :]])), float(moved[index])


def kink(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> tuple[float, float] | None:
    """The left and the right derivative where they differ and stay different as the step shrinks; None elsewhere.

    Of a smooth function the difference shrinks with the step, at a jump it grows.
    """
    sides = [one_sided(f, points, i, index, h) for h in (eps, eps / 16, eps / 256)]
    far, near, nearest = (right - left for left, right in sides)
    noise = 1e-7 * max(1.0, abs(float(evaluate(f, points))))
    stays = min(abs(near), abs(nearest)) > noise and 0.5 < far / near < 2 and 0.5 < near / nearest < 2
    return sides[1] if stays else None


def jumps(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> bool:
    """Whether f itself is discontinuous there: a one-sided difference grows as its step shrinks."""
    far, near = (max(map(abs, one_sided(f, points, i, index, h))) for h in (eps, eps / 16))
    return near > 12 * far > 0


def best_step(f: Function, points: Sequence[Any], i: int, index: Index) -> tuple[float, float, float]:
    """The bottom of the V-curve, the central difference there, and by how much it may be wrong.

    A long step truncates, a short one rounds: the best is where halving it twice changes the difference least, and
    the last bit of f can't change it more.
    """
    last_bit = float(np.spacing(np.abs(evaluate(f, points)), dtype=np.float64))

    def tried(step: float) -> tuple[float, float, float]:
        whole, half, quarter = (central(f, points, i, index, step / k) for k in (1, 2, 4))
        return max(abs(whole - half), abs(half - quarter), last_bit / step), step, quarter

    error, best, there = min(tried(10.0**-k) for k in range(1, 14))
    return best, there, error


def complex_step(f: Function, points: Sequence[Any], directions: dict[int, NDArray[Any]]) -> float | None:
    """The derivative along the directions (argument number -> array), Im f(x + i h v) / h, to full precision.

    Squire & Trapp 1998. None if f does not compute with complex arrays; wrong if f is not analytic: compare.
    """
    moved = [x + 1j * TINY * directions[i] if i in directions else x for i, x in enumerate(points)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        try:
            value = f(*moved)
            return float(np.imag(value)) / TINY if np.iscomplexobj(value) and np.ndim(value) == 0 else None
        except Exception:
            return None
