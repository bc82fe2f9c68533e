"""`Tensor`: an array that remembers how it was computed. The result and the node of the graph are one object."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import count
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from . import ops
from .dispatch import SHORTCUTS, Protocols, is_foreign, plain
from .methods import Methods
from .modes import is_recording, observers
from .op import TABLE, Op
from .ops.assignment import assigned
from .walk import backward, expect_versions

_new = object.__new__
_next_seq = count(1).__next__
_NO_KEYWORDS: dict[str, Any] = {}
# Python numbers as arrays of a Tensor's type: the same result in half the time.
_SCALARS: dict[Any, dict[float, Any]] = {np.dtype(np.float32): {}, np.dtype(np.float64): {}}
_POWERS: dict[float, Callable[..., Tensor]] = {2: TABLE[np.square], 0.5: TABLE[np.sqrt], -1: TABLE[np.reciprocal]}


# Operators: the hot path, without dispatch


def _operand(x: Any, data: Any) -> Any:
    """The other operand of an operator as an array; NotImplemented if x should decide."""
    kind = type(x)
    if kind is float or kind is int:
        if type(data) is np.ndarray and (known := _SCALARS.get(data.dtype)) is not None:
            found = known.get(x)
            return _scalar(x, data.dtype, known) if found is None else found
        return x
    if isinstance(x, (np.ndarray, np.generic, bool, list, tuple, complex)) and not is_foreign(x):
        x = np.asarray(x)
        if x.dtype.kind not in "fiub":
            raise TypeError(f"Tensors hold real numbers. Received: an operand of dtype {x.dtype}.")
        return x
    return NotImplemented


def _scalar(x: float, dtype: Any, known: dict[float, Any]) -> Any:
    array = np.array(x, dtype)
    array.setflags(write=False)
    if x != 0:  # 0.0 and -0.0 are one key
        if len(known) > 1000:
            known.clear()
        known[x] = array
    return array


def _unary(func: Callable[..., Any], compute: Callable[[Any], Any]) -> Callable[[Tensor], Tensor]:
    op = cast(Op, TABLE[func])

    def method(a: Tensor) -> Tensor:
        x = a.data
        y = compute(x)
        return _node(y, op, (x,), (a,)) if a.requires_grad and is_recording() else _constant(y)

    SHORTCUTS[func] = method
    return method


def _binary(
    func: Callable[..., Any], compute: Callable[[Any, Any], Any]
) -> tuple[Callable[[Tensor, Any], Tensor], Callable[[Tensor, Any], Tensor]]:
    """The methods of an operator for a Tensor on the left and on the right."""
    op = cast(Op, TABLE[func])

    def method(a: Tensor, b: Any) -> Tensor:
        x = a.data
        inputs: tuple[Tensor | None, Tensor | None]
        if isinstance(b, Tensor):
            y = b.data
            if a.requires_grad:
                inputs = (a, b) if b.requires_grad else (a, None)
            elif b.requires_grad:
                inputs = (None, b)
            else:
                return _constant(compute(x, y))
        else:
            y = _operand(b, x)
            if y is NotImplemented:
                return cast(Tensor, y)
            if not a.requires_grad:
                return _constant(compute(x, y))
            inputs = (a, None)
        if not is_recording():
            return _constant(compute(x, y))
        # _node, written out: a call would cost a fifth of what recording costs.
        t = _new(Tensor)
        t.data = compute(x, y)
        t.requires_grad = True
        t.op = op
        t.args = (x, y)
        t.kwargs = _NO_KEYWORDS
        t.inputs = inputs
        t.seq = _next_seq()
        t.mark = 0
        t.grad = t.home = t.name = None
        if observers:
            _show(t)
        return t

    def reflected(a: Tensor, b: Any) -> Tensor:
        y = a.data
        x = _operand(b, y)
        if x is NotImplemented:
            return cast(Tensor, x)
        z = compute(x, y)
        return _node(z, op, (x, y), (None, a)) if a.requires_grad and is_recording() else _constant(z)

    SHORTCUTS[func] = method
    return method, reflected


def _plainly(compute: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Any]:
    """The method of an operator without derivative: it returns a plain array."""

    def method(a: Tensor, b: Any) -> Any:
        return NotImplemented if is_foreign(b) else compute(a.data, plain(b))

    return method


_VERSIONED = ("data", "requires_grad", "op", "args", "kwargs", "inputs", "seq")


class Tensor(Methods, Protocols):
    """A real array whose computations can be differentiated.

    data: array-like; float32 and float64 keep their type, Python floats and lists become float64, integers and bools
        stay (and cannot need a gradient). An array is not copied.
    requires_grad: whether `backward` fills `grad`. Results of operations need a gradient if an operand does.
    name: for messages.

    Attributes: `data`; `grad`, an array or None; `home`, an array of data's shape and dtype, or None: where `backward`
    writes the gradient (`grad` is then `home`), so that an owner can lay out gradients contiguously.

    NumPy's functions, operators and methods apply. Comparisons, and functions whose derivative is zero, give arrays.
    TypeError: if data is neither real numbers nor bools, or requires_grad is asked of integers.
    """

    __slots__ = (
        "__weakref__",
        "args",  # the arrays `op` was applied to; None once freed
        "data",
        "g",  # during a walk: the gradient so far
        "grad",
        "home",
        "inputs",  # per argument, the Tensor if it needs a gradient, else None
        "kwargs",
        "mark",  # the last walk that met this node
        "name",
        "op",  # None for a leaf
        "owned",  # during a walk: whether g may be changed in place
        "requires_grad",
        "seq",  # grows with creation: a topological order
    )

    def __init__(self, data: Any, requires_grad: bool = False, name: str | None = None) -> None:
        array = np.asarray(data)
        kind = array.dtype.kind
        if kind not in "fiub":
            raise TypeError(
                f"Tensor: data must be real numbers. Received: dtype {array.dtype}."
                + (" Complex numbers are not supported: use their real and imaginary parts." if kind == "c" else "")
            )
        if requires_grad and kind != "f":
            raise TypeError(
                f"Tensor: only floating-point data can require a gradient. Received: dtype {array.dtype}. "
                "Pass floats, e.g. 2.0, or data.astype(float)."
            )
        self.data: Any = array
        self.requires_grad = requires_grad
        self.name = name
        self.grad: NDArray[Any] | None = None
        self.home: NDArray[Any] | None = None
        self.op: Any = None
        self.args: Any = ()
        self.kwargs = _NO_KEYWORDS
        self.inputs: tuple[Tensor | None, ...] = ()
        self.seq: int = _next_seq()
        self.mark: int = 0
        self.g: Any = None
        self.owned = False

    # Gradients

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Adds the gradient of this scalar to `grad` of every leaf it was computed from, and frees the graph.

        gradient: of this shape; the derivative of the final value for this Tensor. Needed unless this has one entry.
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
            gradient = np.ones(self.data.shape, self.data.dtype)
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

    @property
    def is_leaf(self) -> bool:
        """Whether this was created by the user rather than computed with a graph."""
        return self.op is None

    def __setitem__(self, index: Any, value: Any) -> None:
        """Replaces entries of a computed Tensor: what was computed from it before keeps its gradient.

        Under `no_grad` the data are written in place, of any Tensor.
        TypeError: on a leaf that requires a gradient, and on an argument of a function that is being differentiated.
        """
        if not is_recording():
            self.data[plain(index)] = plain(value)
            return
        if self.requires_grad and (self.op is None or self.op.name == "enter"):
            raise TypeError(
                "Item assignment to a leaf, or to an argument of a function that is being differentiated: its gradient "
                "would be ambiguous. Assign to a copy: y = np.copy(x); y[i] = v. To change the value of a parameter, "
                "write it under `with no_grad():`."
            )
        # This object becomes the new version. The old one lives on in a node of its own, with its place in the order:
        # the walk finds it from there for whatever used it.
        expect_versions()
        old = _constant(self.data)
        for slot in _VERSIONED:
            setattr(old, slot, getattr(self, slot))
        new = assigned(old, plain(index), value)
        for slot in _VERSIONED:
            setattr(self, slot, getattr(new, slot))

    # How an operation makes a Tensor

    @staticmethod
    def _record(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """Applies op to arguments of which some are Tensors, and records it if one needs a gradient."""
        raw: list[Any] = []
        inputs: list[Tensor | None] = []
        needed = False
        for x in args:
            if isinstance(x, Tensor):
                raw.append(x.data)
                if x.requires_grad:
                    inputs.append(x)
                    needed = True
                    continue
            else:
                raw.append(x)
            inputs.append(None)
        data = op.forward(*raw, **kwargs) if kwargs else op.forward(*raw)
        kind = data.dtype.kind
        if needed and kind == "f" and is_recording():
            return _node(data, op, tuple(raw), inputs, kwargs)
        if kind in "cO":
            raise TypeError(f"np.{op.name}: Tensors hold real numbers. The result has dtype {data.dtype}.")
        return _constant(data)

    # Operators

    __add__, __radd__ = _binary(np.add, operator.add)
    __sub__, __rsub__ = _binary(np.subtract, operator.sub)
    __mul__, __rmul__ = _binary(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = _binary(np.divide, operator.truediv)
    __mod__, __rmod__ = _binary(np.remainder, operator.mod)
    __matmul__, __rmatmul__ = _binary(np.matmul, ops.products.matmul)
    _power, __rpow__ = _binary(np.power, operator.pow)
    __neg__ = _unary(np.negative, operator.neg)
    __pos__ = _unary(np.positive, operator.pos)
    __abs__ = _unary(np.absolute, operator.abs)

    def __pow__(self, power: Any) -> Tensor:
        simpler = _POWERS.get(power) if type(power) in (int, float) else None
        return self._power(power) if simpler is None else simpler(self)

    __lt__ = _plainly(operator.lt)
    __le__ = _plainly(operator.le)
    __gt__ = _plainly(operator.gt)
    __ge__ = _plainly(operator.ge)
    __eq__ = _plainly(operator.eq)
    __ne__ = _plainly(operator.ne)
    __floordiv__ = _plainly(operator.floordiv)
    __rfloordiv__ = _plainly(lambda a, b: b // a)
    __hash__ = object.__hash__


class Parameter(Tensor):
    """A leaf that requires a gradient: what an optimizer changes. `Parameter(data, name=None)`."""

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        super().__init__(data, True, name)


def _constant(data: Any) -> Tensor:
    """A result that needs no gradient."""
    t = _new(Tensor)
    t.data = data
    t.requires_grad = False
    t.op = t.grad = t.home = t.name = None
    t.args = t.inputs = ()
    t.kwargs = _NO_KEYWORDS
    t.seq = _next_seq()
    t.mark = 0
    return t


def _node(data: Any, op: Op, args: Any, inputs: Any, kwargs: dict[str, Any] = _NO_KEYWORDS) -> Tensor:
    """The recorded result of an operation."""
    t = _new(Tensor)
    t.data = data
    t.requires_grad = True
    t.op = op
    t.args = args
    t.kwargs = kwargs
    t.inputs = inputs
    t.seq = _next_seq()
    t.mark = 0
    t.grad = t.home = t.name = None
    if observers:
        _show(t)
    return t


def _show(t: Tensor) -> None:
    for observe in observers:
        observe(t)


for _row in [row for row in TABLE.values() if row.is_elementwise and row.func not in SHORTCUTS]:
    if isinstance(_row.func, np.ufunc):
        (_unary if _row.func.nin == 1 else _binary)(_row.func, _row.func)
