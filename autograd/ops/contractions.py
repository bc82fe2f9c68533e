"""Einsum. Every form is brought to explicit letters; the gradient is again an einsum."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from ..dispatch import as_array
from ..domain import rand, sample
from ..op import primitive


def _explicit(*operands: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """(subscripts, *arrays) with one letter per axis, no ellipsis, no implicit output."""
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
    """`einsum(a, [0, 1], b, [1, 2], [0, 2])` in letters."""

    def letters(sublist: Sequence[Any]) -> str:
        return "".join("..." if i is Ellipsis else ascii_letters[i] for i in sublist)

    arrays, sublists = list(operands[0 : len(operands) // 2 * 2 : 2]), operands[1::2]
    text = ",".join(map(letters, sublists))
    return text + ("->" + letters(operands[-1]) if len(operands) % 2 else ""), arrays


def _spans(operands: Sequence[tuple[str, Any]], letter: str, n: int) -> bool:
    """Whether an operand has the letter with the full size n; another size is 1, which is broadcast."""
    return any(letter in term and a.shape[term.index(letter)] == n for term, a in operands)


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
            if letter not in output and not _spans(others, letter, n):  # summed: every entry has the same
                others.append((letter, np.ones(n, dtype=g.dtype)))
    text = ",".join([output, *(t for t, _ in others)])
    return np.einsum(f"{text}->{result}", g, *(a for _, a in others), optimize=optimize)


primitive(
    np.einsum,
    each=_einsum_vjp,
    prepare=_explicit,
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
)
