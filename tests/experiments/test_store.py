"""The store: what is read is what was written; damage is noticed, and foreign files are refused."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.experiments.page import write_file
from ravine.experiments.problems.classification import Iris
from ravine.experiments.sweep import Store
from ravine.experiments.trial import Seeds, Timing, Trial, TrialResult, environment
from ravine.optim import SGD

TRIAL = Trial(Iris(), SGD(lr=0.1), 1, Seeds.of(0), tested=True)
TIMING = Timing(1e-4, 1e-5, 1.0, True)
RESULT = TrialResult("finished", None, (1.5, 0.25), (1.0, 0.3), (0.0, 1.0), 1e20, 0.9, TIMING, environment())
FAILED = TrialResult("failed", error="ValueError: no", process="here:1")

numbers = st.floats(allow_nan=False, allow_infinity=False)
curves = st.lists(numbers, min_size=1, max_size=4).map(tuple)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results.sqlite")


def changed(store: Store, column: str, value: str) -> None:
    """Change the one row behind the store's back."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("DROP TRIGGER IF EXISTS no_change")
        connection.execute(f"UPDATE results SET {column} = ?", (value,))


@given(curves, curves, curves, st.none() | numbers, st.none() | numbers)
def test_json_round_trip_is_exact(train, validation, metric, loss, score) -> None:  # type: ignore[no-untyped-def]
    result = TrialResult("finished", None, train, validation, metric, loss, score, TIMING, RESULT.environment)
    again = TrialResult.from_json(json.loads(json.dumps(result.to_json())))
    assert again == result
    assert (again.timing, again.environment) == (result.timing, result.environment)


@pytest.mark.parametrize("data", [{}, {"status": "finished"}, RESULT.to_json() | {"more": 1}])
def test_a_result_with_other_fields_is_refused(data: dict) -> None:
    with pytest.raises(KeyError, match="fields"):
        TrialResult.from_json(data)


@pytest.mark.parametrize("result", [RESULT, FAILED], ids=["finished", "failed"])
def test_what_was_added_is_got(result: TrialResult, store: Store) -> None:
    assert store.get([TRIAL]) == [None]
    store.add(TRIAL, result)
    (found,) = store.get([TRIAL])
    assert found == result
    assert (found.timing, found.process) == (result.timing, result.process)
    assert store.has(TRIAL)
    assert store.count() == (1, 0)


def test_the_latest_result_counts(store: Store) -> None:
    store.add(TRIAL, FAILED)
    store.add(TRIAL, RESULT)
    assert store.get([TRIAL]) == [RESULT]


def test_every_truncation_is_noticed(store: Store) -> None:
    store.add(TRIAL, RESULT)
    whole = store.rows()[0]["result"]
    for length in range(0, len(whole), 7):
        changed(store, "result", whole[:length])
        assert (store.get([TRIAL]), store.has(TRIAL), store.count()) == ([None], False, (0, 1))


@pytest.mark.parametrize("column", ["digest", "trial", "result", "checksum"])
def test_every_changed_digit_is_noticed(column: str, store: Store) -> None:
    store.add(TRIAL, RESULT)
    whole = store.rows()[0][column]
    for i in [i for i, character in enumerate(whole) if character.isdigit()]:
        changed(store, column, f"{whole[:i]}{(int(whole[i]) + 1) % 10}{whole[i + 1 :]}")
        assert (store.get([TRIAL]), store.count()) == ([None], (0, 1))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_file(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
