"""What every row gets, yours as ours: `check_row`, a test of all it claims; and `table`, its line in the documentation.

>>> import numpy as np
>>> from ravine.autograd import check_row, elementwise, grad
>>> from ravine.autograd.domain import REAL
>>> def swish(x):
...     return x / (1 + np.exp(-x))
>>> swish = elementwise(swish, REAL, lambda y, x: (1 + y * np.exp(-x)) / (1 + np.exp(-x)))
>>> check_row(swish)
>>> grad(swish)(0.0)
np.float64(0.5)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .check import check_grads
from .containers import leaves, transform
from .dispatch import name_of
from .domain import Domain, RandomArray, SampleInput
from .explain.formulas import text_of
from .functional import jvp, vjp
from .op import CONSTANT, TABLE, Composite, ForEach, Function, Op, Primitive, negated, unchanged
from .ops.complex import COMPLEX, REAL_ONLY
from .tensor import Tensor

NARROW = (np.dtype(np.float32), np.dtype(np.complex64))


def check_row(row: Op | Function, order: int = 2) -> None:
    """Tests a row on each of its sample calls, as all rows of the table are tested.

    row: what `elementwise`, `primitive`, `linear` or `composite` returned, or the NumPy function.
    That its value is the function's, also through NumPy; its derivatives up to `order` against differences; that
    float32 stays float32, in the derivatives too; that inputs and gradients are not changed, and may be read-only; that
    forward mode agrees with reverse mode; and, of a `linear` row, that the function is linear.

    AssertionError: with the call and what is wrong. A derivative that is not the true one on purpose (straight-through,
    surrogate gradients) is refused as well: that is no error of the check. ValueError: if the row has no samples.
    TypeError: if a function has no row.

    >>> check_row(np.tanh)  # silence: all is right
    """
    found = row if isinstance(row, Op) else TABLE.get(row)
    if found is None:
        raise TypeError(f"check_row: needs a row, or a function that has one. Received: {row!r}.")
    if not found.samples:
        raise ValueError(f"check_row: {found.name} has no samples. Declare some calls: samples=[sample(rand(2, 3))].")
    for case in found.samples:
        for check in (_value, _linearity, _derivatives, _types, _purity, _forward):
            try:
                check(found, case, order)
            except Exception as error:
                what = f"{_name(found.func)}, {_shown(case)}: {(check.__doc__ or '').partition(':')[0]}"
                raise AssertionError(f"check_row: {what} fails. {error}") from error


def _call(row: Op, case: SampleInput) -> Callable[..., Any]:
    """The row as users call it: through NumPy where it is NumPy's."""
    f = row.func if (getattr(row.func, "__module__", None) or "numpy").startswith("numpy") else row
    return lambda *arrays: case.call(f, arrays)


def _arrays(case: SampleInput, dtype: Any = np.float64) -> list[Any]:
    return case.draw(np.random.default_rng(0), dtype)


def _leaves(arrays: list[Any]) -> list[Tensor]:
    return [Tensor(a, requires_grad=True) for a in arrays]


def _value(row: Op, case: SampleInput, order: int) -> None:
    """The value: of the row on Tensors, and of the function on arrays, are equal."""
    arrays = _arrays(case)
    expected = leaves(case.call(row.func, arrays))
    for got in (_call(row, case)(*map(Tensor, arrays)), case.call(row, _leaves(arrays))):
        for y, e in zip(leaves(got), expected, strict=True):
            assert isinstance(y, Tensor), f"The result on Tensors must be a Tensor. Received: {type(y).__name__}."
            np.testing.assert_allclose(y.data, e, rtol=1e-14, atol=1e-15)


def _linearity(row: Op, case: SampleInput, order: int) -> None:
    """Linearity: f(2 a + 3 b) = 2 f(a) + 3 f(b), which a row made by `linear` claims."""
    if row.is_linear:
        a, b = _arrays(case), case.draw(np.random.default_rng(1))
        f = _call(row, case)
        both = f(*(Tensor(2 * x + 3 * y) for x, y in zip(a, b, strict=True)))
        apart = 2 * f(*map(Tensor, a)) + 3 * f(*map(Tensor, b))
        np.testing.assert_allclose(both.data, apart.data, rtol=1e-12, atol=1e-13)


def _derivatives(row: Op, case: SampleInput, order: int) -> None:
    """The derivative: against differences."""
    for k in range(len(leaves(case.call(row.func, _arrays(case))))):
        check_grads(lambda *xs, k=k: leaves(_call(row, case)(*xs))[k], *_arrays(case), order=order)


def _types(row: Op, case: SampleInput, order: int) -> None:
    """The type of the derivative: float32 for float32, before the walk casts it."""
    expected = leaves(case.call(row.func, _arrays(case, np.float32)))
    xs = _leaves(_arrays(case, np.float32))
    for y, e in zip(leaves(_call(row, case)(*xs)), expected, strict=True):
        assert y.dtype in (np.float32, e.dtype), f"The value of float32 has dtype {y.dtype}, the function's {e.dtype}."
        if isinstance(row, Primitive) and y.op is row and y.dtype in NARROW:
            g = np.ones(y.shape, y.dtype)[()]
            for i, (t, d) in enumerate(zip(y.inputs, row.derivatives, strict=False)):
                if t is not None and d is not None:
                    c = g * d(y.data, *y.args) if row.is_elementwise else d(g, y.data, *y.args, **y.kwargs)
                    assert c.dtype in NARROW, (
                        f"The derivative by argument {i} of float32 is {c.dtype}: take constants from Python or math, "
                        "not from NumPy, and give fresh arrays a dtype."
                    )


