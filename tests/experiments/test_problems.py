"""Problems are records: frozen, with checked fields, their source as repr, and a JSON form."""

import dataclasses
import re
from typing import Any

import pytest

from ravine.experiments import PROBLEMS, Problem
from ravine.experiments.problems import Function
from ravine.experiments.problems.classification import Digits, Iris

CHANGED = [cls() for cls in PROBLEMS.values()] + [Digits(hidden=(8, 4), batch_size=5, dropout=0.5, split=3)]


@pytest.mark.parametrize("problem", CHANGED, ids=repr)
def test_a_problem_has_its_source_as_repr_and_a_json_form(problem: Problem) -> None:
    classes = {cls.__name__: cls for cls in PROBLEMS.values()}
    for other in (eval(repr(problem), classes), Problem.from_json(problem.to_json()), problem.replace()):
        assert other == problem
        assert hash(other) == hash(problem)
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.split = 1  # type: ignore[attr-defined]


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1. Received: batch_size=0. The default is 64."),
    ({"batch_size": "64"}, TypeError, "batch_size must be an integer >= 1. Received: batch_size='64'. The default"),
    ({"batch_size": 6.5}, TypeError, "batch_size must be an integer >= 1. Received: batch_size=6.5."),
    ({"batch_size": True}, TypeError, "batch_size must be an integer >= 1. Received: batch_size=True."),
    ({"dropout": 2.0}, ValueError, "dropout must be a number in [0, 1). Received: dropout=2.0. The default is 0.0."),
    ({"dropout": 1.0}, ValueError, "dropout must be a number in [0, 1). Received: dropout=1.0."),
    ({"split": -1}, ValueError, "split must be an integer >= 0. Received: split=-1."),
    ({"hidden": 8}, TypeError, "hidden must be a sequence, each element an integer >= 1. Received: hidden=8."),
    ({"hidden": (8, 0)}, ValueError, "hidden[1] must be an integer >= 1. Received: hidden[1]=0."),
]


@pytest.mark.parametrize(("fields", "error", "message"), REFUSED, ids=lambda value: str(value)[:30])
def test_fields_are_checked(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^Digits: {re.escape(message)}"):
        Digits(**fields)


def test_fields_are_kept_in_one_form() -> None:
    assert Iris(hidden=[8, 4]) == Iris(hidden=(8, 4))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="positional argument"):
        Iris((8,))  # type: ignore[misc]


def test_a_subclass_is_registered_by_its_name() -> None:
    class TwoWells(Function):
        start, minima = (0.1, 1.0), ((-1.0, 0.0), (1.0, 0.0))

        @staticmethod
        def f(x: Any, y: Any) -> Any:
            return (x**2 - 1) ** 2 + y**2

    assert PROBLEMS.pop("two_wells") is TwoWells
    assert {"function", "classification", "problem"}.isdisjoint(PROBLEMS)
