"""Trials and comparisons are values: equal ones have one digest, and impossible ones can't be made."""

import dataclasses
import subprocess
import sys

import pytest

from ravine.experiments import UsageError, compare
from ravine.experiments.comparison import LEARNING_RATES, USUAL, comparison_sweep, label
from ravine.experiments.problems import PROBLEMS
from ravine.experiments.problems.classification import Iris
from ravine.experiments.sweep import read
from ravine.experiments.trial import Seeds, Trial
from ravine.optim import SGD, Adam, Momentum, Muon, Optimizer
from ravine.schedules import Cosine, Lambda

TRIAL = Trial(Iris(), Adam(lr=0.1), 2, Seeds.of(0), tested=False)


def test_equal_trials_have_equal_digests_in_every_process() -> None:
    code = (
        "from ravine.experiments.problems.classification import Iris\n"
        "from ravine.experiments.trial import Seeds, Trial\n"
        "from ravine.optim import Adam\n"
        f"print({TRIAL!r}.digest)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (other.stdout.strip(), other.stderr) == (TRIAL.digest, "")
    assert dataclasses.replace(TRIAL).digest == TRIAL.digest


def test_a_comparison_is_a_sweep_with_the_same_trials() -> None:
    """Whatever way the optimizers are written."""
    names = {name: {"lr": {"choice": list(LEARNING_RATES)}} for name in USUAL}
    declared = read({"name": "digits", "problems": {"digits": {}}, "optimizers": names})
    values = [Optimizer.registry[name](lr=0.5) for name in USUAL]
    digests = []
    for sweep in (declared, comparison_sweep("digits", None), comparison_sweep(PROBLEMS["digits"](), values)):
        (problem,) = sweep.problems
        settings = [(("lr", lr),) for lr in LEARNING_RATES]
        trials = [
            trial
            for config in sweep.configs
            for phase in ("tuning", "final")
            for setting in settings
            for trial in sweep.trials(problem, config, setting, phase)
        ]
        digests.append({trial.digest for trial in trials})
    assert digests[0] == digests[1] == digests[2]
    assert len(digests[0]) == len(USUAL) * len(LEARNING_RATES) * 7


def test_an_edited_rule_changes_the_digest() -> None:
    class Adam(Optimizer):
        """Same name, same hyperparameters, another rule."""

        lr: float = 1e-3
        beta1: float = 0.9
        beta2: float = 0.999
        eps: float = 1e-8

        def rule(x, g, t, lr, beta1, beta2, eps):  # type: ignore[no-untyped-def]
            return x - lr * g

    edited = dataclasses.replace(TRIAL, optimizer=Adam(lr=0.1))
    assert edited.key["optimizer"] == TRIAL.key["optimizer"]
    assert edited.digest != TRIAL.digest
    ((config,),) = (comparison_sweep("iris", Adam(lr=1.0)).configs,)
    assert type(config.build((("lr", 0.1),), 100)) is Adam  # the instance counts, not the registered name


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_are_values_with_source_as_repr(name: str) -> None:
    problem = PROBLEMS[name]()
    assert eval(repr(problem), {cls.__name__: cls for cls in PROBLEMS.values()}) == problem
    assert hash(problem) == hash(PROBLEMS[name]())


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (Adam(), "adam"),
        (Adam(lr=0.5), "adam"),
        (SGD(lr=0.1), "sgd"),
        (Adam(beta1=0.8), "Adam(beta1=0.8)"),
        (Momentum(lr=1.0, momentum=0.5), "Momentum(momentum=0.5)"),
        (SGD(lr=Cosine(1.0, 0.0, 10)), "SGD(lr=Cosine(1.0, 0.0, 10))"),
    ],
)
def test_labels_say_what_is_not_default(optimizer: Optimizer, expected: str) -> None:
    assert label(optimizer) == expected


def test_the_usual_optimizers_are_compared_by_default() -> None:
    assert [config.name for config in comparison_sweep("iris", None).configs] == list(USUAL)
    assert len(USUAL) == 9  # as the README says


def test_the_grid_has_two_points_per_decade_and_the_budget_is_the_same_for_all() -> None:
    optimizers = [cls(lr=1.0) for cls in Optimizer.registry.values() if cls is not Muon]
    sweep = comparison_sweep("iris", optimizers, epochs=1)
    assert (LEARNING_RATES[0], LEARNING_RATES[-1], len(LEARNING_RATES)) == (1e-4, 10, 11)
    for config in sweep.configs:
        settings = sweep.search.settings(config, sweep.search.axes(config))
        assert settings == [(("lr", lr),) for lr in LEARNING_RATES]
    assert list(sweep.seeding.numbers("tuning")) == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"problem": "iriss"}, "Unknown problem: 'iriss'. Did you mean 'iris'.*Known: quadratic.*digits"),
        ({"problem": None}, "Unknown problem: None"),
        ({"optimizers": ["adam", "sdg"]}, "Unknown optimizer: 'sdg'. Did you mean 'sgd'.*Known: sgd"),
        ({"optimizers": [3]}, "Unknown optimizer: 3"),
        ({"optimizers": "adm"}, "Unknown optimizer: 'adm'. Did you mean 'adam'"),
        ({"optimizers": []}, "no optimizer"),
        ({"optimizers": ["adam", Adam(lr=0.1)]}, "listed twice: adam"),
        ({"optimizers": "muon"}, r"compare: muon can't take the parameters of .*must be a matrix\. Received: shape"),
        ({"optimizers": SGD(lr=Lambda(lambda k: 1.0))}, "compare: a result is named by the source of its optimizer"),
        ({"seeds": 0}, "seeds must be an integer >= 1. Received: seeds=0"),
        ({"seeds": True}, "seeds must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"epochs": 1.5}, "epochs must be"),
        ({"jobs": 0}, "jobs must be"),
        ({"jobs": -1}, "jobs must be"),
        ({"lrs": []}, "at least one"),
        ({"lrs": [0.1, 0.1]}, "must increase"),
        ({"lrs": [1.0, 0.1]}, "must increase"),
        ({"lrs": [0.0]}, r"lrs\[0\] must be a finite number > 0"),
        ({"lrs": [float("nan")]}, r"lrs\[0\] must be a finite number > 0"),
        ({"lrs": ["0.1"]}, r"compare: lrs\[0\] must be a finite number > 0"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_made(wrong, message, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=message):
        compare(**{"problem": "iris", "out": tmp_path / "out", **wrong})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_impossible_folder_is_refused(place: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match=r"compare: .*can't hold results"):
        compare("iris", ["sgd"], out=tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"
