"""Sums of products: matmul, dot, tensordot, einsum and their relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from ..domain import arr, case
from ..op import composite, structural


def matmul(a: Any, b: Any) -> Any:
    """The product of plain arrays, by the call with the least overhead."""
    return a.dot(b) if np.ndim(a) == 2 == np.ndim(b) else np.matmul(a, b)


def _left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 == b.ndim:
        return np.dot(g, b.T)
    if b.ndim == 1:
        return g[..., None] * b if a.ndim > 1 else g * b
    return (g if a.ndim > 1 else g[..., None, :]) @ b.swapaxes(-1, -2)


def _right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 == b.ndim:
        return np.dot(a.T, g)
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    return a.swapaxes(-1, -2) @ g if b.ndim > 1 else (a.swapaxes(-1, -2) @ g[..., None])[..., 0]


structural(
    np.matmul,
    _left,
    _right,
    forward=matmul,
    samples=[
        case(arr(2, 3), arr(3, 4)),
        case(arr(3), arr(3)),
        case(arr(3), arr(3, 4)),
        case(arr(2, 3), arr(3)),
        case(arr(2, 1, 2, 3), arr(3, 3, 4)),
        case(arr(3), arr(2, 3, 4)),
        case(arr(2, 2, 3), arr(3)),
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


def _dot(a: Any, b: Any) -> Any:
    a, b = _array(a), _array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return a @ b if a.ndim == 1 or b.ndim <= 2 else np.tensordot(a, b, axes=(-1, -2))


def _inner(a: Any, b: Any) -> Any:
    a, b = _array(a), _array(b)
    return a * b if a.ndim == 0 or b.ndim == 0 else np.tensordot(a, b, axes=(-1, -1))


def _array(x: Any) -> Any:
    return x if hasattr(x, "_record") else np.asarray(x)


composite(
    np.tensordot,
    _tensordot,
    samples=[
        case(arr(2, 3, 4), arr(3, 4, 2)),
        case(arr(2, 3), arr(2), axes=0),
        case(arr(2, 3, 4), arr(4, 3), axes=([1, 2], [1, 0])),
        case(arr(2, 3), arr(4, 2), axes=(0, -1)),
    ],
)
composite(
    np.dot,
    _dot,
    samples=[
        case(arr(2, 3), arr(3, 4)),
        case(arr(3), arr(3)),
        case(arr(), arr(2, 2)),
        case(arr(2, 3), arr(3)),
        case(arr(2, 3), arr(2, 3, 2)),
    ],
)
composite(np.inner, _inner, samples=[case(arr(3), arr(3)), case(arr(2, 3), arr(4, 3)), case(arr(2), arr())])
composite(np.vdot, lambda a, b: np.dot(np.ravel(a), np.ravel(b)), samples=[case(arr(2, 3), arr(2, 3))])
composite(
    np.outer,
    lambda a, b: np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1)),
    samples=[case(arr(3), arr(2)), case(arr(2, 2), arr())],
)


# Einsum. Every form is brought to explicit letters; the gradient is again an einsum.
def _explicit(*operands: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """(subscripts, *arrays) with one letter per axis, no ellipsis, no implicit output."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), list(operands[1:])
    else:
        text, arrays = _from_sublists(operands)
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
    """`einsum(a, [0, 1], b, [1, 2], [0, 2])` in letters."""

    def letters(sublist: Sequence[Any]) -> str:
        return "".join("..." if i is Ellipsis else ascii_letters[i] for i in sublist)

    arrays, sublists = list(operands[0 : len(operands) // 2 * 2 : 2]), operands[1::2]
    text = ",".join(map(letters, sublists))
    return text + ("->" + letters(operands[-1]) if len(operands) % 2 else ""), arrays


def _einsum_vjp(g: Any, y: Any, i: int, subscripts: str, *arrays: Any, optimize: Any = False) -> Any:
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    i -= 1  # argument 0 is the text
    term, sizes = terms[i], arrays[i].shape
    spare = (letter for letter in ascii_letters if letter not in subscripts)
    others = [(t, a) for j, (t, a) in enumerate(zip(terms, arrays, strict=True)) if j != i]
    result = ""
    for letter, n in zip(term, sizes, strict=True):
        if letter in result:  # a diagonal was taken: put the gradient on it
            second = next(spare)
            others.append((letter + second, np.eye(n, dtype=g.dtype)))
            result += second
        else:
            result += letter
            if letter not in output and not any(letter in t for t, _ in others):  # summed: every entry has the same
                others.append((letter, np.ones(n, dtype=g.dtype)))
    text = ",".join([output, *(t for t, _ in others)])
    return np.einsum(f"{text}->{result}", g, *(a for _, a in others), optimize=optimize)


structural(
    np.einsum,
    each=_einsum_vjp,
    prepare=_explicit,
    samples=[
        case("ij,jk->ik", arr(2, 3), arr(3, 4)),
        case("ij,jk", arr(2, 3), arr(3, 2)),
        case("ii", arr(3, 3)),
        case("ii->i", arr(3, 3)),
        case("iij->j", arr(2, 2, 3)),
        case("ij->", arr(2, 3)),
        case("i,i,i->", arr(3), arr(3), arr(3)),
        case("...ij,...jk->...ik", arr(4, 2, 3), arr(3, 2)),
        case("b...,...->b...", arr(2, 3), arr(3)),
        case("ij,ij->i", arr(2, 3), arr(1, 3)),
        case("ij,k->k", arr(2, 3), arr(2)),
        case(arr(2, 3), [0, 1], arr(3, 4), [1, 2], [0, 2]),
        case("i,j->ij", arr(2), arr(3), optimize=True),
    ],
)
