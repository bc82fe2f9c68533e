"""Activations, elementwise and softmax, as functions and as layers. They take and return arrays or Tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from ..define import elementwise, primitive
from ..domain import NONZERO, POSITIVE, REAL, Domain, rand, sample
from ..op import Primitive
from ..ops.reductions import Axis, add_reduce, max_reduce, restore_axes
from .loops import compiled, contiguous
from .module import Module

__all__ = ["ELU", "GELU", "LeakyReLU", "ReLU", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh"]
__all__ += ["elu", "gelu", "leaky_relu", "relu", "sigmoid", "silu", "softplus"]
__all__ += ["log_softmax", "logsumexp", "softmax"]

ROOT_HALF = math.sqrt(0.5)


def _relu(x: Any) -> Any:
    """max(x, 0), elementwise. The derivative at 0 is 0.

    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return np.maximum(x, 0)


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), elementwise. It does not overflow and is accurate in both tails.

    >>> sigmoid(np.array([-1e3, 0.0])).tolist()
    [0.0, 0.5]
    """
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def _sigmoid_derivative(x: Any) -> Any:
    """sigmoid(x) * sigmoid(-x), the derivative of the sigmoid."""
    e = np.exp(-np.abs(x))
    return e / np.square(1 + e)


@compiled
def _fill_erfc(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = math.erfc(x[i])


def _normal_cdf(x: Any) -> Any:
    """The normal distribution function, (1 + erf(x / sqrt(2))) / 2, accurate in the far left tail too."""
    z = contiguous(x * -ROOT_HALF)
    y = np.empty_like(z)
    _fill_erfc(z.reshape(-1), y.reshape(-1))
    y *= 0.5
    return y[()]


def _normal_pdf(x: Any) -> Any:
    """The density of the normal distribution, exp(-x**2 / 2) / sqrt(2 pi)."""
    return np.exp(-0.5 * x * x) * (ROOT_HALF / math.sqrt(math.pi))


def _gelu(x: Any) -> Any:
    """x times the normal distribution function of x."""
    return x * normal_cdf(x)


def _gelu_argument(x: Any) -> Any:
    """The argument of the hyperbolic tangent in the approximation of GELU."""
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


def _gelu_tanh(x: Any) -> Any:
    """An approximation of GELU by a hyperbolic tangent."""
    return 0.5 * x * (1 + np.tanh(_gelu_argument(x)))


def _gelu_tanh_derivative(y: Any, x: Any) -> Any:
    t = np.tanh(_gelu_argument(x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x))


def _silu(x: Any) -> Any:
    """x * sigmoid(x), elementwise, also called swish. Elfwing et al. 2018, arXiv:1702.03118.

    >>> silu(np.array([-1e3, 0.0])).round(6).tolist()
    [-0.0, 0.0]
    """
    return x * sigmoid(x)


def _silu_derivative(y: Any, x: Any) -> Any:
    return sigmoid(x) + x * sigmoid_derivative(x)


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)), elementwise, without overflow. Dugas et al. 2001. (Above 20, PyTorch returns x.)

    >>> softplus(np.array([-1e3, 1e3])).tolist()
    [0.0, 1000.0]
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _elu(x: Any, alpha: Any) -> Any:
    """x above 0, alpha * (exp(x) - 1) below."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _leaky_relu(x: Any, slope: Any) -> Any:
    """x above 0, slope * x below."""
    return np.where(x > 0, x, slope * x)


def _logsumexp(x: Any, axis: Axis = -1, b: Any = None, keepdims: bool = False) -> Any:
    """log(sum(b * exp(x))) along an axis, several axes, or all (None), without overflow. b: weights, by default 1.

    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 6)
    1000.693147
    """
    top = max_reduce(x, axis, None, None, True)
    shift = np.where(np.isfinite(top), top, 0)
    e = np.exp(x - shift)
    y = np.log(add_reduce(e if b is None else b * e, axis, None, None, True)) + shift
    return y if keepdims else y.squeeze(axis)[()]


