"""Loops as machine code: compiled when first called, never at import, and kept on disk where a folder allows it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray


def compiled(loops: Callable[..., None]) -> Callable[..., None]:
    """A function of plain arrays and numbers, which writes its result into one of the arrays, compiled by numba."""

    @cache
    def machine_code() -> Callable[..., None]:
        from numba import njit

        try:
            code: Callable[..., None] = njit(loops, nogil=True, error_model="numpy", cache=True)
        except RuntimeError:  # no folder for the cache can be written
            code = njit(loops, nogil=True, error_model="numpy")
        return code

    @wraps(loops)
    def call(*args: Any) -> None:
        machine_code()(*args)

    return call


def contiguous(x: Any, dtype: Any = None) -> NDArray[Any]:
    """x as an array in C order, native and writable (numba compiles anew for any other): itself, or else a copy."""
    x = np.asarray(x)
    return np.require(x, (dtype or x.dtype).newbyteorder("="), ["C", "A", "W"])
