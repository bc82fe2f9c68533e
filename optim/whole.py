"""A rule over whole arrays, run as it stands by NumPy: for what no element can compute alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels.source import Source

__all__ = ["Whole"]


class Whole:
    """A rule and the stages around it as one call, with the interface of `Kernel`.

    Args:
        rule: a function of x, g, states and numbers; it returns the new values of `outputs`, in order.
        outputs: what it updates, `x` first.
        scalars: those of the outputs that are numbers.
        before, after: stages around the rule; each gives new values of its first parameters.
        options: not used: a switch is a number like others here.
    """

    def __init__(
        self,
        rule: Callable[..., Any],
        outputs: Sequence[str],
        *,
        scalars: Sequence[str] = (),
        before: Sequence[Callable[..., Any]] = (),
        after: Sequence[Callable[..., Any]] = (),
        options: Mapping[str, bool] | None = None,
    ) -> None:
        makes = {stage: Source(stage, {}).makes for stage in (*before, *after)} | {rule: tuple(outputs)}
        self._calls = [(f, tuple(inspect.signature(f).parameters), makes[f]) for f in (*before, rule, *after)]
        made = dict.fromkeys(["x", "g", *outputs, *(name for names in makes.values() for name in names)])
        self.scalars = tuple(scalars)
        self.arrays = tuple(name for name in made if name not in scalars)
        taken = dict.fromkeys(name for _, names, _ in self._calls for name in names)
        self.parameters = tuple(name for name in taken if name not in self.arrays)
        self.source = inspect.getsource(rule)

    def __call__(self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[Any]) -> Sequence[float]:
        """Update the arrays in place; gives the new values of `scalars`.

        Raises:
            TypeError: the rule has made an array of another dtype.
        """
        values: dict[str, Any] = dict(zip(self.parameters, numbers, strict=True))
        values |= zip(self.arrays, arrays, strict=True)
        for function, names, makes in self._calls:
            results = function(*(values[name] for name in names))
            new = zip(makes, results if isinstance(results, tuple) else (results,), strict=True)
            values |= {name: value if name in self.scalars else np.asarray(value) for name, value in new}
        for name, array in zip(self.arrays, arrays, strict=True):
            if values[name] is not array and name != "g":
                _check_dtype(name, values[name], array)
                np.copyto(array, values[name])
        return [float(values[name]) for name in self.scalars]


def _check_dtype(name: str, new: Any, array: npt.NDArray[Any]) -> None:
    if new.dtype != array.dtype:
        raise TypeError(
            f"The rule must keep {name} in {array.dtype}. Received: {new.dtype}. It makes an array of that dtype: make "
            "it with dtype=x.dtype."
        )
