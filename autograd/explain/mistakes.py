"""Recognises the usual mistakes in a gradient that is not the expected one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..walk import broadcast_axes

Close = Callable[[Any, Any], bool]


def recognise(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    """What the gradient looks like, in words; "" if like nothing known.

    unsummed: gradients before the sum over broadcast axes, each of a shape to which got's broadcasts. close(a, b):
    whether a is b up to the tolerance.
    """
    if not np.all(np.isfinite(got)):
        return "it is not finite: trace_nan shows where that begins"
    if not np.any(got):
        cuts = "the way back is cut, e.g. by .data, .item(), a comparison or a derivative that is missing"
        return f"it is 0: {cuts}, or the gradients of two kinks cancel"
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
                return f"it has only entry {index} of the broadcast axes {axes}"
    return ""


def _factor(got: NDArray[Any], expected: NDArray[Any], unsummed: list[NDArray[Any]], close: Close) -> str:
    ratio = float(np.sum(got * expected) / np.sum(expected * expected)) if np.any(expected) else 0.0
    if not ratio or not close(got / ratio, expected):
        return ""
    nice = Fraction(ratio).limit_denominator(12)
    is_nice = nice != 0 and abs(ratio / float(nice) - 1) < 1e-5
    if np.count_nonzero(expected) < 2 and not is_nice:  # a single number is always a multiple
        return ""
    return f"it is {nice if is_nice else f'{ratio:.6g}'} times the expected"


_TESTS = {
    "wrong sign": _sign,
    "transposed": _transposed,
    "missing sum over a broadcast axis": _broadcast,
    "wrong constant factor": _factor,
}


def _parts(whole: NDArray[Any], axes: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[tuple[Any, NDArray[Any]]]:
    """Every entry along the axes, with its place."""
    for place in np.ndindex(*(whole.shape[axis] for axis in axes)):
        where = dict(zip(axes, place, strict=True))
        yield place, whole[tuple(where.get(i, slice(None)) for i in range(whole.ndim))].reshape(shape)
