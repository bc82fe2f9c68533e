"""Decompositions of matrices.

The factors of a decomposition are stacked into one array, which one op returns, so that one derivative covers all
factors. `np.linalg.eigh` and similar functions split this array. Elements of `a` that the function does not read (the
other triangle) get derivative 0, so the gradient is that of the function as NumPy computes it. Where two eigenvalues or
singular values are equal, their vectors are not unique: the derivative is NaN if the result depends on these.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import as_array, plain
from ..define import composite, elementwise, primitive
from ..domain import NONZERO2, SEPARATED, rand, sample
from ..op import Primitive


def transposed(a: Any) -> Any:
    """The matrices with rows and columns swapped."""
    return a.swapaxes(-1, -2)


def _quotient(a: Any, b: Any) -> Any:
    """a / b. Where b is 0 it is 0 if a is 0, else NaN, and so are the derivatives."""
    y = a / (b + (b == 0))
    return np.where(b == 0, np.where(a == 0, y, math.nan), y)


def _reciprocal(b: Any) -> Any:
    return 1 / np.where(b == 0, math.nan, b)


quotient = elementwise(_quotient, NONZERO2, lambda y, a, b: _reciprocal(b), lambda y, a, b: -y * _reciprocal(b))


def _by_differences(vectors: Any, gradient: Any, w: Any, values: Any) -> Any:
    """(v_i . gradient_j) / (w_j - w_i), and 0 on the diagonal, where w is a function of the eigenvalues or similar.

    Where two of `values` are equal within their errors it is NaN, or 0 if the gradient for both vectors is 0.
    """
    single = np.eye(w.shape[-1], dtype=w.dtype)
    values, used = plain(values), _is_used(gradient)
    equal = np.abs(_pairs(np.subtract, values)) <= _errors(values)[..., None]
    unknown = np.where(_pairs(np.logical_or, used), math.nan, 0)
    differences = w[..., None, :] - w[..., :, None]
    divisor = np.where(equal & (single == 0), unknown, differences + single).astype(w.dtype)
    return quotient((transposed(vectors) @ gradient) * (1 - single), divisor)


def _pairs(function: Any, x: Any) -> Any:
    """function(x_j, x_i) for all pairs of the last axis."""
    return function(x[..., None, :], x[..., :, None])


def _is_used(gradient: Any) -> Any:
    """For each column, whether the result depends on it: whether its gradient is not 0."""
    return np.any(plain(gradient) != 0, axis=-2)


def _errors(values: Any) -> Any:
    """The rounding errors of eigenvalues or singular values, with one axis of length 1 for the last one."""
    size = np.max(np.abs(plain(values)), axis=-1, keepdims=True, initial=0)
    return size * (values.shape[-1] * float(np.finfo(values.dtype).eps))


def _to_triangle(s: Any, lower: bool) -> Any:
    """Turn the derivative by a symmetric matrix into the derivative by the triangle that the function reads."""
    both = s + transposed(s)
    return (np.tril(both) if lower else np.triu(both)) - s * np.eye(s.shape[-1], dtype=s.dtype)


# Symmetric matrices
def _eigh(a: Any, UPLO: Any = "L") -> Any:
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh_vjp(g: Any, y: Any, a: Any, UPLO: str = "L") -> Any:
    w, v = y[..., 0, :], y[..., 1:, :]
    gw, gv = g[..., 0, :], g[..., 1:, :]
    inner = _by_differences(v, gv, w, w) + gw[..., None] * np.eye(w.shape[-1], dtype=w.dtype)
    return _to_triangle(v @ inner @ transposed(v), UPLO.upper() == "L")


def _eigvalsh_vjp(g: Any, y: Any, a: Any, UPLO: str = "L") -> Any:
    v = eigh_packed(a, UPLO)[..., 1:, :]
    return _to_triangle((v * g[..., None, :]) @ transposed(v), UPLO.upper() == "L")


@composite(np.linalg.eigh, samples=[])
def _parts_of_eigh(a: Any, UPLO: str = "L") -> Any:
    y = eigh_packed(a, UPLO)
    return _EIGH(y[..., 0, :], y[..., 1:, :])


_EIGH: Any = type(np.linalg.eigh(np.eye(1)))
_EIGH_SAMPLES = [sample(rand(3, 3, domain=SEPARATED)), sample(rand(2, 2, 2, domain=SEPARATED), "U")]
eigh_packed = primitive(_eigh, _eigh_vjp, samples=_EIGH_SAMPLES)
primitive(np.linalg.eigvalsh, _eigvalsh_vjp, samples=_EIGH_SAMPLES)


def _cholesky_vjp(g: Any, y: Any, a: Any, /, *, upper: bool = False) -> Any:
    low, gl = (transposed(y), transposed(g)) if upper else (y, g)
    inner = np.tril(transposed(low) @ gl)
    inner = inner - inner * (np.eye(y.shape[-1], dtype=y.dtype) / 2)
    half = np.linalg.solve(transposed(low), inner)
    s = transposed(np.linalg.solve(transposed(low), transposed(half)))
    return _to_triangle((s + transposed(s)) / 2, not upper)


primitive(
    np.linalg.cholesky,
    _cholesky_vjp,
    samples=[
        sample(rand(3, 3, domain=SEPARATED)),
        sample(rand(2, 2, 2, domain=SEPARATED)),
        sample(rand(3, 3, domain=SEPARATED), upper=True),
    ],
)


# Singular values: a = u s v', where u and v have min(m, n) columns
def _svd(a: Any) -> Any:
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, s[..., None, :], transposed(vt)], axis=-2)


def _svd_vjp(g: Any, y: Any, a: Any) -> Any:
    m, n = a.shape[-2:]
    u, s, v = y[..., :m, :], y[..., m, :], y[..., m + 1 :, :]
    gu, gs, gv = g[..., :m, :], g[..., m, :], g[..., m + 1 :, :]
    row = s[..., None, :]
    du, dv = _by_differences(u, gu, s * s, s), _by_differences(v, gv, s * s, s)
    inner = (du + transposed(du)) * row + transposed(row) * (dv + transposed(dv))
    inner = inner + gs[..., None, :] * np.eye(s.shape[-1], dtype=s.dtype)
    result = u @ inner @ transposed(v)
    if m > n:
        result = result + quotient(gu - u @ (transposed(u) @ gu), _divisor(s, gu)) @ transposed(v)
    if m < n:
        result = result + u @ transposed(quotient(gv - v @ (transposed(v) @ gv), _divisor(s, gv)))
    return result


def _divisor(s: Any, gradient: Any) -> Any:
    """The singular values. Where one is 0 its vectors are not unique: NaN, or 0 if their gradient is 0."""
    unknown = np.where(_is_used(gradient), math.nan, 0)
    return np.where(plain(s) <= _errors(s), unknown, s).astype(s.dtype)[..., None, :]


def _svdvals_vjp(g: Any, y: Any, a: Any) -> Any:
    packed, m = svd_packed(a), a.shape[-2]
    return (packed[..., :m, :] * g[..., None, :]) @ transposed(packed[..., m + 1 :, :])


def _singular_values(a: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)


@composite(np.linalg.svd, samples=[])
def _parts_of_svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return singular_values(a)
    m, n = a.shape[-2:]
    y = svd_packed(a)
    u, s, v = y[..., :m, :], y[..., m, :], y[..., m + 1 :, :]
    if full_matrices and m > n:
        u = np.concatenate([u, undetermined(a)], axis=-1)
    if full_matrices and m < n:
        v = np.concatenate([v, undetermined(transposed(a))], axis=-1)
    return _SVD(u, s, transposed(v))


def _undetermined(a: Any) -> Any:
    """The left singular vectors that belong to no singular value, for a matrix with more rows than columns."""
    return np.linalg.svd(a)[0][..., a.shape[-1] :]


def _undetermined_vjp(g: Any, y: Any, a: Any) -> Any:
    if np.any(plain(g)):
        raise TypeError(
            f"np.linalg.svd: for a matrix of shape {a.shape[-2:]}, or its transpose, the last {y.shape[-1]} singular "
            "vectors are not determined, so they have no derivative. Use the others only, or full_matrices=False."
        )
    return np.zeros_like(a)


_SVD: Any = type(np.linalg.svd(np.eye(1)))
_SVD_SAMPLES = [sample(rand(3, 3)), sample(rand(4, 2)), sample(rand(2, 3)), sample(rand(2, 2, 3))]
undetermined = Primitive(_undetermined, [_undetermined_vjp], [])
svd_packed = primitive(_svd, _svd_vjp, samples=_SVD_SAMPLES)
singular_values = primitive(_singular_values, _svdvals_vjp, samples=_SVD_SAMPLES)
composite(np.linalg.svdvals, lambda x: singular_values(x), samples=_SVD_SAMPLES[1:3])


# QR: the op takes at least as many rows as columns; further columns of r follow from q
def _qr(a: Any) -> Any:
    q, r = np.linalg.qr(a)
    return np.concatenate([q, transposed(r)], axis=-2)


def _qr_vjp(g: Any, y: Any, a: Any) -> Any:
    m = a.shape[-2]
    q, rt = y[..., :m, :], y[..., m:, :]
    gq, gr = g[..., :m, :], np.triu(transposed(g[..., m:, :]))
    inner = transposed(rt) @ transposed(gr) - transposed(gq) @ q
    strict = np.tril(inner, -1)
    symmetric = strict + transposed(strict) + inner * np.eye(inner.shape[-1], dtype=inner.dtype)
    return transposed(np.linalg.solve(transposed(rt), transposed(gq + q @ symmetric)))


@composite(np.linalg.qr, samples=[])
def _parts_of_qr(a: Any, mode: str = "reduced") -> Any:
    m, n = a.shape[-2:]
    if mode not in ("reduced", "complete", "r") or (mode == "complete" and m > n):
        raise TypeError(f"np.linalg.qr: for shape {(m, n)} mode must be 'reduced' or 'r'. Received: mode={mode!r}.")
    y = qr_packed(a[..., : min(m, n)])
    q, r = y[..., :m, :], transposed(y[..., m:, :])
    if m < n:
        r = np.concatenate([r, transposed(q) @ a[..., m:]], axis=-1)
    return r if mode == "r" else _QR(q, r)


_QR: Any = type(np.linalg.qr(np.eye(1)))
qr_packed = primitive(_qr, _qr_vjp, samples=[sample(rand(3, 3)), sample(rand(4, 2)), sample(rand(2, 3, 2))])


# Least squares
def _pinv_vjp(g: Any, y: Any, a: Any, rcond: Any = None, *, rtol: Any = None) -> Any:
    p, pt, gt = y, transposed(y), transposed(g)
    one_m, one_n = (np.eye(n, dtype=y.dtype) for n in a.shape[-2:])
    return (one_m - a @ p) @ gt @ p @ pt + pt @ p @ gt @ (one_n - p @ a) - pt @ g @ pt


@composite(np.linalg.lstsq, samples=[])
def _lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    if any(x.dtype.kind == "c" for x in (a, as_array(b))):
        raise TypeError("np.linalg.lstsq: takes no complex numbers. Solve np.conj(a.T) @ a x = np.conj(a.T) @ b.")
    m, n = a.shape
    rank = int(np.linalg.matrix_rank(plain(a), rtol=rcond))
    s = np.linalg.svd(a, compute_uv=False)
    x = np.linalg.pinv(a, float(np.finfo(s.dtype).eps) * max(m, n) if rcond is None else rcond) @ b
    left = b - a @ x
    residuals = np.sum(left.reshape(m, -1) ** 2, axis=0) if rank == n < m else np.zeros(0, x.dtype)
    return x, residuals, rank, s


primitive(
    np.linalg.pinv,
    _pinv_vjp,
    samples=[sample(rand(3, 2)), sample(rand(2, 3)), sample(rand(2, 2, 2)), sample(rand(3, 3))],
)
