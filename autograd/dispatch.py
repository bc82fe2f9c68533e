"""NumPy's protocols: how `np.sin(t)`, `np.sum(t)` and `array * t` find their rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .escapes import refusal
from .op import CONSTANT, TABLE

UFUNC_METHODS: dict[str, Callable[..., Any]] = {}
"""'reduce', 'accumulate', 'outer' of any ufunc, and 'where' for a call with that keyword; see `ops.ufuncs`."""

WITH_KEYWORDS: dict[Any, Callable[..., Any]] = {}
"""Reduction -> its row for calls with one of the keywords below, which the plain and fast row does not know."""

KEYWORDS = {"where", "initial", "mean", "correction"}

_SPECIAL = f"{__package__}.ops.special"  # the rows of scipy.special, which is not imported unless the user did

_WRITERS = (np.copyto, np.put, np.place, np.putmask, np.put_along_axis)

_EIGENVALUES = (np.linalg.eig, np.linalg.eigvals, np.roots)


class Protocols:
    """Answers `__array_function__` and `__array__` for a class with `data` and `_record`."""

    __slots__ = ()
    data: Any
    requires_grad: bool

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        for kind in types:
            if not issubclass(kind, (Protocols, np.ndarray)):
                return NotImplemented
        return dispatch(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.requires_grad:
            raise TypeError(refusal())
        return np.array(self.data, dtype=dtype, copy=copy)


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answers `__array_ufunc__`: applies the row of a ufunc, or of one of its methods, to arguments with a Tensor."""
    for x in inputs:
        if is_foreign(x):
            return NotImplemented
    if kwargs and kwargs.pop("out", None) is not None:
        raise TypeError(
            f"{name_of(ufunc)}: cannot write a Tensor into an array (out=, or `array += tensor`): the "
            "gradient would be lost. Write `array = array + tensor`."
        )
    if method == "__call__":
        if "where" in kwargs:
            return UFUNC_METHODS["where"](ufunc, inputs, **kwargs)
        return dispatch(ufunc, inputs, kwargs)
    if ufunc in CONSTANT:
        return getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
    if method in UFUNC_METHODS and ufunc.nin == 2 and ufunc.signature is None:
        return UFUNC_METHODS[method](ufunc, *inputs, **kwargs)
    raise TypeError(f"{name_of(ufunc)}.{method} has no derivative row for Tensors. Use other functions.")


def dispatch(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Applies the row of a NumPy function; one without derivative sees plain arrays; TypeError for an unknown one."""
    if kwargs and func in WITH_KEYWORDS and not KEYWORDS.isdisjoint(kwargs):
        return WITH_KEYWORDS[func](*args, **kwargs)
    row = TABLE.get(func)
    if row is not None:
        return row(*args, **kwargs)
    if func in CONSTANT:
        return func(*plain(args), **plain(kwargs))
    if "scipy.special" in sys.modules and _SPECIAL not in sys.modules:
        import_module(_SPECIAL)
        return dispatch(func, args, kwargs)
    raise TypeError(_refusal(func))


def name_of(func: Callable[..., Any]) -> str:
    """The name of a function of NumPy or SciPy as one writes it: "np.linalg.inv", "scipy.special.expit"."""
    name = getattr(func, "__name__", str(func)).lstrip("_")
    module = getattr(func, "__module__", None)
    if not module:  # a ufunc
        module = "scipy.special" if getattr(sys.modules.get("scipy.special"), name, None) is func else "numpy"
    return f"{module}.{name}".replace("numpy", "np", 1)


def _refusal(func: Callable[..., Any]) -> str:
    name = name_of(func)
    if func in _EIGENVALUES:
        return (
            f"{name} gives the complex eigenvalues of a general matrix, and has no row in the op table. Use "
            "np.linalg.eigh for symmetric matrices, or apply it to .data, outside the graph."
        )
    if func in _WRITERS:
        return (
            f"{name} would write a Tensor into an array, and the gradient would be lost. np.full_like and "
            "np.nan_to_num of an array do this with their values. Use np.where(mask, tensor, array), or make the "
            "array a Tensor first: Tensor(array)."
        )
    return (
        f"{name} has no row in the op table: it cannot be applied to Tensors. Add one, with "
        f"ravine.autograd.elementwise({name}, domain, lambda y, x: ...) or "
        f"primitive({name}, lambda g, y, x: ..., samples=[...]), or apply it to .data."
    )


def as_array(x: Any) -> Any:
    """X itself if it is a Tensor, else as an array; Tensors in lists and tuples are stacked."""
    if isinstance(x, Protocols):
        return x
    if holds_tensor(x):
        return np.stack(alike(*[as_array(part) if holds_tensor(part) else part for part in x]))
    return np.asarray(x)


def holds_tensor(x: Any) -> bool:
    """Whether x is a Tensor, or a list or tuple with one, at any depth."""
    return next(tensors_in(x), None) is not None


def tensors_in(x: Any) -> Iterator[Protocols]:
    """The Tensors in lists and tuples, at any depth."""
    if isinstance(x, Protocols):
        yield x
    elif type(x) in (tuple, list):
        for part in x:
            yield from tensors_in(part)


def plain(x: Any) -> Any:
    """X with its array in place of every Tensor, in tuples, lists and dictionaries too."""
    if isinstance(x, Protocols):
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


def alike(*xs: Any) -> list[Any]:
    """Arrays (or Tensors) of one real or complex type: numbers, lists and integers take that of the others."""
    kinds = [x.dtype for x in xs if hasattr(x, "dtype") and x.dtype.kind in "fc"]
    kind = np.result_type(*kinds) if kinds else np.dtype(float)
    return [x if x.dtype == kind else x.astype(kind) for x in map(as_array, xs)]


def conjugated(x: Any) -> Any:
    """The conjugate of complex numbers; real ones are their own."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def is_foreign(x: Any) -> bool:
    """Whether x answers NumPy's protocol in a way of its own."""
    protocol = getattr(type(x), "__array_ufunc__", None)
    return not (protocol is None or protocol is _NUMPYS or isinstance(x, Protocols))


_NUMPYS = np.ndarray.__array_ufunc__
