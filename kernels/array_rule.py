"""An update rule that NumPy runs on whole arrays, for algorithms that no element can compute alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .rule import Rule
from .source import Source


class ArrayRule(Rule):
    """An update rule that is called on arrays of any shape.

    `options` have no effect: the rule receives each option as a number and tests it as it runs.

    >>> def normalized(x, g, lr):
    ...     return x - lr * g / np.linalg.norm(g)
    >>> rule = ArrayRule(normalized, ["x"])
    >>> x = np.zeros(2)
    >>> updated = rule([x, np.array([3.0, 4.0])], [1.0])
    >>> x.tolist()
    [-0.6, -0.8]
    """

    @property
    def source(self) -> str:
        """The source of the rule."""
        return inspect.getsource(self.function)

    @cached_property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that a call takes, in order: x, g, the states, and those of the transforms."""
        names = ["x", "g", *self.outputs, *(name for _, _, outputs in self._calls for name in outputs)]
        return tuple(name for name in dict.fromkeys(names) if name not in self.scalars)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the numbers that a call takes, in order."""
        taken = dict.fromkeys(name for _, parameters, _ in self._calls for name in parameters)
        return tuple(name for name in taken if name not in self.arrays)

    @cached_property
    def _calls(self) -> list[tuple[Callable[..., Any], tuple[str, ...], Sequence[str]]]:
        """The functions in order, with the names of what each takes and of what it returns."""
        outputs = {f: Source(f, {}).outputs for f in (*self.before, *self.after)} | {self.function: self.outputs}
        functions = (*self.before, self.function, *self.after)
        return [(f, tuple(inspect.signature(f).parameters), outputs[f]) for f in functions]

    def __call__(self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[Any]) -> Sequence[float]:
        """Update the arrays in place and return the new values of `scalars`.

        Raises:
            TypeError: the rule has made an array of another dtype.
        """
        values: dict[str, Any] = dict(zip(self.parameters, numbers, strict=True))
        values |= zip(self.arrays, arrays, strict=True)
        for function, parameters, outputs in self._calls:
            results = function(*(values[name] for name in parameters))
            new = zip(outputs, results if isinstance(results, tuple) else (results,), strict=True)
            values |= {name: value if name in self.scalars else np.asarray(value) for name, value in new}
        for name, array in zip(self.arrays, arrays, strict=True):
            if values[name] is not array and name != "g":
                _check_dtype(name, values[name], array)
                np.copyto(array, values[name])
        return [float(values[name]) for name in self.scalars]


def _check_dtype(name: str, new: Any, array: npt.NDArray[Any]) -> None:
    if new.dtype != array.dtype:
        raise TypeError(
            f"The rule must keep {name} in {array.dtype}. Received: {new.dtype}. The rule creates an array of that "
            "dtype: create it with dtype=x.dtype."
        )
