"""Paired comparisons: initial parameters and batches come from the seed, whatever optimizer is run."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from ravine.autograd import Tensor
from ravine.experiments import PROBLEMS, Classification, Problem
from ravine.experiments.comparison import comparison_sweep
from ravine.experiments.problems import Score, Stream, generator
from ravine.experiments.problems.classification import Iris
from ravine.experiments.training import train
from ravine.experiments.trial import Seeds, Trial
from ravine.optim import Muon, Optimizer

SEEN: list[Any] = []


class Watched(Iris, abstract=True):
    """Notes what an optimizer is given, and which splits are scored."""

    def model(self, seed: int) -> Any:
        model = super().model(seed)
        SEEN.append(("initial", *(p.data.tobytes() for p in model.parameters())))
        return model

    def loss(self, model: Any, batch: Any) -> Tensor:
        SEEN.append(("batch", *(array.tobytes() for array in batch)))
        return super().loss(model, batch)

    def score(self, model: Any, split: str) -> Score:
        SEEN.append(("score", split))
        return super().score(model, split)

    @property
    def data(self) -> Any:
        return Iris().data


def seen(name: str, tested: bool = False) -> list[Any]:
    SEEN.clear()
    train(Trial(Watched(), Optimizer.registry[name](lr=0.01), 2, Seeds.of(3), tested))
    return SEEN.copy()


def test_every_optimizer_meets_the_same_start_and_the_same_batches() -> None:
    # LBFGS meets a batch several times, and Muon takes no vectors.
    classes = {name: cls for name, cls in Optimizer.registry.items() if cls is not Muon}
    first, *others = [seen(name) for name, cls in classes.items() if not cls.needs_closure]
    assert sum(kind == "batch" for kind, *_ in first) == 2 * 7  # 105 rows, 16 a batch, two epochs
    assert all(other == first for other in others)


@pytest.mark.parametrize("tested", [False, True])
def test_the_test_split_is_scored_once_at_the_end_of_final_runs_alone(tested: bool) -> None:
    events = seen("sgd", tested)
    assert events.count(("score", "test")) == tested
    assert events[-1] == ("score", "test" if tested else "validation")


@pytest.mark.parametrize("problem", [cls() for cls in PROBLEMS.values()], ids=PROBLEMS)
def test_parameters_and_batches_are_functions_of_the_seed(problem: Problem) -> None:
    def start(seed: int) -> list[bytes]:
        return [parameter.data.tobytes() for parameter in problem.model(seed).parameters()]

    assert start(1) == start(1)
    assert start(1) != start(2)
    for left, right in zip(problem.batches(1, 0), problem.batches(1, 0), strict=True):
        np.testing.assert_equal(left, right)


@pytest.mark.parametrize("problem", [cls() for cls in PROBLEMS.values() if issubclass(cls, Classification)], ids=repr)
def test_an_epoch_is_the_training_rows_once_in_its_own_order(problem: Classification) -> None:
    def rows(seed: int, epoch: int) -> list[bytes]:
        return [row.tobytes() for X, _ in problem.batches(seed, epoch) for row in X]

    X, _ = problem.data.split("train")
    assert sorted(rows(1, 0)) == sorted(row.tobytes() for row in X)
    assert len({tuple(rows(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4
    assert all(len(y) == problem.batch_size for _, y in islice(problem.batches(0, 0), len(X) // problem.batch_size))


def test_streams_of_random_numbers_are_separate() -> None:
    keys = [(seed, stream, epoch) for seed in range(3) for stream in Stream for epoch in range(3)]
    assert len({generator(*key).integers(2**63) for key in keys}) == len(keys)


def test_no_final_run_uses_a_tuning_seed() -> None:
    sweep = comparison_sweep("iris", "sgd", epochs=1, seeds=3)
    trials = [sweep.trials(sweep.problems[0], sweep.configs[0], (("lr", 0.1),), p) for p in ("tuning", "final")]
    tuned, final = ({trial.seeds.order for trial in of_phase} for of_phase in trials)
    assert (len(tuned), len(final)) == (2, 3)
    assert [{trial.tested for trial in of_phase} for of_phase in trials] == [{False}, {True}]
    assert tuned.isdisjoint(final)
