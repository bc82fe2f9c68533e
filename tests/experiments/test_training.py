"""One run: a pure function of its trial; divergence is a status, found silently, at the right epoch."""

from typing import Any

import numpy as np
import pytest

from ravine.autograd import Tensor
from ravine.experiments import PROBLEMS, Problem
from ravine.experiments.problems.bivariate import Function, Quadratic
from ravine.experiments.problems.classification import Digits, Iris
from ravine.experiments.training import train
from ravine.experiments.trial import Seeds, Trial, TrialResult
from ravine.optim import ASGD, SGD, Adam, Optimizer
from ravine.schedules import Constant, Exponential


def run(problem: Problem, optimizer: Optimizer, epochs: int = 2, tested: bool = False) -> TrialResult:
    return train(Trial(problem, optimizer, epochs, Seeds.of(0), tested))


FLAT = np.sqrt(3) / 2, 1 / 2  # the axis of curvature 1 of Quadratic


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_is_a_function_of_its_trial(name: str) -> None:
    first, second = (run(PROBLEMS[name](), Adam(lr=0.01), 1, tested=True) for _ in range(2))
    assert first == second
    assert first.status == "finished"
    assert len(first.train_loss) == len(first.validation_loss) == len(first.validation_metric) == 2
    assert first.train_loss[1] < first.train_loss[0]
    assert all(type(value) is float for value in (*first.train_loss, *first.validation_metric, first.test_metric))
    assert 0 < first.timing.update < first.timing.step < first.timing.total


class Bowl(Quadratic, abstract=True):
    """Quadratic from an undisturbed start on its stiff axis."""

    def model(self, seed: int) -> Any:
        model = super().model(seed)
        model.place.data[...] = -FLAT[1], FLAT[0]
        return model


@pytest.mark.parametrize("lr", [0.001, 0.005, 0.019])
def test_gradient_descent_on_a_quadratic_is_the_closed_form(lr: float) -> None:
    losses = run(Bowl(), SGD(lr=lr)).train_loss
    expected = [50 * (1 - 100 * lr) ** (2 * 100 * epoch) for epoch in range(3)]
    np.testing.assert_allclose(losses, expected, rtol=1e-9, atol=1e-25)


def test_a_rule_that_keeps_an_average_is_evaluated_there() -> None:
    lr, steps = 0.001, np.arange(2, 101)
    losses = run(Bowl(), ASGD(lr=lr, lambd=0.0, t0=0), 1).train_loss
    np.testing.assert_allclose(losses, [50, 50 * ((1 - 100 * lr) ** steps).mean() ** 2], rtol=1e-9)


# The stiff axis grows by |1 - 100 lr| a step, the loss by its 200th power an epoch; more than 1000 times is divergence.
@pytest.mark.parametrize(("lr", "epoch"), [(0.02, None), (0.0201, 4), (0.0202, 2), (0.0205, 1), (10.0, 1)])
def test_divergence_is_stated_with_its_epoch(lr: float, epoch: int | None) -> None:
    result = run(Bowl(), SGD(lr=lr), 5, tested=True)
    assert result.diverged_epoch == epoch
    assert result.status == ("finished" if epoch is None else "diverged")
    assert len(result.train_loss) == (6 if epoch is None else epoch)
    assert (result.test_loss is None) == (result.test_metric is None) == (epoch is not None)
    assert np.isfinite([*result.train_loss, *result.validation_loss, *result.validation_metric]).all()


def test_a_network_that_overflows_has_diverged_without_a_warning() -> None:
    result = run(Iris(), SGD(lr=1e30), 3, tested=True)
    assert (result.status, result.diverged_epoch, len(result.train_loss)) == ("diverged", 1, 1)


class Cliff(Function, abstract=True):
    """x, until its third step, then not a number: only the loss of a batch tells."""

    start = (0.0, 0.0)

    @staticmethod
    def f(x: Any, y: Any) -> Any:
        return x + y

    def batches(self, seed: int, epoch: int) -> Any:
        return iter([1.0, 1.0, np.nan])

    def loss(self, model: Any, batch: Any) -> Tensor:
        value: Tensor = self.f(model.place[0], model.place[1]) * batch
        return value


def test_a_loss_that_is_not_a_number_has_diverged() -> None:
    result = run(Cliff(), SGD(lr=0.1))
    assert (result.status, result.diverged_epoch) == ("diverged", 1)


def test_a_schedule_may_be_scaled() -> None:
    constant = run(Iris(), SGD(lr=0.05))
    assert run(Iris(), SGD(lr=Constant(0.5) * 0.1)) == constant
    assert run(Iris(), SGD(lr=Exponential(1.0, 0.5) * 0.05)) != constant


def test_networks_stay_in_float32() -> None:
    problem = Digits()
    model = problem.model(0)
    loss = problem.loss(model, next(problem.batches(0, 0)))
    loss.backward()
    assert loss.data.dtype == np.float32
    assert {array.dtype for p in model.parameters() for array in (p.data, p.grad)} == {np.dtype(np.float32)}
    assert [p.data.size for p in model.parameters()] == [64 * 64, 64, 64 * 10, 10]
