"""Functions that differentiate functions: grad, vjp, jvp, hvp, jacobian, hessian.

The function is called on fresh Tensors, one per differentiated argument, so derivatives nest without confusion:
`grad(grad(f))` is the second derivative, also where an inner function uses an outer variable. Arrays in, arrays out. If
an argument is a Tensor, or the function involves Tensors from outside that require a gradient, the derivative is a
Tensor that can be differentiated again (not under `no_grad`).

A value that does not depend on an argument has derivative zero for it. Nothing gets lost on the way unseen: a Tensor
that requires a gradient becomes an array or a float only through `.data`, `.numpy()`, `.item()` or `.detach()`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .domain import arr, case
from .modes import Mode, is_recording
from .op import linear
from .tensor import Tensor
from .walk import pull, reaches_outside

Argnum = int | Sequence[int]
Function = Callable[..., Any]


def _enter(x: Any) -> Any:
    return x


enter = linear(_enter, lambda g, y, x: g, samples=[case(arr(3))])


class _Call:
    """One call of f: its `value`, the fresh `inner` Tensors, and whether the derivatives are themselves recorded."""

    def __init__(self, name: str, f: Function, args: Sequence[Any], kwargs: Any, argnums: Sequence[int]) -> None:
        recording = is_recording()
        self.name = name
        with Mode(True):
            self.inner = [_fresh(name, i, args[i], recording) for i in argnums]
            fresh = dict(zip(argnums, self.inner, strict=True))
            self.value = _checked(name, f(*(fresh.get(i, x) for i, x in enumerate(args)), **kwargs))
        tensors = any(isinstance(args[i], Tensor) for i in argnums)
        self.is_nested = recording and (tensors or reaches_outside(self.value, self.inner))

    def pull(self, gradient: Any, retain: bool = True) -> list[Any]:
        """The gradients of value . gradient."""
        recorded = self.is_nested or isinstance(gradient, Tensor)
        found = pull(self.value, gradient, self.inner, recorded, retain)
        pairs = zip(found, self.inner, strict=True)
        return [_release(np.zeros_like(x.data) if g is None else g, recorded) for g, x in pairs]

    def scalar_gradients(self) -> list[Any]:
        """The gradients of value, which must be a scalar."""
        if self.value.shape != ():
            raise ValueError(
                f"{self.name}: the function must return a scalar. Received: shape {self.value.shape}. "
                "Reduce it, e.g. with np.sum, or use jacobian."
            )
        return self.pull(np.ones((), self.value.dtype)[()], retain=False)


def _release(x: Any, recorded: bool) -> Any:
    """What the caller gets: a Tensor if it may be differentiated further, else an array of its own."""
    if recorded:
        return x if isinstance(x, Tensor) else Tensor(x)
    x = x.data if isinstance(x, Tensor) else x
    return x.copy() if x.ndim else x[()]


def _fresh(name: str, i: int, x: Any, recording: bool) -> Tensor:
    if isinstance(x, Tensor):
        if x.requires_grad and recording:
            entered: Tensor = enter(x)
            return entered
        x = x.data
    if not isinstance(x, (np.ndarray, np.generic, float)) or np.asarray(x).dtype.kind != "f":
        kind = f"dtype {x.dtype}" if isinstance(x, (np.ndarray, np.generic)) else type(x).__name__
        raise TypeError(
            f"{name}: argument {i} must be a float, an array of floats or a Tensor of floats. Received: {kind}. "
            "Pass e.g. 2.0 instead of 2, or x.astype(float)."
        )
    return Tensor(x, requires_grad=True)


def _checked(name: str, value: Any) -> Tensor:
    """The value of the function as a Tensor, which may be a constant."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (np.ndarray, np.generic, float, int)) and np.asarray(value).dtype.kind in "fiub":
        return Tensor(np.asarray(value, dtype=np.result_type(value, np.float32)))
    raise TypeError(
        f"{name}: the function must return one Tensor or array of real numbers. Received: {type(value).__name__}. "
        "Join several with np.stack or np.concatenate."
    )


def _argnums(name: str, argnum: Argnum, args: Sequence[Any]) -> tuple[int, ...]:
    argnums = (argnum,) if isinstance(argnum, int) else tuple(argnum)
    if not all(-len(args) <= i < len(args) for i in argnums):
        raise ValueError(f"{name}: argnum must name a positional argument. Received: {argnum}, of {len(args)}.")
    argnums = tuple(i % len(args) for i in argnums)
    if len(set(argnums)) < len(argnums):
        raise ValueError(f"{name}: argnum must name each argument once. Received: {argnum}.")
    return argnums


