"""`Call`: calls a function on new Tensors, and gives its derivatives in reverse and in forward mode."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from .backward import pull
from .containers import aligned, is_container, labels, leaves, rebuild, transform
from .define import linear
from .domain import rand, sample
from .forward import explore, push
from .modes import Mode, is_recording
from .node import ARGUMENT
from .op import Function
from .ops.complex import takes_complex
from .tensor import Tensor
from .versions import creation, version


class DisconnectedWarning(UserWarning):
    """The result of a differentiated function does not depend on an argument, so the derivative is zero.

    grad, value_and_grad, elementwise_grad, vjp, jvp and jacobian warn, at the line that calls the derivative. There is
    no warning inside check_grads, which compares. There is none, either, if the function returned a Tensor and takes
    derivatives itself, or if the derivative is taken inside a function that is being differentiated: a derivative of
    zero is normal there. So hessian, hvp and grad(grad(f)) never warn; the gradient of a linear function is constant.

    >>> import warnings
    >>> from ravine.autograd import grad
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", DisconnectedWarning)
    ...     float(grad(lambda x: 3.0)(1.0))
    0.0
    """


def _enter(x: Any) -> Any:
    """The identity: of an argument that is a Tensor it makes a new one, to differentiate for."""
    return x


enter = linear(_enter, lambda g, y, x: g, samples=[sample(rand(3))])
takes_complex(enter)

_current: ContextVar[Call | None] = ContextVar("current", default=None)


class Call:
    """A call of f on new Tensors.

    name: that of the function that differentiates, for messages. points: the arguments to differentiate for. inner: a
    new Tensor for each leaf of these. result: that of f. roots: a Tensor for each leaf of the result. aux: the second
    result of f, if `has_aux`. is_nested: whether the derivatives can be differentiated themselves.
    """

    def __init__(
        self, name: str, f: Function, args: Sequence[Any], kwargs: Any, argnums: Sequence[int], has_aux: bool = False
    ) -> None:
        if not callable(f):
            raise TypeError(f"{name}: needs a function, which it will call. Received: {type(f).__name__}.")
        recording, outer = is_recording(), _current.get()
        self.name = name
        self.function = getattr(f, "__name__", type(f).__name__)
        self.argnums = argnums
        self.points = tuple([args[i] for i in argnums])
        self.may_warn = outer is None
        if outer is not None:
            outer.may_warn = False
        token = _current.set(self)
        try:
            with Mode(True):
                self.inner = [self._inner_tensor(n, x, recording) for n, x in enumerate(leaves(self.points))]
                start = next(creation)
                replaced = dict(zip(argnums, rebuild(self.points, self.inner), strict=True))
                result = f(*[replaced.get(i, x) for i, x in enumerate(args)], **kwargs)
        finally:
            _current.reset(token)
        self.inner = [version(t, start) for t in self.inner]  # f may have written to them
        self.result: Any
        self.aux: Any
        self.result, self.aux = _pair(name, result) if has_aux else (result, None)
        self.roots = [_checked(name, value) for value in leaves(self.result)]
        self.end = next(creation)
        outside = explore(self.roots, self.inner)[1]
        self.is_recording = recording
        self.has_tensors = any([isinstance(x, Tensor) for x in leaves(self.points)])
        self.is_nested = recording and (self.has_tensors or bool(outside))

    def _inner_tensor(self, n: int, x: Any, recording: bool) -> Tensor:
        if isinstance(x, Tensor):
            if x.requires_grad and recording:
                entered: Tensor = enter(x)
                return entered
            x = x.data
        if not isinstance(x, (np.ndarray, np.generic, float, complex)) or np.asarray(x).dtype.kind not in "fc":
            kind = f"dtype {x.dtype}" if isinstance(x, (np.ndarray, np.generic)) else type(x).__name__
            raise TypeError(
                f"{self.name}: {self.names()[n]} must be a float or complex number, or an array or a Tensor of them. "
                f"Received: {kind}. Pass e.g. 2.0 instead of 2, or x.astype(float)."
            )
        t = Tensor(x, requires_grad=True)
        t.kwargs = ARGUMENT
        if not isinstance(x, np.ndarray):  # a number stays one: `y = x; y += 1` leaves x as it is
            t.data = t.data[()]
        return t

    def names(self) -> list[str]:
        """The names of the inner Tensors in messages."""
        pairs = zip(self.argnums, self.points, strict=True)
        return [label for i, x in pairs for label in labels(x, f"argument {i}")]

    # Results

    def value(self) -> Any:
        """The result of f."""
        return rebuild(self.result, [released(root, self.is_nested) for root in self.roots])

    def released_aux(self) -> Any:
        """The second result of f, with an array for each Tensor that depends on no Tensor from outside."""

        def release(x: Any) -> Any:
            if not isinstance(x, Tensor):
                return x
            return released(x, self.is_recording and (self.has_tensors or bool(explore([x], self.inner)[1])))

        return transform(release, self.aux)

    def only_root(self) -> Tensor:
        """The result as a single Tensor. TypeError: if it is a container."""
        if is_container(self.result):
            raise TypeError(_not_an_array(self.name, self.result))
        return self.roots[0]

    # Derivatives

    def pull(self, root: Tensor, gradient: Any, retain: bool = True) -> list[Any]:
        """The gradients of root . gradient, one per inner Tensor; None for one on which root does not depend."""
        recorded = self.is_nested or isinstance(gradient, Tensor)
        if root.seq >= self.end and hasattr(root, "former"):  # the caller has written to the result
            root = version(root, self.end)
        found = pull(root, gradient, self.inner, recorded, retain)
        return [None if g is None else released(g, recorded) for g in found]

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The tangent of each root, given those of the inner Tensors; None stands for zero."""
        recorded = self.is_nested or any(isinstance(v, Tensor) for v in tangents)
        found = push(self.roots, self.inner, tangents, recorded)
        return [None if v is None else released(v, recorded) for v in found]

    def gradients(self, found: Sequence[Any], recorded: bool = False) -> tuple[Any, ...]:
        """The gradients from `pull`, with zeros for None, in the containers of the arguments."""
        filled = _filled(found, self.inner, self.is_nested or recorded)
        return tuple(rebuild(self.points, filled))

    def tangent(self, found: Sequence[Any], recorded: bool = False) -> Any:
        """The tangents from `push`, with zeros for None, in the containers of the result."""
        return rebuild(self.result, _filled(found, self.roots, self.is_nested or recorded))

    # Warning

    def warn(self, reached: Sequence[bool] | None = None) -> None:
        """Gives a `DisconnectedWarning` for arguments on which no root depends, at the user's line.

        reached: for each inner Tensor, whether a root depends on it; computed if it is not given.
        """
        if not self.may_warn and any([isinstance(value, Tensor) for value in leaves(self.result)]):
            return
        counts = reached or self._reached()
        lost = [name for name, does in zip(self.names(), counts, strict=True) if not does]
        level = _users_level() if lost else None
        if level is not None:
            warnings.warn(
                f"{self.name}: the value of {self.function} does not depend on {', '.join(lost)}: the gradient is "
                "zeros. If it should depend, look for .data, .detach(), .item() or a comparison on the way; functions "
                "of derivative zero, such as np.floor, np.round and np.sign, give this too. If not, leave the argument "
                "out of argnum, or pass it by a closure.",
                DisconnectedWarning,
                stacklevel=level,
            )

    def _reached(self) -> list[bool]:
        below = [t for node in explore(self.roots, self.inner)[0] for t in node.inputs]
        met = {id(t) for t in (*self.roots, *below)}
        return [id(x) in met for x in self.inner]


