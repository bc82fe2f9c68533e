"""Functions that differentiate functions: grad, vjp, jvp, hvp, jacobian, hessian.

The function is called on a new Tensor for each differentiated array, so derivatives can be nested: `grad(grad(f))` is
the second derivative, also where an inner function uses an outer variable. Arrays give arrays. If an argument is a
Tensor, or the function uses Tensors from outside that require a gradient, the derivative is a Tensor that can be
differentiated again (not under `no_grad`).

An argument is a float, an array of floats, a Tensor, or a nested dict, list or tuple of them; the gradient has the same
structure, shapes and dtypes. argnum: the positional argument to differentiate for, or several; then the gradient is a
tuple. has_aux: the function returns a pair (value, aux), of which only the value is differentiated.

Arguments may be complex, and so may the values for vjp and jvp. The gradient for a + ib is df/da - i df/db: see
`ops.complex`. Arguments and results of jacobian and hessian must be real; intermediate results may be complex.

If the value does not depend on an argument the derivative is zero, and a `DisconnectedWarning` says so. A Tensor that
requires a gradient becomes an array or a float only through `.data`, `.numpy()`, `.item()` or `.detach()`; everything
else that would lose the gradient is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .call import Call, released, similar
from .complex_tensor import is_complex
from .containers import rebuild, transform
from .tensor import Tensor

Argnum = int | Sequence[int]
Function = Callable[..., Any]
_ONE = (int, np.integer)


def value_and_grad(f: Function, argnum: Argnum = 0, has_aux: bool = False) -> Function:
    """The function `(*args) -> (f(*args), gradient)` for a scalar f; with `has_aux`, `((value, aux), gradient)`.

    TypeError: if an argument is not made of floats, or the value is complex. ValueError: if it is not a scalar.

    >>> value, gradient = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    >>> float(value), gradient.tolist()
    (5.0, [2.0, 4.0])
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = Call("grad", f, args, kwargs, _argnums("grad", argnum, args), has_aux)
        root = call.only_root()
        _expect_real("grad: the function must return a real number.", root)
        if root.shape != ():
            raise ValueError(
                f"grad: the function must return a scalar. Received: shape {root.shape}. "
                "Reduce it, e.g. with np.sum, or use jacobian, or elementwise_grad."
            )
        gradient = _pulled(call, np.ones((), root.dtype)[()], argnum)
        return (call.value(), call.released_aux()) if has_aux else call.value(), gradient

    return value_and_gradient


