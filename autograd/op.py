"""Ops: functions that can be applied to Tensors. A primitive has derivatives; a composite is defined by other ops.

A derivative is a plain NumPy expression. The backward pass evaluates it on arrays (first order, nothing is recorded) or
on Tensors (for `grad(grad(f))`, which differentiates the expression itself), so one expression gives every order.
Therefore a derivative uses only functions that are ops, changes nothing in place, and takes its constants from Python
(`math.pi`, `len`, `x.size`): NumPy scalars such as `np.prod(shape)` would turn float32 into float64.

The backward pass does the rest in the same way for every primitive: it skips arguments that need no gradient, sums over
broadcast axes, casts to the argument's dtype, and accumulates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .domain import SampleInput
from .keywords import Keywords

Function = Callable[..., Any]


class Op:
    """A function in the table of ops: `func` as users call it, its name, and the sample inputs that test it."""

    is_elementwise = False
    is_linear = False
    is_view = False  # whether the result may share the elements of the argument

    def __init__(
        self, func: Function, samples: Sequence[SampleInput], signature: Function | None = None, skip: int = 0
    ) -> None:
        self.func = func
        self.name: str = func.__name__.lstrip("_")
        self.samples = samples
        self.keywords = Keywords(func, signature, skip)
        self.__doc__ = func.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, on arrays or Tensors."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


class Primitive(Op):
    """An op with derivatives of its own; `elementwise`, `primitive` and `linear` make one.

    `func`: the public function and the key in `TABLE`. `forward` computes it: the same function, unless there is a
    cheaper way. `prepare` maps the arguments of `func` to those of `forward` where the two differ, so that every
    array is one positional argument. `derivatives`: one per positional argument, or None; a partial derivative
    `d(y, *args)` if `is_elementwise`, else a vector-Jacobian product (VJP) `d(g, y, *args, **kwargs)`, where y is the
    result and g the gradient for it. The first `arity` derivatives are not None.

    >>> import numpy as np
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
            super().__init__(func, samples, derivatives.vjp, 3)  # after g, y, i
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
        """Checks the keywords, and moves the Tensors among them to their positions if they have one."""
        kwargs = self.keywords.check(self.name, kwargs)
        names = self.keywords.names
        last = 0
        for name, x in kwargs.items():
            if hasattr(x, "_record"):
                if name not in self.keywords.only_by_name:
                    last = max(last, names.index(name) + 1)
                elif x.requires_grad:
                    raise TypeError(self._no_derivative(name))
                else:
                    kwargs[name] = x.data
        moved = names[len(args) : last]
        return args + tuple(kwargs.pop(name, self.keywords.defaults.get(name)) for name in moved), kwargs

    def expect_derivative(self, i: int) -> None:
        """TypeError: if there is no derivative by argument i, a Tensor that requires a gradient."""
        if not isinstance(self.derivatives, ForEach) and (i >= len(self.derivatives) or self.derivatives[i] is None):
            names = self.keywords.names
            raise TypeError(self._no_derivative(names[i] if i < len(names) else f"argument {i}"))

    def _no_derivative(self, name: str) -> str:
        return (
            f"{self.name}: has no derivative by {name}. Received: a Tensor that requires a gradient, which would be "
            "lost. Pass a number, or its .data."
        )


class ForEach:
    """The derivatives of a function of any number of arrays: `vjp(g, y, i, *args, **kwargs)` for argument i.

    parts: None or `parts(g, y, *args, **kwargs)`, all of these at once.
    """

    def __init__(self, vjp: Function) -> None:
        self.vjp = vjp
        self.parts: Function | None = None

    def __iter__(self) -> Iterator[Function]:
        i = 0
        while True:
            yield lambda g, y, *args, _i=i, **kwargs: self.vjp(g, y, _i, *args, **kwargs)
            i += 1


class Composite(Op):
    """An op whose definition consists of other ops: its derivative follows from theirs."""

    def __init__(self, func: Function, definition: Function, samples: Sequence[SampleInput]) -> None:
        super().__init__(func, samples, definition)
        self.definition = definition

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, on arrays or Tensors."""
        return self.definition(*args, **(self.keywords.check(self.name, kwargs) if kwargs else kwargs))


TABLE: dict[Function, Op] = {}
"""The table of ops: function, as users call it -> its op."""

CONSTANT: set[Function] = set()
"""Functions whose derivative is zero wherever it exists, or that return no real numbers: they return plain arrays."""


def unchanged(y: Any, *args: Any) -> int:
    """The partial derivative 1. The backward pass recognises it and passes the gradient on without multiplying."""
    return 1


def negated(y: Any, *args: Any) -> int:
    """The partial derivative -1. The backward pass recognises it and negates the gradient without multiplying."""
    return -1
