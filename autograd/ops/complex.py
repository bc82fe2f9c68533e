"""Complex numbers: the functions that take them, and the ops that have another derivative for them.

The gradient of a real loss L with respect to z = a + ib is dL/da - i dL/db, as in JAX and HIPS autograd. (PyTorch gives
the conjugate, dL/da + i dL/db.) With this convention, the partial derivative of a function with a complex derivative,
such as exp, is that derivative, and matrices are transposed without being conjugated. So most ops for real numbers also
hold for complex ones. A real argument gets the real part. A descent step is z - lr * np.conj(gradient).

`COMPLEX` lists every function that takes complex Tensors. The others refuse them: they have no complex derivative
(np.sign), they need an order (np.max, np.clip, np.sort), or their op holds for real numbers only (np.linalg.svd).
"""

from __future__ import annotations

import math
from functools import wraps
from typing import Any

import numpy as np

from ..dispatch import WITH_KEYWORDS
from ..domain import COMPLEX as PLANE
from ..domain import rand, sample
from ..op import TABLE, Composite, Function, Op, Primitive
from . import fft, joining, linalg, padding, selecting, sequences, shaping
from .elementwise import over_square_radius, without_zeros
from .reductions import Axis, add_reduce


def _is_linear(op: Op) -> bool:
    modules = [module.__name__ for module in (fft, joining, padding, shaping)]  # all their composites are linear
    return op.is_linear or (isinstance(op, Composite) and op.definition.__module__ in modules)


COMPLEX: dict[Function, Op] = {op.func: op for op in TABLE.values() if _is_linear(op)}
"""From function to its op for complex numbers. A linear function has the same op for real and complex numbers."""

for _func in (np.fft.rfft, np.fft.rfft2, np.fft.rfftn, np.fft.ihfft):  # of real signals
    del COMPLEX[_func]


def takes_complex(*ops: Op | Function) -> None:
    """Declare that ops also hold for complex numbers. All others refuse complex Tensors.

    Args:
        ops: ops, as returned by `elementwise` or `primitive`, or functions that have one. Their partial derivatives
            must be complex derivatives. For a real function of a + ib, that is dy/da - i dy/db.

    Raises:
        KeyError: a function without an op.

    >>> from ravine.autograd import elementwise, takes_complex, vjp
    >>> from ravine.autograd.domain import REAL
    >>> cube = elementwise(lambda z: z * z * z, REAL, lambda y, z: 3 * z * z)
    >>> takes_complex(cube)
    >>> vjp(cube, 1 + 1j)[1](1.0)[0].item()
    6j
    """
    for op in ops:
        found = op if isinstance(op, Op) else TABLE[op]
        COMPLEX[found.func] = found


# Functions that have a complex derivative
takes_complex(np.positive, np.negative, np.add, np.subtract, np.multiply, np.divide, np.square, np.reciprocal, np.sqrt)
takes_complex(np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p)
takes_complex(np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan)
takes_complex(np.sinh, np.cosh, np.tanh, np.arccosh, np.arctanh)

# Sums and differences
takes_complex(np.average, np.diff, np.ediff1d, np.gradient, np.trapezoid, np.cumulative_sum, np.linspace)
takes_complex(np.nansum, np.nanmean, np.nancumsum, WITH_KEYWORDS[np.sum], WITH_KEYWORDS[np.mean])

# Products, and solutions of linear equations
takes_complex(np.prod, np.cumprod, np.cumulative_prod, np.nanprod, np.nancumprod, WITH_KEYWORDS[np.prod])
takes_complex(np.matmul, np.dot, np.inner, np.outer, np.vdot, np.vecdot, np.kron, np.cross, np.tensordot, np.einsum)
takes_complex(np.linalg.matmul, np.linalg.outer, np.linalg.vecdot, np.linalg.tensordot, np.linalg.cross)
takes_complex(*(getattr(np, name) for name in ("matvec", "vecmat") if hasattr(np, name)))
takes_complex(np.linalg.matrix_power, np.linalg.multi_dot, np.linalg.det, np.linalg.inv, np.linalg.solve)
takes_complex(np.linalg.tensorinv, np.linalg.tensorsolve)
takes_complex(np.convolve, np.correlate, np.cov, np.polyval, np.vander, np.logspace)

