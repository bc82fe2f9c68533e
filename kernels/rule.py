"""An update rule with the transforms around it, as one call on arrays, and how NumPy runs it on whole arrays."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .source import Source

Function = Callable[..., Any]


@dataclass(frozen=True, repr=False)
class Rule(ABC):
    """An update rule and the transforms that run before and after it.

    A rule is a plain function over `x`, `g`, states and numbers. There are two ways to run it: `Kernel` compiles it to
    a loop over elements, `ArrayRule` calls it on whole arrays.

    Args:
        function: the update rule. It returns the new values of `outputs`, in order.
        outputs: names of the parameters that it updates, `x` first.
        scalars: names of the outputs that are one number instead of an array.
        before: transforms that run before the rule. Each is a function that returns new values of its first
            parameters, as many as it returns: `x`, `g`, or a state of its own.
        after: transforms of the same form that run after the rule.
        options: truth values of the parameters that the rule tests with a bare `if name:`. Such a branch is decided
            when the rule is compiled.

    >>> from ravine.optim import Adam, Muon
    >>> isinstance(Adam().kernel, Rule), Adam().kernel.outputs
    (True, ('x', 'm', 'v'))
    """

    function: Function
    outputs: Sequence[str]
    _: KW_ONLY
    scalars: Sequence[str] = ()
    before: Sequence[Function] = ()
    after: Sequence[Function] = ()
    options: Mapping[str, bool] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Make the sequences hashable."""
        for name in ("outputs", "scalars", "before", "after"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    @abstractmethod
    def source(self) -> str:
        """The source of the code that runs."""

    @property
    @abstractmethod
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that a call takes, in order: x, g, and the states."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """Names of the numbers that a call takes, in order."""

    @abstractmethod
    def __call__(self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[float]) -> Sequence[float]:
        """Update the arrays in place and return the new values of `scalars`."""


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
            TypeError: the rule has made an array of another dtype. Nothing has been changed then.
        """
        results, scalars = self.results(arrays, numbers)
        copy_results(results, arrays)
        return scalars

    def results(
        self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[Any]
    ) -> tuple[list[npt.NDArray[Any]], Sequence[float]]:
        """The new values of the arrays and of `scalars`; nothing is changed.

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
            values[name] = array if name == "g" else values[name]
            if values[name] is not array:
                _check_new(name, values[name], array)
                if any(np.may_share_memory(values[name], other) for other in arrays):  # such as the former x
                    values[name] = values[name].copy()
        return [values[name] for name in self.arrays], [float(values[name]) for name in self.scalars]


def copy_results(results: Sequence[npt.NDArray[Any]], arrays: Sequence[npt.NDArray[Any]]) -> None:
    """Copy the new values of arrays into the arrays."""
    for new, array in zip(results, arrays, strict=True):
        if new is not array:
            np.copyto(array, new)


def _check_new(name: str, new: Any, array: npt.NDArray[Any]) -> None:
    if new.dtype != array.dtype:
        raise TypeError(
            f"The rule must keep {name} in {array.dtype}. Received: {new.dtype}. The rule creates an array of that "
            "dtype: create it with dtype=x.dtype."
        )
    np.broadcast_to(new, array.shape)
