"""The keywords of NumPy functions. An op takes some of them; the others must have their default value."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Function = Callable[..., Any]

_OF_UFUNCS = {"dtype": None, "casting": "same_kind", "order": "K", "subok": True}
_OF_EINSUM = {"dtype": None, "casting": "safe", "order": "K"}


class Keywords:
    """The parameters of the op of `func`: those of `signature`, its VJP or definition, without the first `skip` ones.

    None for `signature` stands for no parameters.
    """

    def __init__(self, func: Function, signature: Function | None, skip: int) -> None:
        self.func = func
        parameters = list(inspect.signature(signature).parameters.values())[skip:] if signature else []
        self.names = tuple(p.name for p in parameters)
        self.defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.only_by_name = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)

    def check(self, op: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keywords among `kwargs` that the op named `op` takes.

        TypeError: for any other keyword, unless its value is NumPy's default.
        """
        taken = {}
        for name, value in kwargs.items():
            if name == "out":
                if value is not None:
                    raise TypeError(
                        f"{op}: a Tensor cannot be written into an array (out=): the gradient would be lost. "
                        "Assign the result instead."
                    )
            elif name in self.names or self.takes_any:
                if value is not np._NoValue:
                    taken[name] = value
            elif not self._is_default(name, value):
                others = ", ".join(n for n in self.names if n != "out") or "none"
                raise TypeError(
                    f"{op}: the keyword {name}= is not supported on Tensors. Received: {name}={value!r}. "
                    f"Known: {others}."
                )
        return taken

    def _is_default(self, name: str, value: Any) -> bool:
        defaults = default_keywords(self.func)
        if value is np._NoValue or name not in defaults:
            return value is np._NoValue
        default = defaults[name]
        return value is default or (isinstance(value, (str, int, float)) and value == default)


@cache
def default_keywords(func: Function) -> dict[str, Any]:
    """The keywords of a NumPy function with their defaults."""
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except ValueError:  # a function in C, of a NumPy version without signatures for these
        parameters = []
    found = {p.name: p.default for p in parameters if p.default is not p.empty}
    return (_OF_EINSUM if func is np.einsum else _OF_UFUNCS if not found or isinstance(func, np.ufunc) else {}) | found
