"""NumPy's protocols: how `np.sin(t)`, `np.sum(t)` and `array * t` find their ops in the table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .arguments import is_foreign, plain, refuse_special_arrays
from .node import Node
from .op import CONSTANT, TABLE

UFUNC_METHODS: dict[str, Callable[..., Any]] = {}
"""'reduce', 'accumulate', 'outer', 'at' of any ufunc; 'where' and 'out' for calls with these; see `ops.ufuncs`."""

WITH_KEYWORDS: dict[Any, Callable[..., Any]] = {}
"""Reduction -> its op for calls with one of the keywords below, which its usual, faster op does not take."""

KEYWORDS = {"where", "initial", "mean", "correction"}

OPTIONAL: dict[str, Callable[[], None]] = {}
"""Name of a module -> function that adds its ops to the table; called if the user has imported the module."""

WRITERS: dict[Any, Callable[..., None]] = {}
"""Function that writes into its first argument -> the same for a Tensor; see `ops.selecting`."""

_EIGENVALUES = (np.linalg.eig, np.linalg.eigvals, np.roots)


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answers `__array_ufunc__`: applies a ufunc, or one of its methods, to arguments with a Tensor."""
    for x in inputs:
        if is_foreign(x):
            return NotImplemented
        refuse_special_arrays(type(x))
    if kwargs and (out := kwargs.pop("out", None)) is not None:
        return UFUNC_METHODS["out"](ufunc, method, inputs, out, **kwargs)
    if method == "__call__":
        if "where" in kwargs:
            return UFUNC_METHODS["where"](ufunc, inputs, **kwargs)
        return dispatch(ufunc, inputs, kwargs)
    if ufunc in CONSTANT:
        return getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
    if method in UFUNC_METHODS and ufunc.nin == 2 and ufunc.signature is None:
        return UFUNC_METHODS[method](ufunc, *inputs, **kwargs)
    raise TypeError(f"{name_of(ufunc)}.{method} has no derivative for Tensors. Use other functions.")


def dispatch(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answers `__array_function__`: applies the op of a NumPy function.

    A function whose derivative is zero is applied to plain arrays. TypeError: for a function that is not in the table.
    """
    if kwargs and func in WITH_KEYWORDS and not KEYWORDS.isdisjoint(kwargs):
        return WITH_KEYWORDS[func](*args, **kwargs)
    op = TABLE.get(func)
    if op is not None:
        return op(*args, **kwargs)
    if func in CONSTANT:
        return func(*plain(args), **plain(kwargs))
    if func in WRITERS and isinstance(args[0] if args else None, Node):
        return WRITERS[func](*args, **kwargs)
    for module in OPTIONAL.keys() & sys.modules.keys():
        OPTIONAL.pop(module)()
        return dispatch(func, args, kwargs)
    raise TypeError(_refusal(func))


def name_of(func: Callable[..., Any]) -> str:
    """The name of a function of NumPy or SciPy as in code: "np.linalg.inv", "scipy.special.expit"."""
    name = getattr(func, "__name__", str(func)).lstrip("_")
    module = getattr(func, "__module__", None)
    if not module:  # a ufunc
        module = "scipy.special" if getattr(sys.modules.get("scipy.special"), name, None) is func else "numpy"
    return f"{module}.{name}".replace("numpy", "np", 1)


def _refusal(func: Callable[..., Any]) -> str:
    name = name_of(func)
    if func in _EIGENVALUES:
        return (
            f"{name} gives the complex eigenvalues of a general matrix, and is not in the table of ops. Use "
            "np.linalg.eigh for symmetric matrices, or apply it to .data, outside the graph."
        )
    if func in WRITERS or func is np.put_along_axis:
        return (
            f"{name} would write a Tensor into an array, and the gradient would be lost. np.full_like and "
            "np.nan_to_num of an array do this with their values. Use np.where(mask, tensor, array), or make the "
            "array a Tensor, c = Tensor(array), and write c[mask] = tensor."
        )
    return (
        f"{name} is not in the table of ops: it cannot be applied to Tensors. Add it, with "
        f"ravine.autograd.elementwise({name}, domain, lambda y, x: ...) or "
        f"primitive({name}, lambda g, y, x: ..., samples=[...]), or apply it to .data."
    )
