"""One run: a pure function of its cell; divergence is a status, found silently, at the right epoch."""

from typing import Any

import numpy as np
import pytest

from ravine.autograd import Tensor
from ravine.experiments import PROBLEMS
from ravine.experiments.problems.bivariate import Function, Quadratic
from ravine.experiments.problems.classification import Digits, Iris
from ravine.experiments.specification import Cell
from ravine.experiments.training import run
from ravine.optim import ASGD, SGD, Adam
from ravine.schedules import Constant, Exponential

FLAT = np.sqrt(3) / 2, 1 / 2  # the axis of curvature 1 of Quadratic


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_is_a_function_of_its_cell(name: str) -> None:
    cell = Cell(PROBLEMS[name](), Adam(), 0.01, 1, 0, "final")
    first, second = run(cell), run(cell)
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
    losses = run(Cell(Bowl(), SGD(lr=1.0), lr, 2, 0, "tuning")).train_loss
    expected = [50 * (1 - 100 * lr) ** (2 * 100 * epoch) for epoch in range(3)]
    np.testing.assert_allclose(losses, expected, rtol=1e-9, atol=1e-25)


def test_a_rule_that_keeps_an_average_is_evaluated_there() -> None:
    lr, steps = 0.001, np.arange(2, 101)
    losses = run(Cell(Bowl(), ASGD(lambd=0.0, t0=0), lr, 1, 0, "tuning")).train_loss
    np.testing.assert_allclose(losses, [50, 50 * ((1 - 100 * lr) ** steps).mean() ** 2], rtol=1e-9)


# The stiff axis grows by |1 - 100 lr| a step, the loss by its 200th power an epoch; more than 1000 times is divergence.
@pytest.mark.parametrize(("lr", "epoch"), [(0.02, None), (0.0201, 4), (0.0202, 2), (0.0205, 1), (10.0, 1)])
def test_divergence_is_stated_with_its_epoch(lr: float, epoch: int | None) -> None:
    outcome = run(Cell(Bowl(), SGD(lr=1.0), lr, 5, 0, "final"))
    assert outcome.diverged_epoch == epoch
    assert outcome.status == ("finished" if epoch is None else "diverged")
    assert len(outcome.train_loss) == (6 if epoch is None else epoch)
    assert (outcome.test_loss is None) == (outcome.test_metric is None) == (epoch is not None)
    assert np.isfinite([*outcome.train_loss, *outcome.validation_loss, *outcome.validation_metric]).all()


def test_a_network_that_overflows_has_diverged_without_a_warning() -> None:
    outcome = run(Cell(Iris(), SGD(lr=1.0), 1e30, 3, 0, "final"))
    assert (outcome.status, outcome.diverged_epoch, len(outcome.train_loss)) == ("diverged", 1, 1)


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
    outcome = run(Cell(Cliff(), SGD(lr=1.0), 0.1, 2, 0, "tuning"))
    assert (outcome.status, outcome.diverged_epoch) == ("diverged", 1)


def test_the_rate_scales_a_schedule() -> None:
    constant = run(Cell(Iris(), SGD(lr=1.0), 0.05, 2, 0, "tuning"))
    assert run(Cell(Iris(), SGD(lr=Constant(0.5)), 0.1, 2, 0, "tuning")) == constant
    assert run(Cell(Iris(), SGD(lr=Exponential(1.0, 0.5)), 0.05, 2, 0, "tuning")) != constant


def test_networks_stay_in_float32() -> None:
    problem = Digits()
    model = problem.model(0)
    loss = problem.loss(model, next(problem.batches(0, 0)))
    loss.backward()
    assert loss.data.dtype == np.float32
    assert {array.dtype for p in model.parameters() for array in (p.data, p.grad)} == {np.dtype(np.float32)}
    assert [p.data.size for p in model.parameters()] == [64 * 64, 64, 64 * 10, 10]
