"""L-BFGS and its line search: what theory says of them, and PyTorch's, live."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from ravine.autograd import Parameter
from ravine.optim import LBFGS, SGD, minimize
from ravine.optim.rules import lbfgs
from ravine.optim.rules.line_search import CURVATURE, DECREASE, LinePoint, strong_wolfe


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2).sum() + 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum()


def bowl(n, seed=0):
    """A quadratic: its matrix, with condition number 100, and its gradient."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    matrix = turn @ np.diag(np.geomspace(1, 100, n)) @ turn.T
    return matrix, lambda x: matrix @ x - 1.0


# ----------------------------------------------------------------------------------------------------------- direction
@pytest.mark.parametrize("n", [2, 5, 8])
def test_exact_steps_on_a_quadratic_end_after_n(n):
    matrix, gradient = bowl(n)
    x, g = np.zeros(n), gradient(np.zeros(n))
    s, y = np.zeros((n, n)), np.zeros((n, n))
    for k in range(n):
        d = -lbfgs.newton(g, s, y, k)
        s[k] = -(g @ d) / (d @ matrix @ d) * d
        x = x + s[k]
        y[k], g = gradient(x) - g, gradient(x)
    assert np.abs(g).max() < 1e-9
    np.testing.assert_allclose(lbfgs.newton(np.eye(n)[0], s, y, n), np.linalg.inv(matrix)[0], rtol=1e-6, atol=1e-9)


@drawn(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_last_change_is_reproduced(changes, history, seed):
    rng = np.random.default_rng(seed)
    matrix, _ = bowl(6, seed)
    s, y = np.zeros((history, 6)), np.zeros((history, 6))
    for i in range(changes):
        s[i % history] = rng.normal(size=6)
        y[i % history] = matrix @ s[i % history]
    last = (changes - 1) % history
    np.testing.assert_allclose(lbfgs.newton(y[last], s, y, changes), s[last], rtol=1e-8, atol=1e-10)


# --------------------------------------------------------------------------------------------------------- line search
@settings(max_examples=300, deadline=None)
@drawn(
    st.tuples(st.floats(0.1, 10), st.floats(1e-3, 5), st.floats(-2, 2), st.floats(0.1, 8)),
    st.floats(1e-4, 1e3),
)
def test_accepted_steps_meet_the_strong_wolfe_conditions(numbers, length):
    s, a, b, c = numbers

    def at(t):
        slope = -s + 2 * a * t + b * c * np.sin(2 * c * t)
        return LinePoint(t, float(-s * t + a * t**2 + b * np.sin(c * t) ** 2), float(slope), np.zeros(0))

    start = at(0.0)
    end, trials = strong_wolfe(at, start, length, 0.0, 200)
    assert trials <= 100
    assert end[:3] == at(end.length)[:3]
    assert end.loss <= start.loss + DECREASE * end.length * start.slope
    assert abs(end.slope) <= -CURVATURE * start.slope


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_trial_without_a_finite_loss_is_too_far(bad):
    def closure():
        inside = (np.abs(x) < 2).all()
        return (np.sum((x - 1.9) ** 2) if inside else bad), [2 * (x - 1.9)]

    x = np.array([-1.5])
    optimizer = LBFGS([x], lr=10.0, line_search="strong_wolfe")
    for _ in range(5):
        optimizer.step(closure)
    np.testing.assert_allclose(x, 1.9, rtol=1e-6)


# ---------------------------------------------------------------------------------------------------------- the closure
def test_minimize_and_parameters_agree():
    found = minimize(rosenbrock, [-1.2, 1.0], LBFGS(line_search="strong_wolfe", tolerance_change=0.0), steps=5)
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-7)
    p = Parameter(np.array([-1.2, 1.0]))
    optimizer = LBFGS([p], line_search="strong_wolfe", tolerance_change=0.0)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        return loss

    for k in range(5):
        assert float(optimizer.step(closure).data) == found.values[k]
        np.testing.assert_array_equal(p.data, found.trajectory[k + 1])
    assert calls > 20


def test_several_parameters_are_one_vector():
    matrix, gradient = bowl(6)
    whole, left, right = np.zeros(6), np.zeros((2, 2)), np.zeros(2)
    spec = LBFGS(line_search="strong_wolfe", tolerance_change=0.0)
    one, two = spec.bind([whole]), spec.bind([left, right])

    def parts():
        x = np.concatenate([left.ravel(), right])
        g = gradient(x)
        return float(x @ matrix @ x / 2 - x.sum()), [g[:4].reshape(2, 2), g[4:]]

    for _ in range(3):
        one.step(lambda: (float(whole @ matrix @ whole / 2 - whole.sum()), [gradient(whole)]))
        two.step(parts)
    np.testing.assert_array_equal(np.concatenate([left.ravel(), right]), whole)
    np.testing.assert_allclose(matrix @ whole, 1.0, rtol=1e-6)


