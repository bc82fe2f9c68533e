"""Functions of sequences: differences, integrals, convolutions, interpolation, evenly spaced numbers, polynomials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import alike, as_array, conjugated, plain
from ..define import composite, primitive
from ..domain import NONZERO, POSITIVE, ZERO, Domain, rand, sample
from .reductions import CUMULATIVE_SAMPLES
from .shaping import index_along, replace_length


# Cumulative products: the derivative is a quotient if no element is 0, else it is computed from n * n products
def _cumprod_vjp(g: Any, y: Any, a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    if axis is None:
        g, axis = g.reshape(-1), 0
        return _cumprod_vjp(g, y.reshape(-1), a.reshape(-1), 0).reshape(a.shape)
    if np.all(a != 0):
        return np.flip(np.cumsum(np.flip(g * y, axis), axis=axis), axis) / a
    rows, g = np.moveaxis(a, axis, -1), np.moveaxis(g, axis, -1)
    n = rows.shape[-1]
    products = np.cumprod(np.where(np.eye(n, dtype=bool), 1, rows[..., None, :]), axis=-1)
    return np.moveaxis(np.sum(np.where(np.tri(n, dtype=bool).T, products * g[..., None, :], 0), axis=-1), -1, axis)


primitive(
    np.cumprod,
    _cumprod_vjp,
    samples=[*CUMULATIVE_SAMPLES, sample(rand(2, 3, domain=ZERO), 1)],
)


def _cumulative(running: Any, first: int) -> Any:
    def definition(x: Any, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
        axis = 0 if axis is None and x.ndim == 1 else axis
        if axis is None:
            raise ValueError(f"np.cumulative_{running.__name__[3:]}: an array with {x.ndim} axes needs axis=.")
        y = running(x, axis=axis, dtype=dtype)
        if not include_initial:
            return y
        return np.concatenate([np.full(replace_length(y.shape, axis, 1), first, y.dtype), y], axis)

    return definition


composite(
    np.cumulative_sum,
    _cumulative(np.cumsum, 0),
    samples=[sample(rand(3)), sample(rand(2, 3), axis=1, include_initial=True)],
)
composite(
    np.cumulative_prod,
    _cumulative(np.cumprod, 1),
    samples=[sample(rand(3)), sample(rand(2, 3), axis=0, include_initial=True)],
)


# Differences
def _end_elements(a: Any, end: Any, axis: int) -> Any:
    """The elements to put before or after an axis; one number is repeated."""
    end = alike(a, end)[1] if isinstance(end, float) else as_array(end)
    return end if end.ndim else np.broadcast_to(end, replace_length(a.shape, axis, 1))


@composite(
    np.diff,
    samples=[
        sample(rand(2, 4)),
        sample(rand(4, 2), n=2, axis=0),
        sample(rand(3, 2), 1, -1, rand(3, 1)),
        sample(rand(3), append=rand()),
    ],
)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    a = as_array(a)
    parts = [
        x if x is a else _end_elements(a, x, axis)
        for x in (prepend, a, append)
        if x is not None and x is not np._NoValue
    ]
    a = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    for _ in range(n):
        a = a[index_along(axis, slice(1, None))] - a[index_along(axis, slice(-1))]
    return a


@composite(np.ediff1d, samples=[sample(rand(2, 3)), sample(rand(3), rand(2), 7.0)])
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = as_array(ary)
    parts = (to_begin, np.diff(np.ravel(ary)), to_end)
    return np.concatenate([np.ravel(as_array(part).astype(ary.dtype)) for part in parts if part is not None])


def _derivative(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """The derivative of f along an axis from three points. h: the spacing, or the coordinates."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(f"np.gradient: needs at least {edge_order + 1} elements along each axis. Received: {n}.")
    f, h = np.moveaxis(f, axis, -1), as_array(h).astype(f.dtype)
    steps = h if np.ndim(h) == 0 else np.diff(h)
    left, right = (steps, steps) if np.ndim(h) == 0 else (steps[:-1], steps[1:])
    slopes = (f[..., 1:] - f[..., :-1]) / steps
    first, last = slopes[..., :1], slopes[..., -1:]
    middle = (slopes[..., :-1] * right + slopes[..., 1:] * left) / (left + right)
    if edge_order == 2:
        curvature = (slopes[..., 1:] - slopes[..., :-1]) / (left + right)
        l0, r1 = (steps, steps) if np.ndim(h) == 0 else (steps[0], steps[-1])
        first, last = first - curvature[..., :1] * l0, last + curvature[..., -1:] * r1
    return np.moveaxis(np.concatenate([first, middle, last], axis=-1), -1, axis)


_GRID = np.array([0.0, 1.0, 1.5, 3.5])


