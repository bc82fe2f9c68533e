"""Rows of users: one row makes a function differentiable, tested and documented like ours; what is wrong is refused."""

import numpy as np
import pytest

from ravine.autograd import (
    Domain,
    Tensor,
    check_grads,
    check_row,
    composite,
    elementwise,
    grad,
    hessian,
    jacobian,
    jvp,
    linear,
    primitive,
    rand,
    sample,
    table,
)
from ravine.autograd.domain import NONZERO, POSITIVE, REAL, REAL2
from ravine.autograd.op import CONSTANT, TABLE

ROWS = list(dict.fromkeys(TABLE.values()))
X = np.array([0.3, -1.2, 0.8])


@pytest.fixture(autouse=True)
def _table_stays():
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)


def swish(x):
    """x sigmoid(x), entry by entry."""
    return x / (1 + np.exp(-x))


def swish_slope(y, x):
    return (1 + y * np.exp(-x)) / (1 + np.exp(-x))


def test_one_row_is_enough():
    op = elementwise(swish, Domain(-3, 3), swish_slope)
    check_row(op)
    check_row(swish)
    check_grads(op, X, order=3)
    assert op.__doc__ == "x sigmoid(x), entry by entry."
    np.testing.assert_allclose(jacobian(op, mode="forward")(X), np.diag(swish_slope(swish(X), X)))
    assert [tuple(e) for e in table() if e.name == "swish"] == [
        ("swish", "elementwise", ("(1 + y * np.exp(-x)) / (1 + np.exp(-x))",), ("(-3, 3)",), False)
    ]


def test_a_numpy_function_under_its_own_conventions():
    """np.spacing has no derivative; as an example it gets one."""
    elementwise(np.spacing, REAL, lambda y, x: 3 * x)
    y = np.spacing(Tensor(X, requires_grad=True))
    np.sum(y).backward()
    np.testing.assert_allclose(grad(lambda x: np.sum(np.spacing(x)))(X), 3 * X)
    np.testing.assert_allclose(jvp(np.spacing, X, X)[1], 3 * X * X)
    assert "np.spacing" in [e.name for e in table()]


def test_structural_linear_and_composite_rows():
    def gram(a):
        return a @ a.T

    def reverse(a, axis=0):
        return np.flip(a, axis)

    def halves(a):
        return a[..., ::2], a[..., 1::2]

    check_row(primitive(gram, lambda g, y, a: (g + g.T) @ a, samples=[sample(rand(2, 3)), sample(rand(1, 1))]))
    check_row(linear(reverse, lambda g, y, a, axis=0: reverse(g, axis), samples=[sample(rand(2, 3), axis=1)]))
    check_row(composite(halves, halves, samples=[sample(rand(5)), sample(rand(2, 2))]))
    kinds = {e.name: e.kind for e in table()}
    assert [kinds[name] for name in ("gram", "reverse", "halves")] == ["primitive", "linear", "composite"]


def test_functions_of_three_arguments():
    op = elementwise(lambda a, b, c: a * b + c, (REAL, REAL, POSITIVE), lambda y, a, b, c: b, lambda y, a, b, c: a, 1)
    check_row(op)


def test_straight_through_gradients():
    """The derivative is another one on purpose: the engine uses it, check_row says that it is not the true one."""

    def rounded(x):
        return np.round(x)

    def spike(x):
        return (x > 0).astype(x.dtype)

    straight = elementwise(rounded, REAL, 1)
    np.testing.assert_array_equal(grad(lambda x: np.sum(straight(x) * X))(X), X)
    np.testing.assert_array_equal(jvp(straight, X, X)[1], X)
    surrogate = elementwise(spike, NONZERO, lambda y, x: 1 / (1 + abs(x)) ** 2)  # Zenke & Ganguli 2018
    np.testing.assert_allclose(grad(lambda x: np.sum(surrogate(x)))(X), 1 / (1 + abs(X)) ** 2)
    np.testing.assert_allclose(np.diag(hessian(lambda x: np.sum(surrogate(x)))(X)), -2 * np.sign(X) / (1 + abs(X)) ** 3)
    for op in (straight, surrogate):
        with pytest.raises(AssertionError, match="derivative fails"):
            check_row(op)


def test_a_function_with_derivative_zero_can_get_a_surrogate():
    elementwise(np.sign, NONZERO, lambda y, x: 1 / (1 + x * x))
    np.testing.assert_allclose(grad(lambda x: np.sum(np.sign(x)))(X), 1 / (1 + X * X))
    assert [e.kind for e in table() if e.name == "np.sign"] == ["elementwise"]


