"""The checker itself: it passes what is right, and says where and how much what is wrong is wrong."""

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, elementwise, linear, primitive
from ravine.autograd.check import EPS
from ravine.autograd.domain import POSITIVE, REAL
from ravine.autograd.explain.numeric import central
from ravine.autograd.op import TABLE


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
    op = row(primitive(identity, lambda g, y, x, w: g, lambda g, y, x, w: g * wrong, samples=[]))
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


def test_the_suggested_step_is_better(row):
    """Near a pole the default step is too long. A right gradient passes nevertheless."""
    f, x = lambda t: np.sum(1 / t), np.array([3e-5])
    op = row(elementwise(lambda t: 1 / t, POSITIVE, lambda y, t: -1.001 * y * y))
    eps = float(message(op, x, rtol=1e-6, atol=0).split("Suggested eps: ")[1].split(",")[0])
    assert abs(central(f, [x], 0, (0,), EPS) * x[0] ** 2 + 1) > 1e-2
    assert abs(central(f, [x], 0, (0,), eps) * x[0] ** 2 + 1) < 1e-6
    check_grads(f, x, order=1, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e3, 1e4, 1e5, 1e6])
def test_the_step_that_is_too_long_for_a_function_is_no_false_alarm(row, size, dtype):
    x = np.array([size, size + 0.5], dtype)
    check_grads(np.sin, x)
    for factor in (1.01, 0.99, -1.0, 0.0, 2.0):
        op = row(elementwise(lambda t: np.sin(t), REAL, lambda y, t, k=factor: k * np.cos(t)))
        assert "order 1" in message(op, x)


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


# What the message tells


def message(f, *args, **options):
    with pytest.raises(AssertionError) as error:
        check_grads(f, *args, **{"order": 1, **options})
    return str(error.value)


def product(x, w):
    return x @ w


def shifted(x, b):
    return x + b


X, W, B = np.array([[0.5, 1.0], [2.0, -1.5]]), np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.5, -0.25])


