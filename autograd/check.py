"""`check_grads`: derivatives against finite differences, computed in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .functional import grad
from .modes import no_grad
from .tensor import Tensor

Function = Callable[..., Any]

EPS = 6e-6  # about u**(1/3) of float64: a central difference loses as much to truncation as to rounding
TOLERANCES = {np.dtype(np.float64): (1e-5, 1e-7), np.dtype(np.float32): (1e-3, 1e-4)}


def check_grads(
    f: Function,
    *args: Any,
    order: int = 2,
    eps: float = EPS,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Compares the derivatives of f at args, up to the given order, with central differences of f in float64.

    Every float argument is differentiated, entry by entry; an array result is first multiplied by a fixed random array
    and summed. float32 arguments are checked against differences in float64. The arguments are not changed.

    eps: step, relative to max(1, |x|). rtol, atol: by default 1e-5, 1e-7 for float64, 1e-3, 1e-4 for float32; atol is
    multiplied by max(1, |f|).
    AssertionError: with the worst index, the expected (numeric) and the got (analytic) value, and a suggested eps; also
    if f gives two values for the same arguments. TypeError: without any float argument.
    """
    plain = [np.array(x.data if isinstance(x, Tensor) else x) for x in args]
    argnums = [i for i, x in enumerate(plain) if x.dtype.kind == "f"]
    if not argnums:
        raise TypeError(f"check_grads: no argument is a float or an array of floats. Received: {len(args)} arguments.")
    points = [plain[i] if i in argnums else x for i, x in enumerate(args)]
    for level in range(1, order + 1):
        scalar = _projected(f, points, level)
        gradients = grad(scalar, argnums)(*points)
        for i, gradient in zip(argnums, gradients, strict=True):
            _compare(scalar, points, i, np.asarray(gradient), level, eps, rtol, atol)
        f = _gradient_vector(scalar, argnums)


def _projected(f: Function, points: Sequence[Any], level: int) -> Function:
    """sum(f * a fixed random array): a scalar function with all of f's derivatives in it; f itself if it is scalar."""
    value, again = _evaluate(f, points), _evaluate(f, points)
    if not np.array_equal(value, again, equal_nan=True):
        raise AssertionError(
            "check_grads: the function gives two values for the same arguments. Seed its random generator inside it."
        )
    if value.ndim == 0:
        return f
    weights = np.random.default_rng(level).uniform(0.5, 1.5, value.shape).astype(value.dtype)
    return lambda *xs: np.sum(f(*xs) * weights)


def _gradient_vector(scalar: Function, argnums: Sequence[int]) -> Function:
    """All gradients of a scalar function, as one vector."""
    gradients = grad(scalar, argnums)
    return lambda *xs: np.concatenate([np.reshape(g, -1) for g in gradients(*xs)])


def _evaluate(f: Function, points: Sequence[Any]) -> NDArray[Any]:
    """f as it is called when it is differentiated, on Tensors, but without a graph."""
    with no_grad():
        value = f(*(Tensor(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in points))
    return np.asarray(value.data if isinstance(value, Tensor) else value)


def _compare(
    f: Function,
    points: Sequence[Any],
    i: int,
    analytic: NDArray[Any],
    level: int,
    eps: float,
    rtol: float | None,
    atol: float | None,
) -> None:
    """Compares one gradient of a scalar function with differences."""
    default_rtol, default_atol = TOLERANCES.get(analytic.dtype, (1e-5, 1e-7))
    rtol = default_rtol if rtol is None else rtol
    atol = default_atol if atol is None else atol
    wide = [x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in points]
    numeric = np.empty(analytic.shape)
    for index in np.ndindex(analytic.shape):
        numeric[index] = _difference(f, wide, i, index, eps)
    scale = max(1.0, abs(float(_evaluate(f, wide))))
    excess = np.abs(analytic - numeric) / (atol * scale + rtol * np.abs(numeric))
    if np.all(excess <= 1):
        return
    worst = tuple(int(k) for k in np.unravel_index(np.argmax(np.where(np.isnan(excess), np.inf, excess)), excess.shape))
    best, there = _best_step(f, wide, i, worst)
    raise AssertionError(
        f"check_grads: the derivative of order {level} for argument {i} is wrong at index {worst}: "
        f"expected {numeric[worst]:.10g} (numeric, eps={eps:g}), got {analytic[worst]:.10g} (analytic). "
        f"Suggested eps: {best:g}, where the numeric derivative is {there:.10g}."
    )


def _difference(f: Function, points: Sequence[Any], i: int, index: tuple[int, ...], eps: float) -> float:
    """The central difference of f for one entry of argument i."""
    step = eps * max(1.0, abs(points[i][index]))
    values = []
    for x in (points[i][index] + step, points[i][index] - step):
        moved = points[i].copy()
        moved[index] = x
        values.append((float(_evaluate(f, [*points[:i], moved, *points[i + 1 :]])), x))
    (above, x1), (below, x0) = values
    return (above - below) / float(x1 - x0)


def _best_step(f: Function, points: Sequence[Any], i: int, index: tuple[int, ...]) -> tuple[float, float]:
    """The step from which halving it changes the difference least, and the difference there."""
    steps = [10.0**-k for k in range(1, 10)]
    found = [(_difference(f, points, i, index, h), _difference(f, points, i, index, h / 2)) for h in steps]
    _, best, there = min((abs(a - b), h, b) for h, (a, b) in zip(steps, found, strict=True))
    return best, there
