"""An update rule compiled to a loop over elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import from_dtype, types

from . import cache, threads
from .lowering import Lowered, lower
from .rule import Rule
from .source import RuleError, value_of, why_no_number


class Kernel(Rule):
    """An update rule that one pass over memory applies to every element.

    The rule itself also runs on NumPy arrays. The kernel gives the same bits, except that denormal numbers count as
    zero: in x, g and the states, in numbers rounded to their dtype, in intermediate values and in results. It is
    compiled at the first call for a dtype. Global numbers are read at each call.

    Raises:
        RuleError: the rule uses something that has no meaning in an array loop.

    >>> def momentum(x, g, m, lr, beta):
    ...     m = beta * m + g
    ...     return x - lr * m, m
    >>> kernel = Kernel(momentum, ["x", "m"])
    >>> kernel.arrays, kernel.parameters
    (('x', 'g', 'm'), ('lr', 'beta'))
    >>> x, m = np.array([1.0, 2.0]), np.zeros(2)
    >>> updated = kernel([x, np.ones(2), m], [0.5, 0.9])
    >>> x.tolist(), m.tolist()
    ([0.5, 1.5], [1.0, 1.0])
    """

    _lowered: Lowered
    _globals: tuple[tuple[Callable[..., Any], str], ...]

    def __post_init__(self) -> None:
        """Lower the rule now, so that a rule that can't be compiled is refused here."""
        super().__post_init__()
        object.__setattr__(self, "_lowered", lower(self))
        object.__setattr__(self, "_globals", self._lowered.globals)

    @property
    def source(self) -> str:
        """The generated module."""
        return self._lowered.source

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that a call takes, in order: x, g, and the states that the rule uses or changes."""
        return self._lowered.arrays

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the numbers that a call takes, in order."""
        return self._lowered.parameters

    @cached_property
    def _module(self) -> ModuleType:
        return cache.load(self.source)

    @cached_property
    def _loops(self) -> dict[np.dtype[Any], Callable[..., None]]:
        """The compiled loops."""
        return {}

    def _compile(self, dtype: np.dtype[Any], constants: int) -> Callable[..., None]:
        if dtype != np.float64 and (call := self._lowered.float64):
            raise RuleError(
                f"{self.function.__qualname__} can't become a kernel: on numbers, NumPy's function gives a "
                f"numpy.float64, which makes float64 of {dtype} arrays. Take the function of this name from "
                f"ravine.kernels. Received: `{call}`."
            )
        array = types.Array(from_dtype(dtype), 1, "C")
        loop = cache.compile_loop(self._module, (array,) * len(self.arrays) + (types.float64,) * constants)
        self._loops[dtype] = loop
        return loop

    def prepare(self, dtype: np.dtype[Any], numbers: Sequence[float]) -> None:
        """Do what a call does before it changes an array, so that errors in it are raised."""
        constants, _ = self._module.numbers(*self._with_globals(dtype, numbers))
        _ = self._loops.get(dtype) or self._compile(dtype, len(constants))

    def _with_globals(self, dtype: np.dtype[Any], numbers: Sequence[float]) -> Sequence[float]:
        return [*numbers, *(_global_number(*place, dtype) for place in self._globals)]

    def __call__(self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[float]) -> Sequence[float]:
        """Update the arrays in place and return the new values of `scalars`.

        Args:
            arrays: 1-D contiguous arrays of one size and one dtype, float32 or float64, in the order of `arrays`.
            numbers: Python floats, in the order of `parameters`.

        Raises:
            RuntimeError: NUMBA_DISABLE_JIT is set.
            RuleError: a global name in the rule is no longer a number, or makes float64 of float32 arrays.
        """
        dtype = arrays[0].dtype
        if self._globals:
            numbers = self._with_globals(dtype, numbers)
        constants, scalars = self._module.numbers(*numbers)
        loop = self._loops.get(dtype) or self._compile(dtype, len(constants))
        if arrays[0].nbytes < threads.PARALLEL_BYTES:
            loop(*arrays, *constants)
        else:
            threads.run(loop, arrays, constants)
        return scalars  # type: ignore[no-any-return]


def _global_number(function: Callable[..., Any], name: str, dtype: np.dtype[Any]) -> float:
    """The value of a global number at this step."""
    value = value_of(function, name)
    reason = why_no_number(name, value)
    if isinstance(value, np.generic) and dtype != np.float64:
        reason = f"`{name}` is a numpy.float64, which makes float64 of {dtype} arrays. Make it a Python float"
    if reason:
        raise RuleError(f"{function.__qualname__} can't become a kernel: {reason}. Received: `{name} = {value!r}`.")
    return value  # type: ignore[no-any-return]