def grad(f: Function, argnum: Argnum = 0, has_aux: bool = False) -> Function:
    """The gradient of a scalar function, a function of the same arguments; with `has_aux`, `(gradient, aux)`.

    See `value_and_grad`.

    >>> def f(x, y):
    ...     return x**2 * y
    >>> float(grad(f)(3.0, 2.0)), float(grad(f, argnum=1)(3.0, 2.0)), float(grad(grad(f))(3.0, 2.0))
    (12.0, 9.0, 4.0)
    """
    both = value_and_grad(f, argnum, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def elementwise_grad(f: Function, argnum: Argnum = 0) -> Function:
    """The derivative of a function that acts element by element: an array of the argument's shape.

    Each element of the result must depend on one element of the argument alone; this is not checked.
    ValueError: if the result has another shape than the argument.

    >>> elementwise_grad(lambda x: x**3)(np.array([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """

    def derivative(*args: Any, **kwargs: Any) -> Any:
        call = Call("elementwise_grad", f, args, kwargs, _argnums("elementwise_grad", argnum, args))
        root = call.only_root()
        _expect_real("elementwise_grad: the function must return real numbers.", root)
        for name, x in zip(call.names(), call.inner, strict=True):
            if x.shape != root.shape:
                raise ValueError(
                    f"elementwise_grad: the function must return the shape of {name}, {x.shape}. "
                    f"Received: shape {root.shape}. Use jacobian, or vjp."
                )
        return _pulled(call, np.ones(root.shape, root.dtype)[()], argnum)

    return derivative


def _expect_real(what: str, x: Tensor) -> None:
    if is_complex(x):
        raise TypeError(f"{what} Received: dtype {x.dtype}. Take np.real, np.imag or np.abs, or use vjp or jvp.")


def _pulled(call: Call, gradient: Any, argnum: Argnum) -> Any:
    found = call.pull(call.roots[0], gradient, retain=False)
    if any([g is None for g in found]):
        call.warn([g is not None for g in found])
    return _picked(argnum, call.gradients(found))


def vjp(f: Function, *args: Any, has_aux: bool = False) -> Any:
    """`(f(*args), pullback)`; with `has_aux`, `(value, pullback, aux)`. The value may be a container of arrays.

    `pullback(g)` is the tuple of g . df/darg, one per argument; g has the structure and shapes of the value. It may be
    called several times, also after the caller's arrays have changed.

    >>> value, pullback = vjp(lambda a, x: a @ x, np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones(2))
    >>> [g.tolist() for g in pullback(np.array([1.0, 0.0]))]
    [[[1.0, 1.0], [0.0, 0.0]], [1.0, 2.0]]
    """
    args = transform(lambda x: x.copy() if isinstance(x, np.ndarray) else x, args)  # the caller may write to them
    call = Call("vjp", f, args, {}, range(len(args)), has_aux)
    call.warn()

    def pullback(g: Any) -> tuple[Any, ...]:
        cotangents = similar("vjp", "the cotangent", rebuild(call.result, call.roots), g)
        found: list[Any] = [None] * len(call.inner)
        for root, cotangent in zip(call.roots, cotangents, strict=True):
            for i, g in enumerate(call.pull(root, cotangent)):
                found[i] = g if found[i] is None else found[i] if g is None else found[i] + g
        return call.gradients(found, any(isinstance(v, Tensor) for v in cotangents))

    value = call.value()
    return (value, pullback, call.released_aux()) if has_aux else (value, pullback)


def jvp(f: Function, args: Any, tangents: Any) -> tuple[Any, Any]:
    """`(f(*args), sum of df/darg . tangent)`, by forward mode. The value may be a container of arrays, as for `vjp`.

    `args` and `tangents` are tuples, or one argument each, of the same structure and shapes.

    >>> value, moved = jvp(lambda x: x**2, np.array([1.0, 2.0]), np.array([1.0, 0.5]))
    >>> value.tolist(), moved.tolist()
    ([1.0, 4.0], [2.0, 2.0])
    """
    points, directions = _pairs("jvp", args, tangents)
    call = Call("jvp", f, points, {}, range(len(points)))
    call.warn()
    recorded = any(isinstance(v, Tensor) for v in directions)
    return call.value(), call.tangent(call.push(directions), recorded)


def hvp(f: Function, args: Any, tangents: Any) -> Any:
    """The Hessian of a scalar function times the tangents, without forming it: forward mode over reverse mode.

    `args`, `tangents`: as for `jvp`. The product is shaped like `args`: a tuple for a tuple.

    >>> hvp(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2.0]), np.array([1.0, 0.0])).tolist()
    [4.0, 2.0]
    """
    points = args if isinstance(args, tuple) else (args,)
    products = jvp(grad(f, range(len(points))), points, tangents if isinstance(args, tuple) else (tangents,))[1]
    return products if isinstance(args, tuple) else products[0]


def jacobian(f: Function, argnum: Argnum = 0, mode: str = "reverse", has_aux: bool = False) -> Function:
    """The function of all partial derivatives, of shape `f(x).shape + x.shape`; with `has_aux`, `(jacobian, aux)`.

    mode: "reverse", one pullback per element of the result, or "forward", one tangent per element of the arguments;
    take the one with fewer. If the value is a container, the result is one of the same structure, with the jacobian of
    each array: an array, or a tuple for several argnums, or a container with the structure of the argument.
    ValueError: on another mode. TypeError: if an argument or the result is complex.

    >>> jacobian(lambda x: np.cumsum(x**2))(np.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [2.0, 4.0]]
    """
    if mode not in ("reverse", "forward"):
        raise ValueError(f'jacobian: mode must be "reverse" or "forward". Received: mode={mode!r}.')

    def jacobians(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacobian", f, args, kwargs, _argnums("jacobian", argnum, args), has_aux)
        for t in (*call.inner, *call.roots):
            _expect_real("jacobian: arguments and results must be real.", t)
        blocks = _rows(call) if mode == "reverse" else _columns(call)
        call.warn()
        found = [_picked(argnum, tuple(rebuild(call.points, row))) for row in blocks]
        result = rebuild(call.result, found)
        return (result, call.released_aux()) if has_aux else result

    return jacobians


def hessian(f: Function, argnum: Argnum = 0) -> Function:
    """The function of all second derivatives of a scalar function, of shape `x.shape + x.shape`.

    For several argnums or containers, see `jacobian`: it is the jacobian of the gradient.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0])).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(f, argnum), argnum)


def _rows(call: Call) -> list[list[Any]]:
    """The derivative of each root for each inner Tensor, in reverse mode: a row per element of the root."""
    blocks = []
    for root in call.roots:
        rows = [call.pull(root, e) for e in _basis(root)]
        columns = [[row[i] for row in rows] for i in range(len(call.inner))]
        pairs = zip(columns, call.inner, strict=True)
        blocks.append([_assembled(call, parts, x, 0, root.shape + x.shape, x) for parts, x in pairs])
    return blocks


def _columns(call: Call) -> list[list[Any]]:
    """The derivative of each root for each inner Tensor, in forward mode: a column per element of the inner Tensor."""
    blocks: list[list[Any]] = [[] for _ in call.roots]
    for i, x in enumerate(call.inner):
        moves = [call.push([e if j == i else None for j in range(len(call.inner))]) for e in _basis(x)]
        for k, root in enumerate(call.roots):
            blocks[k].append(_assembled(call, [move[k] for move in moves], root, -1, root.shape + x.shape, x))
    return blocks


def _basis(x: Tensor) -> list[Any]:
    """The arrays of x's shape and dtype with one element 1 and zeros elsewhere."""
    return [e[()] for e in np.eye(x.size, dtype=x.dtype).reshape((x.size, *x.shape))]


def _assembled(call: Call, parts: list[Any], like: Tensor, axis: int, shape: tuple[int, ...], x: Tensor) -> Any:
    """Rows or columns, zeros for None, joined along an axis; in the dtype of the argument x."""
    if all(part is None for part in parts):
        return released(np.zeros(shape, x.dtype), call.is_nested)
    zero = np.zeros(like.shape, like.dtype)
    block = np.reshape(np.stack([zero if part is None else part for part in parts], axis=axis), shape)
    return block if block.dtype == x.dtype else block.astype(x.dtype)


def _argnums(name: str, argnum: Argnum, args: Sequence[Any]) -> tuple[int, ...]:
    argnums = (int(argnum),) if isinstance(argnum, _ONE) else tuple(argnum)
    if not argnums or not all(-len(args) <= i < len(args) for i in argnums):
        raise ValueError(f"{name}: argnum must name a positional argument. Received: {argnum}, of {len(args)}.")
    argnums = tuple(i % len(args) for i in argnums)
    if len(set(argnums)) < len(argnums):
        raise ValueError(f"{name}: argnum must name each argument once. Received: {argnum}.")
    return argnums


def _picked(argnum: Argnum, found: tuple[Any, ...]) -> Any:
    return found[0] if isinstance(argnum, _ONE) else found


def _pairs(name: str, args: Any, tangents: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """The arguments, and the leaves of their tangents."""
    args, tangents = (x if isinstance(x, tuple) else (x,) for x in (args, tangents))
    if len(args) != len(tangents):
        raise ValueError(f"{name}: needs one tangent per argument. Received: {len(tangents)} for {len(args)}.")
    pairs = enumerate(zip(args, tangents, strict=True))
    return args, [leaf for i, (x, v) in pairs for leaf in similar(name, f"tangent {i}", x, v)]
