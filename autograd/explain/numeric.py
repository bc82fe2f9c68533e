"""Numerical derivatives for `check_grads`, and the usual mistakes that it recognises in a wrong gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backward import broadcast_axes
from ..modes import no_grad
from ..op import Function
from ..tensor import Tensor

Index = tuple[int, ...]
Close = Callable[[Any, Any], bool]
TINY = 1e-20  # the complex step involves no subtraction, so it may be this small


def evaluate(f: Function, points: Sequence[Any]) -> NDArray[Any]:
    """f on Tensors, as when it is differentiated, but without recording a graph."""
    with no_grad():
        value = f(*(Tensor(x.copy()) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in points))
    return np.asarray(value.data if isinstance(value, Tensor) else value)


def central(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> float:
    """(f(x + h) - f(x - h)) / 2h for one element of argument i; h = eps * max(1, |x|)."""
    step = eps * max(1.0, abs(points[i][index]))
    (above, x1), (below, x0) = _moved(f, points, i, index, step), _moved(f, points, i, index, -step)
    return (above - below) / (x1 - x0)


def one_sided(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> tuple[float, float]:
    """The derivatives from the left and from the right, for one element of argument i."""
    step = eps * max(1.0, abs(points[i][index]))
    here, x = _moved(f, points, i, index, 0.0)
    (above, x1), (below, x0) = _moved(f, points, i, index, step), _moved(f, points, i, index, -step)
    return (here - below) / (x - x0), (above - here) / (x1 - x)


def _moved(f: Function, points: Sequence[Any], i: int, index: Index, step: float) -> tuple[float, float]:
    """f after one element of argument i was moved by the step, and the element as rounded."""
    moved = points[i].copy()
    moved[index] += step
    return float(evaluate(f, [*points[:i], moved, *points[i + 1 :]])), float(moved[index])


def kink(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> tuple[float, float] | None:
    """The left and the right derivative at a point where they differ for every step; None elsewhere.

    For a smooth function their difference shrinks with the step; at a discontinuity it grows.
    """
    sides = [one_sided(f, points, i, index, h) for h in (eps, eps / 16, eps / 256)]
    far, near, nearest = (right - left for left, right in sides)
    noise = 1e-7 * max(1.0, abs(float(evaluate(f, points))))
    remains = min(abs(near), abs(nearest)) > noise and 0.5 < far / near < 2 and 0.5 < near / nearest < 2
    return sides[1] if remains else None


def jumps(f: Function, points: Sequence[Any], i: int, index: Index, eps: float) -> bool:
    """Whether f itself is discontinuous there: a one-sided difference grows as its step shrinks."""
    far, near = (max(map(abs, one_sided(f, points, i, index, h))) for h in (eps, eps / 16))
    return near > 12 * far > 0


def best_step(f: Function, points: Sequence[Any], i: int, index: Index) -> tuple[float, float, float]:
    """The best step for a central difference, the difference with this step, and a bound of its error.

    A large step has a large truncation error, a small one a large rounding error. The best step is the one for which
    halving it twice changes the difference least, where the last bit of f does not change it more.
    """
    last_bit = float(np.spacing(np.abs(evaluate(f, points)), dtype=np.float64))

    def tried(step: float) -> tuple[float, float, float]:
        whole, half, quarter = (central(f, points, i, index, step / k) for k in (1, 2, 4))
        return max(abs(whole - half), abs(half - quarter), last_bit / step), step, quarter

    error, step, difference = min(tried(10.0**-k) for k in range(1, 14))
    return step, difference, error


def complex_step(f: Function, points: Sequence[Any], directions: dict[int, NDArray[Any]]) -> float | None:
    """The derivative along the directions (argument number -> array): Im f(x + i h v) / h, to full precision.

    Squire & Trapp 1998. The result is None if f does not accept complex arrays, and wrong if f is not analytic.
    """
    moved = [x + 1j * TINY * directions[i] if i in directions else x for i, x in enumerate(points)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        try:
            value = f(*moved)
            return float(np.imag(value)) / TINY if np.iscomplexobj(value) and np.ndim(value) == 0 else None
        except Exception:
            return None


# The usual mistakes


def recognise(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    """Describe the usual mistake that explains a wrong gradient; "" if none does.

    Args:
        got: the gradient.
        expected: the numerical gradient.
        unsummed: gradients before the sum over broadcast axes, each of a shape to which the shape of `got` broadcasts.
        close: whether its two arguments are equal up to the tolerance.
    """
    if not np.all(np.isfinite(got)):
        return "it is not finite: trace_nan shows where that begins"
    if not np.any(got):
        cuts = "the graph is cut, e.g. by .data, .item(), a comparison or a missing derivative"
        return f"it is 0: {cuts}, or two subgradients cancel"
    for name, test in _TESTS.items():
        found = test(got, expected, unsummed, close)
        if found:
            return f"{name}: {found}"
    return ""


def _sign(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    return "it is -1 times the expected" if close(-got, expected) else ""


def _transposed(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    square = got.ndim >= 2 and got.shape[-1] == got.shape[-2]
    return "its last two axes are exchanged" if square and close(got.swapaxes(-1, -2), expected) else ""


def _broadcast(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    for whole in unsummed:
        axes = broadcast_axes(whole.shape, got.shape)
        if close(got * (whole.size // got.size), expected):
            return f"it is the mean over the broadcast axes {axes}, not the sum"
        for index, part in _parts(whole, axes, got.shape):
            if close(got, part):
                return f"it has only element {index} of the broadcast axes {axes}"
    return ""


def _factor(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    ratio = float(np.sum(got * expected) / np.sum(expected * expected)) if np.any(expected) else 0.0
    if not ratio or not close(got / ratio, expected):
        return ""
    nice = Fraction(ratio).limit_denominator(12)
    is_nice = nice != 0 and abs(ratio / float(nice) - 1) < 1e-5
    if np.count_nonzero(expected) < 2 and not is_nice:  # one number is always a multiple of another
        return ""
    return f"it is {nice if is_nice else f'{ratio:.6g}'} times the expected"


_TESTS = {
    "wrong sign": _sign,
    "transposed": _transposed,
    "missing sum over a broadcast axis": _broadcast,
    "wrong constant factor": _factor,
}


def _parts(whole: NDArray[Any], axes: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[tuple[Any, NDArray[Any]]]:
    """Every index along the axes, with the part of the array there."""
    for index in np.ndindex(*(whole.shape[axis] for axis in axes)):
        where = dict(zip(axes, index, strict=True))
        yield index, whole[tuple(where.get(i, slice(None)) for i in range(whole.ndim))].reshape(shape)
