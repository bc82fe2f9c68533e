"""Functions that networks use and NumPy lacks, one row each. They take and return arrays or Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import NONZERO, REAL, arr, case
from ..op import elementwise, structural
from ..ops.reductions import add_up, largest


def _relu(x: Any) -> Any:
    """max(x, 0), entry by entry. The derivative at 0 is 0."""
    return np.maximum(x, 0)


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), entry by entry, without overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _logsumexp(x: Any, axis: int = -1) -> Any:
    """log(sum(exp(x))) along an axis, without overflow; the axis is dropped."""
    top = largest(x, axis, None, None, True)
    shift = np.where(np.isfinite(top), top, 0)
    return np.log(add_up(np.exp(x - shift), axis)) + shift.squeeze(axis)


def _softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow."""
    e = np.exp(x - largest(x, axis, None, None, True))
    e /= add_up(e, axis, None, None, True)
    return e


def _log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax along an axis: exact also where the softmax underflows."""
    z = x - largest(x, axis, None, None, True)
    return z - np.log(add_up(np.exp(z), axis, None, None, True))


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias. x: (..., n_in), weight: (n_in, n_out), bias: (n_out,)."""
    y = x.dot(weight)
    return np.add(y, bias, out=y) if y.dtype == np.result_type(y, bias) else y + bias


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else x.reshape((-1, x.shape[-1]))


_SAMPLES = [case(arr(2, 3)), case(arr(3)), case(arr(2, 3), axis=0)]

relu = elementwise(_relu, NONZERO, lambda y, x: y > 0)
sigmoid = elementwise(_sigmoid, REAL, lambda y, x: y * (1 - y))
softmax = structural(
    _softmax,
    lambda g, y, x, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
    samples=_SAMPLES,
)
log_softmax = structural(
    _log_softmax,
    lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
    samples=_SAMPLES,
)
logsumexp = structural(
    _logsumexp,
    lambda g, y, x, axis=-1: np.expand_dims(g, axis) * np.exp(x - np.expand_dims(y, axis)),
    samples=_SAMPLES,
)
linear = structural(
    _linear,
    lambda g, y, x, weight, bias: np.dot(g, weight.T),
    lambda g, y, x, weight, bias: np.dot(_rows(x).T, _rows(g)),
    lambda g, y, x, weight, bias: g,
    samples=[case(arr(*batch, 3), arr(3, 2), arr(2)) for batch in ((4,), (2, 4), ())],
)
