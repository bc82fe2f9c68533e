"""Fourier transforms: `np.fft`.

The matrix of a complex transform is symmetric, so the transform is its own transpose. The spectrum of real numbers is
symmetric, and their transforms return only one half of it. Arrays are cut or padded to `n` or `s` before the ops are
called. For the conventions of complex derivatives see `complex`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arguments import as_array
from ..define import composite, linear
from ..domain import COMPLEX, rand, sample
from ..op import Primitive
from .padding import pad_constants
from .shaping import index_along

Norm = Literal["backward", "ortho", "forward"] | None
Sizes = Sequence[int] | None
Axes = Sequence[int] | None


# Transforms without cutting or padding
def _fft(a: Any, axis: int, norm: Norm = None) -> Any:
    return np.fft.fft(a, axis=axis, norm=norm)


def _ifft(a: Any, axis: int, norm: Norm = None) -> Any:
    return np.fft.ifft(a, axis=axis, norm=norm)


def _rfft(a: Any, axis: int, norm: Norm = None) -> Any:
    return np.fft.rfft(a, axis=axis, norm=norm)


def _irfft(a: Any, n: int, axis: int, norm: Norm = None) -> Any:
    return np.fft.irfft(a, n, axis, norm)


def _norm_of_inverse(norm: Norm) -> Norm:
    """The norm for which the inverse transform has the same factor."""
    return "backward" if norm == "forward" else "forward" if norm in (None, "backward") else norm


def _copies(half: Any, n: int, axis: int) -> Any:
    """How often each element of a half spectrum occurs in the full one of length n: twice, but once at the ends."""
    k = np.arange(n // 2 + 1)
    copies = np.where((k == 0) | (2 * k == n), 1, 2).astype(half.real.dtype)
    return copies.reshape([-1 if i == axis else 1 for i in range(half.ndim)])


def _rfft_vjp(g: Any, y: Any, a: Any, axis: int, norm: Norm = None) -> Any:
    n = a.shape[axis]
    return irfft(np.conjugate(g) / _copies(y, n, axis), n, axis, _norm_of_inverse(norm))


def _irfft_vjp(g: Any, y: Any, a: Any, n: int, axis: int, norm: Norm = None) -> Any:
    return np.conjugate(rfft(g, axis, _norm_of_inverse(norm))) * _copies(a, n, axis)


_FULL = [
    sample(rand(5, domain=COMPLEX), 0),
    sample(rand(3, 4, domain=COMPLEX), 1, "ortho"),
    sample(rand(2, 3), 0, "forward"),
]
_REAL = [sample(rand(5), 0), sample(rand(3, 4), 1, "ortho"), sample(rand(2, 3), 0, "forward")]
_HALF = [
    sample(rand(3, domain=COMPLEX), 5, 0),
    sample(rand(3, 3, domain=COMPLEX), 4, 1, "ortho"),
    sample(rand(2, 3), 2, 0, "forward"),
]
fft: Primitive = linear(_fft, lambda g, y, a, axis, norm=None: fft(g, axis, norm), samples=_FULL)
ifft: Primitive = linear(_ifft, lambda g, y, a, axis, norm=None: ifft(g, axis, norm), samples=_FULL)
rfft = linear(_rfft, _rfft_vjp, samples=_REAL)
irfft = linear(_irfft, _irfft_vjp, samples=_HALF)


# NumPy's arguments: length, axes and norm
def _resized(a: Any, n: int, axis: int) -> Any:
    """The first n elements along an axis, padded with zeros."""
    if n < 1:
        raise ValueError(f"np.fft: a transform needs at least one point. Received: n={n}.")
    if n <= a.shape[axis]:
        return a if n == a.shape[axis] else a[index_along(axis, slice(n))]
    return pad_constants(a, [(0, n - a.shape[axis] if i == axis else 0) for i in range(a.ndim)], 0)


def _transform_axis(transform: Any, a: Any, n: int | None, axis: int, norm: Norm) -> Any:
    """One transform along one axis, with NumPy's arguments."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f"np.fft: norm must be 'backward', 'ortho' or 'forward'. Received: norm={norm!r}.")
    axis = normalize_axis_index(axis, a.ndim)
    if transform is irfft:
        n = 2 * (a.shape[axis] - 1) if n is None else n
        return irfft(_resized(a, n // 2 + 1, axis), n, axis, norm)
    return transform(a if n is None else _resized(a, n, axis), axis, norm)


def _one_axis(transform: Any) -> Any:
    """A function with NumPy's arguments that transforms one axis."""

    def definition(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: None = None) -> Any:
        return _transform_axis(transform, as_array(a), n, axis, norm)

    return definition


def _several_axes(last: Any, others: Any, default: Axes) -> Any:
    """A function with NumPy's arguments that transforms the last of several axes by `last` and the rest by `others`.

    The last axis comes first, except that irfft comes at the end.
    """

    def definition(a: Any, s: Sizes = None, axes: Axes = default, norm: Norm = None, out: None = None) -> Any:
        a = as_array(a)
        if axes is None:
            axes = range(a.ndim) if s is None else range(-len(s), 0)
        lengths = [None] * len(axes) if s is None else list(s)
        if len(lengths) != len(axes):
            raise ValueError(f"np.fft: needs one length in s per axis. Received: s={s}, axes={axes}.")
        transforms = [others] * (len(axes) - 1) + [last]
        steps = list(zip(transforms, lengths, axes, strict=False))  # there may be none
        shape = a.shape
        for transform, n, axis in steps if last is irfft else reversed(steps):
            a = _transform_axis(transform, a, shape[axis] if n == -1 else n, axis, norm)
        return a

    return definition


_LENGTHS = [
    sample(rand(2, 4)),
    sample(rand(4), n=6),
    sample(rand(4), 3, norm="forward"),
    sample(rand(3, 2), axis=0, norm="ortho"),
]
_COMPLEX = [sample(rand(4, domain=COMPLEX)), sample(rand(2, 3, domain=COMPLEX), 5, 0, "ortho")]
composite(np.fft.fft, _one_axis(fft), samples=_LENGTHS + _COMPLEX)
composite(np.fft.ifft, _one_axis(ifft), samples=_LENGTHS + _COMPLEX)
composite(np.fft.rfft, _one_axis(rfft), samples=[*_LENGTHS, sample(rand(5))])
composite(np.fft.irfft, _one_axis(irfft), samples=[*_LENGTHS, *_COMPLEX, sample(rand(4, domain=COMPLEX), 7)])

_SEVERAL = [
    sample(rand(2, 3, 2)),
    sample(rand(3, 4), s=(4, 3), axes=(1, 0)),
    sample(rand(2, 3), (-1, 2), (0, 1), "ortho"),
]
_SEVERAL += [sample(rand(2, 3, domain=COMPLEX), norm="forward")]
for _func, _last, _others in (
    (np.fft.fftn, fft, fft),
    (np.fft.ifftn, ifft, ifft),
    (np.fft.rfftn, rfft, fft),
    (np.fft.irfftn, irfft, ifft),
):
    _cases = _SEVERAL[:-1] if _last is rfft else _SEVERAL
    composite(_func, _several_axes(_last, _others, None), samples=_cases)
    composite(getattr(np.fft, _func.__name__[:-1] + "2"), _several_axes(_last, _others, (-2, -1)), samples=_cases)


# Transforms between half a signal and its real spectrum
@composite(np.fft.hfft, samples=[*_LENGTHS, *_COMPLEX])
def _hfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: None = None) -> Any:
    return np.fft.irfft(np.conjugate(a), n, axis, _norm_of_inverse(norm))


@composite(np.fft.ihfft, samples=_LENGTHS)
def _ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None, out: None = None) -> Any:
    return np.conjugate(np.fft.rfft(a, n, axis, _norm_of_inverse(norm)))


# Shifts of the zero frequency to the middle and back
def _shifted(sign: int) -> Any:
    def definition(x: Any, axes: int | Axes = None) -> Any:
        x = as_array(x)
        axes = tuple(range(x.ndim)) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
        return np.roll(x, tuple(sign * (x.shape[i] // 2) for i in axes), axes)

    return definition


composite(np.fft.fftshift, _shifted(1), samples=[sample(rand(5)), sample(rand(2, 3)), sample(rand(2, 3), axes=1)])
composite(np.fft.ifftshift, _shifted(-1), samples=[sample(rand(5)), sample(rand(2, 3)), sample(rand(2, 3), axes=(0,))])
