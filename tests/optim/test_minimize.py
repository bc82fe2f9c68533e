"""minimize: functions written in NumPy."""

import numpy as np
import pytest

from ravine.optim import SGD, Adam, Momentum, Optimizer, minimize
from ravine.schedules import Cosine


def rosenbrock(z):
    return (1 - z[0]) ** 2 + 100 * (z[1] - z[0] ** 2) ** 2


def bowl(z):
    return np.sum((z - 3.0) ** 2)


def test_rosenbrock():
    found = minimize(rosenbrock, [-1.2, 1.0], Adam(lr=Cosine(0.1, 0.0, 3000)), steps=3000)
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-4)
    assert found.fun == rosenbrock(found.x) < 1e-8
    assert found.status == "finished"
    assert found.trajectory.shape == (3001, 2)
    np.testing.assert_array_equal(found.trajectory[0], [-1.2, 1.0])
    np.testing.assert_allclose(found.values, [rosenbrock(z) for z in found.trajectory], rtol=1e-12)


def test_gradient_descent_on_a_bowl_is_the_closed_form():
    found = minimize(bowl, np.zeros(3), SGD(lr=0.1), steps=20)
    np.testing.assert_allclose(found.trajectory, 3 - 3 * 0.8 ** np.arange(21)[:, None] * np.ones(3), rtol=1e-12)


@pytest.mark.parametrize("cls", Optimizer.registry.values(), ids=lambda cls: cls.__name__)
def test_every_optimizer_descends(cls):
    found = minimize(bowl, np.zeros((2, 1)), cls(lr=0.05), steps=30)
    assert found.values[-1] < found.values[0]


def test_tolerance_stops():
    found = minimize(bowl, np.zeros(2), SGD(lr=0.25), steps=1000, tolerance=1e-6)
    assert found.status == "converged"
    assert 10 < len(found.values) < 60


def test_divergence_is_a_status():
    with np.errstate(over="ignore", invalid="ignore"):
        found = minimize(lambda z: np.sum(z**4), np.array([10.0]), SGD(lr=1.0), steps=100)
    assert found.status == "diverged"
    assert len(found.trajectory) < 101


def test_maximize():
    found = minimize(lambda z: -bowl(z), np.zeros(2), SGD(lr=0.1, maximize=True), steps=100)
    np.testing.assert_allclose(found.x, 3.0, atol=1e-8)


@pytest.mark.parametrize(
    "x0", [[0, 1], np.array([0, 1]), (0.0, 1.0), np.array([0.0, 1.0], np.float32), 2.0, np.zeros((2, 2))]
)
def test_starts(x0):
    found = minimize(bowl, x0, SGD(lr=0.1), steps=2)
    assert found.x.shape == np.shape(x0)
    assert found.x.dtype == (np.float32 if getattr(x0, "dtype", None) == np.float32 else np.float64)


def test_the_start_is_not_written_to():
    x0 = np.zeros(2)
    minimize(bowl, x0, SGD(lr=0.1), steps=2)
    np.testing.assert_array_equal(x0, 0)


def test_another_differentiator():
    found = minimize(bowl, np.zeros(2), SGD(lr=0.5), 1, value_and_grad=lambda f: lambda z: (f(z), 2 * (z - 3.0)))
    np.testing.assert_array_equal(found.x, 3.0)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((bowl, np.zeros(2), Adam, 5), TypeError, "unbound optimizer"),
        ((bowl, np.zeros(2), Momentum([np.zeros(2)], lr=0.1), 5), TypeError, "unbound optimizer"),
        ((bowl, np.zeros(2), SGD(lr=0.1), -1), ValueError, "steps must be"),
        ((bowl, np.zeros(2), SGD(lr=0.1), 2.5), ValueError, "steps must be"),
        ((bowl, np.array([np.nan]), SGD(lr=0.1), 2), ValueError, "x0 must be finite"),
    ],
)
def test_errors(arguments, error, words):
    with pytest.raises(error, match=words):
        minimize(*arguments)
    with pytest.raises(ValueError, match="tolerance"):
        minimize(bowl, np.zeros(2), SGD(lr=0.1), 1, tolerance=float("nan"))
