"""Layers whose input may be a `scipy.sparse.csr_array`, such as bags of words; it stays sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from ...autograd import Primitive, nn


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
