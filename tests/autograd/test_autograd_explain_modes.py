"""`strict_dtype` and `strong_zero`: what they stop, what they change, and that they leave nothing behind."""

import threading

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, explain, grad, hessian, jvp, nn
from ravine.autograd.modes import observers

# strict_dtype


def single(*shape):
    return Tensor(np.ones(shape, np.float32), requires_grad=True)


@pytest.mark.parametrize(
    ("spoil", "op", "remedy"),
    [
        (lambda x: x * np.float64(2), "multiply", "operand 1"),
        (lambda x: np.arange(3.0) - x, "subtract", "operand 0"),
        (lambda x: np.sum(x, dtype=np.float64), "sum", "no dtype of its own"),
        (lambda x: x.astype(float), "astype", ""),
        (lambda x: np.maximum(x, np.array([1, 2, 3])), "maximum", "operand 1"),
    ],
)
def test_the_first_wide_operation_is_named(spoil, op, remedy):
    with explain.strict_dtype(np.float32):
        y = np.exp(single(3)) * 2.0
        with pytest.raises(TypeError) as error:
            spoil(y)
    text = str(error.value)
    assert f"{op} gives float64, not float32" in text
    assert "float32 of shape (3,)" in text
    assert f"{__file__}:" in text
    assert remedy in text
    assert observers == []


def test_single_precision_passes():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
    with explain.strict_dtype("float32"):
        nn.cross_entropy(net(np.ones((2, 3), np.float32)), np.array([0, 1])).backward()
    with pytest.raises(TypeError, match="gives float32, not float64"), explain.strict_dtype(float):
        net(np.ones((2, 3), np.float32))


def test_only_floating_types():
    with pytest.raises(TypeError, match=r"floating-point dtype\. Received: int64"), explain.strict_dtype(np.int64):
        pass


def test_other_threads_are_not_watched():
    x, y = single(2), Tensor(np.ones(2), requires_grad=True)
    found = []
    with explain.strict_dtype(np.float32):
        thread = threading.Thread(target=lambda: found.append(y * y))
        thread.start()
        thread.join()
        x * x
    assert found[0].dtype == np.float64


# strong_zero

MASKED = {
    "sqrt": lambda x: np.where(x > 0, np.sqrt(x), 0),
    "log": lambda x: np.where(x > 0, np.log(x), 0),
    "division": lambda x: np.where(x > 0, 1 / x, 0),
    "reciprocal": lambda x: np.where(x > 0, np.reciprocal(x), 0),
    "power": lambda x: np.where(x > 0, np.power(x, 0.5), 0),
    "exponent": lambda x: np.where(x > 0, np.power(x, x), 0),
    "norm": lambda x: np.where(x > 0, np.sum(np.abs(x) ** 3) ** (1 / 3), 0),
    "0 times": lambda x: 0.0 * np.sqrt(x),
    "chain": lambda x: np.where(x > 0, np.log(np.sqrt(x) * x) / x, 0),
    "selected": lambda x: np.where(x > 0, np.sqrt(x), 0)[x.data > 0],
}
DEFAULT_IS_NAN = set(MASKED) - {"norm", "exponent"}


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_masked_has_derivative_0(name, dtype):
    f, x = MASKED[name], np.array([0.0, 4.0, 0.0], dtype)
    with np.errstate(all="ignore"):
        default = grad(lambda t: np.sum(f(t)))(x)
        with explain.strong_zero():
            strong = grad(lambda t: np.sum(f(t)))(x)
        alone = grad(lambda t: np.sum(f(t)))(x[1:2])
    assert strong.dtype == dtype
    np.testing.assert_array_equal(strong[[0, 2]], 0)
    if name != "norm":
        np.testing.assert_array_equal(strong[1:2], alone)
    if name in DEFAULT_IS_NAN:
        assert np.isnan(default[[0, 2]]).all()


def test_backward_may_stand_outside():
    x = Tensor(np.array([0.0, 4.0]), requires_grad=True)
    with explain.strong_zero():
        y = np.sum(np.where(x > 0, np.sqrt(x), 0))
    y.backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])


def test_a_slope_that_is_not_masked_stays_infinite():
    with explain.strong_zero():
        np.testing.assert_array_equal(grad(lambda x: np.sum(np.sqrt(x)))(np.zeros(2)), np.inf)


@pytest.mark.parametrize("f", [lambda x: x * np.sin(x), lambda x: np.exp(x) * x**2, lambda x: np.tanh(x) * (x - 1)])
def test_smooth_functions_keep_every_derivative_where_the_gradient_is_0(f):
    for x in (0.0, 1.0, 0.3):
        expected = [grad(f)(x), grad(grad(f))(x), grad(grad(grad(f)))(x)]
        with explain.strong_zero():
            assert [grad(f)(x), grad(grad(f))(x), grad(grad(grad(f)))(x)] == expected


def test_second_derivatives_of_what_is_masked():
    with explain.strong_zero():
        h = hessian(lambda x: np.sum(np.where(x > 0, np.sqrt(x), x * x)))(np.array([0.0, 4.0]))
        check_grads(lambda x: np.where(x > 0, np.sqrt(np.abs(x)), x * x), np.array([-1.0, 4.0]))
    np.testing.assert_allclose(h, [[2, 0], [0, -1 / 32]])


def test_forward_mode():
    x, v = np.array([0.0, 4.0]), np.array([1.0, 1.0])
    with np.errstate(all="ignore"), explain.strong_zero():
        np.testing.assert_array_equal(jvp(np.sqrt, x, v)[1], [np.inf, 0.25])
        np.testing.assert_array_equal(jvp(np.sqrt, x, 0 * v)[1], [0, 0])
        np.testing.assert_array_equal(jvp(MASKED["sqrt"], x, v)[1], [0, 0.25])


def test_a_block_without_operations_says_so():
    x = Tensor(4.0, requires_grad=True)
    y = np.sqrt(x)
    with pytest.warns(UserWarning, match="nothing was recorded"), explain.strong_zero():
        y.backward()
    assert observers == []


def test_the_default_comes_back():
    with np.errstate(all="ignore"):
        with explain.strong_zero():
            np.sqrt(Tensor(0.0, requires_grad=True))
        assert np.isnan(grad(MASKED["sqrt"])(0.0))
        with pytest.raises(ZeroDivisionError), explain.strong_zero():
            1 / 0  # noqa: B018
    assert observers == []


def test_the_tracer_agrees():
    assert explain.trace_nan(MASKED["sqrt"], np.array([0.0])).kind.startswith("0 * inf")
    with explain.strong_zero():
        assert explain.trace_nan(MASKED["sqrt"], np.array([0.0])) is None
