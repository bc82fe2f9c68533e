"""The conventions where a derivative does not exist: the subgradient of smallest norm, ties shared, bounds inside."""

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, grad, hessian, nn

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
    ("sort along an axis, ties in order", lambda x: np.sort(x.reshape(2, 1), axis=0)[0], [1.0, 1.0], [1, 0]),
    ("partition, ties as argpartition has them", lambda x: np.partition(x, 0)[0], [2.0, 1.0], [0, 1]),
    ("median of an odd number", np.median, [3.0, 1.0, 2.0], [0, 0, 1]),
    ("median of an even number: the two in the middle", np.median, [3.0, 1.0, 2.0, 9.0], [0.5, 0, 0.5, 0]),
    ("median, ties in order", np.median, [1.0, 1.0, 1.0], [0, 1, 0]),
    ("quantile: the two neighbours, by distance", lambda x: np.quantile(x, 0.25), [0.0, 1.0, 2.0], [0.5, 0.5, 0]),
    ("quantile at an entry", lambda x: np.quantile(x, 0.5), [0.0, 1.0, 2.0], [0, 1, 0]),
    ("percentile, lower", lambda x: np.percentile(x, 60, method="lower"), [0.0, 1.0, 2.0], [0, 1, 0]),
    ("ptp, ties", np.ptp, [3.0, 3.0, 1.0], [0.5, 0.5, -1]),
    ("ptp of equal numbers", np.ptp, [1.0, 1.0], [0, 0]),
    ("running maximum, tie", lambda x: np.maximum.accumulate(x)[1], [1.0, 1.0], [0.5, 0.5]),
    ("interpolation at a knot: to its right", lambda x: np.interp(x, [0, 1, 2], [0, 1, 5]), [1.0, 0.5], [4, 1]),
    (
        "interpolation at and beyond the ends",
        lambda x: np.interp(x, [0, 1], [0, 1]),
        [0.0, 1.0, 2.0, -1.0],
        [1, 1, 0, 0],
    ),
    ("sinc at 0", np.sinc, [0.0], [0]),
    ("i0 at 0", np.i0, [0.0], [0]),
    ("nan_to_num", np.nan_to_num, [1.0, INF], [1, 0]),
    ("nansum passes over NaN", np.nansum, [1.0, np.nan], [1, 0]),
    ("nanmean passes over NaN", np.nanmean, [1.0, np.nan, 3.0], [0.5, 0, 0.5]),
    ("nanmax, ties", np.nanmax, [2.0, np.nan, 2.0], [0.5, 0, 0.5]),
    ("nanstd of equal numbers", np.nanstd, [2.0, np.nan, 2.0], [0, 0, 0]),
    ("nanmedian", np.nanmedian, [3.0, np.nan, 1.0], [0.5, 0, 0.5]),
    ("cumprod with a 0", np.cumprod, [2.0, 0.0, 3.0], [1, 8, 0]),
    ("1-norm at 0", lambda x: np.linalg.norm(x, 1), [0.0, -2.0], [0, -1]),
    ("3-norm at 0", lambda x: np.linalg.norm(x, 3), [0.0, 0.0], [0, 0]),
    ("1.5-norm at 0", lambda x: np.linalg.norm(x, 1.5), [0.0, 0.0], [0, 0]),
    ("max-norm, ties", lambda x: np.linalg.norm(x, INF), [2.0, -2.0, 1.0], [0.5, -0.5, 0]),
    ("Frobenius norm at 0", lambda x: np.linalg.norm(x.reshape(2, 2), "fro"), [0.0] * 4, [0] * 4),
    ("variance over a mask", lambda x: np.var(x, where=[True, False, True]), [1.0, INF, 3.0], [-1, 0, 1]),
    ("sum of nothing", lambda x: np.sum(x, where=[False, False]), [1.0, INF], [0, 0]),
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


def test_sinc_and_i0_at_0_in_every_order():
    derivatives, f = [], np.sinc
    for _ in range(4):
        f = grad(f)
        derivatives.append(float(f(0.0)))
    np.testing.assert_allclose(derivatives, [0, -(np.pi**2) / 3, 0, np.pi**4 / 5], atol=1e-12)
    np.testing.assert_allclose(
        [grad(grad(np.i0))(0.0), grad(np.i0)(300.0) / np.i0(300.0)], [0.5, 0.9983319397905], rtol=1e-9
    )


@pytest.mark.parametrize("zeros", [[0], [1], [0, 2]])
def test_running_product_with_zeros_any_order(zeros):
    x = np.array([1.5, 2.0, -0.5])
    x[zeros] = 0.0
    check_grads(np.cumprod, x, order=3)


def _reconstructed(a):
    u, s, v = np.linalg.svd(a)
    return np.sum((u * s) @ v)


# The Hessian of a[0, 0]**2 + a[1, 1]**2 + 2 * a[1, 0]**2
_SQUARES = np.zeros((2, 2, 2, 2))
_SQUARES[0, 0, 0, 0] = _SQUARES[1, 1, 1, 1] = 2
_SQUARES[1, 0, 1, 0] = 4

# Functions that are smooth where the derivatives of their parts are not unique or do not exist: right, or NaN
SMOOTH = {
    "the squared norm": (hessian(lambda x: np.linalg.norm(x) ** 2), np.zeros(2), 2 * np.eye(2)),
    "the squared 3-norm": (hessian(lambda x: np.linalg.norm(x, 3) ** 2), np.zeros(1), [[2.0]]),
    "the squared hypotenuse": (hessian(lambda x: np.hypot(x[0], x[1]) ** 2), np.zeros(2), 2 * np.eye(2)),
    "the squared deviation": (hessian(lambda x: np.std(x) ** 2), np.ones(2), [[0.5, -0.5], [-0.5, 0.5]]),
    "a sum over eigenvalues": (hessian(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2)), np.eye(2), _SQUARES),
    "an svd put together": (grad(_reconstructed), np.eye(2), np.ones((2, 2))),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_derivative_that_is_not_known_is_nan(name):
    derivative, at, right = SMOOTH[name]
    got = derivative(at)
    assert np.all(np.isnan(got) | np.isclose(got, right))


def test_the_mixed_derivative_of_a_power_is_symmetric():
    mixed = hessian(lambda v: v[0] ** v[1])(np.array([23.0, 0.0]))
    np.testing.assert_allclose(mixed, [[0, 1 / 23], [1 / 23, np.log(23) ** 2]], rtol=1e-14)


def test_losses_of_integers_are_those_of_floats():
    assert nn.mse(np.array([1, 2]), np.array([1.5, 2.5])) == 0.25
    assert nn.mse(Tensor([1.5, 2.5], requires_grad=True), np.array([1, 2])).item() == 0.25


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("kind", [np.ma.array, np.matrix], ids=["masked", "matrix"])
def test_arrays_with_another_meaning_are_refused(kind):
    other = kind([[1.0, 2.0]])
    t = Tensor([1.0, 1.0], requires_grad=True)
    for use in (lambda: t - other, lambda: np.add(t, other), lambda: np.sum(t * other)):
        with pytest.raises(TypeError, match="Pass np"):
            use()
    with pytest.raises(TypeError, match=r"gradient|Pass np"):  # the class of a masked array speaks first
        other - t


def test_integers_to_negative_powers_are_refused_as_in_numpy():
    with pytest.raises(ValueError, match="negative integer powers"):
        Tensor(np.array([2, 4])) ** -1
