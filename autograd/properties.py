"""`check_row` tests the properties that every op must have, on the op's sample inputs.

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

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .check import check_grads
from .containers import leaves, transform
from .domain import RandomArray, SampleInput
from .functional import grad, jvp, vjp
from .listing import short_name
from .op import TABLE, Function, Op, Primitive
from .tensor import Tensor

NARROW = (np.dtype(np.float32), np.dtype(np.complex64))
BROADCAST_SHAPES: list[tuple[tuple[int, ...], ...]] = [((3,), ()), ((2, 1, 2), (3, 1)), ((1,), (2, 3)), ((0,), (1,))]


def check_row(op: Op | Function, order: int = 2) -> None:
    """Tests an op on each of its sample inputs. All ops of this project pass it.

    op: what `elementwise`, `primitive`, `linear` or `composite` returned, or a NumPy function in the table of ops.
    order: up to which order derivatives are tested, 1 or 2. The properties:

    - the value on Tensors is the function's on arrays, also through NumPy;
    - a `linear` op is linear;
    - the derivatives up to `order` agree with finite differences, in float64, and the first in float32;
    - float32 stays float32, in the derivatives too, and a gradient has the dtype and shape of its argument;
    - inputs, results and gradients are not changed, and may be read-only;
    - an elementwise op of several arguments takes all shapes that broadcast;
    - forward mode is the transpose of reverse mode, its tangents have the dtypes and shapes of the results, and applied
      twice it gives the second derivative of reverse mode.

    AssertionError: with the sample input and what is wrong. A derivative that differs from the true one on purpose (a
    straight-through estimator, a surrogate gradient) is refused, too, as it should be. ValueError: if the op has no
    sample inputs. TypeError: if the function is not in the table.

    >>> check_row(np.tanh)  # no output: all properties hold
    """
    known = op if isinstance(op, Op) else TABLE.get(op)
    if known is None:
        raise TypeError(f"check_row: needs an op, or a function in the table of ops. Received: {op!r}.")
    if not known.samples:
        raise ValueError(f"check_row: {known.name} has no samples. Declare some calls: samples=[sample(rand(2, 3))].")
    for sample in known.samples:
        for check in (_value, _linearity, _derivatives, _types, _precision, _purity, _forward, _tangents, _curvature):
            _run(check, known, sample, order)
    _run(_broadcasting, known, known.samples[0], order)


def _run(check: Callable[..., None], op: Op, sample: SampleInput, order: int) -> None:
    try:
        check(op, sample, order)
    except Exception as error:
        what = f"{short_name(op.func)}, {_shown(sample)}: {(check.__doc__ or '').partition(':')[0]}"
        raise AssertionError(f"check_row: {what} fails. {error}") from error


def _shown(sample: SampleInput) -> str:
    def shown(x: Any) -> str:
        return f"array{x.shape}" if isinstance(x, RandomArray) else repr(x)

    parts = [shown(x) for x in sample.args] + [f"{name}={shown(x)}" for name, x in sample.kwargs.items()]
    return f"called with ({', '.join(parts)})"


def _call(op: Op, sample: SampleInput) -> Callable[..., Any]:
    """The op as users call it: through NumPy where it is NumPy's."""
    f = op.func if (getattr(op.func, "__module__", None) or "numpy").startswith("numpy") else op
    return lambda *arrays: sample.call(f, arrays)


def _arrays(sample: SampleInput, dtype: Any = np.float64) -> list[Any]:
    return sample.draw(np.random.default_rng(0), dtype)


def _leaves(arrays: Sequence[Any]) -> list[Tensor]:
    return [Tensor(a, requires_grad=True) for a in arrays]


def _random(rng: np.random.Generator, like: Any) -> Any:
    x = rng.normal(size=np.shape(like))
    return np.asarray(x + 1j * rng.normal(size=np.shape(like)) if np.iscomplexobj(like) else x, like.dtype)


