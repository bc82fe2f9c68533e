"""The training step: the loss before it, and which part of its time is the update."""

import time
from typing import Any

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.experiments.batched import BatchedOptimizer, variants
from ravine.experiments.step import training_step
from ravine.optim import LBFGS, SGD, Adam


def bowl(x: Parameter) -> Any:
    return np.sum(np.array([1.0, 10.0]) * x**2) / 2


@pytest.mark.parametrize("spec", [SGD(lr=0.01), Adam(lr=0.1), SGD(lr=0.01, accumulate=2)], ids=repr)
def test_it_is_the_step_written_out(spec: Any) -> None:
    x, other = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer, written = spec.bind([x]), spec.bind([other])
    for _ in range(5):
        written.zero_grad()
        loss = bowl(other)
        loss.backward()
        written.step()
        assert training_step(optimizer, lambda: bowl(x)).loss == float(loss.data)
        np.testing.assert_array_equal(x.data, other.data)


def test_the_time_of_the_update_begins_after_the_first_evaluation() -> None:
    x, calls = Parameter(np.ones(2)), []

    def slow() -> Any:
        calls.append(x.data.copy())
        time.sleep(0.05)
        return bowl(x)

    step = training_step(SGD([x], lr=0.01), slow)
    assert len(calls) == 1
    assert 0 < step.update_seconds < step.seconds - 0.05
    step = training_step(LBFGS([x], lr=1.0, line_search="strong_wolfe"), slow)
    assert len(calls) > 2  # the line search evaluates again, which is part of the update
    assert step.update_seconds > 0.05
    assert step.loss == float(bowl(Parameter(calls[1])).data)


def test_a_batched_optimizer_takes_the_step_of_every_run() -> None:
    x = Parameter(np.ones((2, 3)))
    x.grad = np.full((2, 3), 100.0)  # of an earlier step
    optimizer = BatchedOptimizer(variants(SGD(lr=1.0), lr=[0.1, 0.5]), [x])
    assert training_step(optimizer, lambda: np.sum(x**2) / 2).loss == 3.0
    np.testing.assert_allclose(x.data, [[0.9] * 3, [0.5] * 3], rtol=1e-15)