def _gradient_of_weights(g: Any, y: Any, x: Any, axis: Axis) -> Any:
    """The gradient of logsumexp with respect to b; times b, the one with respect to x."""
    return restore_axes(g, x, axis) * np.exp(x - restore_axes(y, x, axis))


def _softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    e = np.exp(x - max_reduce(x, axis, None, None, True))
    e /= add_reduce(e, axis, None, None, True)
    return e


def _log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax along an axis, accurate also where the softmax underflows.

    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    z = x - max_reduce(x, axis, None, None, True)
    return z - np.log(add_reduce(np.exp(z), axis, None, None, True))


# The ops

relu = elementwise(_relu, NONZERO, lambda y, x: y > 0)
sigmoid = elementwise(_sigmoid, REAL, lambda y, x: sigmoid_derivative(x))
sigmoid_derivative: Primitive = elementwise(_sigmoid_derivative, REAL, lambda y, x: -y * np.tanh(x / 2))
normal_cdf = elementwise(_normal_cdf, REAL, lambda y, x: _normal_pdf(x))
gelu_exact = elementwise(_gelu, REAL, lambda y, x: normal_cdf(x) + x * _normal_pdf(x))
gelu_tanh = elementwise(_gelu_tanh, REAL, _gelu_tanh_derivative)
silu = elementwise(_silu, REAL, _silu_derivative)
softplus = elementwise(_softplus, REAL, lambda y, x: sigmoid(x))
exponential_linear = elementwise(
    _elu,
    (NONZERO, POSITIVE),
    lambda y, x, alpha: np.where(x > 0, y.dtype.type(1), alpha * np.exp(np.minimum(x, 0))),
    lambda y, x, alpha: np.expm1(np.minimum(x, 0)),
)
leaky_linear = elementwise(
    _leaky_relu,
    (NONZERO, Domain(0.1, 0.5)),
    lambda y, x, slope: np.where(x > 0, y.dtype.type(1), slope),
    lambda y, x, slope: np.minimum(x, 0),
)
_AXIS_SAMPLES = [sample(rand(2, 3)), sample(rand(3)), sample(rand(2, 3), axis=0)]
softmax = primitive(
    _softmax,
    lambda g, y, x, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
    samples=_AXIS_SAMPLES,
)
log_softmax = primitive(
    _log_softmax,
    lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
    samples=_AXIS_SAMPLES,
)
logsumexp = primitive(
    _logsumexp,
    lambda g, y, x, axis=-1, b=None, keepdims=False: _gradient_of_weights(g, y, x, axis) * (1 if b is None else b),
    None,
    lambda g, y, x, axis=-1, b=None, keepdims=False: _gradient_of_weights(g, y, x, axis),
    samples=[
        *_AXIS_SAMPLES,
        sample(rand(2, 3), axis=None),
        sample(rand(2, 3, 2), axis=(0, 2), keepdims=True),
        sample(rand(2, 3), axis=1, b=rand(3, domain=POSITIVE)),
    ],
)


def gelu(x: Any, approximate: str = "none") -> Any:
    """x times the normal distribution function of x, elementwise. Hendrycks & Gimpel 2016, arXiv:1606.08415.

    Args:
        x: floats of any shape.
        approximate: "none", or "tanh" for the paper's approximation by a hyperbolic tangent.

    Raises:
        ValueError: another value of `approximate`.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.159, 0.0, 0.841]
    """
    forms = {"none": gelu_exact, "tanh": gelu_tanh}
    if approximate not in forms:
        raise ValueError(f"gelu: approximate must be one of {', '.join(forms)}. Received: approximate={approximate!r}.")
    return forms[approximate](x)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x above 0 and alpha * (exp(x) - 1) below, elementwise. Clevert et al. 2016, arXiv:1511.07289.

    The derivative at 0 is alpha. alpha may be a Tensor, which then gets a gradient too.

    >>> elu(np.array([-1.0, 0.0, 2.0])).round(3).tolist()
    [-0.632, 0.0, 2.0]
    """
    return exponential_linear(x, alpha)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x above 0 and slope * x below, elementwise. Maas, Hannun & Ng 2013, sec. 2.

    The derivative at 0 is the slope. slope may be a Tensor, which then gets a gradient too (PReLU, He et al. 2015,
    arXiv:1502.01852).

    >>> leaky_relu(np.array([-1.0, 0.0, 2.0]), slope=0.1).tolist()
    [-0.1, 0.0, 2.0]
    """
    return leaky_linear(x, slope)