def _inner(us: Any, vs: Any) -> Any:
    """The real part of the sum of all products, of two containers of arrays."""
    return sum(np.real(np.sum(u * v)) for u, v in zip(leaves(us), leaves(vs), strict=True))


def _value(op: Op, sample: SampleInput, order: int) -> None:
    """The value: the op on Tensors must give the values of the function on arrays."""
    arrays = _arrays(sample)
    expected = leaves(sample.call(op.func, arrays))
    for got in (_call(op, sample)(*map(Tensor, arrays)), sample.call(op, _leaves(arrays))):
        for y, e in zip(leaves(got), expected, strict=True):
            assert isinstance(y, Tensor), f"The result on Tensors must be a Tensor. Received: {type(y).__name__}."
            np.testing.assert_allclose(y.data, e, rtol=1e-14, atol=1e-15)


def _linearity(op: Op, sample: SampleInput, order: int) -> None:
    """Linearity: f(2 a + 3 b) = 2 f(a) + 3 f(b), which `linear` claims."""
    if op.is_linear:
        a, b = _arrays(sample), sample.draw(np.random.default_rng(1))
        f = _call(op, sample)
        both = f(*(Tensor(2 * x + 3 * y) for x, y in zip(a, b, strict=True)))
        apart = 2 * f(*map(Tensor, a)) + 3 * f(*map(Tensor, b))
        np.testing.assert_allclose(both.data, apart.data, rtol=1e-12, atol=1e-13)


def _derivatives(op: Op, sample: SampleInput, order: int, dtype: Any = np.float64) -> None:
    """The derivative: against finite differences."""
    arrays = _arrays(sample, dtype)
    for k in range(len(leaves(sample.call(op.func, arrays)))):
        check_grads(lambda *xs, k=k: leaves(_call(op, sample)(*xs))[k], *arrays, order=order)


def _precision(op: Op, sample: SampleInput, order: int) -> None:
    """The derivative in float32: against finite differences in float64."""
    _derivatives(op, sample, 1, np.float32)


def _types(op: Op, sample: SampleInput, order: int) -> None:
    """The type of the derivative: float32 for float32, before the backward pass casts it."""
    expected = leaves(sample.call(op.func, _arrays(sample, np.float32)))
    xs = _leaves(_arrays(sample, np.float32))
    for y, e in zip(leaves(_call(op, sample)(*xs)), expected, strict=True):
        assert y.dtype in (np.float32, e.dtype), f"The value of float32 has dtype {y.dtype}, the function's {e.dtype}."
        if isinstance(op, Primitive) and y.op is not None and y.dtype in NARROW:
            _expect_narrow(y)
        if y.requires_grad:
            y.backward(np.ones(y.shape), retain_graph=True)
    for x in xs:
        if x.grad is not None:
            assert (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape), (
                "A gradient lacks the dtype and shape of its argument."
            )


def _expect_narrow(y: Tensor) -> None:
    g = np.ones(y.shape, y.dtype)[()]
    for i, (t, d) in enumerate(zip(y.inputs, y.op.derivatives, strict=False)):
        if t is not None and d is not None:
            c = g * d(y.data, *y.args) if y.op.is_elementwise else d(g, y.data, *y.args, **y.kwargs)
            assert c.dtype in NARROW, (
                f"The derivative by argument {i} of float32 is {c.dtype}: take constants from Python or math, "
                "not from NumPy, and give new arrays a dtype."
            )


def _purity(op: Op, sample: SampleInput, order: int) -> None:
    """Leaving the inputs alone: read-only arrays must be accepted, and no array changed."""
    arrays = _arrays(sample)
    copies = [a.copy() for a in arrays]
    for a in arrays:
        a.setflags(write=False)
    xs = _leaves(arrays)
    ys = [y for y in leaves(_call(op, sample)(*xs)) if y.requires_grad]
    values = [np.copy(y.data) for y in ys]
    first, second = _pulled(xs, ys), _pulled(xs, ys)
    for a, b in zip((*arrays, *(y.data for y in ys), *first), (*copies, *values, *second), strict=True):
        np.testing.assert_array_equal(a, b)


