"""NumPy's protocols: how `np.sin(t)`, `np.sum(t)` and `array * t` find their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .op import CONSTANT, TABLE

SHORTCUTS: dict[Any, Callable[..., Any]] = {}
"""Ufunc -> a function of a Tensor and operands that records it with less overhead; filled where Tensor is defined."""

_REDUCTIONS: dict[Any, Any] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}


class Protocols:
    """Answers `__array_ufunc__`, `__array_function__` and `__array__` for a class with `data` and `_record`."""

    __slots__ = ()
    data: Any
    requires_grad: bool

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and inputs[0] is self and method == "__call__":
            shortcut = SHORTCUTS.get(ufunc)
            if shortcut is not None:
                return shortcut(*inputs)
        for x in inputs:
            if is_foreign(x):
                return NotImplemented
        if kwargs:
            if kwargs.pop("out", None) is not None:
                raise TypeError(
                    f"np.{ufunc.__name__}: cannot write a Tensor into an array (out=, or `array += tensor`): the "
                    "gradient would be lost. Write `array = array + tensor`."
                )
            if "where" in kwargs:
                raise TypeError(f"np.{ufunc.__name__}: where= is not supported on Tensors. Use np.where on the result.")
        if method == "__call__":
            return dispatch(ufunc, inputs, kwargs)
        if method == "reduce" and ufunc in _REDUCTIONS:
            x, axis = inputs if len(inputs) == 2 else (inputs[0], kwargs.pop("axis", 0))
            return dispatch(_REDUCTIONS[ufunc], (x, axis), kwargs)
        raise TypeError(f"np.{ufunc.__name__}.{method} has no derivative row for Tensors. Use other np functions.")

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        for kind in types:
            if not issubclass(kind, (Protocols, np.ndarray)):
                return NotImplemented
        return dispatch(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.requires_grad:
            raise TypeError(
                "A Tensor that requires a gradient does not turn into an array by itself: the gradient would be lost. "
                "Join Tensors with np.stack([...]) or np.concatenate([...]); take the numbers with .data or .detach()."
            )
        return np.array(self.data, dtype=dtype, copy=copy)


def dispatch(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Applies the row of a NumPy function; one without derivative sees plain arrays; TypeError for an unknown one."""
    row = TABLE.get(func)
    if row is not None:
        return row(*args, **kwargs)
    if func in CONSTANT:
        return func(*plain(args), **plain(kwargs))
    name = f"{getattr(func, '__module__', None) or 'np'}.{getattr(func, '__name__', func)}".replace("numpy", "np", 1)
    raise TypeError(
        f"{name} has no row in the op table: it cannot be applied to Tensors. Add one, with "
        f"glissade.autograd.elementwise({name}, domain, lambda y, x: ...) or "
        f"structural({name}, lambda g, y, x: ..., samples=[...]), or apply it to .data."
    )


def plain(x: Any) -> Any:
    """X with its array in place of every Tensor, in tuples, lists and dictionaries too."""
    if isinstance(x, Protocols):
        return x.data
    if type(x) in (tuple, list):
        return type(x)(map(plain, x))
    return {name: plain(value) for name, value in x.items()} if isinstance(x, dict) else x


def is_foreign(x: Any) -> bool:
    """Whether x answers NumPy's protocol in a way of its own."""
    protocol = getattr(type(x), "__array_ufunc__", None)
    return not (protocol is None or protocol is _OURS or protocol is _NUMPYS)


_OURS = Protocols.__array_ufunc__
_NUMPYS = np.ndarray.__array_ufunc__
