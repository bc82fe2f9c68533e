"""Checks of arrays that a caller hands over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def checked_array(what: str, value: Any, like: Array | None = None) -> Array:
    """The value, if it is a float32 or float64 array, of the shape and dtype of `like`.

    Raises:
        TypeError: it is not an array, or has another dtype.
        ValueError: it has another shape.
    """
    if isinstance(value, np.generic):  # NumPy's reductions return these where a 0-d array is meant
        value = np.asarray(value)
    if type(value) not in (np.ndarray, np.memmap):
        raise TypeError(
            f"{what} must be a NumPy array. Received: {type(value).__name__}. Convert it with numpy.asarray."
        )
    array: Array = value
    if like is None and value.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"{what} must be float32 or float64. Received: {value.dtype}. Convert it with .astype(float).")
    if like is not None and value.dtype != like.dtype:
        raise TypeError(
            f"{what} must be {like.dtype}, as its parameter is. Received: {value.dtype}. "
            f"Convert it with .astype({str(like.dtype)!r})."
        )
    if like is not None and value.shape != like.shape:
        raise ValueError(f"{what} must have shape {like.shape}, as its parameter has. Received: {value.shape}.")
    return array


def memory_owners(arrays: Iterable[Array]) -> set[int]:
    """The ids of the arrays that own the memory of these arrays."""
    return {id(_owner(array)) for array in arrays}


def separate(value: Array, owners: set[int]) -> Array:
    """The value, or a copy if one of the `owners` holds its memory: writing to that array would change the value."""
    return value.copy() if id(_owner(value)) in owners else value


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
