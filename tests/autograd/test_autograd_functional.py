"""grad, vjp, jvp, hvp, jacobian, hessian: against closed forms, each other, and in every nesting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.autograd import (
    DisconnectedWarning,
    Parameter,
    Tensor,
    check_grads,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    nn,
    no_grad,
    value_and_grad,
    vjp,
)

X = np.array([0.3, -1.2, 0.8])


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_grad_and_value():
    value, gradient = value_and_grad(lambda x: np.sum(np.sin(x) * x))(X)
    assert isinstance(value, np.floating)
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(value, np.sum(np.sin(X) * X))
    np.testing.assert_allclose(gradient, np.cos(X) * X + np.sin(X))


@pytest.mark.parametrize("order", range(6))
def test_any_order(order):
    f = np.sin
    for _ in range(order):
        f = grad(f)
    np.testing.assert_allclose(f(0.7), np.sin(0.7 + order * np.pi / 2), rtol=1e-14)


@given(st.integers(1, 7), st.floats(-2, 2))
def test_derivatives_of_powers(n, x):
    f, factor = lambda t: t**n, 1
    for k in range(n):
        f, factor = grad(f), factor * (n - k)
    np.testing.assert_allclose(f(x), factor, rtol=1e-12)


def test_argnum():
    def f(a, b, scale=1.0):
        return scale * np.sum(a * b**2)

    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_allclose(grad(f, 1)(a, b), 2 * a * b)
    np.testing.assert_allclose(grad(f, -1)(a, b), 2 * a * b)
    da, db = grad(f, (0, 1))(a, b, scale=2.0)
    np.testing.assert_allclose(da, 2 * b**2)
    np.testing.assert_allclose(db, 4 * a * b)
    assert type(da) is np.ndarray


def test_types_in_types_out():
    f = lambda x: np.sum(x * x)  # noqa: E731
    assert grad(f)(np.ones(2, np.float32)).dtype == np.float32
    assert isinstance(grad(f)(2.0), np.float64)
    assert isinstance(grad(f)(np.float32(2)), np.float32)
    assert isinstance(grad(f)(Tensor([1.0])), Tensor)
    with no_grad():
        np.testing.assert_array_equal(grad(f)(np.ones(2)), [2, 2])
        np.testing.assert_array_equal(grad(f)(Tensor([1.0])), [2])


def test_gradients_are_the_callers_own():
    saved = np.ones(2)
    a, b = grad(lambda x, y: np.sum((x + y) * saved), (0, 1))(np.zeros(2), np.zeros(2))
    a += 1
    np.testing.assert_array_equal(b, [1, 1])
    np.testing.assert_array_equal(saved, [1, 1])


# No confusion between derivatives


def test_perturbation_confusion():
    """Siskind & Pearlmutter 2005: d/dx (x d/dy (x + y)) = 1, not 2."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(3.0))(5.0) == 10.0
    assert grad(lambda x: grad(lambda y: (x * y) ** 2)(x))(3.0) == 6 * 3.0**2
    assert grad(lambda x: grad(lambda y: x * grad(lambda z: x * y * z)(y) ** 2)(x))(2.0) == 8 * 2.0**3


def test_the_same_tensor_inside_and_outside():
    assert grad(lambda x: grad(lambda y: y * x)(x) * x)(3.0) == 6.0


def test_captured_parameters_get_their_gradient():
    """A gradient penalty: the derivative for the input is differentiated for the weights."""
    w = Parameter(np.array([1.0, 2.0]))
    slope = grad(lambda x: np.sum(w * x**3))(np.array([2.0, 3.0]))
    assert isinstance(slope, Tensor)
    np.sum(slope**2).backward()
    np.testing.assert_allclose(w.grad, 2 * w.data * (3 * np.array([4.0, 9.0])) ** 2)


def test_inner_gradients_do_not_touch_grad():
    w = Parameter(np.ones(2))
    with no_grad():
        result = grad(lambda x: np.sum(w * x))(np.ones(2))
    assert type(result) is np.ndarray
    assert w.grad is None


def test_a_function_of_a_network():
    net = nn.Sequential(nn.Linear(3, 4, rng=0, dtype=np.float64), nn.Tanh(), nn.Linear(4, 1, rng=1, dtype=np.float64))
    with no_grad():
        check_grads(lambda x: net(x), np.ones((2, 3)))


# The other operators


