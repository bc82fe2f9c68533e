"""The checker itself: it passes what is right, and says where and how much what is wrong is wrong."""

import numpy as np
import pytest

from glissade.autograd import Tensor, check_grads, elementwise, structural
from glissade.autograd.domain import REAL
from glissade.autograd.op import TABLE


@pytest.fixture
def row():
    """Adds rows for one test."""
    added = []

    def add(op):
        added.append(op.func)
        return op

    yield add
    for func in added:
        del TABLE[func]


def cube(x):
    return x * x * x


@pytest.mark.parametrize(
    ("partial", "order"),
    [
        (lambda y, x: 2 * x * x, 1),  # wrong factor
        (lambda y, x: -3 * x * x, 1),  # wrong sign
        (lambda y, x: 3 * x, 1),  # wrong power
        (lambda y, x: 3 * x * getattr(x, "data", x), 2),  # right, but constant for the second derivative
        (lambda y, x: 3 * x * x * (1 + 1e-4), 1),  # slightly wrong
    ],
)
def test_wrong_derivatives_are_found(row, partial, order):
    op = row(elementwise(cube, REAL, partial))
    with pytest.raises(AssertionError, match=rf"order {order} for argument 0 .*expected .*got .*Suggested eps"):
        check_grads(op, np.array([0.5, 1.0, 2.0]), order=2)
    if order == 2:
        check_grads(op, np.array([0.5, 1.0, 2.0]), order=1)


def test_the_worst_entry_is_named(row):
    def identity(x, w):
        return x + 0 * w

    wrong = np.zeros((2, 3))
    wrong[1, 2], wrong[0, 1] = 0.5, 0.1
    op = row(structural(identity, lambda g, y, x, w: g, lambda g, y, x, w: g * wrong, samples=[]))
    with pytest.raises(AssertionError) as error:
        check_grads(op, np.ones((2, 3)), np.ones((2, 3)))
    text = str(error.value)
    assert "argument 1" in text
    assert "index (1, 2)" in text
    assert "expected 0 " in text


def test_numbers_in_the_message(row):
    op = row(elementwise(cube, REAL, lambda y, x: 6 * x * x))
    with pytest.raises(AssertionError, match=r"index \(\): expected (12|11\.99999999\d+) .*got 24 "):
        check_grads(op, 2.0)


def test_the_suggested_step_is_better():
    """Near a pole the default step is too long; at the suggested one the same function passes."""
    f, x = lambda t: 1 / t, np.array([3e-5])
    with pytest.raises(AssertionError) as error:
        check_grads(f, x, order=1, rtol=1e-6, atol=0)
    eps = float(str(error.value).split("Suggested eps: ")[1].split(",")[0])
    check_grads(f, x, order=1, eps=eps, rtol=1e-4, atol=0)


def test_float32_is_checked_against_float64(row):
    x = np.array([0.3, -1.7, 2.1], np.float32)
    check_grads(lambda t: np.sum(np.exp(t) * t), x)
    op = row(elementwise(cube, REAL, lambda y, t: 3.03 * t * t))
    with pytest.raises(AssertionError, match="expected"):
        check_grads(op, x)


def test_float32_steps_are_taken_in_float64():
    seen = set()

    def f(x):
        seen.add(x.dtype)
        return x * x

    check_grads(f, np.ones(2, np.float32), order=1)
    assert seen == {np.dtype(np.float32), np.dtype(np.float64)}


def test_arguments_are_not_changed_and_integers_pass_through():
    x, n = np.array([0.5, 1.5]), np.array([2, 3])
    copies = x.copy(), n.copy()
    check_grads(lambda a, k, word: np.sum(a**k), x, n, "word")
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(n, copies[1])


def test_broadcast_and_read_only_arguments():
    x = np.broadcast_to(np.array([0.5, 1.5]), (3, 2))
    check_grads(lambda a: a * a, x)


def test_tensors_scalars_and_constants():
    check_grads(np.sin, 0.5)
    check_grads(np.sin, np.float64(0.5), order=4)
    check_grads(np.sin, Tensor([0.5, 1.0], requires_grad=True))
    check_grads(lambda x: 3.0, 1.0)


def test_nan_is_wrong():
    with np.errstate(invalid="ignore"), pytest.raises(AssertionError, match="nan"):
        check_grads(lambda x: np.sqrt(x) * 0, -1.0, order=1)


def test_random_functions_are_noticed():
    rng = np.random.default_rng(0)
    with pytest.raises(AssertionError, match=r"two values.*generator"):
        check_grads(lambda x: x * rng.random(), 1.0)


def test_no_float_argument():
    with pytest.raises(TypeError, match="no argument"):
        check_grads(np.sin, 1)
