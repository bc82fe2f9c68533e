"""The functions that generated loops call on one element. Each equals NumPy's array function to the last bit.

Roots, maxima and signs have one right answer, so they are written out. The last bit of an exponential, a logarithm or a
general power depends on the algorithm, and NumPy chooses the algorithm by the processor. For these the loop calls
NumPy's own inner loop, through the function pointer in every ufunc (PyUFuncObject in NumPy's public header
`ufuncobject.h`). The pointer is registered with LLVM under a name, and compiled code on disk refers to the name.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.core.cgutils import ir  # the version of llvmlite that numba uses
from numba.core.codegen import ll
from numba.extending import intrinsic

_device = njit(nogil=True, error_model="numpy")


@_device
def sqrt(a):
    return math.sqrt(a)


@_device
def square(a):
    return a * a


@_device
def absolute(a):
    return abs(a)


@_device
def maximum(a, b):
    """NumPy's maximum: NaN if either is NaN; the second of two equal zeros."""
    return a if a > b or a != a else b


@_device
def minimum(a, b):
    """NumPy's minimum: NaN if either is NaN; the second of two equal zeros."""
    return a if a < b or a != a else b


@_device
def clip(a, low, high):
    """NumPy's clip between two numbers: the upper one where low > high, and a zero between them keeps its sign.

    With an array as a bound NumPy computes minimum(maximum(a, low), high), which may change the sign of a zero.
    """
    if a != a:
        return a
    if low != low or high != high:
        return low + high
    above = low if a < low else a
    return high if above > high else above


@_device
def sign(a):
    """NumPy's sign: +0 for either zero, NaN for NaN."""
    one, zero = type(a)(1.0), type(a)(0.0)
    return one if a > zero else (-one if a < zero else (zero if a == zero else a))


@_device
def where(condition, a, b):
    return a if condition else b


class _UFunc(ctypes.Structure):
    """The head of NumPy's PyUFuncObject."""

    _fields_ = [
        ("head", ctypes.c_byte * object.__basicsize__),
        ("arity", ctypes.c_int * 3),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
    ]


def _register(ufunc: np.ufunc, dtype: np.dtype[Any]) -> str:
    """Register the ufunc's inner loop for one dtype with LLVM and return the name of the symbol."""
    name = f"ravine_numpy_{ufunc.__name__}_{dtype.char}"
    which = ufunc.types.index(dtype.char * ufunc.nin + "->" + dtype.char)
    address = _UFunc.from_address(id(ufunc)).functions[which]
    assert address is not None
    ll.add_symbol(name, address)
    return name


def _from_numpy(ufunc: np.ufunc) -> Any:
    """A device function that runs NumPy's inner loop on one element.

    The loop's C signature is void(char **args, intp *dimensions, intp *steps, void *data).
    """
    symbols = {types.float32: _register(ufunc, np.dtype("f4")), types.float64: _register(ufunc, np.dtype("f8"))}

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte_pointer, integer = ir.IntType(8).as_pointer(), ir.IntType(64)
        size = context.get_abi_sizeof(context.get_value_type(signature.return_type))
        slots = [cgutils.alloca_once(builder, context.get_value_type(signature.return_type)) for _ in (*args, None)]
        for slot, value in zip(slots, args, strict=False):
            builder.store(value, slot)
        pointers = cgutils.alloca_once(builder, byte_pointer, size=len(slots))
        steps = cgutils.alloca_once(builder, integer, size=len(slots))
        for index, slot in enumerate(slots):
            builder.store(builder.bitcast(slot, byte_pointer), cgutils.gep(builder, pointers, index))
            builder.store(ir.Constant(integer, size), cgutils.gep(builder, steps, index))
        count = cgutils.alloca_once(builder, integer)
        builder.store(ir.Constant(integer, 1), count)
        loop_type = ir.FunctionType(
            ir.VoidType(), [byte_pointer.as_pointer(), integer.as_pointer(), integer.as_pointer(), byte_pointer]
        )
        loop = cgutils.get_or_insert_function(builder.module, loop_type, symbols[signature.return_type])
        builder.call(loop, [pointers, count, steps, ir.Constant(byte_pointer, None)])
        return builder.load(slots[-1])

    if ufunc.nin == 1:

        @intrinsic
        def unary(_typing: Any, a: Any) -> Any:
            return a(a), codegen

        return unary

    @intrinsic
    def binary(_typing: Any, a: Any, b: Any) -> Any:
        return a(a, a), codegen

    return binary


cbrt = _from_numpy(np.cbrt)
exp = _from_numpy(np.exp)
expm1 = _from_numpy(np.expm1)
log = _from_numpy(np.log)
log1p = _from_numpy(np.log1p)
tanh = _from_numpy(np.tanh)
power = _from_numpy(np.power)


@_device
def power_by(a, n):
    """`array ** number`, with NumPy's special cases for these five numbers."""
    if n == 2:
        return a * a
    if n == 1:
        return a
    if n == 0.5:
        return math.sqrt(a)
    if n == -1:
        return type(a)(1.0) / a
    if n == 0:
        return type(a)(1.0)
    return power(a, n)