def test_jacobian_and_hessian_of_closed_forms():
    a = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(jacobian(lambda x: a @ x)(X), a)
    j = jacobian(lambda x: np.outer(x, x))(X)
    assert j.shape == (3, 3, 3)
    np.testing.assert_allclose(j, np.einsum("ij,k->ikj", np.eye(3), X) + np.einsum("kj,i->ikj", np.eye(3), X))
    h = hessian(rosenbrock)(X)
    np.testing.assert_allclose(h, h.T)
    np.testing.assert_allclose(h[0, 0], 2 + 1200 * X[0] ** 2 - 400 * X[1])
    np.testing.assert_allclose(h[0, 1], -400 * X[0])
    assert h[0, 2] == 0
    assert hessian(lambda x: x**3)(2.0) == 12.0


def test_jacobian_for_several_arguments_and_empty_results():
    ja, jb = jacobian(lambda a, b: a * np.sum(b), (0, 1))(X, np.ones(2))
    np.testing.assert_allclose(ja, 2 * np.eye(3))
    np.testing.assert_allclose(jb, np.stack([X, X], axis=1))
    assert jacobian(lambda x: x[:0])(X).shape == (0, 3)


def f_vector(x, y):
    return np.stack([np.sum(x * y), np.exp(x[0]) * y[1], np.tanh(y).sum()])


def test_vjp_jvp_and_jacobian_agree():
    y = np.array([0.4, 1.3, -0.6])
    u, vx, vy = np.array([1.0, -2.0, 0.5]), np.array([0.2, 0.1, -1.0]), np.array([1.0, 0.0, 3.0])
    jx, jy = jacobian(f_vector, (0, 1))(X, y)
    value, pullback = vjp(f_vector, X, y)
    np.testing.assert_allclose(value, f_vector(X, y))
    for _ in range(2):  # the pullback may be used again
        gx, gy = pullback(u)
        np.testing.assert_allclose(gx, u @ jx)
        np.testing.assert_allclose(gy, u @ jy)
    value, tangent = jvp(f_vector, (X, y), (vx, vy))
    assert type(tangent) is np.ndarray
    np.testing.assert_allclose(value, f_vector(X, y))
    np.testing.assert_allclose(tangent, jx @ vx + jy @ vy)


def test_hvp():
    v = np.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(hvp(rosenbrock, X, v), hessian(rosenbrock)(X) @ v)
    a, b = hvp(lambda x, y: np.sum(x * y**2), (X, X), (v, 0 * v))
    np.testing.assert_allclose(a, 0)
    np.testing.assert_allclose(b, 2 * X * v)
    assert type(a) is np.ndarray


def test_operators_nest():
    np.testing.assert_allclose(grad(lambda x: np.sum(jvp(np.sin, x, np.ones(3))[1]))(X), -np.sin(X))
    np.testing.assert_allclose(jvp(grad(rosenbrock), X, np.ones(3))[1], hessian(rosenbrock)(X) @ np.ones(3))
    np.testing.assert_allclose(jacobian(jacobian(rosenbrock))(X), hessian(rosenbrock)(X))
    third = np.zeros((3, 3, 3))
    third[range(3), range(3), range(3)] = 24 * X
    np.testing.assert_allclose(jacobian(hessian(lambda x: np.sum(x**4)))(X), third)
    np.testing.assert_allclose(grad(lambda x: np.sum(vjp(np.exp, x)[1](x)[0]))(X), np.exp(X) * (1 + X))


def test_newton_converges_with_hessian():
    x = np.array([-1.2, 1.0])
    for _ in range(10):
        x = x - np.linalg.solve(hessian(rosenbrock)(x), grad(rosenbrock)(x))
    np.testing.assert_allclose(x, 1.0, atol=1e-10)


def test_differentiating_through_gradient_descent():
    """d loss / d lr over five steps, as a hyper-gradient."""

    def after(lr):
        x = np.array([1.0, 2.0])
        for _ in range(5):
            x = x - lr * grad(lambda z: np.sum(z**2 * np.array([1.0, 3.0])))(x)
        return np.sum(x**2)

    check_grads(after, 0.05)


# Independence, errors


@pytest.mark.parametrize("f", [lambda x: 3.0, lambda x: np.float32(1), lambda x: np.sum(np.floor(x))])
def test_a_constant_has_derivative_zero(f):
    with pytest.warns(DisconnectedWarning):
        np.testing.assert_array_equal(grad(f)(X), 0 * X)