@composite(
    np.gradient,
    samples=[
        sample(rand(4)),
        sample(rand(2), 0.5),
        sample(rand(2, 3), axis=1, edge_order=2),
        sample(rand(4, 2), _GRID, axis=0),
        sample(rand(2, 4), _GRID, axis=-1, edge_order=2),
    ],
)
def _gradient(f: Any, *varargs: Any, axis: int | tuple[int, ...] | None = None, edge_order: int = 1) -> Any:
    f = as_array(f)
    axes = tuple(range(f.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError(
            f"np.gradient: give one spacing, or one per axis. Received: {len(varargs)} for {len(axes)} axes."
        )
    spacings = (varargs or (1.0,)) * (1 if len(varargs) == len(axes) else len(axes))
    slopes = [_derivative(f, h, i, edge_order) for h, i in zip(spacings, axes, strict=True)]
    return slopes[0] if len(axes) == 1 else tuple(slopes)


@composite(
    np.trapezoid,
    samples=[
        sample(rand(2, 4)),
        sample(rand(4, 2), dx=0.5, axis=0),
        sample(rand(2, 4), rand(4)),
        sample(rand(3, 2), rand(3, 2), 1, 0),
    ],
)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = np.moveaxis(as_array(y), axis, -1)
    if x is not None:
        x = as_array(x)
        dx = np.diff(x if x.ndim == 1 else np.moveaxis(x, axis, -1))
    return np.sum(dx * (y[..., 1:] + y[..., :-1]), axis=-1) / 2


# Convolution: the modes "same" and "valid" are parts of the full one
def _convolve_full(a: Any, v: Any) -> Any:
    return np.convolve(a, v)


convolve_full = primitive(
    _convolve_full,
    lambda g, y, a, v: np.correlate(g, v, "valid"),
    lambda g, y, a, v: np.correlate(g, a, "valid"),
    samples=[sample(rand(4), rand(2)), sample(rand(2), rand(3))],
)


def _part_of_full(full: Any, m: int, n: int, mode: str, swapped: bool = False) -> Any:
    """The part of the full convolution of m and n elements that belongs to the mode."""
    short, long = min(m, n), max(m, n)
    if mode == "full":
        return full
    if mode == "valid":
        return full[short - 1 : long]
    if mode != "same":
        raise ValueError(f"np.convolve: mode must be 'full', 'same' or 'valid'. Received: {mode!r}.")
    start = short // 2 if swapped else (short - 1) // 2
    return full[start : start + long]


_CONVOLUTIONS = [
    sample(rand(m), rand(n), mode) for m, n in [(5, 2), (3, 4), (4, 3), (2, 5)] for mode in ("full", "same", "valid")
]


@composite(np.convolve, samples=_CONVOLUTIONS)
def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = np.atleast_1d(as_array(a)), np.atleast_1d(as_array(v))
    return _part_of_full(convolve_full(a, v), a.size, v.size, mode)


@composite(np.correlate, samples=_CONVOLUTIONS)
def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = np.atleast_1d(as_array(a)), np.atleast_1d(as_array(v))
    return _part_of_full(convolve_full(a, conjugated(v)[::-1]), a.size, v.size, mode, v.size > a.size)


# Unwrapping adds whole periods, whose number is constant
@composite(
    np.unwrap,
    samples=[
        sample(rand(2, 4, domain=Domain(0, 6))),
        sample(rand(4, 2, domain=Domain(0, 6)), axis=0),
        sample(rand(6, domain=Domain(0, 6)), period=rand(domain=Domain(3, 4))),
    ],
)
def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> Any:
    p = as_array(p)
    periods = np.rint((np.unwrap(plain(p), plain(discont), axis, period=plain(period)) - plain(p)) / plain(period))
    return p + periods.astype(p.dtype) * period


# Interpolation. The derivative at a knot is that of the interval to its right.
@composite(
    np.interp,
    samples=[
        sample(rand(2, 3), np.array([-1.5, -0.3, 1.2], np.float32), rand(3)),
        sample(
            rand(5, domain=Domain(-4, 4)), np.array([-1.5, 0.3, 1.25], np.float32), rand(3), left=-1.0, right=rand()
        ),
        sample(rand(4, domain=NONZERO), np.array([2.0, 0.25, 1.0], np.float32), rand(3), period=3.0),
        sample(0.3, np.array([0.0, 1.0], np.float32), rand(2)),
    ],
)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    x, xp, fp = alike(x, xp, fp)
    if period is not None:
        x, xp = x % abs(period), xp % abs(period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - abs(period), xp, xp[:1] + abs(period)])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    if xp.size == 1:
        y = fp[0] + 0 * x
    else:
        i = np.clip(np.searchsorted(xp, x, "right") - 1, 0, xp.size - 2)
        first, low, high = xp[i], fp[i], fp[i + 1]
        y = low + (high - low) / (xp[i + 1] - first) * (np.clip(x, xp[0], xp[-1]) - first)
    if period is None and left is not None:
        y = np.where(x < plain(xp)[0], left, y)
    return y if period is not None or right is None else np.where(x > plain(xp)[-1], right, y)


# Evenly spaced numbers, which are differentiable in their ends
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


# Polynomials
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
