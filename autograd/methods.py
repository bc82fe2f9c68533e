"""The attributes and methods that a Tensor shares with a NumPy array. Each calls the row of the NumPy function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from . import ops
from .dispatch import plain
from .notebook import html
from .op import TABLE

if TYPE_CHECKING:
    from .tensor import Tensor

Axis = int | tuple[int, ...] | None
_divmod: Any = np.divmod


class Methods:
    """NumPy's array methods, for a class with the attributes of a Tensor and `__getitem__`."""

    __slots__ = ()
    data: Any
    requires_grad: bool
    name: str | None
    grad: NDArray[Any] | None
    is_leaf: Any

    # Attributes

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        shape: tuple[int, ...] = self.data.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(self.data.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        dtype: np.dtype[Any] = self.data.dtype
        return dtype

    @property
    def nbytes(self) -> int:
        """The size of the data in bytes."""
        return int(self.data.nbytes)

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return _apply(np.transpose, self)

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped."""
        return _apply(np.matrix_transpose, self)

    @property
    def real(self) -> Tensor:
        """`np.real`."""
        return _apply(np.real, self)

    @property
    def imag(self) -> Any:
        """`np.imag`; of real numbers an array of zeros."""
        return np.imag(self)

    # Leaving the graph

    def numpy(self) -> NDArray[Any]:
        """The data as an array, outside the graph; shared, not copied."""
        return np.asarray(self.data)

    def item(self) -> Any:
        """The single entry as a Python number, outside the graph."""
        return self.data.item()

    def tolist(self) -> Any:
        """The data as nested lists of Python numbers, outside the graph."""
        return self.data.tolist()

    # As a Python object

    def __getitem__(self, index: Any) -> Tensor:
        return _apply_op(ops.shaping.getitem, self, plain(index))

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
                "`array[i] = tensor`, `array.fill(tensor)` and `initial=tensor` of an array. Use np functions, and "
                "np.stack or np.where to put Tensors into an array; .item() leaves the graph."
            )
        return self.data

    def __repr__(self) -> str:
        kind = type(self).__name__
        text = np.array2string(np.asarray(self.data), separator=", ", prefix=kind + "(", threshold=100)
        if self.data.dtype not in (np.float64, np.int64, np.bool_):
            text += f", dtype={self.data.dtype}"
        if self.requires_grad and kind != "Parameter":
            text += ", requires_grad=True"
        return f"{kind}({text}{f', name={self.name!r}' if self.name else ''})"

    def _repr_html_(self) -> str:
        return html(cast("Tensor", self))

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise TypeError("A computed Tensor cannot be copied or pickled with its graph. Use .detach() first.")
        return _restore, (type(self), self.data, self.requires_grad, self.name, self.grad)

    # Reductions. Other keywords, such as dtype=, where= and initial=, are those of NumPy's functions.

    def sum(self, axis: Axis = None, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.sum`."""
        if keywords:
            return _by_name(np.sum, self, axis=axis, keepdims=keepdims, **keywords)
        return _apply(np.sum, self, axis, None, None, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.mean`."""
        if keywords:
            return _by_name(np.mean, self, axis=axis, keepdims=keepdims, **keywords)
        return _apply(np.mean, self, axis, None, None, keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.prod`."""
        if keywords:
            return _by_name(np.prod, self, axis=axis, keepdims=keepdims, **keywords)
        return _apply(np.prod, self, axis, None, None, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.max`. Ties share the gradient."""
        if keywords:
            return _by_name(np.max, self, axis=axis, keepdims=keepdims, **keywords)
        return _apply(np.max, self, axis, None, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.min`. Ties share the gradient."""
        if keywords:
            return _by_name(np.min, self, axis=axis, keepdims=keepdims, **keywords)
        return _apply(np.min, self, axis, None, keepdims)

    def var(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.var`."""
        if keywords:
            return _by_name(np.var, self, axis=axis, ddof=ddof, keepdims=keepdims, **keywords)
        return _apply(np.var, self, axis, None, None, ddof, keepdims)

    def std(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False, **keywords: Any) -> Tensor:
        """`np.std`."""
        if keywords:
            return _by_name(np.std, self, axis=axis, ddof=ddof, keepdims=keepdims, **keywords)
        return _apply(np.std, self, axis, None, None, ddof, keepdims)

    def cumsum(self, axis: int | None = None, dtype: Any = None) -> Tensor:
        """`np.cumsum`."""
        return _apply(np.cumsum, self, axis, dtype)

    def cumprod(self, axis: int | None = None, dtype: Any = None) -> Tensor:
        """`np.cumprod`."""
        return _apply(np.cumprod, self, axis, dtype)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Tensor:
        """`np.trace`."""
        return _apply(np.trace, self, offset, axis1, axis2, dtype)

    # Shapes

    def reshape(self, *shape: Any, order: Any = "C") -> Tensor:
        """`np.reshape`; the shape as one tuple or as several integers."""
        return _apply(np.reshape, self, shape[0] if len(shape) == 1 else shape, order)

    def transpose(self, *axes: Any) -> Tensor:
        """`np.transpose`; the axes as one tuple or as several integers."""
        return _apply(np.transpose, self, (axes[0] if len(axes) == 1 else axes) or None)

    def ravel(self, order: Any = "C") -> Tensor:
        """`np.ravel`."""
        return _apply(np.reshape, self, -1, order)

    def flatten(self, order: Any = "C") -> Tensor:
        """The entries in one axis."""
        return _apply(np.reshape, self, -1, order)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """`np.squeeze`."""
        return _apply(np.squeeze, self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """`np.swapaxes`."""
        return _apply(np.swapaxes, self, axis1, axis2)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """`np.diagonal`."""
        return _apply(np.diagonal, self, offset, axis1, axis2)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """`np.repeat`."""
        return _apply(np.repeat, self, repeats, axis)

    def take(self, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Tensor:
        """`np.take`."""
        return _apply(np.take, self, indices, axis, None, mode)

    def compress(self, condition: Any, axis: int | None = None) -> Tensor:
        """`np.compress`: the places along an axis where the condition is true."""
        return _apply(np.compress, condition, self, axis)

    # Entries

    def dot(self, other: Any) -> Tensor:
        """`np.dot`."""
        return _apply(np.dot, self, other)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """`np.clip`. The bounds belong to the inside: the derivative there is 1."""
        return _apply(np.clip, self, min, max)

    def conj(self) -> Tensor:
        """`np.conj`."""
        return _apply(np.conjugate, self)

    conjugate = conj

    def copy(self) -> Tensor:
        """`np.copy`: a computed Tensor, whose items may be assigned to."""
        return _apply(np.copy, self)

    def astype(self, dtype: Any) -> Tensor:
        """The entries in another type. To a floating-point type this is differentiable."""
        return _apply_op(ops.shaping.astype, self, np.dtype(dtype))

    def round(self, decimals: int = 0) -> NDArray[Any]:
        """`np.round`, an array: the derivative is zero."""
        return np.round(np.asarray(self.data), decimals)

    def sort(self, *args: Any, **keywords: Any) -> None:
        """Refused: an array would sort its own data. TypeError: always."""
        raise TypeError("Tensor.sort would change the data in place, and the graph with it. Write t = np.sort(t).")

    # Without derivative: these see the plain data, and take the keywords of NumPy's functions

    def argmax(self, axis: int | None = None, **keywords: Any) -> Any:
        """`np.argmax`, an array of positions."""
        return np.argmax(self.data, axis, **keywords)

    def argmin(self, axis: int | None = None, **keywords: Any) -> Any:
        """`np.argmin`, an array of positions."""
        return np.argmin(self.data, axis, **keywords)

    def argsort(self, axis: int | None = -1, **keywords: Any) -> NDArray[np.intp]:
        """`np.argsort`, an array of positions."""
        return np.argsort(self.data, axis, **keywords)

    def argpartition(self, kth: Any, axis: int | None = -1, **keywords: Any) -> NDArray[np.intp]:
        """`np.argpartition`, an array of positions."""
        return np.argpartition(self.data, kth, axis, **keywords)

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """`np.searchsorted`: the positions of v in this sorted vector."""
        return np.searchsorted(self.data, plain(v), side, sorter)

    def nonzero(self) -> tuple[NDArray[np.intp], ...]:
        """`np.nonzero`, arrays of positions."""
        return np.nonzero(self.data)

    def all(self, axis: Axis = None, **keywords: Any) -> Any:
        """`np.all`, an array of bools."""
        return np.all(self.data, axis, **keywords)

    def any(self, axis: Axis = None, **keywords: Any) -> Any:
        """`np.any`, an array of bools."""
        return np.any(self.data, axis, **keywords)

    def __divmod__(self, other: Any) -> Any:
        return _divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _divmod(other, self)


def _restore(kind: Any, data: Any, requires_grad: bool, name: str | None, grad: Any) -> Any:
    t = kind(data, name=name)
    t.requires_grad = requires_grad
    t.grad = grad
    return t


def _apply(func: Any, *args: Any) -> Tensor:
    result: Tensor = TABLE[func](*args)
    return result


def _by_name(func: Any, t: Any, **keywords: Any) -> Tensor:
    result: Tensor = func(t, **keywords)
    return result


def _apply_op(op: Any, *args: Any) -> Tensor:
    result: Tensor = op(*args)
    return result
