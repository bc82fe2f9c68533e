"""`table`: the functions that take Tensors, with their derivatives, for the documentation."""

from __future__ import annotations

import inspect
from typing import NamedTuple

from .containers import leaves
from .dispatch import name_of
from .domain import Domain, RandomArray
from .explain.formulas import text_of
from .op import CONSTANT, TABLE, Composite, ForEach, Function, Op, Primitive, negated, unchanged
from .ops.complex import COMPLEX, REAL_ONLY


class OpEntry(NamedTuple):
    """A line of the table of functions."""

    name: str
    """As in code: "np.sin"."""
    kind: str
    """"elementwise", "linear", "primitive", "composite"; or "constant": the derivative is zero."""
    derivatives: tuple[str, ...]
    """Per argument, from the source: the partial derivative of an elementwise function, the vector-Jacobian product of
    a primitive, "" for an argument without derivative; for a composite its definition. y is the result, g the gradient
    for it."""
    domain: tuple[str, ...]
    """Per array of the first sample input: where the derivatives exist and are tested."""
    takes_complex: bool
    """Whether complex Tensors are accepted."""


class OpTable(list[OpEntry]):
    """Entries of the table of ops; printed as lines of name, kind and derivatives."""

    def __str__(self) -> str:
        wide = max((len(entry.name) for entry in self), default=0)
        return "\n".join(f"{e.name:{wide}}  {e.kind:11}  {' ; '.join(filter(None, e.derivatives))}" for e in self)

    __repr__ = __str__


def table(*names: str) -> OpTable:
    """The functions that take Tensors: those named, or all in the order of their definition.

    KeyError: a name that is not in the table.

    >>> table("np.sin", "np.multiply")
    np.sin       elementwise  np.cos(x)
    np.multiply  elementwise  b ; a
    """
    entries = _entries()
    by_name = {entry.name: entry for entry in entries}
    if unknown := [name for name in names if name not in by_name]:
        raise KeyError(f"table: no function is called {unknown[0]!r}. table() has all names, such as 'np.sin'.")
    return OpTable([by_name[name] for name in names] if names else entries)


def _entries() -> list[OpEntry]:
    ops = [
        OpEntry(short_name(op.func), _kind(op), _sources(op), _domains(op), op.func in COMPLEX)
        for op in dict.fromkeys(TABLE.values())
    ]
    constants = sorted(CONSTANT - TABLE.keys(), key=short_name)
    return ops + [OpEntry(short_name(f), "constant", ("0",), (), f in COMPLEX or f not in REAL_ONLY) for f in constants]


def _kind(op: Op) -> str:
    if isinstance(op, Composite):
        return "composite"
    return "elementwise" if op.is_elementwise else "linear" if op.is_linear else "primitive"


def _sources(op: Op) -> tuple[str, ...]:
    if isinstance(op, Composite):
        return (text_of(op.definition),)
    assert isinstance(op, Primitive)
    if isinstance(op.derivatives, ForEach):
        return (text_of(op.derivatives.vjp),)
    return tuple(map(_source, op.derivatives))


def _source(derivative: Function | None) -> str:
    if derivative is None:
        return ""
    return "1" if derivative is unchanged else "-1" if derivative is negated else text_of(inspect.unwrap(derivative))


def _domains(op: Op) -> tuple[str, ...]:
    arguments = leaves(op.samples[0].args) if op.samples else []
    return tuple(_interval(x.domain) for x in arguments if isinstance(x, RandomArray))


def _interval(domain: Domain) -> str:
    kind = f"{domain.kind} in " if domain.kind else ""
    hole = "" if domain.hole is None else f" without {domain.hole:g}"
    return f"{kind}({domain.low:g}, {domain.high:g}){hole}"


def short_name(func: Function) -> str:
    """The name of a function as in code: "np.sin"; without its module for functions outside NumPy and SciPy."""
    name = name_of(func)
    return name if name.startswith(("np.", "scipy.")) else name.rpartition(".")[2]
