"""A row of the op table: a NumPy function, its derivative, and where to try it.

The derivative is a plain NumPy expression. The backward walk evaluates it on arrays (first order, nothing recorded) or
on Tensors (`grad(grad(f))`: the expression is itself differentiated), so one row gives every order. Therefore a
derivative uses only functions that have rows, changes nothing in place, and takes its constants from Python (`math.pi`,
`len`, `x.size`): NumPy scalars such as `np.prod(shape)` would turn float32 into float64.

What the walk does for every row, and no row does for itself: skip arguments that need no gradient, sum over broadcast
axes, cast to the argument's dtype, accumulate.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain, repeat
from typing import Any, TypeVar

import numpy as np

from .domain import Domain, SampleInput, rand, sample

Function = Callable[..., Any]
R = TypeVar("R", bound="Op")
Derivative = Function | float | None
"""By one argument: a function, a number if it is constant, or None where there is none (a condition, a shape)."""


class Op:
    """What every entry of the table has: the public function `func`, its name, and the calls on which it is tested."""

    is_elementwise = False
    is_linear = False

    def __init__(self, func: Function, samples: Sequence[SampleInput], signature: Function | None, skip: int) -> None:
        self.func = func
        self.samples = samples
        self.name: str = func.__name__.lstrip("_")
        self.__doc__ = func.__doc__
        known = list(inspect.signature(signature).parameters.values())[skip:] if signature else []
        self.names = tuple(p.name for p in known)
        self.defaults = {p.name: p.default for p in known if p.default is not p.empty}
        self.only_by_name = {p.name for p in known if p.kind is p.KEYWORD_ONLY}
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in known)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, on arrays or Tensors."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    def checked(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keywords that the derivative knows. TypeError for another, unless its value is NumPy's default."""
        known = {}
        for name, value in kwargs.items():
            if name == "out":
                if value is not None:
                    raise TypeError(
                        f"{self.name}: a Tensor cannot be written into an array (out=): the gradient would be lost. "
                        "Assign the result instead."
                    )
            elif name in self.names or self.takes_any:
                if value is not np._NoValue:
                    known[name] = value
            elif not _is_default(self.func, name, value):
                others = ", ".join(n for n in self.names if n != "out") or "none"
                raise TypeError(
                    f"{self.name}: the keyword {name}= is not supported on Tensors. Received: {name}={value!r}. "
                    f"Known: {others}."
                )
        return known


_OF_UFUNCS = {"dtype": None, "casting": "same_kind", "order": "K", "subok": True}
_OF_EINSUM = {"dtype": None, "casting": "safe", "order": "K"}


@cache
def _defaults(func: Function) -> dict[str, Any]:
    """The keywords of a function and the values they have if one does not give them."""
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except ValueError:  # written in C, of a NumPy that does not tell
        parameters = []
    told = {p.name: p.default for p in parameters if p.default is not p.empty}
    return (_OF_EINSUM if func is np.einsum else _OF_UFUNCS if not told or isinstance(func, np.ufunc) else {}) | told


def _is_default(func: Function, name: str, value: Any) -> bool:
    defaults = _defaults(func)
    if value is np._NoValue or name not in defaults:
        return value is np._NoValue
    default = defaults[name]
    return value is default or (isinstance(value, (str, int, float)) and value == default)


class ForEach:
    """The derivatives of a function of any number of arrays: `vjp(g, y, i, *args, **kwargs)` for argument i."""

    def __init__(self, vjp: Function) -> None:
        self.vjp = vjp

    def __iter__(self) -> Iterator[Function]:
        i = 0
        while True:
            yield lambda g, y, *args, _i=i, **kwargs: self.vjp(g, y, _i, *args, **kwargs)
            i += 1


