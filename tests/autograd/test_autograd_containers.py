"""Dictionaries, lists and tuples of arrays as arguments and results; values besides; arguments that do not count."""

import inspect
from collections import OrderedDict, defaultdict, namedtuple

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
    value_and_grad,
    vjp,
)
from ravine.autograd.containers import aligned, labels, leaves, rebuild, transform

X = np.array([0.3, -1.2, 0.8])
Point = namedtuple("Point", ["x", "y"])

TREES = st.recursive(
    st.integers(),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.tuples(inside, inside)
        | st.dictionaries(st.text(max_size=2), inside, max_size=3)
        | st.builds(Point, inside, inside)
    ),
    max_leaves=8,
)


@given(TREES)
def test_a_container_is_its_structure_and_its_leaves(tree):
    parts = leaves(tree)
    assert rebuild(tree, parts) == tree
    assert type(rebuild(tree, parts)) is type(tree)
    assert transform(lambda n: n + 1, transform(lambda n: n - 1, tree)) == tree
    assert aligned("it", tree, tree) == parts
    assert [eval(name, {"it": tree}) for name in labels(tree, "it")] == parts


@pytest.mark.parametrize("kind", [lambda d: defaultdict(list, d), OrderedDict])
def test_kinds_of_dictionaries_stay(kind):
    tree = kind({"b": 1, "a": 2})
    same = rebuild(tree, [3, 4])
    assert type(same) is type(tree)
    assert list(same.items()) == [("b", 3), ("a", 4)]
    assert tree["b"] == 1


# Arguments


def loss(parameters, x):
    h = x
    for layer in parameters["layers"]:
        h = np.tanh(h @ layer["w"] + layer["b"])
    return np.sum(h * parameters["scale"])


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    layer = lambda m, n: {"w": rng.normal(size=(m, n)), "b": rng.normal(size=n).astype(np.float32)}  # noqa: E731
    return {"layers": [layer(3, 4), layer(4, 2)], "scale": 1.5}