@pytest.mark.filterwarnings("ignore::ravine.autograd.DisconnectedWarning")
def test_a_constant_has_derivative_zero_everywhere_else():
    np.testing.assert_array_equal(jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    np.testing.assert_array_equal(jvp(lambda x: np.ones(2), X, X)[1], [0, 0])
    np.testing.assert_array_equal(hvp(lambda x: np.sum(3 * x), X, X), 0 * X)
    np.testing.assert_array_equal(hessian(lambda x: np.sum(3 * x))(X), np.zeros((3, 3)))
    np.testing.assert_array_equal(grad(lambda x, y: np.sum(y * y))(X, X), 0 * X)


LOST = {
    "an array": lambda x: np.sum(x.data**2),
    "an item": lambda x: np.sum(x).item() ** 2,
    "a step": lambda x: np.sum(np.sign(x)),
    "a detached Tensor": lambda x: np.sum(x.detach() ** 2),
}
DERIVATIVES = {
    "grad": lambda f: grad(f)(X),
    "value_and_grad": lambda f: value_and_grad(f)(X),
    "elementwise_grad": lambda f: elementwise_grad(lambda x: f(x) * np.ones(3))(X),
    "vjp": lambda f: vjp(f, X),
    "jvp": lambda f: jvp(f, X, X),
    "jacobian": lambda f: jacobian(f)(X),
    "jacobian, forward": lambda f: jacobian(f, mode="forward")(X),
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("derivative", DERIVATIVES)
def test_a_function_that_loses_its_argument_is_told(derivative, lost):
    with pytest.warns(DisconnectedWarning, match=r"the value of .* zeros.*np\.floor.*np\.sign") as caught:
        DERIVATIVES[derivative](LOST[lost])
    assert [w.filename for w in caught] == [__file__]


@pytest.mark.parametrize("lost", list(LOST)[:3])
@pytest.mark.parametrize("second", [lambda f: hessian(f)(X), lambda f: hvp(f, X, X), lambda f: grad(grad(f))(X[0])])
def test_a_second_derivative_tells_it_too_and_once(second, lost):
    with pytest.warns(DisconnectedWarning, match="<lambda>") as caught:
        second(LOST[lost])
    assert [w.filename for w in caught] == [__file__]


def test_the_warning_names_the_function():
    def loss(x):
        return float(x.data[0])

    with pytest.warns(DisconnectedWarning, match="the value of loss does not depend on argument 0"):
        grad(loss)(X)


@pytest.mark.parametrize("f", [lambda x: 2, lambda x: x[0] > 0, np.argmax, lambda x: Tensor(3), lambda x: True])
@pytest.mark.parametrize("derive", [grad, value_and_grad])
def test_whole_numbers_and_bools_have_no_gradient(derive, f):
    with pytest.raises(TypeError, match=r"grad: the function must return floating-point.*whole numbers and bools"):
        derive(f)(X)


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        (lambda: grad(np.sin)(X), ValueError, [r"shape \(3,\)", "jacobian"]),
        (lambda: grad(np.sin)(3), TypeError, ["argument 0", "int", "2.0"]),
        (lambda: grad(np.sin)(np.arange(3)), TypeError, ["int64", "astype"]),
        (lambda: grad(np.sin)(1j), TypeError, ["complex"]),
        (lambda: grad(np.sin)([1.0]), TypeError, ["np.stack"]),
        (lambda: grad(lambda x: [x])(1.0), TypeError, ["list", "np.stack"]),
        (lambda: grad(lambda x: None)(1.0), TypeError, ["NoneType"]),
        (lambda: grad(lambda x: np.array([x, x]))(1.0), TypeError, ["np.stack"]),
        (lambda: grad(lambda x: float(x) ** 2)(1.0), TypeError, [r"\.item\(\)"]),
        (lambda: grad(np.sin, 1)(1.0), ValueError, ["argnum", "1"]),
        (lambda: grad(np.add, (0, 0))(1.0, 2.0), ValueError, ["once"]),
        (lambda: jvp(np.sin, (X,), (X, X)), ValueError, ["one tangent per argument", "2 for 1"]),
        (lambda: jvp(np.sin, X, X[:2]), ValueError, [r"\(3,\)", r"\(2,\)"]),
        (lambda: vjp(np.sin, X)[1](1.0), ValueError, ["cotangent", r"\(3,\)"]),
    ],
)
def test_errors(run, kind, words):
    for word in words:
        with pytest.raises(kind, match=word):
            run()
