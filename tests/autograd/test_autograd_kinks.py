"""The conventions where a derivative does not exist: the subgradient of smallest norm, ties shared, bounds inside."""

import numpy as np
import pytest

from glissade.autograd import Tensor, check_grads, grad, nn

INF = np.inf

KINKS = [
    ("abs at 0", np.abs, [0.0, 2.0], [0, 1]),
    ("fabs at 0", np.fabs, [0.0, -2.0], [0, -1]),
    ("sign", lambda x: np.sign(x) + 0 * x, [0.0, 3.0], [0, 0]),
    ("round", lambda x: np.round(x) + 0 * x, [0.5, 3.2], [0, 0]),
    ("floor", lambda x: np.floor(x) + 0 * x, [1.0, 3.2], [0, 0]),
    ("maximum, tie", lambda x: np.maximum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 1, 0]),
    ("minimum, tie", lambda x: np.minimum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 0, 1]),
    ("maximum with itself", lambda x: np.maximum(x, x), [1.0], [1]),
    ("max, ties", np.max, [1.0, 1.0, 0.0], [0.5, 0.5, 0]),
    ("max along an axis, ties", lambda x: np.max(x, axis=0), [1.0, 1.0, 1.0], [1 / 3, 1 / 3, 1 / 3]),
    ("min, ties", np.min, [1.0, 0.0, 0.0], [0, 0.5, 0.5]),
    ("relu at 0", nn.relu, [0.0, 1.0, -1.0], [0, 1, 0]),
    ("clip at its bounds", lambda x: np.clip(x, 0.0, 1.0), [0.0, 1.0, 2.0, -1.0], [1, 1, 0, 0]),
    ("sqrt at 0", np.sqrt, [0.0, 4.0], [INF, 0.25]),
    ("cbrt at 0", np.cbrt, [0.0], [INF]),
    ("norm at 0", np.linalg.norm, [0.0, 0.0], [0, 0]),
    ("norm of rows, one 0", lambda x: np.linalg.norm(x.reshape(2, 2), axis=1), [0.0, 0.0, 3.0, 4.0], [0, 0, 0.6, 0.8]),
    ("square of the norm at 0", lambda x: np.linalg.norm(x) ** 2, [0.0, 0.0], [0, 0]),
    ("standard deviation of equal numbers", np.std, [2.0, 2.0], [0, 0]),
    ("hypot at the origin", lambda x: np.hypot(x, 0.0), [0.0, 2.0], [0, 1]),
    ("arctan2 at the origin", lambda x: np.arctan2(x, 0.0), [0.0], [0]),
    ("product with one 0", np.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
    ("product with two 0", np.prod, [0.0, 0.0, 3.0], [0, 0, 0]),
    ("x**0 at 0", lambda x: x**0, [0.0, 2.0], [0, 0]),
    ("x**0.0 at 0", lambda x: np.power(x, 0.0), [0.0, 2.0], [0, 0]),
    ("x**1 at 0", lambda x: x**1, [0.0], [1]),
    ("x**2 at 0", lambda x: np.power(x, 2), [0.0], [0]),
    ("0**x", lambda x: 0.0**x, [2.0], [0]),
    ("tanh far out", np.tanh, [1e3, -1e3], [0, 0]),
    ("sigmoid far out", nn.sigmoid, [1e3, -1e3], [0, 0]),
    ("sort, ties in order", lambda x: np.sort(x) * np.array([1.0, 10.0, 100.0]), [2.0, 1.0, 1.0], [100, 1, 10]),
    ("where takes no part of the other side", lambda x: np.where(x > 0, x, INF), [1.0, -1.0], [1, 0]),
]


@pytest.mark.parametrize(("name", "f", "at", "expected"), KINKS, ids=[row[0] for row in KINKS])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_convention(name, f, at, expected, dtype):
    x = Tensor(np.array(at, dtype), requires_grad=True)
    with np.errstate(divide="ignore"):
        np.sum(f(x)).backward()
    assert x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad, expected, rtol=1e-6 if dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("zeros", [1, 2, 3])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_product_with_zeros_any_order(zeros, axis):
    x = np.array([[1.5, 2.0, -0.5], [0.7, 1.1, 3.0]])
    x.flat[np.arange(zeros) * 2] = 0.0
    check_grads(lambda a: np.prod(a, axis=axis), x, order=3)


def test_second_derivatives_at_a_tie_and_far_out():
    assert grad(grad(lambda x: np.maximum(x, 1.0) ** 2))(1.0) == 0.5
    assert grad(grad(np.tanh))(400.0) == 0.0
    np.testing.assert_allclose(grad(grad(nn.relu))(1.0), 0.0)


def test_nan_reaches_the_gradient_of_an_extremum():
    x = Tensor([1.0, np.nan], requires_grad=True)
    y = np.max(x)
    assert np.isnan(y.data)
    y.backward()
    np.testing.assert_array_equal(x.grad, [0, 1])
