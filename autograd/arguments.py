"""The other arguments of operations with a Tensor: numbers, lists, arrays, objects of other libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np

from .node import Node

# Python numbers as arrays of a Tensor's dtype. With these, NumPy gives the same results in half the time.
_SCALARS: dict[Any, dict[float, Any]] = {np.dtype(np.float32): {}, np.dtype(np.float64): {}}
_NUMPYS = np.ndarray.__array_ufunc__

_INSTEAD = {
    "scipy.special.logsumexp": "ravine.autograd.nn.logsumexp",
    "scipy.special.softmax": "ravine.autograd.nn.softmax",
    "scipy.special.log_softmax": "ravine.autograd.nn.log_softmax",
    "scipy.special.polygamma": "ravine.autograd.ops.special.polygamma",
    "scipy.special.multigammaln": "ravine.autograd.ops.special.multigammaln",
}


TO_FILL = (
    "To fill an array with Tensors, make it one: c = Tensor(np.zeros(n)) or np.zeros_like(t), then c[i] = t, c += t."
)


_ALLOWED: set[type] = set()
"""The classes that `refuse_special_arrays` has let pass; to look one up is faster than to ask for its base classes."""


def refuse_special_arrays(kind: type) -> None:
    """TypeError: for the class of masked arrays and np.matrix, whose meaning a Tensor would not keep."""
    if kind in _ALLOWED:
        return
    if issubclass(kind, np.ma.MaskedArray):
        raise TypeError(
            "Tensors have no mask. Received: a masked array, whose masked elements would count. Pass "
            "np.where(mask, tensor, 0), or where=~mask to sums and means, and the plain array x.filled(0)."
        )
    if issubclass(kind, np.matrix):
        raise TypeError("Tensors are arrays, where * acts by elements. Received: an np.matrix. Pass np.asarray(x).")
    _ALLOWED.add(kind)


def operand(x: Any, data: Any) -> Any:
    """The other operand of an operator as an array. NotImplemented if x is complex, or its class has the operator."""
    kind = type(x)
    if kind is float or kind is int:
        if type(data) is np.ndarray and (known := _SCALARS.get(data.dtype)) is not None:
            found = known.get(x)
            return _scalar(x, data.dtype, known) if found is None else found
        return x
    if isinstance(x, (np.ndarray, np.generic, bool, list, tuple)) and not is_foreign(x):
        refuse_special_arrays(kind)
        x = np.asarray(x)
        if x.dtype.kind not in "fiubc":
            raise TypeError(f"Tensors hold real or complex numbers. Received: an operand of dtype {x.dtype}.")
        return NotImplemented if x.dtype.kind == "c" else x
    return NotImplemented


def _scalar(x: float, dtype: Any, known: dict[float, Any]) -> Any:
    array = np.array(x, dtype)
    array.setflags(write=False)
    if x != 0:  # 0.0 and -0.0 are one key
        if len(known) > 1000:
            known.clear()
        known[x] = array
    return array


def is_foreign(x: Any) -> bool:
    """Whether the class of x, which is neither Tensor's nor NumPy's, defines `__array_ufunc__` itself."""
    protocol = getattr(type(x), "__array_ufunc__", None)
    return not (protocol is None or protocol is _NUMPYS or isinstance(x, Node))


def as_array(x: Any) -> Any:
    """x itself if it is a Tensor, else as an array; Tensors in lists and tuples are stacked."""
    if isinstance(x, Node):
        return x
    if holds_tensor(x):
        return np.stack(alike(*[as_array(part) if holds_tensor(part) else part for part in x]))
    refuse_special_arrays(type(x))
    return np.asarray(x)


def alike(*xs: Any) -> list[Any]:
    """The arguments as arrays or Tensors of one real or complex dtype; integers and lists take that of the others."""
    kinds = [x.dtype for x in xs if hasattr(x, "dtype") and x.dtype.kind in "fc"]
    kind = np.result_type(*kinds) if kinds else np.dtype(float)
    return [x if x.dtype == kind else x.astype(kind) for x in map(as_array, xs)]


def scalar(x: Any) -> Any:
    """x itself, or, in place of an array of shape (), a NumPy scalar, which NumPy's reductions return."""
    return x if x.ndim else x[()]


def conjugated(x: Any) -> Any:
    """The complex conjugate; x itself if it is real."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def tensors_in(x: Any) -> Iterator[Any]:
    """The Tensors in lists and tuples, at any depth."""
    if isinstance(x, Node):
        yield x
    elif type(x) in (tuple, list):
        for part in x:
            yield from tensors_in(part)


def holds_tensor(x: Any) -> bool:
    """Whether x is a Tensor, or a list or tuple with one, at any depth."""
    return next(tensors_in(x), None) is not None


def plain(x: Any) -> Any:
    """x with its array in place of every Tensor, in tuples, lists and dictionaries too."""
    if isinstance(x, Node):
        return x.data
    if type(x) in (tuple, list):
        return type(x)(map(plain, x))
    return {name: plain(value) for name, value in x.items()} if isinstance(x, dict) else x


def undifferentiated(x: Any, name: str) -> Any:
    """`plain` of an argument by which there is no derivative. TypeError: if it holds a Tensor that requires a gradient.

    name: of the function and the argument, for the message.
    """
    if any(t.requires_grad for t in tensors_in(x)):
        raise TypeError(
            f"{name} has no derivative here. Received: a Tensor that requires a gradient, which would be lost. Use "
            "its .data."
        )
    return plain(x)


def no_conversion() -> str:
    """The error message of `Tensor.__array__`. It names the SciPy function that wanted to make an array, if any."""
    name = _function_of_scipy()
    if name is None:
        return (
            "A Tensor that requires a gradient does not turn into an array by itself: the gradient would be lost. Join "
            "Tensors with np.stack([...]) or np.concatenate([...]), nested lists with np.block([[a, b], [c, d]]). "
            f"{TO_FILL} Take the numbers with .data or .detach()."
        )
    transform = name.removeprefix("scipy.fft.")
    instead = f"np.fft.{transform}" if hasattr(np.fft, transform) else _INSTEAD.get(name)
    return (
        f"{name} is a Python function that makes arrays of its arguments. Received: a Tensor that requires a gradient, "
        "which would be lost. " + (f"Use {instead}." if instead else "Apply it to .data, outside the graph.")
    )


def _function_of_scipy() -> str | None:
    """The outermost running function that led here and is a public function of SciPy."""
    name = None
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("scipy."):
        for module in ("scipy.special", "scipy.fft", ".".join(frame.f_globals["__name__"].split(".")[:2])):
            found = getattr(sys.modules.get(module), frame.f_code.co_name, None)
            if callable(found):
                name = f"{module}.{frame.f_code.co_name}"
                break
        frame = frame.f_back
    return name