def _pulled(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> list[Any]:
    for x in xs:
        x.zero_grad()
    for y in ys:
        g = np.ones(y.shape, y.dtype)
        g.setflags(write=False)
        y.backward(g, retain_graph=True)
    return [0 if x.grad is None else x.grad for x in xs]


def _broadcasting(op: Op, sample: SampleInput, order: int) -> None:
    """Broadcasting: the gradient is that of the arguments in their common shape, summed."""
    domains = [x.domain for x in sample.args if isinstance(x, RandomArray)]
    if not op.is_elementwise or len(domains) < 2:
        return
    rng = np.random.default_rng(0)
    for shapes in BROADCAST_SHAPES:
        arrays = [d.sample(rng, s) for d, s in zip(domains, [*shapes, *[()] * len(domains)], strict=False)]
        narrow, wide = _leaves(arrays), _leaves([np.array(a) for a in np.broadcast_arrays(*arrays)])
        for xs in (narrow, wide):
            y = op(*xs)
            y.backward(np.ones(y.shape, y.dtype))
        for x, tiled in zip(narrow, wide, strict=True):
            if x.grad is not None and tiled.grad is not None:
                lead = tiled.ndim - x.ndim
                axes = tuple(i for i, n in enumerate(tiled.shape) if i < lead or x.shape[i - lead] != n)
                expected = tiled.grad.sum(axis=axes).reshape(x.shape)
                np.testing.assert_allclose(x.grad, expected, rtol=1e-12, atol=1e-14, err_msg=f"shapes {shapes}")


def _forward(op: Op, sample: SampleInput, order: int) -> None:
    """Forward mode: the transpose of reverse mode."""
    rng, arrays = np.random.default_rng(1), tuple(_arrays(sample))
    tangents = tuple(_random(rng, a) for a in arrays)
    value, moved = jvp(_call(op, sample), arrays, tangents)
    again, pullback = vjp(_call(op, sample), *arrays)
    for a, b in zip(leaves(value), leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    cotangent = transform(lambda y: _random(rng, y), value)
    scale = sum(np.sum(np.abs(u * v)) for u, v in zip(leaves(cotangent), leaves(moved), strict=True))
    left, right = _inner(cotangent, moved), _inner(pullback(cotangent), tangents)
    np.testing.assert_allclose(left, right, rtol=0, atol=1e-10 * max(1, scale))


def _tangents(op: Op, sample: SampleInput, order: int) -> None:
    """The type of the tangent: dtype and shape of the result, in float32."""
    rng, arrays = np.random.default_rng(1), tuple(_arrays(sample, np.float32))
    value, moved = jvp(_call(op, sample), arrays, tuple(_random(rng, a) for a in arrays))
    for y, v in zip(leaves(value), leaves(moved), strict=True):
        assert not isinstance(v, Tensor), "The tangent of arrays is a Tensor."
        assert (v.dtype, v.shape) == (y.dtype, y.shape), f"{v.dtype}, {v.shape} for {y.dtype}, {y.shape}."


def _curvature(op: Op, sample: SampleInput, order: int) -> None:
    """Forward over forward mode: the second derivative along a direction is that of reverse over reverse mode."""
    if order < 2:
        return
    f, rng, arrays = _call(op, sample), np.random.default_rng(1), tuple(_arrays(sample))
    tangents = tuple(_random(rng, a) for a in arrays)
    weights = [_random(rng, np.asarray(y)) for y in leaves(f(*arrays))]

    def scalar(*xs: Any) -> Any:
        return _inner(weights, f(*xs))

    twice = jvp(lambda *xs: jvp(scalar, xs, tangents)[1], arrays, tangents)[1]
    argnums = range(len(arrays))
    reverse = grad(lambda *xs: _inner(grad(scalar, argnums)(*xs), tangents), argnums)(*arrays)
    np.testing.assert_allclose(twice, _inner(reverse, tangents), rtol=1e-9, atol=1e-9)
