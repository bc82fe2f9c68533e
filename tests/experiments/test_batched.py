"""Runs that are trained together are the runs trained alone: they share products of matrices, nothing else."""

import math

import numpy as np
import pytest

from ravine.experiments.batched import BatchedOptimizer, NetworkTask, train, variants
from ravine.experiments.reproductions.comparison import best_setting
from ravine.experiments.reproductions.deepobs import quadratic_deep, rotation
from ravine.experiments.reproductions.deepobs import train as descend
from ravine.experiments.reproductions.vae import uncorrected
from ravine.optim import SGD, Adam, Momentum, Optimizer
from ravine.schedules import InverseSqrt

RNG = np.random.default_rng(0)
LRS = (0.01, 0.1, InverseSqrt(0.1))


@pytest.mark.parametrize("spec", [SGD(lr=1.0), Momentum(lr=1.0), Adam()], ids=repr)
def test_a_step_is_each_run_s_own(spec: Optimizer) -> None:
    start, gradients = RNG.normal(size=(3, 4, 2)), RNG.normal(size=(5, 3, 4, 2))
    together = start.copy()
    optimizer = BatchedOptimizer(variants(spec, lr=LRS), [together])
    for g in gradients:
        optimizer.step([g])
    for i, lr in enumerate(LRS):
        alone = start[i].copy()
        bound = spec.replace(lr=lr).bind([alone])
        for g in gradients:
            bound.step([g[i]])
        np.testing.assert_array_equal(together[i], alone)


@pytest.fixture(scope="module")
def task() -> NetworkTask:
    X = RNG.normal(size=(90, 5)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    return NetworkTask(X[:60], y[:60], X[60:], y[60:], hidden=(7,), batch=16, dropout=0.25)


def test_a_setting_is_what_it_is_alone(task: NetworkTask) -> None:
    together = train(Adam(), task, 3, [0, 1], lr=[1e-2, 1e-3])
    for i, lr in enumerate([1e-2, 1e-3]):
        alone = train(Adam(), task, 3, [0, 1], lr=[lr])
        for a, b in zip(together, alone, strict=True):
            assert a.shape == (2, 2, 3)
            np.testing.assert_allclose(a[i], b[0], rtol=1e-5)


def test_settings_of_one_rate_are_equal_and_learn(task: NetworkTask) -> None:
    curves = train(Adam(), task, 20, [0], lr=[1e-2, 1e-2])
    np.testing.assert_array_equal(curves.train[0], curves.train[1])
    assert curves.train[0, 0, -1] < 0.8 * curves.train[0, 0, 0]
    assert curves.error[0, 0, -1] < 0.3


def test_the_best_setting_did_not_diverge() -> None:
    losses = np.array([[[1.0, math.nan]], [[1.0, 0.5]], [[0.1, 0.6]], [[1.0, math.inf]]])
    best = best_setting("abcd", losses)
    assert best.setting == "b"
    assert best.after(1) == 1.0
    assert best.after(2) == 0.5


@pytest.mark.parametrize("n", [3, 10, 100])
def test_a_rotation(n: int) -> None:
    turn = rotation(n, np.random.RandomState(n))
    np.testing.assert_allclose(turn @ turn.T, np.eye(n), atol=1e-12)
    assert math.isclose(abs(np.linalg.det(turn)), 1.0, rel_tol=1e-10)


def test_quadratic_deep() -> None:
    problem = quadratic_deep()
    x, points = RNG.normal(size=(2, 100)), problem.test
    direct = [np.mean([(row - p) @ problem.curvature @ (row - p) / 2 for p in points]) for row in x]
    np.testing.assert_allclose(problem.loss(x, points), direct, rtol=1e-12)
    last = descend(SGD(lr=1.0), [1e-2, 1e-1], [0, 1])[:, :, -1]
    assert np.isfinite(last).tolist() == [[True, True], [False, False]]
    assert math.isclose(problem.loss(np.ones(100), points), 353.446764, rel_tol=1e-6)


def test_adam_without_its_correction() -> None:
    x, beta1, beta2 = np.ones(4), 0.9, 0.999
    optimizer, expected = Adam([x], lr=uncorrected(0.1, beta1, beta2), eps=0.0), np.ones(4)
    m = v = np.zeros(4)
    for g in RNG.normal(size=(20, 4)):
        optimizer.step([g])
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        expected -= 0.1 * m / np.sqrt(v)
        np.testing.assert_allclose(x, expected, rtol=1e-10)
