"""Trials: separate seeds, fixed order, dropout, measures, rules that search; each a function of the value alone."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from ravine.experiments.problems.bivariate import Booth
from ravine.experiments.problems.classification import Iris
from ravine.experiments.step import MEASURES
from ravine.experiments.training import train
from ravine.experiments.trial import Seeds, Trial
from ravine.optim import LBFGS, SGD, Adam

TRIAL = Trial(Iris(dropout=0.5), SGD(lr=0.05), 2, Seeds(0, 1, 2, 3), tested=True)


def ends(**changes: Any) -> tuple[float, ...]:
    return train(dataclasses.replace(TRIAL, **changes)).train_loss


@pytest.mark.parametrize("stream", Seeds._fields)
def test_every_stream_has_its_own_seed(stream: str) -> None:
    usual, other = ends(), ends(seeds=TRIAL.seeds._replace(**{stream: 9}))
    assert (usual[0] == other[0]) == (stream in ("order", "noise"))  # the others change where a run begins
    assert usual[1:] != other[1:]


def test_noise_is_that_of_dropout() -> None:
    quiet = {"problem": Iris()}
    assert ends(**quiet) == ends(**quiet, seeds=TRIAL.seeds._replace(noise=9))
    assert ends(**quiet) != ends()


def test_equal_trials_have_equal_results_and_digests() -> None:
    again = dataclasses.replace(TRIAL)
    assert train(TRIAL) == train(again)
    assert TRIAL.digest == again.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"problem": Iris()},
        {"optimizer": SGD(lr=0.06)},
        {"epochs": 3},
        {"seeds": Seeds(0, 1, 2, 4)},
        {"tested": False},
        {"reshuffled": False},
        {"measures": ("batch_loss",)},
    ],
)
def test_every_field_changes_the_digest(changes: dict[str, Any]) -> None:
    assert dataclasses.replace(TRIAL, **changes).digest != TRIAL.digest


def test_a_fixed_order_is_that_of_the_first_epoch() -> None:
    usual, fixed = ends(problem=Iris()), ends(problem=Iris(), reshuffled=False)
    assert usual[:2] == fixed[:2]
    assert usual[2] != fixed[2]


def test_measures_of_gradient_descent_are_tied_together() -> None:
    lr = 0.01
    measured = train(Trial(Booth(), SGD(lr=lr), 2, Seeds.of(0), False, measures=tuple(MEASURES))).measured
    assert {name: len(curve) for name, curve in measured.items()} == dict.fromkeys(MEASURES, 2)
    np.testing.assert_allclose(measured["update_norm"], lr * np.array(measured["gradient_norm"]), rtol=1e-12)
    assert measured["batch_loss"][0] > measured["batch_loss"][1]


def test_a_rule_that_searches_gets_its_closure() -> None:
    result = train(Trial(Booth(), LBFGS(lr=1.0), 1, Seeds.of(0), tested=True))
    assert result.test_metric == pytest.approx(0, abs=1e-12)


def test_another_split_of_the_data_is_a_field_of_the_problem() -> None:
    elsewhere = dataclasses.replace(TRIAL, problem=Iris(dropout=0.5, split=4))
    assert train(elsewhere) == train(dataclasses.replace(TRIAL, seeds=TRIAL.seeds._replace(data=4)))


def test_what_is_measured_does_not_change_the_run() -> None:
    bare = Trial(Booth(), Adam(lr=0.1), 2, Seeds.of(0), tested=True)
    assert train(bare) == dataclasses.replace(train(dataclasses.replace(bare, measures=tuple(MEASURES))), measured={})
