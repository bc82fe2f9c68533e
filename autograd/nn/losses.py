"""Losses of predictions and targets.

Every loss takes `reduction`: "mean" over all values (PyTorch's default), "sum", or "none". The first two give a scalar
in the dtype of the prediction, "none" gives one value per element (for `cross_entropy`, per row).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import as_array, plain
from ..define import elementwise, primitive
from ..domain import PROBABILITY, REAL, REAL2, Domain, rand, sample
from ..ops.reductions import add_reduce, max_reduce
from .activations import sigmoid

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber", "kl_div", "mse"]

_REDUCE: dict[str, Any] = {"mean": np.mean, "sum": np.sum, "none": lambda values: values}


def cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """Cross-entropy of softmax(logits) and the labels: -log softmax(logits)[i, labels[i]] for each row i.

    The computation does not overflow for large logits.

    Args:
        logits: floats, (n, k).
        labels: integers in [0, k), (n,).
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: the labels are not integers.
        ValueError: another shape, a label outside [0, k), an unknown reduction.

    >>> float(cross_entropy(np.zeros((2, 4)), np.array([0, 3])).round(3)), float(np.log(4).round(3))
    (1.386, 1.386)
    """
    logits = _as_floats("cross_entropy", logits)
    labels = _checked_labels(logits, labels)
    return _reduced("cross_entropy", nll(logits, labels), reduction)


def binary_cross_entropy(probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """Binary cross-entropy: -t log p - (1 - t) log(1 - p). Logarithms are at least -100, as in PyTorch.

    Args:
        probabilities: floats p in [0, 1], of any shape.
        targets: numbers t in [0, 1], of the same shape.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: different shapes, p outside [0, 1], an unknown reduction.

    >>> binary_cross_entropy(np.array([0.5, 0.9]), np.array([1.0, 1.0]), reduction="none").round(3).tolist()
    [0.693, 0.105]
    """
    p, t = _prediction_and_target("binary_cross_entropy", probabilities, targets)
    values = plain(p)
    if values.size and (np.min(values) < 0 or np.max(values) > 1):
        raise ValueError(
            f"binary_cross_entropy: probabilities must be in [0, 1]. Received: {np.min(values)} to {np.max(values)}. "
            "For logits use binary_cross_entropy_with_logits."
        )
    return _reduced("binary_cross_entropy", bce(p, t), reduction)


def binary_cross_entropy_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """`binary_cross_entropy(sigmoid(logits), targets)`, without overflow for large logits and without a bound.

    Args:
        logits: floats of any shape.
        targets: numbers in [0, 1], of the same shape.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: different shapes, an unknown reduction.

    >>> binary_cross_entropy_with_logits(np.array([0.0, 1e4]), np.array([1.0, 0.0]), reduction="none").round(3).tolist()
    [0.693, 10000.0]
    """
    x, t = _prediction_and_target("binary_cross_entropy_with_logits", logits, targets)
    return _reduced("binary_cross_entropy_with_logits", logistic(x, t), reduction)


def mse(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """Squared error, (prediction - target)**2; by default its mean over all elements.

    Args:
        prediction: floats of any shape.
        target: numbers of the same shape; nothing is broadcast.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: different shapes, an unknown reduction.

    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    prediction, target = _prediction_and_target("mse", prediction, target)
    return _reduced("mse", squared_error(prediction, target), reduction)


