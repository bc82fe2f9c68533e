"""Cells and comparisons are values: equal ones have one digest, and impossible ones can't be made."""

import dataclasses
import subprocess
import sys

import pytest

from ravine.experiments import UsageError, compare
from ravine.experiments.comparison import USUAL, specify
from ravine.experiments.problems import PROBLEMS
from ravine.experiments.problems.classification import Digits, Iris
from ravine.experiments.specification import HALF_DECADES, Cell, Comparison, label
from ravine.optim import SGD, Adam, Momentum, Optimizer
from ravine.schedules import Cosine

CELL = Cell(Iris(), Adam(lr=1.0), 0.1, epochs=2, seed=0, phase="tuning")
CHANGES = {
    "problem": Digits(),
    "optimizer": Adam(lr=1.0, beta1=0.8),
    "lr": 0.2,
    "epochs": 3,
    "seed": 1,
    "phase": "final",
}


def test_equal_cells_have_equal_digests_in_every_process() -> None:
    code = (
        "from ravine.experiments.problems.classification import Iris\n"
        "from ravine.experiments.specification import Cell\n"
        "from ravine.optim import Adam\n"
        f"print({CELL!r}.digest)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (other.stdout.strip(), other.stderr) == (CELL.digest, "")
    assert dataclasses.replace(CELL).digest == CELL.digest


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Cell)])
def test_every_field_changes_the_digest(field: str) -> None:
    assert dataclasses.replace(CELL, **{field: CHANGES[field]}).digest != CELL.digest


def test_equal_runs_share_a_digest_however_they_are_written() -> None:
    assert dataclasses.replace(CELL, optimizer=Adam(lr=0.5)).digest == CELL.digest


def test_an_edited_rule_changes_the_digest() -> None:
    class Adam(Optimizer):
        """Same name, same hyperparameters, another rule."""

        lr: float = 1e-3
        beta1: float = 0.9
        beta2: float = 0.999
        eps: float = 1e-8

        def rule(x, g, t, lr, beta1, beta2, eps):  # type: ignore[no-untyped-def]
            return x - lr * g

    edited = dataclasses.replace(CELL, optimizer=Adam(lr=1.0))
    assert edited.key["optimizer"] == CELL.key["optimizer"]
    assert edited.digest != CELL.digest


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


def test_the_usual_optimizers_are_compared_unless_told_otherwise() -> None:
    assert [label(optimizer) for optimizer in specify("iris", None).optimizers] == list(USUAL)
    assert len(USUAL) == 9  # as the README says


def test_the_grid_is_half_decades_and_the_budget_the_same_for_all() -> None:
    optimizers = tuple(cls(lr=1.0) for cls in Optimizer.registry.values())
    cells = Comparison(Iris(), optimizers, epochs=1).tuning()
    assert (HALF_DECADES[0], HALF_DECADES[-1], len(HALF_DECADES)) == (1e-4, 10, 11)
    for optimizer in optimizers:
        own = [(cell.lr, cell.seed) for cell in cells if cell.optimizer == optimizer]
        assert sorted(own) == [(lr, seed) for lr in HALF_DECADES for seed in (0, 1)]


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
        ({"seeds": 0}, "seeds must be a whole number >= 1. Received: seeds=0"),
        ({"seeds": True}, "seeds must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"epochs": 1.5}, "epochs must be"),
        ({"jobs": 0}, "jobs must be"),
        ({"jobs": -1}, "jobs must be"),
        ({"lrs": []}, "at least one"),
        ({"lrs": [0.1, 0.1]}, "must increase"),
        ({"lrs": [1.0, 0.1]}, "must increase"),
        ({"lrs": [0.0]}, "positive and finite"),
        ({"lrs": [float("nan")]}, "positive and finite"),
        ({"lrs": ["0.1"]}, "positive and finite"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_made(wrong, message, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=message):
        compare(**{"problem": "iris", "out": tmp_path / "out", **wrong})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_impossible_folder_is_refused(place: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="can't write results to"):
        compare("iris", ["sgd"], out=tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"
