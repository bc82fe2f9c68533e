"""`Tensor`: an array that remembers how it was computed. Operators record this; `backward` uses the record."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

import numpy as np
from numpy import ndarray
from numpy.typing import NDArray

from .arguments import is_foreign, no_conversion, operand, plain, refuse_special_arrays
from .backward import backward
from .dispatch import apply_ufunc, dispatch
from .methods import Methods
from .modes import is_recording, observers
from .node import NO_KEYWORDS, Node
from .op import TABLE, Op, Primitive
from .versions import creation
from .views import remember

_UNARY: dict[Any, Primitive] = {}  # ufunc of one argument -> its primitive
_BINARY: dict[Any, Any] = {}  # ufunc of two arguments -> its methods for a Tensor on the left and on the right
_POWERS: dict[float, Op] = {2: TABLE[np.square], 0.5: TABLE[np.sqrt], -1: TABLE[np.reciprocal]}
_unary_primitive = _UNARY.get


# Operators. They are called most often, so they are written for speed: they don't go through `dispatch`, and where a
# call of `_node` would take a fifth of the time, its body is repeated. On arrays a ufunc is faster than its operator.
# On NumPy scalars, which stand for arrays without axes, the operator is faster.


def _unary(func: Callable[..., Any], operate: Callable[[Any], Any] | None = None) -> Callable[[Tensor], Tensor]:
    """The method of an operator with one operand. From then on `func(t)` is fast, too."""
    op = _UNARY[func] = cast(Primitive, TABLE[func])
    on_scalars = operate or func

    def method(a: Tensor) -> Tensor:
        x = a.data
        y = func(x) if x.__class__ is ndarray else on_scalars(x)
        return _node(y, op, (x,), (a,)) if a.requires_grad else _constant(y)

    return method


def _binary(
    func: Callable[..., Any], operate: Callable[[Any, Any], Any] | None = None
) -> tuple[Callable[[Tensor, Any], Tensor], Callable[[Tensor, Any], Tensor]]:
    """The methods of an operator for a Tensor on the left and on the right."""
    op = cast(Primitive, TABLE[func])
    on_arrays = op.forward
    on_scalars = operate or on_arrays

    def method(a: Tensor, b: Any) -> Tensor:
        x = a.data
        inputs: tuple[Tensor | None, Tensor | None]
        kind = type(b)
        if kind is Tensor or kind is Computed or kind is Parameter:
            y = b.data
            if a.requires_grad:
                inputs = (a, b) if b.requires_grad else (a, None)
            elif b.requires_grad:
                inputs = (None, b)
            else:
                return _constant(on_scalars(x, y))
        else:
            y = operand(b, x)
            if y is NotImplemented:
                return cast(Tensor, Tensor._complex._operate(op, a, b))
            if not a.requires_grad:
                return _constant(on_scalars(x, y))
            inputs = (a, None)
        z = on_arrays(x, y) if x.__class__ is ndarray else on_scalars(x, y)
        if observers:
            return _node(z, op, (x, y), inputs)
        t: Tensor = Computed()
        t.data = z
        t.requires_grad = True
        t.op = op
        t.args = (x, y)
        t.kwargs = NO_KEYWORDS
        t.inputs = inputs
        t.seq = next(creation)
        t.mark = 0
        return t

    def reflected(a: Tensor, b: Any) -> Tensor:
        y = a.data
        x = operand(b, y)
        if x is NotImplemented:
            return cast(Tensor, Tensor._complex._operate(op, b, a))
        z = on_arrays(x, y) if y.__class__ is ndarray else on_scalars(x, y)
        return _node(z, op, (x, y), (None, a)) if a.requires_grad else _constant(z)

    _BINARY[func] = method, reflected
    return method, reflected


def _without_derivative(compute: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Any]:
    """The method of an operator without derivative: it returns a plain array."""

    def method(a: Tensor, b: Any) -> Any:
        return NotImplemented if is_foreign(b) else compute(a.data, plain(b))

    return method


class Tensor(Methods["Tensor"]):
    """An array whose computations can be differentiated.

    data: array-like; float32, float64, complex64 and complex128 keep their dtype, Python floats and lists become
    float64, integers and bools stay (and cannot need a gradient). An array is not copied.
    requires_grad: whether `backward` fills `grad`. Results need a gradient if an operand does. name: for messages.
    Attributes: `data`; `grad`, an array or None; `grad_buffer`, None or an array of data's shape and dtype. If it
    is an array, `backward` writes the gradient into it, and `grad` is that array: so gradients can lie contiguously.
    NumPy's functions, operators and methods apply. Comparisons, and functions whose derivative is zero, give arrays.
    TypeError: if data is neither numbers nor bools, or if requires_grad is True and data are integers or bools.
    For complex data see `ops.complex`.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> np.sum(x**2).backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ()
    _complex: ClassVar[Any]  # the subclass for complex numbers, set by complex_tensor.py

    def __init__(self, data: Any, requires_grad: bool = False, name: str | None = None) -> None:
        refuse_special_arrays(type(data))
        array = np.asarray(data)
        kind = array.dtype.kind
        if kind not in "fiub":
            self._become_complex(array)
        elif requires_grad and kind != "f":
            raise TypeError(
                f"Tensor: only floating-point data can require a gradient. Received: dtype {array.dtype}. "
                "Pass floats, e.g. 2.0, or data.astype(float)."
            )
        self.data = array
        self.requires_grad = requires_grad
        self.name = name
        self.grad = self.grad_buffer = None
        self.op = None
        self.args = self.inputs = ()
        self.kwargs = NO_KEYWORDS
        self.seq = next(creation)
        self.mark = 0

    def _become_complex(self, array: NDArray[Any]) -> None:
        """Makes this an instance of the subclass for complex numbers: users write Tensor(data) for any data."""
        if array.dtype.kind != "c":
            raise TypeError(f"Tensor: data must be real or complex numbers. Received: dtype {array.dtype}.")
        if isinstance(self, Parameter):
            raise TypeError(
                f"Parameter: data must be real numbers, as optimizers expect. Received: dtype {array.dtype}. "
                "Hold the real and the imaginary part as two parameters a and b, and compute with a + 1j * b."
            )
        self.__class__ = Tensor._complex

    # Gradients

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Adds the gradient of this scalar to `grad` of every leaf it was computed from, and frees the graph.

        gradient: of this shape; the derivative of the final value by this Tensor. Needed unless this has one element.
        retain_graph: keep the graph for another `backward`.
        RuntimeError: if nothing here needs a gradient, or the graph was freed. ValueError: on a wrong shape.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward: this Tensor needs no gradient: it was computed from constants, under no_grad, or by a "
                "function of derivative zero. Create a leaf with requires_grad=True."
            )
        if gradient is None:
            if self.data.size != 1:
                raise ValueError(
                    f"backward: only a scalar has a gradient. Received: a Tensor of shape {self.shape}. "
                    "Reduce it, e.g. with np.sum, or pass gradient=, an array of that shape."
                )
            gradient = np.ones(self.data.shape, self.data.dtype) if self.data.ndim else self.data.dtype.type(1)
        else:
            gradient = np.asarray(gradient, dtype=self.data.dtype)
            if gradient.shape != self.data.shape:
                raise ValueError(f"backward: gradient must have shape {self.shape}. Received: shape {gradient.shape}.")
        backward(self, gradient, retain_graph)

    def zero_grad(self) -> None:
        """Forgets the gradient: `grad` becomes None."""
        self.grad = None

    def detach(self) -> Tensor:
        """The same data as a constant."""
        return _constant(self.data)

    # NumPy's functions

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            op = _unary_primitive(ufunc)
            if op is not None:
                x = self.data
                if observers or not self.requires_grad:
                    y = ufunc(x)
                    return _node(y, op, (x,), inputs) if self.requires_grad else _constant(y)
                t: Tensor = Computed()
                t.data = ufunc(x)
                t.requires_grad = True
                t.op = op
                t.args = (x,)
                t.kwargs = NO_KEYWORDS
                t.inputs = inputs
                t.seq = next(creation)
                t.mark = 0
                return t
            if (methods := _BINARY.get(ufunc)) is not None:
                a, b = inputs
                return methods[0](a, b) if isinstance(a, Tensor) else methods[1](b, a)
        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        for kind in types:
            if not issubclass(kind, (Node, ndarray)):
                return NotImplemented
            refuse_special_arrays(kind)
        return dispatch(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.requires_grad:
            raise TypeError(no_conversion())
        return np.array(self.data, dtype=dtype, copy=copy)

    @staticmethod
    def _record(op: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """Applies op to arguments of which some are Tensors, and records it if one needs a gradient."""
        raw: list[Any] = []
        inputs: list[Tensor | None] = []
        needed = False
        for x in args:
            if isinstance(x, Tensor):
                raw.append(x.data)
                if x.requires_grad:
                    if len(inputs) >= op.arity:
                        op.expect_derivative(len(inputs))
                    inputs.append(x)
                    needed = True
                    continue
            else:
                raw.append(x)
            inputs.append(None)
        data = op.forward(*raw, **kwargs) if kwargs else op.forward(*raw)
        kind = data.dtype.kind
        if kind != "f" and kind in "cO":
            return cast(Tensor, Tensor._complex._record(op, args, kwargs, data))
        result = _node(data, op, tuple(raw), inputs, kwargs) if needed and kind == "f" else _constant(data)
        if op.is_view:
            remember(result, op, args, kwargs)
        return result

    # Operators

    __add__, __radd__ = _binary(np.add, operator.add)
    __sub__, __rsub__ = _binary(np.subtract, operator.sub)
    __mul__, __rmul__ = _binary(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = _binary(np.divide, operator.truediv)
    __mod__, __rmod__ = _binary(np.remainder, operator.mod)
    __matmul__, __rmatmul__ = _binary(np.matmul)
    _power, __rpow__ = _binary(np.power, operator.pow)
    __neg__ = _unary(np.negative, operator.neg)
    __pos__ = _unary(np.positive, operator.pos)
    __abs__ = _unary(np.absolute, operator.abs)

    def __pow__(self, power: Any) -> Tensor:
        simpler = _POWERS.get(power) if type(power) in (int, float) else None
        if simpler is None or (power == -1 and self.data.dtype.kind in "iub"):  # refused, as in NumPy
            return self._power(power)
        return cast(Tensor, simpler(self))

    __lt__ = _without_derivative(operator.lt)
    __le__ = _without_derivative(operator.le)
    __gt__ = _without_derivative(operator.gt)
    __ge__ = _without_derivative(operator.ge)
    __eq__ = _without_derivative(operator.eq)
    __ne__ = _without_derivative(operator.ne)
    __floordiv__ = _without_derivative(operator.floordiv)
    __rfloordiv__ = _without_derivative(lambda a, b: b // a)
    __hash__ = object.__hash__


class Parameter(Tensor):
    """A leaf that requires a gradient: what an optimizer changes. `Parameter(data, name=None)`.

    >>> Parameter([1.0, 2.0], name="w").requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        super().__init__(data, True, name)


def _none_until_set(slot: Any) -> Any:
    """A field that need not be set: until then it is None."""

    def value(t: Tensor) -> Any:
        try:
            return slot.__get__(t)
        except AttributeError:
            return None

    return property(value, slot.__set__)


class Computed(Tensor):
    """The result of an operation. `_node` sets its fields, but for speed not those that only leaves use."""

    __slots__ = ()
    __init__ = object.__init__  # without arguments Python makes an object twice as fast
    grad, grad_buffer, name = (_none_until_set(vars(Node)[name]) for name in ("grad", "grad_buffer", "name"))

    def __reduce__(self) -> Any:
        restore, (_, *fields) = super().__reduce__()
        return restore, (Tensor, *fields)


Computed.__name__ = "Tensor"  # the class exists for speed alone; in repr and in messages a result is a Tensor


def _constant(data: Any, new: Callable[[], Tensor] = Computed) -> Tensor:
    """A result that needs no gradient."""
    t = new()
    t.data = data
    t.requires_grad = False
    t.op = None
    t.args = t.inputs = ()
    t.kwargs = NO_KEYWORDS
    t.seq = next(creation)
    t.mark = 0
    return t


def _node(
    data: Any,
    op: Op,
    args: Any,
    inputs: Any,
    kwargs: dict[str, Any] = NO_KEYWORDS,
    new: Callable[[], Tensor] = Computed,
) -> Tensor:
    """The result of an operation on Tensors of which one needs a gradient, recorded if recording is on."""
    if observers and not is_recording():
        return _constant(data, new)
    t = new()
    t.data = data
    t.requires_grad = True
    t.op = op
    t.args = args
    t.kwargs = kwargs
    t.inputs = inputs
    t.seq = next(creation)
    t.mark = 0
    if observers:
        for observe in tuple(observers):
            observe(t)
    return t


def _register_ufuncs() -> None:
    """Makes `func(t)` fast for the other ufuncs of the table."""
    for func, op in TABLE.items():
        if op.is_elementwise and isinstance(func, np.ufunc) and func not in _UNARY.keys() | _BINARY.keys():
            (_unary if func.nin == 1 else _binary)(func)


_register_ufuncs()
