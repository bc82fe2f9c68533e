"""The attributes and methods that a Tensor shares with a NumPy array. Most methods call a NumPy function."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import escape
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from .arguments import TO_FILL, plain
from .modes import is_recording
from .node import Node
from .op import TABLE
from .ops.shaping import astype, getitem
from .versions import memory_of
from .views import write, write_result

Self = TypeVar("Self")
TensorT = TypeVar("TensorT")
Method = Callable[..., TensorT]
_divmod: Any = np.divmod


def _method(func: Any) -> Method[Any]:
    """The NumPy function `func` of the Tensor, with the function's further arguments."""
    op = TABLE[func]
    return _named(lambda self, *args, **keywords: op(self, *args, **keywords), func)


def _reduction(func: Any, *between: None) -> Method[Any]:
    """A reduction with the arguments axis and keepdims. `between`: values for NumPy's arguments between the two.

    Other keywords, such as dtype=, where= and initial=, are those of the function.
    """
    op = TABLE[func]

    def method(self: Any, axis: Any = None, keepdims: bool = False, **keywords: Any) -> Any:
        if keywords:
            return func(self, axis=axis, keepdims=keepdims, **keywords)
        return op(self, axis, *between, keepdims)

    return _named(method, func)


def _spread(func: Any) -> Method[Any]:
    """The variance or the standard deviation: a reduction with the argument `ddof` between axis and keepdims."""
    op = TABLE[func]

    def method(self: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, **keywords: Any) -> Any:
        if keywords:
            return func(self, axis=axis, ddof=ddof, keepdims=keepdims, **keywords)
        return op(self, axis, None, None, ddof, keepdims)

    return _named(method, func)


def _without_derivative(func: Any) -> Method[Any]:
    """The NumPy function `func` of the data: a plain array."""
    return _named(lambda self, *args, **keywords: func(self.data, *plain(args), **plain(keywords)), func)


def _in_place(operate: Callable[[Any, Any], Any]) -> Callable[[Self, Any], Self]:
    """The operator that writes its result into the Tensor on the left."""

    def method(self: Any, other: Any) -> Any:
        result = operate(self, other)
        if self.data.__class__ is not np.ndarray or not isinstance(result, (Methods, np.ndarray)):
            return result
        self._store(result)
        return self

    return method


def _named(method: Any, func: Any) -> Method[Any]:
    """The method with a name, a docstring and, where NumPy has one, the signature of `func` without `out`."""
    method.__name__ = func.__name__
    method.__qualname__ = f"Tensor.{func.__name__}"
    method.__doc__ = f"`np.{func.__name__}`."
    if method.__code__.co_varnames[1] == "args" and not isinstance(func, np.ufunc):
        with suppress(ValueError):  # of functions in C, which have a signature from NumPy 2.4 on
            first, *others = inspect.signature(func).parameters.values()
            kept = [p for p in others if p.name != "out"]
            method.__signature__ = inspect.Signature([first.replace(name="self"), *kept])
    return method  # type: ignore[no-any-return]