def _purity(row: Op, case: SampleInput, order: int) -> None:
    """Leaving the inputs alone: read-only arrays are enough, nothing is changed."""
    arrays = _arrays(case)
    copies = [a.copy() for a in arrays]
    for a in arrays:
        a.setflags(write=False)
    value, pullback = vjp(_call(row, case), *arrays)
    ones = transform(np.ones_like, value)
    for g in leaves(ones):
        if isinstance(g, np.ndarray):
            g.setflags(write=False)
    first, second = leaves(pullback(ones)), leaves(pullback(ones))
    for a, b in zip((*arrays, *first), (*copies, *second), strict=True):
        np.testing.assert_array_equal(a, b)


def _forward(row: Op, case: SampleInput, order: int) -> None:
    """Forward mode: the transpose of reverse mode."""
    rng, arrays = np.random.default_rng(1), tuple(_arrays(case))
    tangents = tuple(_random(rng, a) for a in arrays)
    value, moved = jvp(_call(row, case), arrays, tangents)
    cotangent = transform(lambda y: _random(rng, y), value)
    gradients = vjp(_call(row, case), *arrays)[1](cotangent)
    left = [np.real(u * v) for u, v in zip(leaves(cotangent), leaves(moved), strict=True)]
    right = [np.real(u * v) for u, v in zip(gradients, tangents, strict=True)]
    scale = max(1.0, sum(float(np.sum(np.abs(part))) for part in left))
    np.testing.assert_allclose(sum(map(np.sum, left)), sum(map(np.sum, right)), rtol=0, atol=1e-10 * scale)


def _random(rng: np.random.Generator, like: Any) -> Any:
    x = rng.normal(size=np.shape(like))
    return x + 1j * rng.normal(size=np.shape(like)) if np.iscomplexobj(like) else x


# The documentation


class OpEntry(NamedTuple):
    """A line of the table of functions."""

    name: str
    """As one writes it: "np.sin"."""
    kind: str
    """"elementwise", "linear", "primitive", "composite"; or "constant": the derivative is zero."""
    derivatives: tuple[str, ...]
    """Per argument, from the source of the row: the partial derivative of an elementwise function; else the product of
    the upstream gradient g and the derivative, "" for an argument without one; of a composite its definition. y is the
    result."""
    domain: tuple[str, ...]
    """Per array of the first sample, where the derivatives exist and are tested."""
    takes_complex: bool
    """Whether complex Tensors are accepted."""


class OpTable(list[OpEntry]):
    """Rows of the op table; shown as lines of name, kind and derivatives."""

    def __str__(self) -> str:
        wide = max((len(entry.name) for entry in self), default=0)
        return "\n".join(f"{e.name:{wide}}  {e.kind:11}  {' ; '.join(filter(None, e.derivatives))}" for e in self)

    __repr__ = __str__


def table(*names: str) -> OpTable:
    """Functions that take Tensors, made from the rows: those named, or all in the order of their definition.

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
    rows = [
        OpEntry(_name(row.func), _kind(row), _sources(row), _domains(row), row.func in COMPLEX)
        for row in dict.fromkeys(TABLE.values())
    ]
    constants = sorted(CONSTANT - TABLE.keys(), key=_name)
    return rows + [OpEntry(_name(f), "constant", ("0",), (), f in COMPLEX or f not in REAL_ONLY) for f in constants]


def _kind(row: Op) -> str:
    if isinstance(row, Composite):
        return "composite"
    return "elementwise" if row.is_elementwise else "linear" if row.is_linear else "primitive"


def _sources(row: Op) -> tuple[str, ...]:
    if isinstance(row, Composite):
        return (text_of(row.definition),)
    assert isinstance(row, Primitive)
    if isinstance(row.derivatives, ForEach):
        return (text_of(row.derivatives.vjp),)
    return tuple(map(_source, row.derivatives))


def _source(derivative: Function | None) -> str:
    if derivative is None:
        return ""
    return "1" if derivative is unchanged else "-1" if derivative is negated else text_of(inspect.unwrap(derivative))


def _domains(row: Op) -> tuple[str, ...]:
    return tuple(map(_interval, _domains_in(row.samples[0].args))) if row.samples else ()


def _domains_in(args: Any) -> Iterator[Domain]:
    return (x.domain for x in leaves(args) if isinstance(x, RandomArray))


def _interval(domain: Domain) -> str:
    kind = f"{domain.noun} in " if domain.noun else ""
    hole = "" if domain.hole is None else f" without {domain.hole:g}"
    return f"{kind}({domain.low:g}, {domain.high:g}){hole}"


def _name(func: Function) -> str:
    name = name_of(func)
    return name if name.startswith(("np.", "scipy.")) else name.rpartition(".")[2]


def _shown(case: SampleInput) -> str:
    def shown(x: Any) -> str:
        return f"array{x.shape}" if isinstance(x, RandomArray) else repr(x)

    parts = [shown(x) for x in transform(lambda x: x, case.args)]
    parts += [f"{name}={shown(x)}" for name, x in case.kwargs.items()]
    return f"called with ({', '.join(parts)})"