class Primitive(Op):
    """A differentiable function. Callable on arrays and on Tensors; `elementwise` and `primitive` make one.

    `func` is the public NumPy function and the key in `TABLE`; `forward` computes it (the same function, unless a
    cheaper spelling exists); `prepare` maps its calling convention to `forward`'s where the two differ, so that every
    array is one positional argument. `derivatives` has one entry per positional argument: partials `d(y, *args)` if
    `is_elementwise`, else vector-Jacobian products `d(g, y, *args, **kwargs)`. The first `arity` of them are not None.

    >>> from ravine.autograd.op import TABLE
    >>> sine = TABLE[np.sin]
    >>> isinstance(sine, Primitive), sine.arity, sine.is_elementwise, float(sine(0.0))
    (True, 1, True, 0.0)
    """

    def __init__(
        self,
        func: Function,
        derivatives: Sequence[Function | None] | ForEach,
        samples: Sequence[SampleInput],
        is_elementwise: bool = False,
        forward: Function | None = None,
        prepare: Function | None = None,
    ) -> None:
        if isinstance(derivatives, ForEach):
            super().__init__(func, samples, derivatives.vjp, 3)
        else:
            super().__init__(func, samples, None if is_elementwise else next(filter(None, derivatives)), 2)
        self.derivatives = derivatives
        self.arity: float = math.inf if isinstance(derivatives, ForEach) else [*derivatives, None].index(None)
        self.is_elementwise = is_elementwise
        self.forward = forward or func
        self.prepare = prepare

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself. If an argument is a Tensor the call is recorded and the result is a Tensor."""
        if self.prepare is not None:
            args, kwargs = self.prepare(*args, **kwargs)
        if kwargs:
            args, kwargs = self._arrange(args, kwargs)
        for x in args:
            record = getattr(x, "_record", None)
            if record is not None:
                return record(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def _arrange(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Checks the keywords and moves the Tensors among them to their positions, if they have one."""
        kwargs = self.checked(kwargs)
        last = 0
        for name, x in kwargs.items():
            if hasattr(x, "_record"):
                if name not in self.only_by_name:
                    last = max(last, self.names.index(name) + 1)
                elif x.requires_grad:
                    raise TypeError(self._undifferentiable(name))
                else:
                    kwargs[name] = x.data
        moved = self.names[len(args) : last]
        return args + tuple(kwargs.pop(name, self.defaults.get(name)) for name in moved), kwargs

    def expect_derivative(self, i: int) -> None:
        """TypeError: if there is no derivative by argument i, where a Tensor that requires a gradient was passed."""
        known = self.derivatives
        if not isinstance(known, ForEach) and (i >= len(known) or known[i] is None):
            raise TypeError(self._undifferentiable(self.names[i] if i < len(self.names) else f"argument {i}"))

    def _undifferentiable(self, name: str) -> str:
        return (
            f"{self.name}: has no derivative by {name}. Received: a Tensor that requires a gradient, which would be "
            "lost. Pass a number, or its .data."
        )