class Methods(Node, Generic[TensorT]):
    """NumPy's array methods, whose results are of the class TensorT."""

    __slots__ = ()

    # Attributes

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(self.data.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.data.dtype  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        """The size of the data in bytes."""
        return int(self.data.nbytes)

    @property
    def is_leaf(self) -> bool:
        """Whether the user created this, rather than an operation that was recorded."""
        return self.op is None

    @property
    def T(self) -> TensorT:
        """The axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> TensorT:
        """The last two axes swapped."""
        return self.swapaxes(-1, -2)

    @property
    def real(self) -> TensorT:
        """`np.real`; it may be assigned to."""
        return TABLE[np.real](self)  # type: ignore[no-any-return]

    @real.setter
    def real(self, value: Any) -> None:
        cast(Any, self.real)[...] = value

    @property
    def imag(self) -> Any:
        """`np.imag`; of real numbers an array of zeros."""
        return np.imag(self)

    # Leaving the graph

    def numpy(self) -> NDArray[Any]:
        """The data as an array, outside the graph; shared, not copied."""
        return np.asarray(self.data)

    def item(self) -> Any:
        """The single element as a Python number, outside the graph."""
        return self.data.item()

    def tolist(self) -> Any:
        """The data as nested lists of Python numbers, outside the graph."""
        return self.data.tolist()

    # Methods that call the NumPy function of their name

    sum: Method[TensorT] = _reduction(np.sum, None, None)
    mean: Method[TensorT] = _reduction(np.mean, None, None)
    prod: Method[TensorT] = _reduction(np.prod, None, None)
    max: Method[TensorT] = _reduction(np.max, None)
    min: Method[TensorT] = _reduction(np.min, None)
    var: Method[TensorT] = _spread(np.var)
    std: Method[TensorT] = _spread(np.std)
    cumsum: Method[TensorT] = _method(np.cumsum)
    cumprod: Method[TensorT] = _method(np.cumprod)
    trace: Method[TensorT] = _method(np.trace)

    squeeze: Method[TensorT] = _method(np.squeeze)
    swapaxes: Method[TensorT] = _method(np.swapaxes)
    diagonal: Method[TensorT] = _method(np.diagonal)
    repeat: Method[TensorT] = _method(np.repeat)
    take: Method[TensorT] = _method(np.take)
    dot: Method[TensorT] = _method(np.dot)
    clip: Method[TensorT] = _method(np.clip)
    conj: Method[TensorT] = _method(np.conjugate)
    conjugate: Method[TensorT] = conj

    round: Method[NDArray[Any]] = _without_derivative(np.round)
    argmax: Method[Any] = _without_derivative(np.argmax)
    argmin: Method[Any] = _without_derivative(np.argmin)
    argsort: Method[NDArray[np.intp]] = _without_derivative(np.argsort)
    argpartition: Method[NDArray[np.intp]] = _without_derivative(np.argpartition)
    searchsorted: Method[Any] = _without_derivative(np.searchsorted)
    nonzero: Method[tuple[NDArray[np.intp], ...]] = _without_derivative(np.nonzero)
    all: Method[Any] = _without_derivative(np.all)
    any: Method[Any] = _without_derivative(np.any)

    # Methods with other arguments than the function

    def reshape(self, *shape: Any, order: Any = "C") -> TensorT:
        """`np.reshape`; the shape as one tuple or as several integers."""
        return TABLE[np.reshape](self, shape[0] if len(shape) == 1 else shape, order)  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> TensorT:
        """`np.transpose`; the axes as one tuple or as several integers."""
        return TABLE[np.transpose](self, (axes[0] if len(axes) == 1 else axes) or None)  # type: ignore[no-any-return]

    def ravel(self, order: Any = "C") -> TensorT:
        """`np.ravel`."""
        return TABLE[np.ravel](self, order)  # type: ignore[no-any-return]

    def flatten(self, order: Any = "C") -> TensorT:
        """The elements in one axis."""
        return TABLE[np.copy](self.reshape(-1, order=order))  # type: ignore[no-any-return]

    def copy(self, order: Any = "C") -> TensorT:
        """A copy, which can be written without changing this."""
        if not isinstance(self.data, np.ndarray):  # a NumPy scalar, which cannot be written
            return self  # type: ignore[return-value]
        return TABLE[np.copy](self, order)  # type: ignore[no-any-return]

    def compress(self, condition: Any, axis: int | None = None) -> TensorT:
        """`np.compress`: the positions along an axis where the condition is true."""
        return TABLE[np.compress](condition, self, axis)  # type: ignore[no-any-return]

    def astype(self, dtype: Any) -> TensorT:
        """The elements in another dtype. The conversion to a floating-point dtype is differentiable."""
        return astype(self, np.dtype(dtype))  # type: ignore[no-any-return]

    def sort(self, *args: Any, **keywords: Any) -> None:
        """Refused: an array would sort its own data. TypeError: always."""
        raise TypeError("Tensor.sort would change the data in place, and the graph with it. Write t = np.sort(t).")

    # Items

    def __getitem__(self, index: Any) -> TensorT:
        return getitem(self, plain(index))  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        """Replaces elements, also those of the Tensor of which this is a view, and of its other views, as in NumPy.

        What was computed from the former elements keeps their gradient. Under `no_grad` the data of any Tensor,
        a parameter too, are changed in place; a derivative that would need the former elements is a RuntimeError. A
        write to `data` itself is not noticed.
        TypeError: on a leaf that requires a gradient, and on views of it, unless it is an argument of a function that
        is being differentiated. ValueError: on a view that is read-only in NumPy.
        """
        if is_recording():
            write(self, plain(index), value)
        else:
            self.data[plain(index)] = plain(value)
            memory_of(self.data).written("a write under no_grad")

    def _store(self, result: Any) -> None:
        """Writes a result of the same shape, a new array or Tensor, into this, as NumPy's `out=` does."""
        data, new = self.data, result.data if isinstance(result, Node) else result
        if new.shape != data.shape:
            raise ValueError(
                f"An operator such as +=, and out=, keep the shape, {data.shape}. Received: a result of shape "
                f"{new.shape}. Write t = t + v, which makes a new Tensor."
            )
        if new.dtype is not data.dtype and not np.can_cast(new.dtype, data.dtype, "same_kind"):
            raise TypeError(
                f"An operator such as +=, and out=, keep the dtype, {data.dtype}. Received: a result of "
                f"{new.dtype}. Write t = t + v, which makes a new Tensor."
            )
        if is_recording():
            write_result(self, result)
        else:
            self[...] = result

    def fill(self, value: Any) -> None:
        """Writes a number into all elements."""
        self[...] = value

    # Operators in place: they change this Tensor, as NumPy's change an array; a NumPy scalar is bound anew

    __iadd__ = _in_place(operator.add)
    __isub__ = _in_place(operator.sub)
    __imul__ = _in_place(operator.mul)
    __itruediv__ = _in_place(operator.truediv)
    __ifloordiv__ = _in_place(operator.floordiv)
    __imod__ = _in_place(operator.mod)
    __ipow__ = _in_place(operator.pow)
    __imatmul__ = _in_place(operator.matmul)

    # As a Python object

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def _number(self, kind: str) -> Any:
        if self.requires_grad:
            raise TypeError(
                f"{kind}() of a Tensor that requires a gradient would lose it. Functions of `math` do this too, and "
                "`array[i] = tensor`, `array.fill(tensor)` and `initial=tensor` of an array. Use np functions, such as "
                f"np.stack. {TO_FILL} .item() leaves the graph."
            )
        return self.data

    def __format__(self, spec: str) -> str:
        return format(self._only_element("a format such as :.3f", "np.array2string"), spec) if spec else str(self)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._only_element("round()", "np.round"), digits)

    def _only_element(self, what: str, func: str) -> Any:
        if self.data.size != 1:
            raise TypeError(
                f"{what} is for a Tensor of one element. Received: shape {self.shape}. Use {func}(t.data), or t[i]."
            )
        return self.data.item()

    def __divmod__(self, other: Any) -> Any:
        return _divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _divmod(other, self)

    def __repr__(self) -> str:
        kind = type(self).__name__
        text = np.array2string(np.asarray(self.data), separator=", ", prefix=kind + "(", threshold=100)
        if self.data.dtype not in (np.float64, np.int64, np.bool_):
            text += f", dtype={self.data.dtype}"
        if self.requires_grad and kind != "Parameter":
            text += ", requires_grad=True"
        return f"{kind}({text}{f', name={self.name!r}' if self.name else ''})"

    def _repr_html_(self) -> str:
        """For notebooks: a line about the Tensor, and a table with its data and its gradient."""
        kind = f"made by {self.op.name}" if self.op else "leaf"
        about = [kind, f"shape {self.shape}", str(self.dtype)] + ["needs a gradient"] * self.requires_grad
        name = f" <code>{escape(self.name)}</code>" if self.name else ""
        head = f"<b>{type(self).__name__}</b>{name} · {escape(', '.join(about))}"
        columns = {"data": self.data} | ({"grad": self.grad} if self.grad is not None else {})
        heads = "".join(f"<th>{name}</th>" for name in columns)
        cells = "".join(f"<td><pre>{escape(_values(array))}</pre></td>" for array in columns.values())
        return f"{head}<table><tr>{heads}</tr><tr>{cells}</tr></table>"

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise TypeError("A computed Tensor cannot be copied or pickled with its graph. Use .detach() first.")
        return _restore, (type(self), self.data, self.requires_grad, self.name, self.grad)


def _values(array: Any) -> str:
    return np.array2string(np.asarray(array), separator=", ", threshold=100, precision=6)


def _restore(kind: Any, data: Any, requires_grad: bool, name: str | None, grad: Any) -> Any:
    t = kind(data, name=name)
    t.requires_grad = requires_grad
    t.grad = grad
    return t
