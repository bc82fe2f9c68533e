"""Forward mode: against reverse mode, in every dtype, nested at will. For each op `check_row` compares the two."""

import itertools

import numpy as np
import pytest

from ravine.autograd import Parameter, grad, hessian, hvp, jacobian, jvp, no_grad, strong_zero
from ravine.autograd.containers import leaves

X = np.array([0.3, -1.2, 0.8])


@pytest.mark.parametrize("order", range(1, 5))
def test_every_nesting_of_the_modes(order):
    operators = [grad, lambda f: lambda x: jvp(f, x, 1.0)[1], jacobian, lambda f: jacobian(f, mode="forward")]
    for chosen in itertools.product(operators, repeat=order):
        f = np.sin
        for differentiate in chosen:
            f = differentiate(f)
        np.testing.assert_allclose(f(0.7), np.sin(0.7 + order * np.pi / 2), rtol=1e-13)


def test_no_perturbation_confusion():
    """Siskind & Pearlmutter 2005: d/dx (x d/dy (x + y)) = 1, not 2."""
    d = lambda f: lambda x: jvp(f, x, 1.0)[1]  # noqa: E731
    assert d(lambda x: x * d(lambda y: x + y)(1.0))(2.0) == 1.0
    assert d(lambda x: x * grad(lambda y: x * y)(3.0))(5.0) == 10.0
    assert grad(lambda x: d(lambda y: (x * y) ** 2)(x))(3.0) == 6 * 3.0**2


def test_both_modes_give_one_jacobian():
    def f(x, y):
        return {"a": np.outer(x, y) @ np.ones(2), "b": (np.sum(x) * y[0], np.float32(1) * y)}

    x, y = X, np.array([1.5, -0.5])
    reverse = jacobian(f, (0, 1))(x, y)
    forward = jacobian(f, (0, 1), mode="forward")(x, y)
    assert forward["b"][0][1].shape == (2,)
    for a, b in zip(leaves(reverse), leaves(forward), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_jacobians_of_nothing():
    assert jacobian(lambda x: x[:0], mode="forward")(X).shape == (0, 3)
    assert jacobian(lambda x: np.sum(x) * np.ones(2), mode="forward")(np.zeros(0)).shape == (2, 0)


def test_forward_jacobian_keeps_float32_and_its_caller_owns_it():
    j = jacobian(np.sin, mode="forward")(np.ones(2, np.float32))
    assert j.dtype == np.float32
    assert type(j) is np.ndarray
    j += 1


def test_tangents_can_be_differentiated():
    """J v is linear in v: its gradient for v is the row sum of J."""
    a = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(grad(lambda v: np.sum(jvp(lambda x: a @ x, X, v)[1]))(X), a.sum(0))
    np.testing.assert_allclose(grad(lambda v: np.sum(jvp(np.cumsum, X, v)[1]))(X), [3, 2, 1])


def test_captured_parameters_get_their_gradient():
    w = Parameter(np.array([1.0, 2.0]))
    _, moved = jvp(lambda x: w * x**2, np.array([2.0, 3.0]), np.ones(2))
    np.sum(moved).backward()
    np.testing.assert_allclose(w.grad, [4, 6])
    with no_grad():
        assert type(jvp(lambda x: w * x**2, np.ones(2), np.ones(2))[1]) is np.ndarray


def test_item_assignment_inside():
    def f(x):
        y = x * x
        z = np.sin(y)
        y[0] = 3 * x[1]
        return z + y

    np.testing.assert_allclose(jacobian(f, mode="forward")(X), jacobian(f)(X))


def test_hvp_is_forward_over_reverse():
    def f(x):
        return np.sum(np.exp(x[:-1] * x[1:])) + np.linalg.norm(x) ** 3

    np.testing.assert_allclose(hvp(f, X, np.ones(3)), hessian(f)(X) @ np.ones(3), rtol=1e-12)


def test_a_deep_graph():
    def f(x):
        for _ in range(20_000):
            x = x + 1e-4 * np.sin(x)
        return x

    y, dy = jvp(f, 0.5, 1.0)
    np.testing.assert_allclose(dy, grad(f)(0.5), rtol=1e-9)
    np.testing.assert_allclose(dy, np.sin(y) / np.sin(0.5), rtol=1e-3)  # of the flow of x' = sin x


def test_a_freed_graph_is_refused():
    def f(x):
        y = np.sum(x * x)
        y.backward()
        return y

    with pytest.raises(RuntimeError, match="freed"):
        jvp(f, X, X)


def test_under_strong_zero():
    """Its rows depend on g being 0: the trick of the double transpose takes another g."""
    with strong_zero():
        _, moved = jvp(lambda x: np.exp(x) * np.sin(x), X, X)
    np.testing.assert_allclose(moved, X * np.exp(X) * (np.sin(X) + np.cos(X)))


def test_the_mode_has_two_values():
    with pytest.raises(ValueError, match=r'"reverse" or "forward".*both'):
        jacobian(np.sin, mode="both")
