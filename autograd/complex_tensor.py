"""Tensors of complex numbers are a subclass of Tensor: operations on real numbers need not check for complex ones.

Every operation on them goes through `record`, which finds the op in the table `COMPLEX` and refuses functions that are
not in it. The table and the conventions are in `ops.complex`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from .arguments import is_foreign, plain
from .containers import leaves
from .dispatch import KEYWORDS, WITH_KEYWORDS, apply_ufunc, name_of
from .node import Node
from .op import CONSTANT, Function, Op, Primitive
from .ops.complex import COMPLEX, REAL_ONLY
from .tensor import Computed, Tensor, _constant, _node
from .views import remember


def is_complex(x: Any) -> bool:
    """Whether x is a complex number, or an array or a Tensor of them."""
    return isinstance(x, complex) or getattr(getattr(x, "dtype", None), "kind", "") == "c"


def record(op: Primitive, args: Any, kwargs: dict[str, Any], data: Any = None) -> Tensor:
    """`Tensor._record` where a number is complex. data: the result, if the op for real numbers has computed it.

    TypeError: if the function takes no complex numbers.
    """
    complex_op = COMPLEX.get(op.func)
    if not isinstance(complex_op, Primitive):
        raise TypeError(_refusal(op.func, args))
    raw = [x.data if isinstance(x, Tensor) else x for x in args]
    inputs = [x if isinstance(x, Tensor) and x.requires_grad else None for x in args]
    if data is None or complex_op is not op:
        data = complex_op.forward(*raw, **kwargs)
    kind = data.dtype.kind
    if kind not in "fciub":
        raise TypeError(f"{name_of(op.func)}: Tensors hold real or complex numbers. The result has dtype {data.dtype}.")
    needed = kind in "fc" and any([t is not None for t in inputs])
    for i, t in enumerate(inputs):
        if t is not None:
            complex_op.expect_derivative(i)
    new: Callable[[], Tensor] = _new if kind == "c" else Computed
    result = _node(data, complex_op, tuple(raw), inputs, kwargs, new) if needed else _constant(data, new)
    if complex_op.is_view:
        remember(result, complex_op, args, kwargs)
    return result


def operate(op: Primitive, *operands: Any) -> Any:
    """The result of an operator where an operand is complex, or an instance of a user's subclass of Tensor.

    NotImplemented: for operands of other libraries.
    """
    operands = tuple([np.asarray(x) if isinstance(x, (list, tuple)) else x for x in operands])
    if any(map(is_foreign, operands)):
        return NotImplemented
    if any(map(is_complex, operands)):
        return record(op, operands, {})
    return Tensor._record(op, operands, {}) if all([isinstance(x, Tensor) for x in operands]) else NotImplemented


def _complex_op(func: Function, args: Any) -> Op | None:
    """The op of a function for complex numbers; None if its derivative is zero. TypeError: if it refuses them."""
    complex_op = COMPLEX.get(func)
    if complex_op is None and (func not in CONSTANT or func in REAL_ONLY):
        raise TypeError(_refusal(func, args))
    return complex_op


def _refusal(func: Function, args: Any) -> str:
    kinds = [getattr(x, "dtype", type(x).__name__) for x in leaves(list(args)) if is_complex(x)] or ["a complex result"]
    return (
        f"{name_of(func)} does not take complex numbers. Received: {kinds[0]}. Apply it to np.real, np.imag or np.abs "
        "of them, or to .data, outside the graph."
    )


def _binary(func: Any) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """The methods of an operator for a complex Tensor on the left and on the right."""
    op: Any = COMPLEX[func]

    def method(a: Any, b: Any) -> Any:
        return record(op, (a, b), {}) if isinstance(b, Tensor) else operate(op, a, b)

    return method, lambda a, b: operate(op, b, a)


def _unary(func: Any) -> Callable[[Any], Any]:
    op: Any = COMPLEX[func]
    return lambda a: record(op, (a,), {})


class ComplexTensor(Computed):
    """A Tensor of complex data, made by `Tensor(data)` or by an operation with a complex result."""

    __slots__ = ()
    __init__ = Tensor.__init__

    __add__, __radd__ = _binary(np.add)
    __sub__, __rsub__ = _binary(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.divide)
    __matmul__, __rmatmul__ = _binary(np.matmul)
    _power, __rpow__ = _binary(np.power)
    __neg__ = _unary(np.negative)
    __pos__ = _unary(np.positive)
    __abs__ = _unary(np.absolute)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        complex_op = _complex_op(ufunc, inputs)
        if complex_op is None or kwargs or method != "__call__" or any(map(is_foreign, inputs)):
            return apply_ufunc(ufunc, method, inputs, kwargs)
        return complex_op(*inputs)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not all([issubclass(kind, (Node, np.ndarray)) for kind in types]):
            return NotImplemented
        if func in WITH_KEYWORDS and not KEYWORDS.isdisjoint(kwargs):
            keyworded: Any = WITH_KEYWORDS[func]
            func = keyworded.func
        complex_op = _complex_op(func, (args, kwargs))
        return func(*plain(args), **plain(kwargs)) if complex_op is None else complex_op(*args, **kwargs)

    _record = staticmethod(record)
    _operate = staticmethod(operate)

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """As for a real Tensor. gradient is needed: dL/da - i dL/db of a real loss L, for this Tensor a + ib."""
        if gradient is None:
            raise TypeError(
                f"backward: only a real number has a gradient. Received: a Tensor of {self.dtype}. "
                "Take np.real, np.imag or np.abs of it, or pass gradient=."
            )
        super().backward(gradient, retain_graph)

    def detach(self) -> Tensor:
        """The same data as a constant."""
        return _constant(self.data, _new)

    def __complex__(self) -> complex:
        return complex(self._number("complex"))


_new: Callable[[], Tensor] = partial(object.__new__, ComplexTensor)
ComplexTensor.__name__ = "Tensor"  # users write Tensor(data) for any data, and so does repr
Tensor._complex = ComplexTensor