def test_gradient_of_a_container(parameters):
    value, gradient = value_and_grad(loss)(parameters, X)
    assert value == loss(parameters, X)
    assert list(gradient) == ["layers", "scale"]
    assert [type(g) for g in gradient["layers"]] == [dict, dict]
    for x, g in zip(leaves(parameters), leaves(gradient), strict=True):
        assert np.shape(x) == np.shape(g)
        assert np.result_type(x) == g.dtype
    expected = grad(lambda w, b: loss({**parameters, "layers": [{"w": w, "b": b}, parameters["layers"][1]]}, X), (0, 1))
    for a, b in zip(expected(*parameters["layers"][0].values()), leaves(gradient)[:2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_several_arguments_some_of_them_containers():
    d, x = grad(lambda p, x: np.sum(p["a"] * x) + p["b"][0], (0, 1))({"a": X, "b": (2.0,)}, X)
    np.testing.assert_array_equal(d["a"], X)
    np.testing.assert_array_equal(x, X)
    assert d["b"] == (1.0,)


def test_argnums_of_numpy():
    f = lambda a, b: a * b  # noqa: E731
    assert grad(f, np.int64(1))(2.0, 3.0) == 2.0
    assert grad(f, np.arange(2))(2.0, 3.0) == (3.0, 2.0)


def test_named_tuples():
    g = grad(lambda p: p.x**2 * p.y)(Point(3.0, 2.0))
    assert g == Point(12.0, 9.0)
    assert isinstance(g, Point)


def test_second_derivatives_of_containers(parameters):
    directions = transform(lambda x: np.ones_like(x), parameters)
    product = hvp(lambda p: loss(p, X), parameters, directions)
    again = grad(lambda p: sum(np.sum(g) for g in leaves(grad(loss)(p, X))))(parameters)
    assert list(product) == ["layers", "scale"]
    for a, b in zip(leaves(product), leaves(again), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    h = hessian(lambda p: p["a"] ** 2 * p["b"][0])({"a": 3.0, "b": [2.0]})
    assert h == {"a": {"a": 4.0, "b": [6.0]}, "b": [{"a": 6.0, "b": [0.0]}]}


def test_hessian_for_several_arguments():
    ((aa, ab), (ba, bb)) = hessian(lambda a, b: np.sum(a**2 * b), (0, 1))(X, 2.0)
    np.testing.assert_allclose(aa, 4 * np.eye(3))
    np.testing.assert_allclose(ab, 2 * X)
    np.testing.assert_allclose(ba, 2 * X)
    assert bb == 0


# Results


def several(x, y):
    return {"sum": x + y, "more": [np.sum(x * y), (np.sin(x),)]}


def test_results_that_are_containers():
    value, pullback = vjp(several, X, 2 * X)
    assert list(value) == ["sum", "more"]
    np.testing.assert_allclose(value["more"][0], np.sum(2 * X**2))
    gx, gy = pullback({"sum": X, "more": [2.0, (np.ones(3),)]})
    np.testing.assert_allclose(gx, X + 4 * X + np.cos(X))
    np.testing.assert_allclose(gy, X + 2 * X)
    value, moved = jvp(several, (X, 2 * X), (np.ones(3), np.zeros(3)))
    np.testing.assert_allclose(moved["sum"], 1)
    np.testing.assert_allclose(moved["more"][0], np.sum(2 * X))
    np.testing.assert_allclose(moved["more"][1][0], np.cos(X))


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_jacobian_of_containers_for_containers(mode):
    f = lambda p: {"product": p["a"] * p["b"], "b": (p["b"] * 3,)}  # noqa: E731
    j = jacobian(f, mode=mode)({"a": X, "b": 2.0})
    np.testing.assert_allclose(j["product"]["a"], 2 * np.eye(3))
    np.testing.assert_allclose(j["product"]["b"], X)
    np.testing.assert_allclose(j["b"][0]["a"], np.zeros(3))
    assert j["b"][0]["b"] == 3


def test_pullbacks_of_containers_nest():
    def f(x):
        return vjp(several, x, x)[1]({"sum": x, "more": [0.0, (x,)]})[0]

    np.testing.assert_allclose(jacobian(f)(X), np.diag(1 + np.cos(X) - X * np.sin(X)))


# Values besides


def with_aux(x):
    return np.sum(x * x), {"double": 2 * x, "note": "fine", "n": 3}


def test_values_besides():
    gradient, aux = grad(with_aux, has_aux=True)(X)
    np.testing.assert_array_equal(gradient, 2 * X)
    assert type(aux["double"]) is np.ndarray
    np.testing.assert_array_equal(aux["double"], 2 * X)
    assert (aux["note"], aux["n"]) == ("fine", 3)
    (value, aux), gradient = value_and_grad(with_aux, has_aux=True)(X)
    assert value == np.sum(X * X)
    value, pullback, aux = vjp(with_aux, X, has_aux=True)
    np.testing.assert_array_equal(pullback(1.0)[0], 2 * X)
    assert aux["note"] == "fine"
    j, aux = jacobian(lambda x: (x, x), has_aux=True)(X)
    np.testing.assert_array_equal(j, np.eye(3))
    np.testing.assert_array_equal(aux, X)


def test_values_besides_can_be_differentiated_further():
    np.testing.assert_allclose(grad(lambda x: np.sum(grad(with_aux, has_aux=True)(x)[1]["double"] ** 2))(X), 8 * X)
    w = Parameter(np.ones(3))
    _, aux = grad(lambda x: (np.sum(x), (w * 2, w)), has_aux=True)(X)
    assert [a.requires_grad for a in aux] == [True, True]


@pytest.mark.parametrize("f", [np.sum, lambda x: (np.sum(x),), lambda x: [np.sum(x), 1]])
def test_values_besides_come_in_a_pair(f):
    with pytest.raises(TypeError, match=r"has_aux=True.*pair"):
        grad(f, has_aux=True)(X)


# Entry by entry


def test_elementwise_grad():
    np.testing.assert_allclose(elementwise_grad(np.sin)(X), np.cos(X))
    np.testing.assert_allclose(elementwise_grad(elementwise_grad(elementwise_grad(np.sin)))(X), -np.cos(X))
    a, b = elementwise_grad(np.multiply, (0, 1))(X, 2 * X)
    np.testing.assert_array_equal(a, 2 * X)
    np.testing.assert_array_equal(b, X)
    assert elementwise_grad(np.exp)(np.float32(0)).dtype == np.float32


@pytest.mark.parametrize("f", [np.sum, lambda x: np.outer(x, x), lambda x: x[:2]])
def test_elementwise_grad_needs_equal_shapes(f):
    with pytest.raises(ValueError, match=r"shape of argument 0, \(3,\).*jacobian"):
        elementwise_grad(f)(X)


# Errors


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        (lambda: grad(lambda p: p["a"])({"a": 1.0, "b": [X, 3]}), TypeError, [r"argument 0\['b'\]\[1\]", "int"]),
        (lambda: grad(lambda p: p["a"])({"a": 1.0, "b": None}), TypeError, [r"argument 0\['b'\]", "NoneType"]),
        (lambda: grad(lambda x: (x, x))(1.0), TypeError, ["tuple", "np.stack", "has_aux"]),
        (lambda: grad(np.sin, ())(1.0), ValueError, ["argnum"]),
        (lambda: grad(np.sin(1.0))(1.0), TypeError, ["needs a function", "float64"]),
        (lambda: jvp(X, X, X), TypeError, ["jvp: needs a function", "ndarray"]),
        (lambda: vjp(lambda x: (x, None), X), TypeError, ["NoneType"]),
        (lambda: vjp(lambda x: (x, x), X)[1](X), ValueError, ["cotangent", "tuple of length 2", "ndarray"]),
        (lambda: vjp(lambda x: {"a": x}, X)[1]({"b": X}), ValueError, ["keys", "'a'", "'b'"]),
        (lambda: vjp(lambda x: [x, x], X)[1]([X, X[:2]]), ValueError, [r"cotangent\[1\]", r"\(3,\)", r"\(2,\)"]),
        (lambda: jvp(lambda p: p[0], ([X],), ([X, X],)), ValueError, ["tangent 0", "list of length 1", "length 2"]),
        (lambda: jvp(lambda p: p[0], [X], (X,)), ValueError, ["tangent 0", "list of length 1", "ndarray"]),
    ],
)
def test_errors(run, kind, words):
    for word in words:
        with pytest.raises(kind, match=word):
            run()


# Arguments that do not count


def first(x, y):
    return np.sum(x * x)


@pytest.mark.parametrize(
    ("run", "names"),
    [
        (lambda: grad(first, (0, 1))(X, X), ["argument 1"]),
        (lambda: grad(lambda p: p["a"] * 2)({"a": 1.0, "b": [X]}), [r"argument 0\['b'\]\[0\]"]),
        (lambda: grad(lambda x: np.sum(x.detach() ** 2))(X), ["argument 0", r"\.detach\(\)"]),
        (lambda: grad(lambda x: Tensor(2.0) * 3)(X), ["argument 0"]),
        (lambda: value_and_grad(first, -1)(X, X), ["argument 1", "the value of first"]),
        (lambda: jacobian(lambda x: {"a": 1.0})(X), ["argument 0"]),
        (lambda: elementwise_grad(lambda x, y: x * 2, (0, 1))(X, X), ["argument 1", "elementwise_grad"]),
        (lambda: vjp(first, X, X), ["vjp", "argument 1"]),
        (lambda: jvp(first, (X, X), (X, X)), ["jvp", "argument 1"]),
        (lambda: jacobian(lambda x, y: x * 2, (0, 1))(X, X), ["jacobian", "argument 1"]),
        (lambda: jacobian(lambda x, y: x * 2, (0, 1), "forward")(X, X), ["argument 1"]),
    ],
)
def test_an_argument_that_does_not_count_is_named_at_the_callers_line(run, names):
    with pytest.warns(DisconnectedWarning) as caught:
        run()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert caught[0].lineno == inspect.getsourcelines(run)[1]
    for name in [*names, "argnum"]:
        with pytest.warns(DisconnectedWarning, match=name):
            run()


@pytest.mark.parametrize(
    "run",
    [
        lambda: hessian(lambda x: np.sum(3 * x))(X),
        lambda: grad(lambda x: np.sum(grad(lambda y: np.sum(3 * y))(x)))(X),
        lambda: hvp(first, (X, X), (X, X)),
        lambda: jacobian(hessian(lambda x: np.sum(x**2)))(X),
        lambda: check_grads(first, X, X, order=3),
        lambda: grad(lambda x: x * grad(lambda y: x * x)(1.0))(2.0),
        lambda: vjp(lambda x: x, X),
        lambda: jacobian(lambda x: {"a": x, "b": 1.0})(X),
    ],
)
def test_zeros_that_one_expects_are_silent(run):
    run()