def test_the_loss_and_its_gradient_have_the_options_in_them():
    x, y, z = np.full(3, 2.0), np.full(3, 2.0), np.full(3, 2.0)
    kwargs = {"line_search": "strong_wolfe", "max_iter": 4}
    LBFGS([x], weight_decay=0.5, **kwargs).step(lambda: (np.sum(np.cosh(x)), [np.sinh(x)]))
    LBFGS([y], **kwargs).step(lambda: (np.sum(np.cosh(y)) + y @ y / 4, [np.sinh(y) + y / 2]))
    LBFGS([z], weight_decay=0.5, maximize=True, **kwargs).step(lambda: (-np.sum(np.cosh(z)), [-np.sinh(z)]))
    np.testing.assert_allclose(x, y, rtol=1e-12)
    np.testing.assert_array_equal(x, z)


def test_a_closure_that_fails_leaves_everything_as_it_was():
    x = np.array([-1.2, 1.0])
    optimizer = LBFGS([x], line_search="strong_wolfe")
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        if calls == 4:
            raise RuntimeError("no luck")
        return float(np.sum(x**4)), [4 * x**3]

    start, state = x.copy(), optimizer.state_dict()
    with pytest.raises(RuntimeError, match="no luck"):
        optimizer.step(closure)
    np.testing.assert_array_equal(x, start)
    assert repr(optimizer.state_dict()) == repr(state)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LBFGS([np.zeros(2)]).step([np.ones(2)]), TypeError, r"Received: step without a closure\. Say step"),
        (lambda: LBFGS([{"params": [np.zeros(2)]}, {"params": [np.zeros(2)]}]), ValueError, "can't have groups"),
        (lambda: LBFGS(clip_norm=1.0), ValueError, r"gradients are compared with the loss.* Received: clip_norm=1.0"),
        (lambda: LBFGS(accumulate=2), ValueError, "Leave accumulate out"),
        (lambda: LBFGS(line_search="armijo"), ValueError, "line_search must be (None or )?'strong_wolfe'"),
        (lambda: LBFGS(max_iter=0), ValueError, "max_iter must be an integer >= 1"),
    ],
)
def test_errors(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_zero_lr_stays(search):
    x = np.array([-1.2, 1.0])
    optimizer = LBFGS([x], lr=0.0, line_search=search)
    for _ in range(3):
        optimizer.step(lambda: (float(x @ x), [2 * x]))
    np.testing.assert_array_equal(x, [-1.2, 1.0])


def test_a_closure_for_an_optimizer_that_does_not_search_is_called_once():
    x, calls = np.ones(2), []
    SGD([x], lr=0.1).step(lambda: (calls.append(1), [np.ones(2)]))
    assert len(calls) == 1


# -------------------------------------------------------------------------------------------------------- PyTorch, live
RNG = np.random.default_rng(4)
A, LABELS = RNG.normal(size=(30, 4)), RNG.choice([-1.0, 1.0], size=30)
PROBLEMS = {
    "rosenbrock": (rosenbrock, lambda x, torch: rosenbrock(x), 0.02),
    "quadratic": (
        lambda x: x @ bowl(4)[0] @ x / 2 - x.sum(),
        lambda x, torch: x @ torch.tensor(bowl(4)[0]) @ x / 2 - x.sum(),
        0.5,
    ),
    "logistic": (
        lambda x: np.sum(np.log(1 + np.exp(-LABELS * (A @ x)))) + x @ x / 2,
        lambda x, torch: (1 + (-torch.tensor(LABELS) * (torch.tensor(A) @ x)).exp()).log().sum() + x @ x / 2,
        0.7,
    ),
}


@pytest.mark.peers
@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("given", [{"max_iter": 1}, {"max_iter": 4, "history_size": 3}, {"max_iter": 6, "max_eval": 5}])
def test_torch(name, search, given):
    torch = pytest.importorskip("torch")
    ours, theirs, lr = PROBLEMS[name]
    lr = 1.0 if search else lr
    p, q = Parameter(np.array([-1.2, 1.0, 0.5, -0.3])), torch.tensor([-1.2, 1.0, 0.5, -0.3], dtype=torch.float64)
    q.requires_grad_()
    optimizer = LBFGS([p], lr=lr, line_search=search, **given)
    other = torch.optim.LBFGS([q], lr=lr, line_search_fn=search, **given)

    def closure(x, optimizer, loss):
        def at():
            optimizer.zero_grad()
            value = loss(x)
            value.backward()
            return value

        return at

    for _ in range(6):
        mine = optimizer.step(closure(p, optimizer, ours))
        its = other.step(closure(q, other, lambda x: theirs(x, torch)))
        np.testing.assert_allclose(float(mine.data), its.item(), rtol=1e-9)
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-9, atol=1e-12)
