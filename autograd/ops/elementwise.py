"""Elementwise functions. Each op lists its partial derivatives d(y, *args), where y is the result.

At non-differentiable points the derivative is the subgradient of smallest norm: 0 for abs at 0, and 1/2 for each of two
equal arguments of maximum.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import as_array
from ..define import composite, elementwise, primitive
from ..domain import (
    ABOVE_MINUS_ONE,
    ABOVE_ONE,
    NONZERO,
    NONZERO2,
    POSITIVE,
    REAL,
    REAL2,
    UNIT,
    Domain,
    rand,
    sample,
)

# Arithmetic
elementwise(np.positive, REAL, 1)
elementwise(np.negative, REAL, -1)
elementwise(np.add, REAL2, 1, 1)
elementwise(np.subtract, REAL2, 1, -1)
elementwise(np.multiply, REAL2, lambda y, a, b: b, lambda y, a, b: a)
elementwise(np.divide, NONZERO2, lambda y, a, b: 1 / b, lambda y, a, b: -y / b)
elementwise(np.remainder, (REAL, Domain(2.5, 4.0)), 1, lambda y, a, b: -np.floor_divide(a, b))
elementwise(np.fmod, (REAL, Domain(2.5, 4.0)), 1, lambda y, a, b: -np.trunc(a / b))

elementwise(np.conjugate, REAL, 1)  # the identity on real numbers
elementwise(np.real, REAL, 1).is_view = True
elementwise(np.real_if_close, REAL, 1).is_view = True
primitive(
    np.ldexp,
    lambda g, y, x, i: np.ldexp(g, i),
    samples=[sample(rand(2, 3), np.array([2, 0, -3])), sample(rand(), 4)],
)
composite(np.modf, lambda x: (x - np.trunc(x), np.trunc(x)), samples=[])
composite(np.divmod, lambda a, b: (np.floor_divide(a, b), np.remainder(a, b)), samples=[])

# Powers and roots. The derivative of x**0 at 0 is 0, that of the square root at 0 is inf.
elementwise(np.square, REAL, lambda y, x: 2 * x)
elementwise(np.reciprocal, NONZERO, lambda y, x: -y * y)
elementwise(np.sqrt, POSITIVE, lambda y, x: 0.5 / y)
elementwise(np.cbrt, POSITIVE, lambda y, x: 1 / (3 * y * y))


def _power_by_base(y: Any, x: Any, p: Any) -> Any:
    return p * x ** (p - 1 + ((p == 0) & (x == 0)))


def _power_by_exponent(y: Any, x: Any, p: Any) -> Any:
    return y * np.log(x + (x == 0))


elementwise(np.power, (POSITIVE, REAL), _power_by_base, _power_by_exponent)
elementwise(np.float_power, (POSITIVE, REAL), _power_by_base, _power_by_exponent)

# Exponentials and logarithms
elementwise(np.exp, REAL, lambda y, x: y)
elementwise(np.exp2, REAL, lambda y, x: y * math.log(2))
elementwise(np.expm1, REAL, lambda y, x: y + 1)
elementwise(np.log, POSITIVE, lambda y, x: 1 / x)
elementwise(np.log2, POSITIVE, lambda y, x: 1 / (x * math.log(2)))
elementwise(np.log10, POSITIVE, lambda y, x: 1 / (x * math.log(10)))
elementwise(np.log1p, ABOVE_MINUS_ONE, lambda y, x: 1 / (1 + x))
elementwise(np.logaddexp, REAL2, lambda y, a, b: np.exp(a - y), lambda y, a, b: np.exp(b - y))
elementwise(np.logaddexp2, REAL2, lambda y, a, b: np.exp2(a - y), lambda y, a, b: np.exp2(b - y))

# Trigonometric functions
elementwise(np.sin, REAL, lambda y, x: np.cos(x))
elementwise(np.cos, REAL, lambda y, x: -np.sin(x))
elementwise(np.tan, UNIT, lambda y, x: 1 + y * y)
elementwise(np.arcsin, UNIT, lambda y, x: 1 / np.sqrt(1 - x * x))
elementwise(np.arccos, UNIT, lambda y, x: -1 / np.sqrt(1 - x * x))
elementwise(np.arctan, REAL, lambda y, x: 1 / (1 + x * x))
elementwise(np.deg2rad, REAL, math.pi / 180)
elementwise(np.radians, REAL, math.pi / 180)
elementwise(np.rad2deg, REAL, 180 / math.pi)
elementwise(np.degrees, REAL, 180 / math.pi)

# Hyperbolic functions
elementwise(np.sinh, REAL, lambda y, x: np.cosh(x))
elementwise(np.cosh, REAL, lambda y, x: np.sinh(x))
elementwise(np.tanh, REAL, lambda y, x: 1 - y * y)
elementwise(np.arcsinh, REAL, lambda y, x: 1 / np.hypot(1, x))
elementwise(np.arccosh, ABOVE_ONE, lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)))
elementwise(np.arctanh, UNIT, lambda y, x: 1 / (1 - x * x))


# Where a length is 0 the first derivative is defined as 0, by a divisor 1. Further derivatives do not exist there.
def _without_zeros(x: Any) -> Any:
    """x, and 1 where it is 0; the derivative is NaN there."""
    return x + (x == 0)


without_zeros = elementwise(_without_zeros, NONZERO, lambda y, x: np.where(x == 0, math.nan, 1).astype(x.dtype))
elementwise(np.hypot, NONZERO2, lambda y, a, b: a / without_zeros(y), lambda y, a, b: b / without_zeros(y))


def over_square_radius(x: Any, a: Any, b: Any) -> Any:
    """x / (a**2 + b**2), without overflow of the squares."""
    r = without_zeros(np.hypot(a, b))
    return x / r / r


elementwise(
    np.arctan2, NONZERO2, lambda y, a, b: over_square_radius(b, a, b), lambda y, a, b: over_square_radius(-a, a, b)
)


# The cardinal sine. Near 0 the derivative is computed from the Taylor series, since the quotient loses digits there.
def _sinc_derivative(y: Any, x: Any) -> Any:
    z = math.pi * x
    near = np.abs(x) < 0.5
    square = np.where(near, z, 0) ** 2
    series = 0.0
    for k in range(11, 0, -1):  # the series of (cos z - sin z / z) / z**2
        series = series * square + (-1) ** k * 2 * k / math.factorial(2 * k + 1)
    far = np.where(near, 1, z)
    return math.pi * np.where(near, z * series, (np.cos(far) - np.sin(far) / far) / far)


elementwise(np.sinc, REAL, _sinc_derivative)


# Bessel's I0 is the mean of cosh(x cos(angle)). With enough angles the mean and its derivatives are exact.
def _i0_derivative(y: Any, x: Any) -> Any:
    angles = np.cos(np.arange(_ANGLES) * (2 * math.pi / _ANGLES)).astype(x.dtype)
    return np.mean(np.sinh(np.expand_dims(x, -1) * angles) * angles, axis=-1)


_ANGLES = 512
elementwise(np.i0, REAL, _i0_derivative)


# Functions with non-differentiable points
def _fraction(y: Any, winner: Any, loser: Any) -> Any:
    """1 where winner > loser, 1/2 where they are equal, 0 elsewhere."""
    return ((winner > loser).astype(y.dtype) + (winner >= loser)) / 2


elementwise(np.absolute, NONZERO, lambda y, x: np.sign(x))
elementwise(np.fabs, NONZERO, lambda y, x: np.sign(x))
elementwise(np.copysign, (NONZERO, NONZERO), lambda y, a, b: np.sign(a) * np.sign(y), 0)
elementwise(np.heaviside, (NONZERO, REAL), 0, lambda y, x, at_zero: x == 0)
elementwise(np.maximum, REAL2, lambda y, a, b: _fraction(y, a, b), lambda y, a, b: _fraction(y, b, a))
elementwise(np.minimum, REAL2, lambda y, a, b: _fraction(y, b, a), lambda y, a, b: _fraction(y, a, b))

# fmax and fmin return the other argument where one is NaN. Comparisons with NaN are False.
elementwise(
    np.fmax, REAL2, lambda y, a, b: _fraction(y, a, b) + np.isnan(b), lambda y, a, b: _fraction(y, b, a) + np.isnan(a)
)
elementwise(
    np.fmin, REAL2, lambda y, a, b: _fraction(y, b, a) + np.isnan(b), lambda y, a, b: _fraction(y, a, b) + np.isnan(a)
)


# Choices: the argument that is not chosen gets an exact 0, even where g is infinite
def _prepare_where(condition: Any, x: Any, y: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of np.where: the condition as a plain array, lists as arrays."""
    condition = condition.data if hasattr(condition, "_record") else condition
    x = as_array(x) if isinstance(x, (list, tuple)) else x
    return (condition, x, as_array(y) if isinstance(y, (list, tuple)) else y), {}


