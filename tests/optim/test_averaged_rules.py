"""Where the rules that keep an average are to be evaluated."""

import numpy as np
import pytest

from ravine.optim import ASGD, ScheduleFreeSGD
from ravine.schedules import Piecewise


@pytest.mark.parametrize("warmup", [0.3, Piecewise([0.0, 0.1, 0.2, 0.15, 0.3], [1, 2, 5, 9])], ids=repr)
@pytest.mark.parametrize("beta", [0.6, 1.0])
def test_schedule_free_evaluates_at_the_mean_of_where_gradient_descent_goes(warmup, beta):
    rng = np.random.default_rng(4)
    x = rng.normal(size=3)
    z = x.copy()
    optimizer = ScheduleFreeSGD([x], lr=warmup, beta=beta)
    points, weights, peak = [], [], 0.0
    for k in range(15):
        g, lr = rng.normal(size=3), warmup(k) if callable(warmup) else warmup
        optimizer.step([g])
        z = z - lr * g
        peak = max(peak, lr)
        points.append(z)
        weights.append(peak**2)
    mean = np.average(points, axis=0, weights=weights)
    np.testing.assert_allclose(x, beta * mean + (1 - beta) * z, rtol=1e-12)
    with optimizer.averaged():
        np.testing.assert_allclose(x, mean, rtol=1e-12)


@pytest.mark.parametrize("t0", [0, 3])
def test_asgd_keeps_the_mean_of_its_points(t0):
    rng = np.random.default_rng(6)
    x = rng.normal(size=3)
    optimizer = ASGD([x], lr=0.1, t0=t0)
    points = []
    for _ in range(12):
        optimizer.step([rng.normal(size=3)])
        points.append(x.copy())
        with optimizer.averaged():
            np.testing.assert_allclose(x, np.mean(points[t0 + 1 :] or points[-1:], axis=0), rtol=1e-12)
