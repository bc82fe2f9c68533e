"""The data of a training: rows of inputs and targets, those held out for validation, and the order of the batches."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...schedules.fields import Fraction
from ..datasets import Dataset
from ..errors import UsageError, checked
from ..problems import Stream, generator

Shuffle = Literal[True, "once", False]


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs X, an array or a CSR matrix, and targets y, an array, with the same number of rows."""

    X: Any
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: Any) -> Rows:
        return Rows(self.X[rows], self.y[rows])

    def batches(self, size: int) -> Iterator[Rows]:
        """Yield the rows in their order, `size` at a time; the last batch may be smaller."""
        for first in range(0, len(self), size):
            yield self[first : first + size]

    @cached_property
    def digest(self) -> str:
        """A digest of dtypes, shapes and all bytes."""
        parts = (self.X.data, self.X.indices, self.X.indptr) if sparse.issparse(self.X) else (self.X,)
        digest = hashlib.blake2b(digest_size=16)
        for part in (*parts, self.y):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()


def rows_of(name: str, data: Any, dtype: np.dtype[Any]) -> Rows:
    """Return a pair (X, y) as Rows: floats in the dtype of the model, integers as they are.

    Args:
        name: the name of the argument, for error messages.
        data: the pair.
        dtype: the dtype of the model's parameters.

    Raises:
        UsageError: it is no pair of numeric arrays with the same number of rows, at least one.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        hint = " Name a split, such as .split('validation')." if isinstance(data, Dataset) else ""
        raise UsageError(f"fit: {name} must be a pair (X, y). Received: {type(data).__name__}.{hint}")
    X = sparse.csr_array(data[0]) if sparse.issparse(data[0]) else np.asarray(data[0])
    y = np.asarray(data[1])
    if X.ndim == 0 or y.ndim == 0 or X.shape[0] != y.shape[0] or X.shape[0] == 0:
        raise UsageError(
            f"fit: X and y of {name} must have as many rows, at least one. Received: shapes {X.shape} and {y.shape}."
        )
    if X.dtype.kind not in "biuf":
        raise UsageError(f"fit: X of {name} must be numbers. Received: dtype {X.dtype}.")
    if y.dtype.kind not in "iuf":
        raise UsageError(f"fit: y of {name} must be integers, one class each, or floats. Received: dtype {y.dtype}.")
    return Rows(*(part.astype(dtype, copy=False) if part.dtype.kind == "f" else part for part in (X, y)))


def training_and_validation(
    data: Any, validation_data: Any, fraction: float, dtype: np.dtype[Any]
) -> tuple[Rows, Rows | None]:
    """Return the rows to train on and the rows to validate on (None if there are none)."""
    fraction = checked("fit", Fraction, validation_split=fraction)
    if fraction and validation_data is not None:
        raise UsageError("fit: give validation_data or validation_split. Received: both.")
    if isinstance(data, Dataset):
        if not fraction and validation_data is None:
            validation_data = data.split("validation")
        data = data.split("train")
    rows = rows_of("data", data, dtype)
    if validation_data is not None:
        return rows, rows_of("validation_data", validation_data, dtype)
    if not fraction:
        return rows, None
    cut = math.floor(len(rows) * (1 - fraction))
    if not 0 < cut < len(rows):
        raise UsageError(
            f"fit: validation_split must leave rows on both sides. Received: validation_split={fraction!r} of "
            f"{len(rows)} rows."
        )
    return rows[:cut], rows[cut:]


def order(count: int, seed: int, epoch: int, shuffle: Shuffle) -> NDArray[np.int64]:
    """Return the row numbers in the order of an epoch, a function of seed and epoch alone."""
    if not shuffle:
        return np.arange(count)
    return generator(seed, Stream.ORDER, 0 if shuffle == "once" else epoch).permutation(count)