@pytest.mark.parametrize(
    ("partial", "mistake"),
    [
        (lambda y, x: -3 * x * x, "Wrong sign: it is -1 times the expected"),
        (lambda y, x: 6 * x * x, "Wrong constant factor: it is 2 times the expected"),
        (lambda y, x: -1.5 * x * x, "Wrong constant factor: it is -1/2 times the expected"),
        (lambda y, x: 3.21 * x * x, "Wrong constant factor: it is 1.07 times the expected"),
        (lambda y, x: 0 * x, "It is 0: the graph is cut"),
        (lambda y, x: x / (x - x), "It is not finite"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_mistakes_of_a_partial(row, partial, mistake, dtype):
    op = row(elementwise(cube, REAL, partial))
    with np.errstate(all="ignore"):
        assert mistake in message(op, X.astype(dtype))


def test_a_transposed_gradient(row):
    op = row(primitive(product, lambda g, y, x, w: (g @ w.T).T, lambda g, y, x, w: x.T @ g, samples=[]))
    assert "Transposed: its last two axes are exchanged" in message(op, X, W)


@pytest.mark.parametrize(
    ("vjp", "words"),
    [
        (lambda g, y, x, b: g[0], "it has only element (0,) of the broadcast axes (0,)"),
        (lambda g, y, x, b: g[1], "it has only element (1,) of the broadcast axes (0,)"),
        (lambda g, y, x, b: np.mean(g, axis=0), "it is the mean over the broadcast axes (0,), not the sum"),
    ],
)
def test_a_missing_sum_over_a_broadcast_axis(row, vjp, words):
    op = row(primitive(shifted, lambda g, y, x, b: g, vjp, samples=[]))
    text = message(op, X, B)
    assert f"Missing sum over a broadcast axis: {words}" in text
    assert "argument 1" in text


def test_no_mistake_is_claimed_where_none_fits(row):
    op = row(elementwise(cube, REAL, lambda y, x: 3.21 * x))
    assert "known mistake" not in message(op, X)
    assert "known mistake" not in message(op, 0.7)


def test_sides_ulp_and_complex_step(row):
    op = row(elementwise(cube, REAL, lambda y, x: 6 * x * x))
    text = message(op, 2.0)
    sides = [float(text.split(f"from the {side} ")[1].split(",")[0].split(")")[0]) for side in ("left", "right")]
    np.testing.assert_allclose(sides, [12, 12], rtol=1e-5)
    assert sides[0] < 12 < sides[1]
    assert float(text.split("an error of ")[1].split(" ulp")[0]) == pytest.approx(12 / np.spacing(24.0), rel=1e-2)
    assert "1 of 1 elements are wrong" in text
    assert "By complex step it is 12." in text
    assert "complex" not in message(lambda x: np.abs(op(x)), 2.0)


def test_the_error_in_ulp_is_of_the_arguments_type(row):
    op = row(elementwise(cube, REAL, lambda y, x: 3.3 * x * x))
    ulp = float(message(op, np.float32(2.0)).split("an error of ")[1].split(" ulp")[0])
    assert ulp == pytest.approx(1.2 / float(np.spacing(np.float32(13.2))), rel=1e-2)


# Kinks


KINKS = [
    (lambda x: np.maximum(x, 1.0), [1.0, 2.0]),
    (lambda x: np.max(x), [1.0, 1.0, 0.0]),
    (lambda x: np.clip(x, 0.0, 1.0), [0.0, 1.0, 0.5]),
    (lambda x: np.abs(x) + 0.5 * x, [0.0, -1.0]),
    (lambda x: np.linalg.norm(x), [0.0, 0.0]),
    (lambda x: np.where(x > 0, 2 * x, x), [0.0, 1.0]),
    (lambda x: np.sort(x) * np.array([1.0, 10.0]), [1.0, 1.0]),
]


@pytest.mark.parametrize(("f", "at"), KINKS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_value_between_the_sides_is_accepted_at_a_kink(f, at, dtype):
    found = check_grads(f, np.array(at, dtype))
    assert found.kinks
    assert "kink: order " in repr(found)


def test_a_kink_of_the_derivative():
    found = check_grads(lambda x: np.where(x > 0, x * x, 3 * x * x), np.array([0.0, 1.0]))
    assert found.kinks == [(2, 0, (0,))]
    with pytest.raises(AssertionError, match="order 1"):
        check_grads(lambda x: np.where(x > 0, x * x, 3 * x * x) + x - x.data, np.array([0.0, 1.0]))


@pytest.mark.parametrize("slope", [-1.01, 1.5, np.nan, np.inf])
def test_a_value_outside_the_sides_is_wrong_at_a_kink(row, slope):
    def bend(x):
        return abs(x)

    op = row(elementwise(bend, REAL, lambda y, x: np.where(x == 0, slope, np.sign(x))))
    assert "index (1,)" in message(op, np.array([1.0, 0.0]))


def test_smooth_points_are_no_kinks():
    f = [lambda x: x**4 * 1e6, lambda x: np.exp(30 * x), lambda x: 1 / x, lambda x: np.sin(1e3 * x) / 1e3]
    for g in f:
        assert check_grads(g, np.array([0.3, 0.9]), order=1, rtol=1e-3).kinks == []


def test_a_jump_is_named():
    assert "The function jumps here" in message(lambda x: np.floor(x) + x, np.array([0.5, 1.0]))


# Oracles


def test_which_oracles_took_part():
    assert check_grads(lambda x: np.sum(np.sin(x) * x), X).oracles == [
        "central differences",
        "complex step",
        "forward mode",
    ]
    assert "complex step" not in check_grads(np.abs, X).oracles  # not analytic
    assert "complex step" not in check_grads(lambda x: np.tanh(x.data.real * 0 + x), X, order=1).oracles  # no array
    assert "complex step" not in check_grads(np.sin, X.astype(np.float32)).oracles


def test_forward_against_reverse(row):
    def squares(x):
        return x * x

    op = row(linear(squares, lambda g, y, x: 2 * x * g, samples=[]))  # it is not linear
    assert "forward mode and reverse mode differ" in message(op, X)


def test_what_it_says_when_all_is_right():
    found = check_grads(lambda x, n: x**n, X, 3)
    assert found.entries == 8
    assert repr(found) == "check_grads: 8 derivatives right, by central differences, complex step, forward mode"