def huber(prediction: Any, target: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Huber loss: d**2 / 2 for |d| <= delta, else delta * (|d| - delta / 2), with d = prediction - target. Huber 1964.

    Args:
        prediction: floats of any shape.
        target: numbers of the same shape; nothing is broadcast.
        delta: |d| from which on the loss is linear, in units of the prediction.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: different shapes, delta not above 0, an unknown reduction.

    >>> huber(np.array([0.5, 3.0]), np.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    if not delta > 0:
        raise ValueError(f"huber: delta must be > 0. Received: delta={delta}. Beyond it the loss is linear.")
    prediction, target = _prediction_and_target("huber", prediction, target)
    return _reduced("huber", bounded_square(prediction - target, delta), reduction)


def kl_div(log_prediction: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Kullback-Leibler divergence of prediction from target: target * (log target - log_prediction), as in PyTorch.

    Args:
        log_prediction: logarithms of probabilities, of any shape, for example from `log_softmax`.
        target: probabilities of the same shape, or their logarithms if `log_target`. A probability of 0 contributes 0.
        reduction: "batchmean" divides the sum by the length of the first axis, which gives the divergence per row.
            "mean" divides it by the number of elements. Also "sum" or "none".
        log_target: whether the target holds logarithms.

    Raises:
        ValueError: different shapes, an unknown reduction.

    >>> float(kl_div(np.log([[0.5, 0.5]]), np.array([[0.25, 0.75]]), reduction="batchmean").round(3))
    0.131
    """
    x, t = _prediction_and_target("kl_div", log_prediction, target)
    values = np.exp(t) * (t - x) if log_target else relative_entropy(x, t)
    return _reduced("kl_div", values, reduction, _REDUCE | {"batchmean": _per_row})


def _per_row(values: Any) -> Any:
    return np.sum(values) / (values.shape[0] if values.ndim else 1)


# Checks of the arguments


def _checked_labels(logits: Any, labels: Any) -> Any:
    labels = np.asarray(plain(labels))
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            "cross_entropy: logits must have shape (n, k) and labels (n,). "
            f"Received: shapes {logits.shape} and {labels.shape}."
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: labels must be integers, one class each. Received: dtype {labels.dtype}.")
    if labels.size and max_reduce(labels.astype(np.uint64)) >= logits.shape[1]:  # a negative one wraps around
        raise ValueError(
            f"cross_entropy: labels must be in [0, {logits.shape[1]}). Received: {labels.min()} to {labels.max()}."
        )
    return labels


def _prediction_and_target(name: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Both arguments as arrays or Tensors of one shape; a target that is no Tensor gets the dtype of the prediction.

    Integer predictions count as float64. TypeError: for complex numbers.
    """
    prediction = _as_floats(name, prediction)
    if not hasattr(target, "_record"):
        target = np.asarray(_as_floats(name, target), dtype=prediction.dtype)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: prediction and target must have one shape. Received: {prediction.shape} and {target.shape}. "
            "Reshape one of them: broadcasting would compare every prediction with every target."
        )
    return prediction, target


def _as_floats(name: str, x: Any) -> Any:
    """The argument as an array or Tensor; integers and bools as float64."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: takes no complex numbers. Received: dtype {x.dtype}. Pass real and imaginary parts.")
    return x if x.dtype.kind == "f" else x.astype(float)


def _reduced(name: str, values: Any, reduction: str, known: dict[str, Any] = _REDUCE) -> Any:
    if reduction not in known:
        raise ValueError(f"{name}: reduction must be one of {', '.join(known)}. Received: reduction={reduction!r}.")
    return known[reduction](values)


# The ops


def _nll(logits: Any, labels: Any) -> Any:
    """-log softmax(logits)[label] of each row."""
    z = logits - _row_max(logits)
    return np.log(add_reduce(np.exp(z), 1)) - z[np.arange(len(labels)), labels]


def _nll_vjp(g: Any, y: Any, logits: Any, labels: Any) -> Any:
    """g * (softmax(logits) - onehot(labels))."""
    e = np.exp(logits - _row_max(logits))
    onehot = labels[:, None] == np.arange(logits.shape[1])
    return g[:, None] * (e / add_reduce(e, 1, keepdims=True) - onehot)


def _row_max(logits: Any) -> Any:
    """The largest element of each row, (n, 1), as a constant: the shift cancels. Faster than max on short rows."""
    x = plain(logits)
    return x[np.arange(len(x)), x.argmax(1)][:, None]


def _bce(p: Any, t: Any) -> Any:
    """-t log p - (1 - t) log(1 - p), with clamped logarithms."""
    return -(t * _clamped_log(p) + (1 - t) * _clamped_log(1 - p))


def _clamped_log(p: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), -100)


def _logistic(x: Any, t: Any) -> Any:
    """-t log sigmoid(x) - (1 - t) log(1 - sigmoid(x))."""
    return np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))


def _logistic_derivative(y: Any, x: Any, t: Any) -> Any:
    """sigmoid(x) - t, computed without subtracting numbers near 1."""
    return (1 - t) * sigmoid(x) - t * sigmoid(-x)


def _squared_error(a: Any, b: Any) -> Any:
    """(a - b)**2."""
    return np.square(a - b)


def _huber(d: Any, delta: Any) -> Any:
    """d**2 / 2 where |d| <= delta, linear beyond."""
    near = np.clip(d, -delta, delta)
    return near * (d - 0.5 * near)


def _relative_entropy(x: Any, t: Any) -> Any:
    """t * (log t - x), and 0 where t is 0."""
    return t * (np.log(t + (t == 0)) - x)


nll = primitive(_nll, _nll_vjp, samples=[sample(rand(2, 3), np.array([2, 0]))])
bce = elementwise(
    _bce,
    (PROBABILITY, PROBABILITY),
    lambda y, p, t: (p - t) / np.maximum(p * (1 - p), 1e-12),
    lambda y, p, t: _clamped_log(1 - p) - _clamped_log(p),
)
logistic = elementwise(_logistic, (REAL, PROBABILITY), _logistic_derivative, lambda y, x, t: -x)
squared_error = elementwise(_squared_error, REAL2, lambda y, a, b: 2 * (a - b), lambda y, a, b: 2 * (b - a))
bounded_square = elementwise(
    _huber,
    (REAL, Domain(0.5, 1.0)),
    lambda y, d, delta: np.clip(d, -delta, delta),
    lambda y, d, delta: np.maximum(np.abs(d) - delta, 0),
)
relative_entropy = elementwise(
    _relative_entropy, (REAL, PROBABILITY), lambda y, x, t: -t, lambda y, x, t: np.log(t + (t == 0)) + 1 - x
)