def value_and_grad(f: Function, argnum: Argnum = 0) -> Function:
    """The function `(*args) -> (f(*args), gradient)` for a scalar f.

    argnum: the positional argument to differentiate for, or several: then the gradient is a tuple.
    Arguments: floats, arrays of floats, Tensors. The gradient has the argument's shape and dtype.
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _Call("grad", f, args, kwargs, _argnums("grad", argnum, args))
        gradients = call.scalar_gradients()
        return _release(call.value, call.is_nested), gradients[0] if isinstance(argnum, int) else tuple(gradients)

    return value_and_gradient


def grad(f: Function, argnum: Argnum = 0) -> Function:
    """The gradient of a scalar function, a function of the same arguments. See `value_and_grad`."""
    both = value_and_grad(f, argnum)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def vjp(f: Function, *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """`(f(*args), pullback)`: `pullback(g)` is the tuple of g . df/darg, one per argument; g has f's shape."""
    call = _Call("vjp", f, args, {}, range(len(args)))

    def pullback(g: Any) -> tuple[Any, ...]:
        return tuple(call.pull(_alike("vjp", "the cotangent", g, call.value)))

    return _release(call.value, call.is_nested), pullback


def jvp(f: Function, args: Any, tangents: Any) -> tuple[Any, Any]:
    """`(f(*args), sum of df/darg . tangent)`. `args` and `tangents` are tuples, or one array each, of the same shapes.

    The pullback is linear in its cotangent, so its own gradient is the derivative along the tangents.
    """
    args, tangents = _pairs("jvp", args, tangents)
    value, pullback = vjp(f, *args)
    along = grad(lambda g: _inner_product(pullback(g), tangents))
    with Mode(isinstance(value, Tensor)):
        return value, along(np.ones(value.shape, value.dtype))


def hvp(f: Function, args: Any, tangents: Any) -> Any:
    """The Hessian of a scalar function times the tangents, without forming it. `args`, `tangents`: as for `jvp`.

    Shaped like `args`: a tuple for a tuple.
    """
    points, directions = _pairs("hvp", args, tangents)
    argnums = tuple(range(len(points)))
    products = grad(lambda *xs: _inner_product(grad(f, argnums)(*xs), directions), argnums)(*points)
    return products if isinstance(args, tuple) else products[0]


def jacobian(f: Function, argnum: Argnum = 0) -> Function:
    """The function of all partial derivatives, of shape `f(x).shape + x.shape`; a tuple of them for several argnums."""

    def jacobians(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacobian", f, args, kwargs, _argnums("jacobian", argnum, args))
        shape, size = call.value.shape, call.value.size
        basis = np.eye(size, dtype=call.value.dtype).reshape((size, *shape))
        rows = [call.pull(row[()]) for row in basis]
        results = []
        for i, x in enumerate(call.inner):
            stacked = np.stack([row[i] for row in rows]) if rows else np.zeros((0, *x.shape), x.dtype)
            results.append(np.reshape(stacked, shape + x.shape))
        return results[0] if isinstance(argnum, int) else tuple(results)

    return jacobians


def hessian(f: Function, argnum: int = 0) -> Function:
    """The function of all second derivatives of a scalar function, of shape `x.shape + x.shape`."""
    return jacobian(grad(f, argnum), argnum)


def _pairs(name: str, args: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    args = args if isinstance(args, tuple) else (args,)
    tangents = tangents if isinstance(tangents, tuple) else (tangents,)
    if len(args) != len(tangents):
        raise ValueError(f"{name}: needs one tangent per argument. Received: {len(tangents)} for {len(args)}.")
    return args, tuple(_alike(name, f"tangent {i}", v, x) for i, (v, x) in enumerate(zip(tangents, args, strict=True)))


def _alike(name: str, what: str, v: Any, x: Any) -> Any:
    """v as an array or Tensor of the shape and dtype of x."""
    if not isinstance(v, Tensor):
        v = np.asarray(v, dtype=x.dtype if isinstance(x, (Tensor, np.ndarray, np.generic)) else None)[()]
    if v.shape != np.shape(x):
        raise ValueError(f"{name}: {what} must have shape {np.shape(x)}. Received: shape {v.shape}.")
    return v


def _inner_product(us: Sequence[Any], vs: Sequence[Any]) -> Any:
    return sum(np.sum(u * v) for u, v in zip(us, vs, strict=True))
