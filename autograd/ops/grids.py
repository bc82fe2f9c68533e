"""Evenly spaced numbers, which are differentiable in their ends, and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import alike
from ..define import composite
from ..domain import POSITIVE, rand, sample


@composite(
    np.linspace,
    samples=[sample(rand(), rand(), 5), sample(rand(2), 1.0, 4, endpoint=False, axis=-1), sample(0, rand(2, 1), num=3)],
)
def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: None = None,
) -> Any:
    start, stop = alike(start, stop)
    span = stop - start
    parts = max(num - 1 if endpoint else num, 1)
    steps = np.arange(num, dtype=span.dtype).reshape((-1,) + (1,) * span.ndim)
    y = start + steps * (span / parts)
    if endpoint and num > 1:
        y = np.concatenate([y[:-1], np.broadcast_to(stop, span.shape)[None]])
    y = np.moveaxis(y if dtype is None else y.astype(dtype), 0, axis)
    return (y, span / parts) if retstep else y


@composite(np.logspace, samples=[sample(rand(), rand(), 4), sample(rand(2), 1.0, 3, base=2.0)])
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    y = base ** np.linspace(start, stop, num, endpoint, axis=axis)
    return y if dtype is None else y.astype(dtype)


@composite(
    np.geomspace,
    samples=[sample(rand(domain=POSITIVE), rand(domain=POSITIVE), 4), sample(rand(2, domain=POSITIVE), 4.0, 3, axis=1)],
)
def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    sign = np.sign(start)
    if np.any(sign * np.sign(stop) <= 0):
        raise ValueError(
            "np.geomspace: start and stop must have the same sign and not be 0. To pass through 0 use np.linspace."
        )
    logs = np.linspace(np.log(sign * start), np.log(sign * stop), num, endpoint)
    y = np.moveaxis(sign * np.exp(logs), 0, axis)
    return y if dtype is None else y.astype(dtype)


@composite(np.polyval, samples=[sample(rand(4), rand(2, 3)), sample([1, 0, -2], rand())])
def _polyval(p: Any, x: Any) -> Any:
    p, x = alike(p, x)
    y = np.zeros(x.shape, x.dtype)
    for i in range(len(p)):
        y = y * x + p[i]
    return y


@composite(np.vander, samples=[sample(rand(3, domain=POSITIVE)), sample(rand(2, domain=POSITIVE), 4, increasing=True)])
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    n = x.shape[0] if N is None else N
    powers = np.arange(n, dtype=x.dtype)
    return x[:, None] ** (powers if increasing else powers[::-1])
