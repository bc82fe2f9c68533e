"""checkpoint: the same numbers for less memory, in every order, mode and nesting; and never another function."""

import gc
import weakref

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor, check_grads, checkpoint, grad, hessian, hvp, jacobian, jvp, nn, no_grad

X = np.array([0.3, -1.2, 0.8])


def body(x):
    return np.sin(x) ** 2 * x + np.cumsum(x)


@pytest.mark.parametrize(
    "f",
    [
        lambda c: lambda x: np.sum(c(body)(x) * x),
        lambda c: lambda x: np.sum(c(body)(c(body)(x)) ** 2),
        lambda c: lambda x: np.sum(c(lambda t: c(body)(t) * c(np.exp)(t))(x)),
        lambda c: lambda x: c(lambda a, b=1.0: np.sum(a * b))(x, b=x * x),
        lambda c: lambda x: np.sum(c(lambda t: body(t) * x)(x)),  # x twice: given, and taken from outside
        lambda c: lambda x: np.sum(c(lambda p: p["a"] * p["b"][0])({"a": x, "b": [x**2, "word"]})),
        lambda c: lambda x: sum(np.sum(y * y) for y in c(lambda t: [t, np.sin(t), np.outer(t, t), 2.0 * X])(x)),
        lambda c: lambda x: c(lambda t: 3.0)(x) * np.sum(x),
    ],
)
def test_nothing_changes(f):
    plain, saving = f(lambda g: g), f(checkpoint)
    np.testing.assert_array_equal(plain(X), saving(X))
    np.testing.assert_allclose(grad(saving)(X), grad(plain)(X), rtol=1e-13)
    np.testing.assert_allclose(hessian(saving)(X), hessian(plain)(X), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(jvp(saving, X, X)[1], jvp(plain, X, X)[1], rtol=1e-13)
    np.testing.assert_allclose(jacobian(grad(saving), mode="forward")(X), hessian(plain)(X), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(hvp(saving, X, X), hvp(plain, X, X), rtol=1e-12)
    check_grads(saving, X)


def test_types_stay():
    results = checkpoint(lambda x: (x, x.astype(np.float64)))(Tensor(np.ones(2, np.float32), requires_grad=True))
    assert [y.dtype for y in results] == [np.float32, np.float64]
    assert grad(lambda x: np.sum(checkpoint(np.sin)(x)))(np.ones(2, np.float32)).dtype == np.float32
    assert type(checkpoint(np.sin)(X)) is np.ndarray
    assert checkpoint(body).__name__ == "body"
    with no_grad():
        assert not checkpoint(np.sin)(Tensor(X, requires_grad=True)).requires_grad


@pytest.mark.parametrize("beside", [False, True])
def test_parameters_from_outside_get_their_gradient(beside):
    """Also if the parameter is used outside, so that two backward passes meet at it."""

    def gradients(c):
        net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 3, rng=1), nn.Tanh())
        loss = np.sum(c(lambda x: net(x))(c(lambda x: net(x))(X)))
        if beside:
            loss = loss + np.sum(net.parameters()[0] ** 2) + np.sum(c(lambda: net.parameters()[0] * 2)())
        loss.backward()
        return [p.grad for p in net.parameters()]

    for a, b in zip(gradients(lambda f: f), gradients(checkpoint), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_gradient_penalty_through_a_checkpoint():
    w = Parameter(X.copy())
    np.sum(grad(lambda x: np.sum(checkpoint(lambda t: w * t**3)(x)))(X) ** 2).backward()
    np.testing.assert_allclose(w.grad, 2 * X * (3 * X**2) ** 2)


def test_intermediate_results_are_not_kept():
    kept = []

    def f(x):
        y = np.sin(x)
        kept.append(weakref.ref(y))
        return np.exp(y)

    gc.disable()
    try:
        y = np.sum(checkpoint(f)(Tensor(X, requires_grad=True)))
        assert kept[0]() is None
        y.backward()
        assert [r() for r in kept] == [None, None]
    finally:
        gc.enable()


def test_one_more_call_however_many_arguments():
    calls = []

    def f(x, y, z):
        calls.append(1)
        return x * y * z

    grad(lambda *xs: np.sum(checkpoint(f)(*xs)), (0, 1, 2))(X, X, X)
    assert len(calls) == 2


def dropout(x, rng, again=None):
    return x * (rng.random(x.shape) < 0.5) + (0 if again is None else again["rng"].normal(size=x.shape)) * x


@pytest.mark.parametrize("again", [False, True])
def test_generators_that_are_arguments(again):
    def f(c):
        rng = np.random.default_rng(0)
        more = {"again": {"rng": rng}} if again else {}
        return lambda x: np.sum(c(dropout)(x, rng, **more) * c(dropout)(x, rng=rng, **more))

    for operator in (grad, hessian):
        np.testing.assert_allclose(operator(f(checkpoint))(X), operator(f(lambda g: g))(X))


def test_another_result_is_an_error():
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match=r"another result.*generator as an argument"):
        grad(lambda x: np.sum(checkpoint(lambda t: dropout(t, rng))(x)))(X)


def test_a_changed_parameter_is_an_error():
    w = Parameter(X.copy())
    y = np.sum(checkpoint(lambda x: x * w)(Tensor(X, requires_grad=True)))
    w.data += 1
    with pytest.raises(RuntimeError, match="parameters"):
        y.backward()
