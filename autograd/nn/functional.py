"""Functions that networks use and NumPy lacks, one row each. They take and return arrays or Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import NONZERO, POSITIVE, REAL, rand, sample
from ..op import Primitive, elementwise, primitive
from ..ops.reductions import Axis, add_up, keep, largest


def _relu(x: Any) -> Any:
    """max(x, 0), entry by entry. The derivative at 0 is 0.

    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return np.maximum(x, 0)


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), entry by entry, without overflow and with all digits in both tails.

    >>> sigmoid(np.array([-1e3, 0.0])).tolist()
    [0.0, 0.5]
    """
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def _density(x: Any) -> Any:
    """sigmoid(x) * sigmoid(-x), the slope of the sigmoid."""
    e = np.exp(-np.abs(x))
    return e / np.square(1 + e)


def _logsumexp(x: Any, axis: Axis = -1, b: Any = None, keepdims: bool = False) -> Any:
    """log(sum(b * exp(x))) along axes (None: all), without overflow; b is 1 by default.

    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 6)
    1000.693147
    """
    top = largest(x, axis, None, None, True)
    shift = np.where(np.isfinite(top), top, 0)
    e = np.exp(x - shift)
    y = np.log(add_up(e if b is None else b * e, axis, None, None, True)) + shift
    return y if keepdims else y.squeeze(axis)[()]


def _weights(g: Any, y: Any, x: Any, axis: Axis) -> Any:
    """The gradient of logsumexp by b; times b, by x."""
    return keep(g, x, axis) * np.exp(x - keep(y, x, axis))


def _softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    e = np.exp(x - largest(x, axis, None, None, True))
    e /= add_up(e, axis, None, None, True)
    return e


def _log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax along an axis: exact also where the softmax underflows.

    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    z = x - largest(x, axis, None, None, True)
    return z - np.log(add_up(np.exp(z), axis, None, None, True))


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias. x: (..., n_in), weight: (n_in, n_out), bias: (n_out,).

    >>> linear(np.ones((1, 2)), np.eye(2), np.array([0.0, 1.0])).tolist()
    [[1.0, 2.0]]
    """
    y = x.dot(weight)
    return np.add(y, bias, out=y) if y.dtype == np.result_type(y, bias) else y + bias


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else x.reshape((-1, x.shape[-1]))


_SAMPLES = [sample(rand(2, 3)), sample(rand(3)), sample(rand(2, 3), axis=0)]

relu = elementwise(_relu, NONZERO, lambda y, x: y > 0)
sigmoid = elementwise(_sigmoid, REAL, lambda y, x: density(x))
density: Primitive = elementwise(_density, REAL, lambda y, x: -y * np.tanh(x / 2))
softmax = primitive(
    _softmax,
    lambda g, y, x, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
    samples=_SAMPLES,
)
log_softmax = primitive(
    _log_softmax,
    lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
    samples=_SAMPLES,
)
logsumexp = primitive(
    _logsumexp,
    lambda g, y, x, axis=-1, b=None, keepdims=False: _weights(g, y, x, axis) * (1 if b is None else b),
    None,
    lambda g, y, x, axis=-1, b=None, keepdims=False: _weights(g, y, x, axis),
    samples=[
        *_SAMPLES,
        sample(rand(2, 3), axis=None),
        sample(rand(2, 3, 2), axis=(0, 2), keepdims=True),
        sample(rand(2, 3), axis=1, b=rand(3, domain=POSITIVE)),
    ],
)
linear = primitive(
    _linear,
    lambda g, y, x, weight, bias: np.dot(g, weight.T),
    lambda g, y, x, weight, bias: np.dot(_rows(x).T, _rows(g)),
    lambda g, y, x, weight, bias: g,
    samples=[sample(rand(*batch, 3), rand(3, 2), rand(2)) for batch in ((4,), (2, 4), ())],
)
