"""Variables of TensorFlow 1: parameters, and numbers that a program changes, such as a step count."""

from __future__ import annotations

from importlib import import_module
from itertools import count
from numbers import Real
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

TRAINABLE: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""The parameters made by `Variable` that still exist, by number."""
NUMBERS = count()


class Number:
    """A variable that is not trained: a step count, or a learning rate that the program sets.

    `2 * step` and `step * 64` are counts that change with `step`.
    """

    factor = 1

    def __init__(self, value: float) -> None:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"Variable: a variable that is not trained must be a number. Received: {value!r}.")
        self.value: float = value if isinstance(value, int | float) else np.asarray(value).item()

    def assign(self, value: float) -> Number:
        """Set the value."""
        self.value = type(self)(value).value
        return self

    def assign_add(self, delta: float = 1) -> Number:
        """Add to the value."""
        return self.assign(self.value + delta)

    def eval(self, session: Any = None) -> float:
        """The value."""
        return self.value

    def numpy(self) -> float:
        """The value."""
        return self.value

    def __mul__(self, factor: int) -> Multiple:
        return Multiple(self, factor)

    __rmul__ = __mul__

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"tf1.Variable({self.value!r}, trainable=False)"


class Multiple:
    """An integer times a count, such as the number of examples seen: batch * BATCH_SIZE."""

    def __init__(self, count: Number, factor: int) -> None:
        if not isinstance(factor, int) or isinstance(factor, bool) or factor < 1:
            raise TypeError(f"A count takes a factor that is an integer >= 1. Received: {factor!r}.")
        self.count = count
        self.factor = factor

    def __int__(self) -> int:
        return self.factor * int(self.count)

    def __repr__(self) -> str:
        return f"{self.count!r} * {self.factor}"


def Variable(initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None) -> Any:
    """A parameter of `ravine.autograd`; with trainable=False a number that is not trained.

    Args:
        initial_value: the values of the parameter, or the number.
        trainable: whether it is a parameter.
        name: the name of the parameter.
        dtype: the dtype of the parameter; by default that of float32 or float64 values, otherwise float64.

    >>> w, step = Variable([1.0, 2.0], name="w"), Variable(0, trainable=False)
    >>> w.requires_grad, int(step.assign_add(1))
    (True, 1)
    """
    if not trainable:
        return Number(initial_value)
    if dtype is None and getattr(initial_value, "dtype", None) not in (np.dtype("f4"), np.dtype("f8")):
        dtype = np.float64
    parameter = import_module("ravine.autograd").Parameter(np.array(initial_value, dtype), name=name)
    TRAINABLE[next(NUMBERS)] = parameter
    return parameter


def trainable_variables() -> list[Any]:
    """The parameters made by `Variable` that still exist, in the order in which they were made.

    >>> w = Variable([1.0, 2.0], name="w")
    >>> trainable_variables()[-1] is w
    True
    """
    return [parameter for _, parameter in sorted(TRAINABLE.items(), key=lambda item: item[0])]