def wrong_rows():
    yield "derivative fails.*wrong", elementwise(lambda x: x**3, REAL, lambda y, x: 2 * x * x)
    yield "order 2", elementwise(lambda x: x**3, REAL, lambda y, x: 3 * x * getattr(x, "data", x))
    yield "type of the derivative.*float64.*math", elementwise(lambda x: 3 * x, REAL, lambda y, x: np.float64(3))
    yield (
        "type of the derivative.*value.*float64",
        primitive(
            lambda x: x * 2,
            lambda g, y, x: g * 2,
            forward=lambda x: np.multiply(x, 2, dtype=float),
            samples=[sample(rand(3)), sample(rand(2, 3))],
        ),
    )
    yield "The value fails", elementwise(lambda x: x * x, REAL, lambda y, x: 2 * x, forward=lambda x: x * x * 1.001)

    def into_g(g, y, x):
        return np.multiply(g, 2, out=g) if isinstance(g, np.ndarray) else g * 2

    yield "inputs alone|derivative", primitive(lambda x: x * 2, into_g, samples=[sample(rand(2, 3))])
    yield (
        "Broadcasting fails",
        elementwise(  # of an empty array there is no largest element
            lambda a, b: a * b, REAL2, lambda y, a, b: b + 0 * np.max(b), lambda y, a, b: a
        ),
    )
    yield "Linearity fails", linear(lambda x: x + 1, lambda g, y, x: g, samples=[sample(rand(3))])
    yield "no derivative by w", primitive(lambda x, w: x + w, lambda g, y, x, w: g, samples=[sample(rand(3), rand(3))])


@pytest.mark.parametrize("number", range(9))
def test_wrong_rows_are_refused(number):
    words, op = list(wrong_rows())[number]
    with pytest.raises(AssertionError, match=rf"(?s)check_row: .*called with \(array\(.*({words})"):
        check_row(op)


def test_the_message_names_the_call():
    def cube(x, scale=1.0):
        return scale * x**3

    op = primitive(
        cube, lambda g, y, x, scale=1.0: g * 3 * x * x, samples=[sample(rand(2)), sample(rand(2), scale=2.0)]
    )
    with pytest.raises(AssertionError, match=r"check_row: cube, called with \(array\(2,\), scale=2.0\)"):
        check_row(op)


def test_the_table_is_complete():
    entries = table()
    assert len({e.name for e in entries if e.name.startswith("np.")}) > 200
    assert len(entries) == len(set(TABLE.values())) + len(CONSTANT - TABLE.keys())
    by_name = {e.name: e for e in entries}
    assert by_name["np.sin"] == ("np.sin", "elementwise", ("np.cos(x)",), ("(-2, 2)",), True)
    assert by_name["np.subtract"].derivatives == ("1", "-1")
    assert by_name["np.deg2rad"].derivatives == ("0.017453292519943295",)
    assert by_name["np.linalg.inv"].domain == ("diagonally dominant matrices in (-1, 1)",)
    assert by_name["np.absolute"].domain == ("(-2, 2) without 0",)
    assert by_name["np.floor"] == ("np.floor", "constant", ("0",), (), False)
    assert all(any(e.derivatives) for e in entries)


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        (lambda: elementwise(swish, REAL), ValueError, ["one partial", "0 partials, 1 domains"]),
        (lambda: elementwise(swish, REAL2, 1), ValueError, ["1 partials, 2 domains"]),
        (lambda: elementwise(np.spacing, REAL2, 1, 1), ValueError, ["for 1 arguments"]),
        (lambda: elementwise(swish, (-1, 1), 1), TypeError, ["Domain", "-1"]),
        (
            lambda: elementwise(np.sin, REAL, lambda y, x: 1),
            ValueError,
            ["sin is in the table of ops already", "of your own"],
        ),
        (lambda: primitive(swish, samples=[]), ValueError, ["vjp per argument"]),
        (lambda: composite(np.vstack, np.vstack, samples=[]), ValueError, ["vstack is in the table of ops already"]),
        (lambda: check_row(np.spacing), TypeError, ["table of ops", "spacing"]),
        (lambda: check_row(primitive(swish, swish, samples=[])), ValueError, ["swish has no samples", "samples="]),
    ],
)
def test_errors(run, kind, words):
    with pytest.raises(kind) as error:
        run()
    assert all(word in str(error.value) for word in words), str(error.value)
