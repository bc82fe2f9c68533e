"""The data of a training: rows of inputs and targets, those held out for validation, and the order of the batches.

The inputs may be a sparse matrix, such as bags of words. Two layers take it as it is.
"""

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

from ...autograd import Primitive, nn
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


def product(X: Any, weight: Any) -> Any:
    """Return X @ weight, (n, n_out), for a CSR matrix X, (n, k), without derivative, and an array (k, n_out)."""
    return X @ weight


_product = Primitive(product, (None, lambda g, y, X, weight: _product(X.T, g)), ())  # type: ignore[has-type]


class SparseLinear(nn.Linear):
    """`nn.Linear` whose input may be a CSR matrix (n, n_in) of the weight's dtype. Returns (n, n_out).

    >>> from scipy import sparse
    >>> words = sparse.csr_array(np.array([[1, 0, 0, 1], [0, 0, 0, 0]], np.float32))
    >>> SparseLinear(4, 2, rng=0)(words).shape
    (2, 2)
    """

    def forward(self, x: Any) -> Any:
        """Return x @ weight + bias. Raises ValueError if the number of columns differs."""
        if not sparse.issparse(x):
            return super().forward(x)
        n_in, n_out = self.weight.data.shape
        if x.shape[1] != n_in:
            raise ValueError(f"SparseLinear({n_in}, {n_out}): x must have {n_in} columns. Received: {x.shape[1]}.")
        y = _product(x, self.weight)
        return y if self.bias is None else y + self.bias


class SparseDropout(nn.Dropout):
    """`nn.Dropout` whose input may be a CSR matrix: random numbers are drawn for the stored elements alone.

    >>> from scipy import sparse
    >>> words = sparse.csr_array(np.array([[1, 1, 1, 1, 0, 0, 0, 0]], np.float32))
    >>> SparseDropout(0.5, rng=0)(words).toarray().tolist()
    [[2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    """

    def forward(self, x: Any) -> Any:
        """Return x with a new mask of its elements at each call."""
        if not sparse.issparse(x):
            return super().forward(x)
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.nnz, dtype=np.float32) >= self.p
        return sparse.csr_array((x.data * (kept / x.dtype.type(1 - self.p)), x.indices, x.indptr), shape=x.shape)
