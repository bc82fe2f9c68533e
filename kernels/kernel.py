"""A rule as a kernel: compiled on first use, run in place on flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import from_dtype, types

from . import cache, threads
from .lowering import Lowered, lower

__all__ = ["Kernel"]


class Kernel:
    """One pass over memory that applies a rule to every element.

    A rule is a plain function over `x`, `g`, states and numbers; the same function runs on NumPy arrays, and the kernel
    gives the same bits, except that denormal results become zero.

    Args:
        rule: the rule. It returns the new values of `outputs`, in order.
        outputs: what it updates, `x` first.
        scalars: those of the outputs that are numbers, not arrays.
        before, after: stages around the rule in the same pass: functions that give new values of their first
            parameters, as many as they return.
        options: the truth of parameters that the rule tests by a bare `if name:`.

    Raises:
        RuleError: the rule uses what has no meaning in an array loop.

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
        self._lowered: Lowered = lower(
            rule, outputs, scalars=scalars, before=before, after=after, options=options
        )
        self._loops: dict[np.dtype[Any], Callable[..., None]] = {}

    @property
    def source(self) -> str:
        """The generated module."""
        return self._lowered.source

    @property
    def arrays(self) -> tuple[str, ...]:
        """Which arrays a call takes, in order: x, g, and the states that the rule does anything with."""
        return self._lowered.arrays

    @property
    def parameters(self) -> tuple[str, ...]:
        """Which numbers a call takes, in order."""
        return self._lowered.parameters

    @property
    def scalars(self) -> tuple[str, ...]:
        """Which numbers a call gives back, updated, in order."""
        return self._lowered.scalars

    @cached_property
    def _module(self) -> ModuleType:
        return cache.load(self.source)

    def _compile(self, dtype: np.dtype[Any], constants: int) -> Callable[..., None]:
        array = types.Array(from_dtype(dtype), 1, "C")
        loop = cache.compile_loop(self._module, (array,) * len(self.arrays) + (types.float64,) * constants)
        self._loops[dtype] = loop
        return loop

    def __call__(self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[float]) -> Sequence[float]:
        """Update the arrays in place; gives the new values of `scalars`.

        Args:
            arrays: 1-D contiguous arrays of one size and one dtype, float32 or float64, as `arrays` names them.
            numbers: Python floats, as `parameters` names them.

        Raises:
            RuntimeError: numba has been told not to compile.
        """
        constants, scalars = self._module.numbers(*numbers)
        dtype = arrays[0].dtype
        loop = self._loops.get(dtype) or self._compile(dtype, len(constants))
        threads.run(loop, arrays, constants)
        return scalars  # type: ignore[no-any-return]
