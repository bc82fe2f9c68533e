"""Functions whose derivative is zero wherever it exists, or whose result is no real number.

Called with Tensors, they get the plain arrays and return plain arrays; nothing is recorded.
"""

import numpy as np

from ..define import constant

# Step functions
constant(np.floor, np.ceil, np.trunc, np.fix, np.rint, np.round, np.around, np.sign, np.floor_divide)

# Comparisons and tests
constant(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
constant(np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.signbit)
constant(np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.iscomplexobj, np.isrealobj)
constant(np.iscomplex, np.isreal)
constant(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.array_equiv)

# Indices
constant(np.argmax, np.argmin, np.argsort, np.argpartition, np.nonzero, np.flatnonzero, np.argwhere)
constant(np.nanargmax, np.nanargmin, np.searchsorted, np.digitize, np.lexsort, np.count_nonzero)

# Shapes, dtypes and new arrays
constant(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.min_scalar_type)
constant(np.zeros_like, np.ones_like, np.empty_like, np.shares_memory, np.may_share_memory)
constant(np.common_type, np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
constant(np.linalg.matrix_rank, np.imag, np.angle, np.isin, np.einsum_path)
constant(np.array_repr, np.array_str, np.array2string)
