"""Add functions to the table of ops: with partial derivatives, with VJPs, with a definition, or as constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar, overload

from .domain import Domain, SampleInput, rand, sample
from .op import CONSTANT, TABLE, Composite, ForEach, Function, Op, Primitive, negated, unchanged

AnyOp = TypeVar("AnyOp", bound=Op)
Partial = Function | float | None
"""A partial derivative: a function, a number if it is constant, or None for an argument without one (a condition)."""

_SHAPES: list[tuple[tuple[int, ...], ...]] = [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((), ())]


def elementwise(
    func: Function, domain: Domain | tuple[Domain, ...], *partials: Partial, forward: Function | None = None
) -> Primitive:
    """Makes a function differentiable that acts element by element, with broadcasting.

    func: the function. A NumPy function can be applied to Tensors from then on; if the function is your own, call the
    op that is returned instead of it. partials: per argument, `d(y, *args)` = dy/darg, or a number if it is
    constant. domain: per argument, where they exist. forward: a cheaper way to compute the same, if there is one.

    Derivatives of every order, forward mode, tests (`check_row`) and documentation (`table`) follow. A derivative may
    differ from the true one on purpose: `elementwise(rounded, REAL, 1)` is a straight-through estimator.
    ValueError: unless there is one partial and one domain per argument, or if the function is in the table already.
    TypeError: if a domain is no `Domain`.

    >>> from ravine.autograd import grad
    >>> from ravine.autograd.domain import REAL
    >>> softsign = elementwise(lambda x: x / (1 + abs(x)), REAL, lambda y, x: 1 / (1 + abs(x)) ** 2)
    >>> float(grad(softsign)(1.0)), float(grad(grad(softsign))(1.0))
    (0.25, -0.25)
    """
    domains = domain if isinstance(domain, tuple) else (domain,)
    _check_elementwise(func, domains, partials)
    shapes = _SHAPES if len(domains) > 1 else _SHAPES[::3]
    pairs = [zip(domains, chain(shape, repeat(())), strict=False) for shape in shapes]
    samples = [sample(*(rand(*shape, domain=d) for d, shape in pair)) for pair in pairs]
    return _add(Primitive(func, [_as_function(d) for d in partials], samples, True, forward))


def _check_elementwise(func: Function, domains: tuple[Any, ...], partials: tuple[Partial, ...]) -> None:
    for d in domains:
        if not isinstance(d, Domain):
            raise TypeError(f"elementwise: domain must be a Domain, e.g. Domain(-2, 2), per argument. Received: {d!r}.")
    nin = getattr(func, "nin", len(domains))
    if not len(partials) == len(domains) == nin:
        raise ValueError(
            f"elementwise: needs one partial derivative and one domain per argument. Received: {len(partials)} "
            f"partials, {len(domains)} domains{f', for {nin} arguments' if nin != len(domains) else ''}. "
            "Pass 0 for an argument without influence."
        )


def _as_function(d: Partial) -> Function | None:
    if not isinstance(d, (int, float)):
        return d
    return unchanged if d == 1 else negated if d == -1 else lambda y, *args: d


def primitive(
    func: Function,
    *vjps: Function | None,
    samples: Sequence[SampleInput],
    each: Function | None = None,
    forward: Function | None = None,
    prepare: Function | None = None,
) -> Primitive:
    """Makes a function differentiable by its vector-Jacobian products (VJPs).

    vjps: per argument, `vjp(g, y, *args, **kwargs)`, where y is the result and g the gradient for it. It returns the
    gradient for the argument, of its shape (the backward pass sums over broadcast axes). Its parameters after `g, y`
    have the names that they have in `func`. None: there is no derivative by this argument. each: for functions of any
    number of arrays, instead of vjps: one `vjp(g, y, i, *args, **kwargs)` for argument i. samples: sample inputs for
    `check_row`. forward, prepare: see `Primitive`. See `elementwise` for what follows.
    ValueError: without any VJP, or if the function is in the table already.

    >>> import numpy as np
    >>> from ravine.autograd import grad, rand, sample
    >>> energy = primitive(lambda x: np.sum(x**2), lambda g, y, x: 2 * g * x, samples=[sample(rand(3))])
    >>> grad(energy)(np.array([1.0, -2.0])).tolist()
    [2.0, -4.0]
    """
    if each is None and not any(vjps):
        raise ValueError("primitive: needs a vjp per argument, or each=. Received: none. See also `constant`.")
    return _add(Primitive(func, ForEach(each) if each else vjps, samples, False, forward, prepare))


def linear(func: Function, *vjps: Function | None, **options: Any) -> Primitive:
    """As `primitive`, for a function that is linear in all its arrays together: it is its own forward derivative.

    If the result is a view of the first argument, as in the example, set `is_view`: then writes to one reach the other.

    >>> import numpy as np
    >>> from ravine.autograd import rand, sample, vjp
    >>> mirror = linear(lambda x: x[::-1], lambda g, y, x: g[::-1], samples=[sample(rand(3))])
    >>> mirror.is_view = True
    >>> vjp(mirror, np.zeros(3))[1](np.array([1.0, 2.0, 3.0]))[0].tolist()
    [3.0, 2.0, 1.0]
    """
    op = primitive(func, *vjps, **options)
    op.is_linear = True
    return op


@overload
def composite(func: Function, definition: Function, *, samples: Sequence[SampleInput]) -> Composite: ...
@overload
def composite(func: Function, *, samples: Sequence[SampleInput]) -> Callable[[Function], Composite]: ...
def composite(func: Function, definition: Function | None = None, *, samples: Sequence[SampleInput]) -> Any:
    """Makes a function differentiable by a definition that consists of differentiable functions.

    Without `definition` it is a decorator for the definition.

    ValueError: if the function is in the table already.

    >>> import numpy as np
    >>> from ravine.autograd import grad, rand, sample
    >>> def rms(x):
    ...     return np.sqrt(np.mean(x**2))
    >>> rms = composite(rms, rms, samples=[sample(rand(3))])
    >>> grad(rms)(np.array([3.0, 3.0])).tolist()
    [0.5, 0.5]
    """
    if definition is None:
        return partial(composite, func, samples=samples)
    return _add(Composite(func, definition, samples))


def constant(*funcs: Function) -> None:
    """Declares functions whose derivative is zero: applied to Tensors they see plain arrays and return plain arrays.

    >>> import numpy as np
    >>> from ravine.autograd import Tensor
    >>> constant(np.argsort)
    >>> np.argsort(Tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    CONSTANT.update(funcs)


def _add(op: AnyOp) -> AnyOp:
    if op.func in TABLE:
        raise ValueError(
            f"{op.name} is in the table of ops already. For another derivative define a function of your own that "
            "calls it."
        )
    TABLE[op.func] = op
    return op
