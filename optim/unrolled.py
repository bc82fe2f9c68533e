"""A rule step by step, without a kernel: on numbers, Decimals, arrays or Tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ..schedules import Schedule
from .optimizer import Optimizer


class Unrolled(NamedTuple):
    """Where a rule has got to.

    >>> from ravine.optim import Momentum, unroll
    >>> *_, last = unroll(Momentum(lr=0.1), lambda x: 2 * x, 1.0, steps=2)
    >>> last.t, round(last.x, 12), round(last.state["v"], 12)
    (2, 0.46, 3.4)
    """

    t: int
    """The updates taken."""
    x: Any
    state: dict[str, Any]
    """The states by name."""


def unroll(
    spec: Optimizer, gradient: Callable[[Any], Any] | Sequence[Any], x0: Any, steps: int, **hyper: Any
) -> Iterator[Unrolled]:
    """Yield where a rule has got to after each of some updates: plain calls of it, and nothing is changed in place.

    The rule computes with what it is given. On arrays it gives the bits of the kernel, with Tensors as x0 or as
    hyperparameters the whole run can be differentiated, with Decimals (all hyperparameters too) it has as many digits
    as one likes.

    Args:
        spec: unbound, without options.
        gradient: from x to g; or the gradients themselves, one for each update.
        x0: where to start.
        steps: the number of updates.
        hyper: hyperparameters in the place of the spec's: one value, or with one entry for each update whatever can be
            indexed, such as a list, an array or a Tensor of shape (steps,).

    Raises:
        ValueError: options are on, which a rule alone does not have; too few gradients, or entries of a hyperparameter.
        TypeError: an unknown hyperparameter, or a rule that evaluates the loss itself.

    >>> from ravine.autograd import grad
    >>> from ravine.optim import SGD, unroll
    >>> def after(lr):  # descent on x**2 from 1
    ...     *_, last = unroll(SGD(lr=0.1), lambda x: 2 * x, 1.0, steps=3, lr=lr)
    ...     return last.x
    >>> float(after(0.25)), float(grad(after)(0.25))  # (1 - 2 * lr)**3 and its slope
    (0.125, -1.5)
    """
    values, slope = _values(spec, hyper, steps), _slope(gradient, steps)
    taken = inspect.signature(spec.rule).parameters
    x, state = x0, {name: _start(spec, name, x0, values) for name in spec.state}
    for t in range(1, steps + 1):
        given = {**{name: _at(value, t - 1) for name, value in values.items()}, **state, "x": x, "g": slope(x), "t": t}
        result = spec.rule(**{name: given[name] for name in taken})
        x, *states = result if spec.state else (result,)
        state = dict(zip(spec.state, states, strict=True))
        yield Unrolled(t, x, state)


def _slope(gradient: Callable[[Any], Any] | Sequence[Any], steps: int) -> Callable[[Any], Any]:
    if callable(gradient):
        return gradient
    if len(gradient) < steps:
        raise ValueError(f"unroll: there must be a gradient for each of {steps} updates. Received: {len(gradient)}.")
    given = iter(gradient)
    return lambda x: next(given)


def _values(spec: Optimizer, hyper: dict[str, Any], steps: int) -> dict[str, Any]:
    name = type(spec).__name__
    if any(spec.transforms):
        raise ValueError(f"unroll: a rule alone has no options. Received: {spec!r}. Leave out what is around the rule.")
    if spec.needs_closure:
        raise TypeError(f"unroll: {name} evaluates the loss at points of its own choice. Use minimize.")
    if unknown := sorted(hyper.keys() - spec.checks.keys()):
        raise TypeError(f"{name} has no hyperparameter {unknown[0]!r}. It has: {', '.join(spec.checks)}.")
    for key, value in hyper.items():
        if _is_many(value) and len(value) < steps:
            raise ValueError(f"unroll: {key} must have an entry for each of {steps} updates. Received: {len(value)}.")
    return {**vars(spec), **hyper}


def _is_many(value: Any) -> bool:
    return hasattr(value, "__getitem__") and not isinstance(value, Schedule | str) and getattr(value, "ndim", 1) > 0


def _at(value: Any, k: int) -> Any:
    return value(k) if isinstance(value, Schedule) else value[k] if _is_many(value) else value


def _start(spec: Optimizer, slot: str, x0: Any, values: dict[str, Any]) -> Any:
    if isinstance(x0, np.ndarray) and type(spec).start is not Optimizer.start and slot not in spec.scalars:
        return spec.start(slot, x0)  # of a shape of its own
    start = spec.starts.get(slot, 0)
    if start == "x":
        return x0
    number = _at(values[start], 0) if isinstance(start, str) else start
    if slot in spec.scalars:
        return number
    return np.full_like(x0, number) if isinstance(x0, np.ndarray) and isinstance(number, Real) else 0 * x0 + number
