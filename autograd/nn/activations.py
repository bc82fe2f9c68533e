"""Activations, entry by entry, one row each. They take and return arrays or Tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..domain import NONZERO, POSITIVE, REAL, Domain
from ..op import elementwise
from .compiled import compiled, contiguous
from .functional import density, sigmoid

HALF_ROOT = math.sqrt(0.5)


@compiled
def _fill_erfc(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = math.erfc(x[i])


def _normal_cdf(x: Any) -> Any:
    """The normal distribution function, (1 + erf(x / sqrt(2))) / 2; in the far left tail too with all digits."""
    z = contiguous(x * -HALF_ROOT)
    y = np.empty_like(z)
    _fill_erfc(z.reshape(-1), y.reshape(-1))
    y *= 0.5
    return y[()]


def _normal_pdf(x: Any) -> Any:
    return np.exp(-0.5 * x * x) * (HALF_ROOT / math.sqrt(math.pi))


def _gelu(x: Any) -> Any:
    """x times the normal distribution function of x."""
    return x * normal_cdf(x)


def _bend(x: Any) -> Any:
    """What the approximation of GELU takes the hyperbolic tangent of."""
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


def _gelu_tanh(x: Any) -> Any:
    """An approximation of GELU by a hyperbolic tangent."""
    return 0.5 * x * (1 + np.tanh(_bend(x)))


def _gelu_tanh_slope(y: Any, x: Any) -> Any:
    t = np.tanh(_bend(x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x))


def _silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish. Elfwing et al. 2018, arXiv:1702.03118.

    >>> silu(np.array([-1e3, 0.0])).round(6).tolist()
    [-0.0, 0.0]
    """
    return x * sigmoid(x)


def _silu_slope(y: Any, x: Any) -> Any:
    return sigmoid(x) + x * density(x)


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)) without overflow, exact everywhere (PyTorch returns x above 20). Dugas et al. 2001.

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


normal_cdf = elementwise(_normal_cdf, REAL, lambda y, x: _normal_pdf(x))
gelu_exact = elementwise(_gelu, REAL, lambda y, x: normal_cdf(x) + x * _normal_pdf(x))
gelu_tanh = elementwise(_gelu_tanh, REAL, _gelu_tanh_slope)
silu = elementwise(_silu, REAL, _silu_slope)
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


def gelu(x: Any, approximate: str = "none") -> Any:
    """x times the normal distribution function of x. Hendrycks & Gimpel 2016, arXiv:1606.08415.

    approximate: "none", or "tanh" for the paper's approximation by a hyperbolic tangent. ValueError: anything else.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.159, 0.0, 0.841]
    """
    forms = {"none": gelu_exact, "tanh": gelu_tanh}
    if approximate not in forms:
        raise ValueError(f"gelu: approximate must be one of {', '.join(forms)}. Received: approximate={approximate!r}.")
    return forms[approximate](x)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x above 0, alpha * (exp(x) - 1) below; alpha is the derivative at 0. Clevert et al. 2016, arXiv:1511.07289.

    alpha may be a Tensor, and is then differentiated too.

    >>> elu(np.array([-1.0, 0.0, 2.0])).round(3).tolist()
    [-0.632, 0.0, 2.0]
    """
    return exponential_linear(x, alpha)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x above 0, slope * x below; the slope is the derivative at 0. Maas, Hannun & Ng 2013, sec. 2.

    slope may be a Tensor, and is then differentiated too (PReLU, He et al. 2015, arXiv:1502.01852).

    >>> leaky_relu(np.array([-1.0, 0.0, 2.0]), slope=0.1).tolist()
    [-0.1, 0.0, 2.0]
    """
    return leaky_linear(x, slope)