def similar(name: str, what: str, like: Any, tree: Any) -> list[Any]:
    """The leaves of `tree` as arrays or Tensors of the dtypes of those of `like`. ValueError: if the shapes differ."""
    parts = aligned(f"{name}: {what}", like, tree)
    return [_alike(n, v, x) for n, v, x in zip(labels(like, f"{name}: {what}"), parts, leaves(like), strict=True)]


def _alike(what: str, v: Any, x: Any) -> Any:
    dtype = x.dtype if isinstance(x, (Tensor, np.ndarray, np.generic)) else np.dtype(type(x))
    v = v if isinstance(v, Tensor) else np.asarray(v)[()]
    if v.shape != np.shape(x):
        raise ValueError(f"{what} must have shape {np.shape(x)}. Received: shape {v.shape}.")
    if v.dtype.kind == "c" != dtype.kind:
        raise TypeError(f"{what} must be real, {dtype}. Received: dtype {v.dtype}. Take np.real of it.")
    return v if v.dtype == dtype else v.astype(dtype)


def released(x: Any, recorded: bool) -> Any:
    """A result for the caller: a Tensor if `recorded`, so that it can be differentiated; else a copy as an array."""
    if recorded:
        return x if isinstance(x, Tensor) else Tensor(x)
    x = x.data if isinstance(x, Tensor) else x
    return x.copy() if x.ndim else x[()]


def _filled(found: Sequence[Any], like: Sequence[Tensor], recorded: bool) -> list[Any]:
    pairs = zip(found, like, strict=True)
    return [released(np.zeros_like(x.data), recorded) if v is None else v for v, x in pairs]


def _checked(name: str, value: Any) -> Tensor:
    """A leaf of the function's result as a Tensor, which may be a constant."""
    dtype = getattr(value, "dtype", None) or np.dtype(type(value))
    if name in ("grad", "elementwise_grad") and dtype.kind in "iub":
        raise TypeError(
            f"{name}: the function must return floating-point numbers: whole numbers and bools have no derivative. "
            f"Received: {type(value).__name__}, {dtype}. Return the floats they were made from, or e.g. 2.0 for 2."
        )
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (np.ndarray, np.generic, float, int, complex)) and np.asarray(value).dtype.kind in "fciub":
        return Tensor(np.asarray(value, dtype=np.result_type(value, np.float32)))
    raise TypeError(_not_an_array(name, value))


def _not_an_array(name: str, value: Any) -> str:
    return (
        f"{name}: the function must return one Tensor or array of numbers. Received: {type(value).__name__}. "
        "Join several with np.stack or np.concatenate. vjp, jvp and jacobian take dicts, lists and tuples of them; "
        "what should not be differentiated goes to has_aux=True."
    )


def _pair(name: str, result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"{name}: with has_aux=True the function must return a pair, (value, aux). "
            f"Received: {type(result).__name__}{f' of length {len(result)}' if isinstance(result, tuple) else ''}."
        )
    return result


def _users_level() -> int | None:
    """The `stacklevel` of the line that takes the derivative, for `warn`; None if that line is in this package."""
    level, frame = 1, sys._getframe(1)
    modules = (__name__, f"{__package__}.functional")
    while frame.f_back is not None and frame.f_globals.get("__name__") in modules:
        level, frame = level + 1, frame.f_back
    is_ours = f"{frame.f_globals.get('__package__')}.".startswith(f"{__package__}.")
    return None if is_ours else level
