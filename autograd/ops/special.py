"""Functions of scipy.special. This module is imported when the first of them meets a Tensor; only then SciPy is needed.

Derivatives with respect to orders and shape parameters (v of `jv`, a of `gammainc`) have no simple form; asking for one
is an error. Some functions of SciPy accept only NumPy arrays. Use `logsumexp`, `softmax` and `log_softmax` of
`ravine.autograd.nn` instead, and `polygamma` and `multigammaln` of this module.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from ..arguments import alike
from ..define import composite, constant, elementwise, primitive
from ..domain import ABOVE_MINUS_ONE, ABOVE_ONE, NONZERO, POSITIVE, PROBABILITY, REAL, UNIT, Domain, rand, sample
from ..op import TABLE, Primitive
from .decompositions import quotient

sp: Any = import_module("scipy.special")
_ROOT_PI = math.sqrt(math.pi)
_POSITIVE2 = (POSITIVE, POSITIVE)


# SciPy's versions of NumPy functions
for _name in ("exp2", "expm1", "log1p", "cbrt"):
    TABLE[getattr(sp, _name)] = TABLE[getattr(np, _name)]
constant(sp.round)

# Logistic functions
elementwise(sp.expit, REAL, lambda y, x: y * (1 - y))
elementwise(sp.logit, PROBABILITY, lambda y, x: 1 / (x * (1 - x)))
elementwise(sp.log_expit, REAL, lambda y, x: sp.expit(-x))

# Products with logarithms, entropies, and functions near 0
elementwise(sp.xlogy, _POSITIVE2, lambda y, a, b: np.log(b), lambda y, a, b: quotient(a, b))
elementwise(sp.xlog1py, (POSITIVE, ABOVE_MINUS_ONE), lambda y, a, b: np.log1p(b), lambda y, a, b: quotient(a, 1 + b))
elementwise(sp.entr, POSITIVE, lambda y, x: -np.log(x) - 1)
elementwise(sp.rel_entr, _POSITIVE2, lambda y, a, b: np.log(a / b) + 1, lambda y, a, b: -a / b)
elementwise(sp.kl_div, _POSITIVE2, lambda y, a, b: np.log(a / b), lambda y, a, b: 1 - a / b)
elementwise(sp.exp10, UNIT, lambda y, x: y * math.log(10))
elementwise(sp.exprel, REAL, lambda y, x: exponential_moment(1, x))
elementwise(sp.cosm1, REAL, lambda y, x: -np.sin(x))


def _exponential_moment(n: int, x: Any) -> Any:
    """The integral of t**n exp(x t) from 0 to 1, the n-th derivative of exprel (DLMF 13.4.1)."""
    return np.asarray(sp.hyp1f1(n + 1, n + 2, x) / (n + 1), x.dtype)[()]


exponential_moment: Primitive = primitive(
    _exponential_moment,
    None,
    lambda g, y, n, x: g * exponential_moment(n + 1, x),
    samples=[sample(1, rand(3)), sample(2, rand(2, 2))],
)

# The error function and the normal distribution
elementwise(sp.erf, REAL, lambda y, x: 2 / _ROOT_PI * np.exp(-x * x))
elementwise(sp.erfc, REAL, lambda y, x: -2 / _ROOT_PI * np.exp(-x * x))
elementwise(sp.erfcx, REAL, lambda y, x: 2 * x * y - 2 / _ROOT_PI)
elementwise(sp.erfinv, UNIT, lambda y, x: _ROOT_PI / 2 * np.exp(y * y))
elementwise(sp.erfcinv, Domain(0.1, 1.9), lambda y, x: -_ROOT_PI / 2 * np.exp(y * y))
elementwise(sp.dawsn, REAL, lambda y, x: 1 - 2 * x * y)
elementwise(sp.ndtr, REAL, lambda y, x: np.exp(x * x / -2) / math.sqrt(2 * math.pi))
elementwise(sp.log_ndtr, REAL, lambda y, x: np.exp(x * x / -2 - y) / math.sqrt(2 * math.pi))
elementwise(sp.ndtri, PROBABILITY, lambda y, x: math.sqrt(2 * math.pi) * np.exp(y * y / 2))


# The gamma function. SciPy's `polygamma` accepts only NumPy arrays; ours is the derivative of psi.
def _polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of psi(x), for an integer n >= 0."""
    return np.asarray(sp.polygamma(n, x), x.dtype)[()]


polygamma: Primitive = primitive(
    _polygamma,
    None,
    lambda g, y, n, x: g * polygamma(n + 1, x),
    samples=[sample(1, rand(3, domain=POSITIVE)), sample(3, rand(2, 2, domain=POSITIVE))],
)


