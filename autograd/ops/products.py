"""Sums of products: matmul, dot, tensordot, einsum and similar functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from ..arguments import as_array, conjugated, scalar
from ..define import composite, primitive
from ..domain import rand, sample


def matmul(a: Any, b: Any) -> Any:
    """The matrix product of plain arrays, with the least overhead."""
    return a.dot(b) if np.ndim(a) == 2 == np.ndim(b) else np.matmul(a, b)


def _matmul_left_vjp(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 == b.ndim:
        return np.dot(g, b.T)
    if b.ndim == 1:
        return g[..., None] * b if a.ndim > 1 else g * b
    return (g if a.ndim > 1 else g[..., None, :]) @ b.swapaxes(-1, -2)


def _matmul_right_vjp(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 == b.ndim:
        return np.dot(a.T, g)
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    return a.swapaxes(-1, -2) @ g if b.ndim > 1 else (a.swapaxes(-1, -2) @ g[..., None])[..., 0]


primitive(
    np.matmul,
    _matmul_left_vjp,
    _matmul_right_vjp,
    forward=matmul,
    samples=[
        sample(rand(2, 3), rand(3, 4)),
        sample(rand(3), rand(3)),
        sample(rand(3), rand(3, 4)),
        sample(rand(2, 3), rand(3)),
        sample(rand(2, 1, 2, 3), rand(3, 3, 4)),
        sample(rand(3), rand(2, 3, 4)),
        sample(rand(2, 2, 3), rand(3)),
    ],
)


@composite(
    np.tensordot,
    samples=[
        sample(rand(2, 3, 4), rand(3, 4, 2)),
        sample(rand(2, 3), rand(2), axes=0),
        sample(rand(2, 3, 4), rand(4, 3), axes=([1, 2], [1, 0])),
        sample(rand(2, 3), rand(4, 2), axes=(0, -1)),
    ],
)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        left: Sequence[int] = range(a.ndim - axes, a.ndim)
        right: Sequence[int] = range(axes)
    else:
        left, right = ([i] if isinstance(i, int) else list(i) for i in axes)
    left, right = [i % a.ndim for i in left], [i % b.ndim for i in right]
    rows = [i for i in range(a.ndim) if i not in left]
    columns = [i for i in range(b.ndim) if i not in right]
    shape = tuple(a.shape[i] for i in rows) + tuple(b.shape[i] for i in columns)
    inner = math.prod(a.shape[i] for i in left)
    a2 = np.reshape(np.transpose(a, rows + left), (math.prod(a.shape[i] for i in rows), inner))
    b2 = np.reshape(np.transpose(b, right + columns), (inner, math.prod(b.shape[i] for i in columns)))
    return np.reshape(a2 @ b2, shape)


@composite(
    np.dot,
    samples=[
        sample(rand(2, 3), rand(3, 4)),
        sample(rand(3), rand(3)),
        sample(rand(), rand(2, 2)),
        sample(rand(2, 3), rand(3)),
        sample(rand(2, 3), rand(2, 3, 2)),
    ],
)
def _dot(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return a @ b if a.ndim == 1 or b.ndim <= 2 else np.tensordot(a, b, axes=(-1, -2))


@composite(np.inner, samples=[sample(rand(3), rand(3)), sample(rand(2, 3), rand(4, 3)), sample(rand(2), rand())])
def _inner(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return a * b if a.ndim == 0 or b.ndim == 0 else scalar(np.tensordot(a, b, axes=(-1, -1)))


composite(np.vdot, lambda a, b: np.dot(conjugated(np.ravel(a)), np.ravel(b)), samples=[sample(rand(2, 3), rand(2, 3))])
composite(
    np.outer,
    lambda a, b: np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1)),
    samples=[sample(rand(3), rand(2)), sample(rand(2, 2), rand())],
)


@composite(np.kron, samples=[sample(rand(2, 3), rand(2, 2)), sample(rand(2), rand(2, 3)), sample(rand(), rand(2))])
def _kron(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    m, n = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    a = a.reshape(tuple(k for size in m for k in (size, 1)))
    b = b.reshape(tuple(k for size in n for k in (1, size)))
    return (a * b).reshape(tuple(i * j for i, j in zip(m, n, strict=True)))


@composite(
    np.cross,
    samples=[
        sample(rand(3), rand(3)),
        sample(rand(2, 3), rand(3)),
        sample(rand(3, 2), rand(3, 2), axis=0),
        sample(rand(3, 2), rand(2, 3), 0),
    ],
)
def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise ValueError(f"np.cross: needs vectors of 3 numbers. Received: {a.shape[-1]} and {b.shape[-1]}.")
    (a0, a1, *a2), (b0, b1, *b2) = ([x[..., i] for i in range(x.shape[-1])] for x in (a, b))
    last = a0 * b1 - a1 * b0
    if not a2 and not b2:
        return last
    third, other = a2[0] if a2 else 0.0, b2[0] if b2 else 0.0
    return np.moveaxis(np.stack([a1 * other - third * b1, third * b0 - a0 * other, last], axis=-1), -1, axisc)


# Products of vectors along the last axis, or along `axis` or `axes`
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = np.moveaxis(as_array(x1), axis, -1), np.moveaxis(as_array(x2), axis, -1)
    return scalar((conjugated(x1)[..., None, :] @ x2[..., None])[..., 0, 0])


def _matvec(x1: Any, x2: Any, /) -> Any:
    return (as_array(x1) @ as_array(x2)[..., None])[..., 0]


def _vecmat(x1: Any, x2: Any, /) -> Any:
    return (conjugated(as_array(x1))[..., None, :] @ as_array(x2))[..., 0, :]


_VECTORS = [sample(rand(3), rand(3)), sample(rand(2, 1, 3), rand(4, 3)), sample(rand(3, 2), rand(3, 1), axis=0)]
composite(np.vecdot, _vecdot, samples=_VECTORS)
if hasattr(np, "matvec"):  # since NumPy 2.2
    composite(np.matvec, _matvec, samples=[sample(rand(2, 3), rand(3)), sample(rand(2, 1, 2, 3), rand(4, 3))])
    composite(np.vecmat, _vecmat, samples=[sample(rand(3), rand(3, 2)), sample(rand(4, 3), rand(2, 1, 3, 2))])


# The names of the array API standard
composite(np.linalg.matmul, lambda x1, x2, /: x1 @ x2, samples=[sample(rand(2, 3), rand(3, 2))])
composite(np.linalg.outer, lambda x1, x2, /: np.outer(x1, x2), samples=[sample(rand(2), rand(3))])
composite(np.linalg.vecdot, lambda x1, x2, /, *, axis=-1: _vecdot(x1, x2, axis=axis), samples=_VECTORS)
composite(
    np.linalg.tensordot,
    lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes),
    samples=[sample(rand(2, 3), rand(3, 2), axes=1)],
)
composite(
    np.linalg.cross,
    lambda x1, x2, /, *, axis=-1: np.cross(x1, x2, axis=axis),
    samples=[sample(rand(3, 2), rand(3, 2), axis=0)],
)


# Einsum: every call is brought to explicit letters; the gradient is again an einsum
def _prepare_einsum(*operands: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of np.einsum as (subscripts, *arrays): one letter per axis, no ellipsis, an explicit output."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), list(operands[1:])
    else:
        text, arrays = _from_sublists(operands)
    arrays = [as_array(a) for a in arrays]
    inputs, arrow, output = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"np.einsum: {text!r} names {len(terms)} operands. Received: {len(arrays)} arrays.")
    spare = [letter for letter in ascii_letters if letter not in text]
    widths = [np.ndim(a) - len(term.replace("...", "")) for term, a in zip(terms, arrays, strict=True)]
    dots = "".join(spare[: max([w for w, term in zip(widths, terms, strict=True) if "..." in term], default=0)])
    if not arrow:
        letters = sorted(set(inputs) - set(",."))
        output = ("..." if dots else "") + "".join(c for c in letters if inputs.count(c) == 1)
    terms = [term.replace("...", dots[len(dots) - w :]) for term, w in zip(terms, widths, strict=True)]
    return (f"{','.join(terms)}->{output.replace('...', dots)}", *arrays), keywords


def _from_sublists(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """Turn `einsum(a, [0, 1], b, [1, 2], [0, 2])` into letters."""

    def letters(sublist: Sequence[Any]) -> str:
        return "".join("..." if i is Ellipsis else ascii_letters[i] for i in sublist)

    arrays, sublists = list(operands[0 : len(operands) // 2 * 2 : 2]), operands[1::2]
    text = ",".join(map(letters, sublists))
    return text + ("->" + letters(operands[-1]) if len(operands) % 2 else ""), arrays


def _has_full_axis(operands: Sequence[tuple[str, Any]], letter: str, n: int) -> bool:
    """Whether an operand has the letter with the full size n. (Any other size is 1, which is broadcast.)"""
    return any(letter in term and a.shape[term.index(letter)] == n for term, a in operands)


def _einsum_vjp(g: Any, y: Any, i: int, subscripts: str, *arrays: Any, optimize: Any = False) -> Any:
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    i -= 1  # argument 0 is the string
    term, sizes = terms[i], arrays[i].shape
    spare = (letter for letter in ascii_letters if letter not in subscripts)
    others = [(t, a) for j, (t, a) in enumerate(zip(terms, arrays, strict=True)) if j != i]
    result = ""
    for letter, n in zip(term, sizes, strict=True):
        if letter in result:  # a diagonal was taken: the gradient goes to the diagonal
            second = next(spare)
            others.append((letter + second, np.eye(n, dtype=g.dtype)))
            result += second
        else:
            result += letter
            if letter not in output and not _has_full_axis(
                others, letter, n
            ):  # summed: all elements have the same gradient
                others.append((letter, np.ones(n, dtype=g.dtype)))
    text = ",".join([output, *(t for t, _ in others)])
    return np.einsum(f"{text}->{result}", g, *(a for _, a in others), optimize=optimize)


primitive(
    np.einsum,
    each=_einsum_vjp,
    prepare=_prepare_einsum,
    samples=[
        sample("ij,jk->ik", rand(2, 3), rand(3, 4)),
        sample("ij,jk", rand(2, 3), rand(3, 2)),
        sample("ii", rand(3, 3)),
        sample("ii->i", rand(3, 3)),
        sample("iij->j", rand(2, 2, 3)),
        sample("ij->", rand(2, 3)),
        sample("i,i,i->", rand(3), rand(3), rand(3)),
        sample("...ij,...jk->...ik", rand(4, 2, 3), rand(3, 2)),
        sample("b...,...->b...", rand(2, 3), rand(3)),
        sample("ij,ij->i", rand(2, 3), rand(1, 3)),
        sample("ij,k->k", rand(2, 3), rand(2)),
        sample(rand(2, 3), [0, 1], rand(3, 4), [1, 2], [0, 2]),
        sample(rand(2, 2, 3), [..., 0], rand(3), [0], [...]),
        sample("...ij,...j->...i", rand(2, 1, 2, 3), rand(4, 3)),
        sample("ij,ij->", rand(2, 3), rand(1, 3)),
        sample("...,...", rand(2, 3), rand(3)),
        sample("ij,->ji", rand(2, 3), rand()),
        sample("i,j->ij", rand(2), rand(3), optimize=True),
    ],
).is_view = True  # such as "ii->i", the diagonal