primitive(
    np.where,
    None,
    lambda g, out, condition, x, y: np.where(condition, g, 0),
    lambda g, out, condition, x, y: np.where(condition, 0, g),
    prepare=_prepare_where,
    samples=[
        sample(np.array([True, False, True]), rand(2, 3), rand(3)),
        sample(np.array([[True], [False]]), rand(), rand(2, 1)),
        sample(np.array([True, False, True]), rand(3), 0.0),
        sample(np.array([True, False]), [1.0, rand()], rand(2)),
    ],
)


def _prepare_clip(
    a: Any, a_min: Any = None, a_max: Any = None, **bounds: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of np.clip: the bounds by position, whether they were given as a_min or as min."""
    if not bounds:
        return (a, a_min, a_max), bounds
    ends = [(a_min, a_max), (bounds.pop("min", None), bounds.pop("max", None))]
    given = [[None if x is np._NoValue else x for x in pair] for pair in ends]
    if all(any(x is not None for x in pair) for pair in given):
        raise ValueError("np.clip: give the bounds as a_min and a_max, or as min and max. Received: both.")
    low, high = (x if y is None else y for x, y in zip(*given, strict=True))
    return (a, low, high), bounds


def _inside(a: Any, low: Any, high: Any) -> Any:
    return (True if low is None else a >= low) & (True if high is None else a <= high)


primitive(  # at a bound the gradient goes to a
    np.clip,
    lambda g, y, a, low, high: g * _inside(a, low, high),
    lambda g, y, a, low, high: g * (a < low if high is None else (a < low) & (low <= high)),
    lambda g, y, a, low, high: g * (a > high if low is None else (a > high) | (low > high)),  # the upper bound wins
    prepare=_prepare_clip,
    samples=[
        sample(rand(3, 4), -1.0, 1.0),
        sample(rand(3, 4), None, 0.5),
        sample(rand(3, 4), min=-0.5, max=None),
        sample(rand(3, 4), rand(domain=POSITIVE), rand(4, domain=Domain(-2, 0))),
        sample(rand(3, 4), rand(4, domain=Domain(-2, 0)), rand(3, 1, domain=Domain(0.1, 2))),
    ],
)