def _multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the d-dimensional gamma function, for a > (d - 1) / 2."""
    shifted = [sp.gammaln(a - j / 2) for j in range(d)]
    return sum(shifted[1:], shifted[0]) + d * (d - 1) / 4 * math.log(math.pi)


multigammaln = composite(
    _multigammaln, _multigammaln, samples=[sample(rand(3, domain=ABOVE_ONE), 3), sample(rand(domain=POSITIVE), 1)]
)
elementwise(sp.psi, POSITIVE, lambda y, x: polygamma(1, x))
elementwise(sp.gamma, POSITIVE, lambda y, x: y * sp.psi(x))
elementwise(sp.gammaln, POSITIVE, lambda y, x: sp.psi(x))
elementwise(sp.loggamma, POSITIVE, lambda y, x: sp.psi(x))
constant(sp.gammasgn)
elementwise(sp.rgamma, POSITIVE, lambda y, x: -y * sp.psi(x))
elementwise(
    sp.beta,
    _POSITIVE2,
    lambda y, a, b: y * (sp.psi(a) - sp.psi(a + b)),
    lambda y, a, b: y * (sp.psi(b) - sp.psi(a + b)),
)
elementwise(sp.betaln, _POSITIVE2, lambda y, a, b: sp.psi(a) - sp.psi(a + b), lambda y, a, b: sp.psi(b) - sp.psi(a + b))


# The densities of the gamma and the beta distribution, without and with (1 - x). A power 0 stays 0 when it is
# differentiated, so that the derivatives at x = 0 and x = 1 are right, too.
def _gamma_density(x: Any, p: Any, scale: Any) -> Any:
    """x**p exp(-x - scale)."""
    x, p, scale = alike(x, p, scale)
    return np.exp(sp.xlogy(p, x) - x - scale)


def _beta_density(x: Any, p: Any, q: Any, scale: Any) -> Any:
    """x**p (1 - x)**q exp(-scale)."""
    x, p, q, scale = alike(x, p, q, scale)
    return np.exp(sp.xlogy(p, x) + sp.xlog1py(q, -x) - scale)


def _less(p: Any) -> Any:
    """p - 1, and 0 for p = 0."""
    return p - (p != 0)


gamma_density: Primitive = primitive(
    _gamma_density,
    lambda g, y, x, p, scale: g * (p * gamma_density(x, _less(p), scale) - y),
    samples=[sample(rand(3, domain=POSITIVE), 1.5, 0.3)],
)
beta_density: Primitive = primitive(
    _beta_density,
    lambda g, y, x, p, q, scale: (
        g * (p * beta_density(x, _less(p), q, scale) - q * beta_density(x, p, _less(q), scale))
    ),
    samples=[sample(rand(3, domain=PROBABILITY), 1.5, 0.5, 0.3)],
)


def _derivative_of_gammainc(a: Any, x: Any) -> Any:
    a, x = alike(a, x)
    return gamma_density(x, a - 1, sp.gammaln(a))


def _derivative_of_betainc(a: Any, b: Any, x: Any) -> Any:
    a, b, x = alike(a, b, x)
    return beta_density(x, a - 1, b - 1, sp.betaln(a, b))


primitive(
    sp.gammainc,
    None,
    lambda g, y, a, x: g * _derivative_of_gammainc(a, x),
    forward=lambda a, x: sp.gammainc(*alike(a, x)),
    samples=[sample(1.5, rand(3, domain=POSITIVE))],
)
primitive(
    sp.gammaincc,
    None,
    lambda g, y, a, x: -g * _derivative_of_gammainc(a, x),
    forward=lambda a, x: sp.gammaincc(*alike(a, x)),
    samples=[sample(2.0, rand(2, 2, domain=POSITIVE))],
)
primitive(
    sp.betainc,
    None,
    None,
    lambda g, y, a, b, x: g * _derivative_of_betainc(a, b, x),
    samples=[sample(1.5, 2.5, rand(3, domain=PROBABILITY))],
)


# Bessel functions: the derivative is a sum of neighbouring orders
def _by_neighbours(func: Any, below: float, above: float) -> None:
    """Add an op for a Bessel function f_v with the derivative below * f_(v-1) + above * f_(v+1)."""
    primitive(
        func,
        None,
        lambda g, y, v, x: g * (below * func(v - 1, x) + above * func(v + 1, x)),
        samples=[sample(2, rand(3, domain=POSITIVE)), sample(0.5, rand(2, 2, domain=POSITIVE))],
    )


_by_neighbours(sp.jv, 0.5, -0.5)
_by_neighbours(sp.yv, 0.5, -0.5)
_by_neighbours(sp.iv, 0.5, 0.5)
_by_neighbours(sp.kv, -0.5, -0.5)
primitive(
    sp.ive,
    None,
    lambda g, y, v, x: g * ((sp.ive(v - 1, x) + sp.ive(v + 1, x)) / 2 - np.sign(x) * y),
    samples=[sample(2, rand(3, domain=POSITIVE))],
)
yn: Primitive = primitive(  # for integer orders; SciPy's own function returns float64 only
    sp.yn,
    None,
    lambda g, y, n, x: g * ((yn(n - 1, x) - yn(n + 1, x)) / 2),
    forward=lambda n, x: np.asarray(sp.yn(n, x), x.dtype)[()],
    samples=[sample(2, rand(3, domain=POSITIVE))],
)
elementwise(sp.j0, REAL, lambda y, x: -sp.j1(x))
elementwise(sp.j1, REAL, lambda y, x: (sp.j0(x) - sp.jv(2, x)) / 2)
elementwise(sp.y0, POSITIVE, lambda y, x: -sp.y1(x))
elementwise(sp.y1, POSITIVE, lambda y, x: (sp.y0(x) - sp.yv(2, x)) / 2)
elementwise(sp.i0, REAL, lambda y, x: sp.i1(x))
elementwise(sp.i1, REAL, lambda y, x: (sp.i0(x) + sp.iv(2, x)) / 2)
elementwise(sp.k0, POSITIVE, lambda y, x: -sp.k1(x))
elementwise(sp.k1, POSITIVE, lambda y, x: -(sp.k0(x) + sp.kv(2, x)) / 2)
elementwise(sp.i0e, NONZERO, lambda y, x: sp.i1e(x) - np.sign(x) * y)
elementwise(sp.i1e, NONZERO, lambda y, x: (sp.i0e(x) + sp.ive(2, x)) / 2 - np.sign(x) * y)

# Exponential integrals
elementwise(sp.expi, POSITIVE, lambda y, x: np.exp(x) / x)
elementwise(sp.exp1, POSITIVE, lambda y, x: -np.exp(-x) / x)
