"""Minimize a function written in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .optimizer import Optimizer

Array = npt.NDArray[Any]
Status = Literal["finished", "converged", "diverged", "stopped"]


_MESSAGES = {
    "finished": "All steps were taken.",
    "converged": "The norm of the gradient is at most tolerance.",
    "diverged": "The function or its gradient is not finite.",
    "stopped": "The callback raised StopIteration.",
}


@dataclass(frozen=True)
class Result:
    """What `minimize` found.

    >>> from ravine.optim import SGD
    >>> found = minimize(lambda x: np.sum(x**2), [1.0], SGD(lr=0.25), steps=3)
    >>> found.trajectory.ravel().tolist(), found.values.tolist()
    ([1.0, 0.5, 0.25, 0.125], [1.0, 0.25, 0.0625, 0.015625])
    """

    x: Array
    """The last point; of the shape of x0."""
    fun: float
    """f at x."""
    trajectory: Array
    """All points from x0 on, of shape (steps taken + 1, *x0.shape)."""
    values: Array
    """f at each of them."""
    status: Status
    """"converged": the gradient's norm fell to tolerance; "diverged": f or its gradient is not finite at x; "stopped":
    the callback raised StopIteration."""
    nfev: int
    """How often f and its gradient were evaluated."""

    @property
    def nit(self) -> int:
        """The number of updates that were taken."""
        return len(self.values) - 1

    @property
    def success(self) -> bool:
        """Whether the run ended as it was asked to: all steps were taken, or the gradient's norm fell to tolerance."""
        return self.status in ("finished", "converged")

    @property
    def message(self) -> str:
        """How it ended, as a sentence."""
        return _MESSAGES[self.status]

    def __repr__(self) -> str:
        """How it ended: all points are in `trajectory`."""
        x = np.array2string(self.x, precision=6, separator=", ", threshold=20)
        return f"<Result: {self.status} after {len(self.values) - 1} steps, fun = {self.fun:.6g} at x = {x}>"


def minimize(
    f: Callable[[Any], Any],
    x0: Any,
    optimizer: Optimizer,
    steps: int,
    *,
    args: tuple[Any, ...] = (),
    callback: Callable[[Array], Any] | None = None,
    tolerance: float = 0.0,
    value_and_grad: Callable[..., Any] | None = None,
) -> Result:
    """Take steps of an optimizer on a function written in NumPy.

    Args:
        f: from an array of the shape of x0, and args, to a number.
        x0: where to start; integers are taken as float64, float32 stays float32.
        optimizer: unbound, such as Adam(lr=0.1).
        steps: how many updates to take at most.
        args: what f takes after x.
        callback: called with a copy of x after each update; it ends the run by raising StopIteration.
        tolerance: stop where the Euclidean norm of the gradient is at most this.
        value_and_grad: makes f into a function that gives f and its gradient; that of ravine.autograd if not given.

    Raises:
        TypeError: the optimizer is not an unbound optimizer.
        ValueError: steps or tolerance is negative, or x0 is not finite.

    >>> from ravine.optim import SGD
    >>> minimize(lambda x: np.sum((x - 3) ** 2), [0.0], SGD(lr=0.5), steps=10, tolerance=1e-9)
    <Result: converged after 1 steps, fun = 0 at x = [3.]>
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"minimize takes an unbound optimizer, such as Adam(lr=0.1). Received: {optimizer!r}.")
    if not isinstance(steps, int | np.integer) or isinstance(steps, bool) or steps < 0:
        raise ValueError(f"steps must be an integer >= 0. Received: {steps!r}.")
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be >= 0. Received: {tolerance!r}.")
    x = np.array(x0, dtype=None if getattr(x0, "dtype", None) == np.float32 else np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f"x0 must be finite. Received: {x0!r}.")
    # The one place where optimizers meet a differentiator: asked for by name, so that any other can take its place.
    differentiate = value_and_grad or import_module("ravine.autograd").value_and_grad
    args = args if isinstance(args, tuple) else (args,)
    evaluate = differentiate((lambda z: f(z, *args)) if args else f)
    bound = optimizer.bind([x])
    trajectory, values = [], []
    nfev = 0

    def closure() -> tuple[float, list[Array]]:
        nonlocal nfev
        nfev += 1
        value, gradient = evaluate(x.copy())
        return float(value), [np.asarray(gradient, dtype=x.dtype)]

    for k in range(steps + 1):
        value, gradients = closure()
        trajectory.append(x.copy())
        values.append(value)
        status = _status(value, gradients[0], tolerance)
        try:
            if callback is not None and k:
                callback(x.copy())
        except StopIteration:
            status = status or "stopped"
        if status or k == steps:
            break
        bound.step(closure if optimizer.needs_closure else gradients)
    return Result(x, values[-1], np.array(trajectory), np.array(values), status or "finished", nfev)


def _status(value: float, gradient: Array, tolerance: float) -> Status | None:
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        return "diverged"
    return "converged" if np.linalg.norm(gradient) <= tolerance else None