# Choices, and elements in other positions
takes_complex(np.where, np.select, np.choose, np.compress, np.extract, np.piecewise, np.apply_along_axis)
takes_complex(np.take_along_axis, np.pad, padding.pad_constants, selecting.assigned)

# Real parts: their partial derivative dy/da - i dy/db is 1. Norms are composed of ops below.
takes_complex(np.real, np.real_if_close, np.linalg.norm, np.linalg.vector_norm, np.linalg.matrix_norm)


# Functions whose derivative for complex numbers differs. Those of the absolute value and of the angle are 0 at 0.
def _complex_op(
    func: Any, *derivatives: Any, samples: Any, is_elementwise: bool = False, forward: Any = None
) -> Primitive:
    """Add an op for complex numbers. `forward`: the function to apply, if not `func` itself."""
    op = Primitive(forward or func, derivatives, samples, is_elementwise)
    COMPLEX[func] = COMPLEX[op.func] = op
    return op


_PLANE = [sample(rand(domain=PLANE)), sample(rand(2, 3, domain=PLANE))]
_PLANES = [sample(rand(2, 3, domain=PLANE), rand(3, domain=PLANE)), sample(rand(2), rand(2, domain=PLANE))]


def _power_by_exponent(y: Any, x: Any, p: Any) -> Any:
    return y * np.log(x + y.dtype.type(0) + (x == 0))  # complex even for negative numbers


_power: Any = TABLE[np.power]
_complex_op(np.power, _power.derivatives[0], _power_by_exponent, samples=_PLANES, is_elementwise=True)
_complex_op(
    np.arcsinh, lambda y, x: 1 / (np.sqrt(1 + 1j * x) * np.sqrt(1 - 1j * x)), samples=_PLANE, is_elementwise=True
)
_complex_op(np.imag, lambda y, x: -1j, samples=_PLANE, is_elementwise=True).is_view = True
_complex_op(np.absolute, lambda y, x: np.conjugate(x) / without_zeros(y), samples=_PLANE, is_elementwise=True)
_complex_op(np.conjugate, lambda g, y, x: np.conjugate(g), samples=_PLANE).is_linear = True


def _angle_vjp(g: Any, y: Any, z: Any, deg: bool = False) -> Any:
    derivative = over_square_radius(np.conjugate(z), np.real(z), np.imag(z))
    return g * derivative * (-1j * (180 / math.pi if deg else 1))


_complex_op(np.angle, _angle_vjp, samples=[*_PLANE, sample(rand(3, domain=PLANE), deg=True)])


# Real functions of squared absolute values: the derivative is the conjugate of that for real numbers
def _conjugated(func: Any, forward: Any = None) -> None:
    op: Any = TABLE[func]
    vjp = op.derivatives[0]

    @wraps(vjp)
    def conjugate(*args: Any, **kwargs: Any) -> Any:
        return np.conjugate(vjp(*args, **kwargs))

    samples = [sample(*[rand(*x.shape, domain=PLANE) for x in c.args[:1]], *c.args[1:], **c.kwargs) for c in op.samples]
    _complex_op(func, conjugate, samples=samples, forward=forward)


def _euclidean_norm(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sqrt(add_reduce(a.real**2 + a.imag**2, axis, None, None, keepdims))


_conjugated(np.var)
_conjugated(np.std)
_conjugated(linalg.euclidean_norm.func, _euclidean_norm)
_complex_op(
    sequences.convolve_full.func,
    lambda g, y, a, v: np.correlate(g, np.conjugate(v), "valid"),  # np.correlate conjugates it again
    lambda g, y, a, v: np.correlate(g, np.conjugate(a), "valid"),
    samples=[sample(rand(4, domain=PLANE), rand(2, domain=PLANE))],
)

REAL_ONLY: set[Function] = {np.sign, np.signbit, np.floor, np.ceil, np.trunc, np.floor_divide}
"""Functions with derivative 0 that refuse complex numbers: np.sign is z / |z| there, the others are undefined."""