class Composite(Op):
    """A function written in differentiable functions: its derivative follows from theirs."""

    def __init__(self, func: Function, definition: Function, samples: Sequence[SampleInput]) -> None:
        super().__init__(func, samples, definition, 0)
        self.definition = definition

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, on arrays or Tensors."""
        return self.definition(*args, **(self.checked(kwargs) if kwargs else kwargs))


TABLE: dict[Function, Op] = {}
"""NumPy function (or function of ours) -> its row."""

CONSTANT: set[Function] = set()
"""Functions whose derivative is zero wherever it exists, or that return no real numbers: they return plain arrays."""


_SHAPES: list[tuple[tuple[int, ...], ...]] = [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((), ())]


def elementwise(
    func: Function, domain: Domain | tuple[Domain, ...], *partials: Derivative, forward: Function | None = None
) -> Primitive:
    """Adds the row of a function that acts entry by entry, with broadcasting.

    `partials`: per argument, `d(y, *args)` = dy/darg, or a number if it is constant. `domain`: per argument, where
    they exist. `elementwise(np.log, POSITIVE, lambda y, x: 1 / x)`.

    A NumPy function is differentiable from then on wherever it is applied to Tensors; of a function of yours, call what
    is returned. Derivatives of every order, forward mode and documentation follow (`check_row`, `table`). A derivative
    may differ from the true one on purpose: `elementwise(rounded, REAL, 1)` passes gradients straight through.
    ValueError: unless there is one partial and one domain per argument, or if the function has a row already.
    TypeError: if a domain is none.

    >>> from ravine.autograd import grad
    >>> from ravine.autograd.domain import REAL
    >>> softsign = elementwise(lambda x: x / (1 + abs(x)), REAL, lambda y, x: 1 / (1 + abs(x)) ** 2)
    >>> float(grad(softsign)(1.0)), float(grad(grad(softsign))(1.0))
    (0.25, -0.25)
    """
    domains = domain if isinstance(domain, tuple) else (domain,)
    _check_elementwise(func, domains, partials)
    shapes = _SHAPES if len(domains) > 1 else _SHAPES[::3]
    places = [zip(domains, chain(row, repeat(())), strict=False) for row in shapes]
    samples = [sample(*(rand(*shape, domain=d) for d, shape in place)) for place in places]
    return _add(Primitive(func, [_partial(d) for d in partials], samples, True, forward))


def _check_elementwise(func: Function, domains: tuple[Any, ...], partials: tuple[Derivative, ...]) -> None:
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


def primitive(
    func: Function,
    *vjps: Function | None,
    samples: Sequence[SampleInput],
    each: Function | None = None,
    forward: Function | None = None,
    prepare: Function | None = None,
) -> Primitive:
    """Adds the row of any other function.

    `vjps`: per argument, `vjp(g, y, *args, **kwargs)`, of the argument's shape up to broadcast axes; its parameters
    after `g, y` bear the names of `func`'s. `each`: instead, one `vjp(g, y, i, *args, **kwargs)` for any number of
    arrays. `samples`: calls on which the row is tested, by `check_row`. See `elementwise` on what follows from a row.
    ValueError: without any vjp, or if the function has a row already.

    >>> from ravine.autograd import rand, sample, grad
    >>> energy = primitive(lambda x: np.sum(x**2), lambda g, y, x: 2 * g * x, samples=[sample(rand(3))])
    >>> grad(energy)(np.array([1.0, -2.0])).tolist()
    [2.0, -4.0]
    """
    if each is None and not any(vjps):
        raise ValueError("primitive: needs a vjp per argument, or each=. Received: none. See also `constant`.")
    return _add(Primitive(func, ForEach(each) if each else vjps, samples, False, forward, prepare))


def linear(func: Function, *vjps: Function | None, **options: Any) -> Primitive:
    """As `primitive`, for a function linear in its arrays, all together: it is its own forward derivative.

    >>> from ravine.autograd import rand, sample, vjp
    >>> mirror = linear(lambda x: x[::-1], lambda g, y, x: g[::-1], samples=[sample(rand(3))])
    >>> vjp(mirror, np.zeros(3))[1](np.array([1.0, 2.0, 3.0]))[0].tolist()
    [3.0, 2.0, 1.0]
    """
    op = primitive(func, *vjps, **options)
    op.is_linear = True
    return op


def composite(func: Function, definition: Function, *, samples: Sequence[SampleInput]) -> Composite:
    """Adds the row of a function given by a definition in functions that have rows.

    >>> from ravine.autograd import rand, sample, grad
    >>> def rms(x):
    ...     return np.sqrt(np.mean(x**2))
    >>> rms = composite(rms, rms, samples=[sample(rand(3))])
    >>> grad(rms)(np.array([3.0, 3.0])).tolist()
    [0.5, 0.5]
    """
    return _add(Composite(func, definition, samples))


def constant(*funcs: Function) -> None:
    """Declares functions whose derivative is zero: they see plain arrays and return plain arrays.

    >>> from ravine.autograd import Tensor
    >>> constant(np.argsort)
    >>> np.argsort(Tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    CONSTANT.update(funcs)


def unchanged(y: Any, *args: Any) -> int:
    """The partial derivative 1."""
    return 1


def negated(y: Any, *args: Any) -> int:
    """The partial derivative -1."""
    return -1


def _partial(d: Derivative) -> Function | None:
    """A constant partial as a function; the walk knows 1 and -1, and passes the gradient on without multiplying."""
    if not isinstance(d, (int, float)):
        return d
    return unchanged if d == 1 else negated if d == -1 else lambda y, *args: d


def _add(op: R) -> R:
    if op.func in TABLE:
        raise ValueError(
            f"{op.name} has a row already. For another derivative define a function of your own that calls it."
        )
    TABLE[op.func] = op
    return op