# The layers


@dataclass(eq=False, repr=False)
class FunctionLayer(Module):
    """A function as a layer. The fields of a subclass are arguments of the function."""

    function: ClassVar[Any]

    def forward(self, x: Any) -> Any:
        """Apply the function to x of any shape."""
        return self.function(x, **{field.name: getattr(self, field.name) for field in fields(self)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, field.name)) for field in fields(self))})"


class ReLU(FunctionLayer):
    """max(x, 0), elementwise. See `relu`.

    >>> ReLU()(np.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    """

    function = relu


class Tanh(FunctionLayer):
    """tanh(x), elementwise.

    >>> Tanh()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.762, 0.0, 0.762]
    """

    function = np.tanh


class Sigmoid(FunctionLayer):
    """1 / (1 + exp(-x)), elementwise. See `sigmoid`.

    >>> Sigmoid()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [0.269, 0.5, 0.731]
    """

    function = sigmoid


class SiLU(FunctionLayer):
    """x * sigmoid(x), elementwise, also called swish. See `silu`.

    >>> SiLU()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.269, 0.0, 0.731]
    """

    function = silu


class Softplus(FunctionLayer):
    """log(1 + exp(x)), elementwise. See `softplus`.

    >>> Softplus()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [0.313, 0.693, 1.313]
    """

    function = softplus


@dataclass(eq=False, repr=False)
class GELU(FunctionLayer):
    """x times the normal distribution function of x, elementwise. See `gelu`.

    Args:
        approximate: "none" or "tanh". ValueError for another value.

    >>> GELU()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.159, 0.0, 0.841]
    """

    function = staticmethod(gelu)
    approximate: str = "none"

    def __post_init__(self) -> None:
        """Refuse an unknown value of `approximate`."""
        gelu(0.0, self.approximate)


@dataclass(eq=False, repr=False)
class ELU(FunctionLayer):
    """x above 0 and alpha * (exp(x) - 1) below, elementwise. See `elu`.

    Args:
        alpha: factor below 0; the layer approaches -alpha for x -> -infinity.

    >>> ELU()(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.632, 0.0, 1.0]
    """

    function = staticmethod(elu)
    alpha: float = 1.0


@dataclass(eq=False, repr=False)
class LeakyReLU(FunctionLayer):
    """x above 0 and slope * x below, elementwise. See `leaky_relu`.

    Args:
        slope: derivative below 0.

    >>> LeakyReLU(0.1)(np.array([-1.0, 0.0, 1.0])).tolist()
    [-0.1, 0.0, 1.0]
    """

    function = staticmethod(leaky_relu)
    slope: float = 0.01


@dataclass(eq=False, repr=False)
class Softmax(FunctionLayer):
    """exp(x) / sum(exp(x)) along an axis. See `softmax`. As a loss, apply `cross_entropy` to the logits instead.

    Args:
        axis: axis along which the results sum to 1.

    >>> Softmax()(np.log([1.0, 2.0, 5.0])).round(3).tolist()
    [0.125, 0.25, 0.625]
    """

    function = softmax
    axis: int = -1

    def __repr__(self) -> str:
        return f"Softmax(axis={self.axis})"
