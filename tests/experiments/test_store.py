"""The store: what is read is what was written, or is known to be damaged."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.experiments.outcome import Outcome, Timing, environment
from ravine.experiments.problems.classification import Iris
from ravine.experiments.specification import Cell
from ravine.experiments.store import Damaged, Store, prepare, write
from ravine.optim import SGD

CELL = Cell(Iris(), SGD(lr=1.0), 0.1, epochs=1, seed=0, phase="final")
TIMING = Timing(1e-4, 1e-5, 1.0, True)
OUTCOME = Outcome("finished", None, (1.5, 0.25), (1.0, 0.3), (0.0, 1.0), 1e20, 0.9, TIMING, environment())

numbers = st.floats(allow_nan=False, allow_infinity=False)
curves = st.lists(numbers, min_size=1, max_size=4).map(tuple)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return prepare(tmp_path)


@given(curves, curves, curves, st.none() | numbers, st.none() | numbers)
def test_json_round_trip_is_exact(train, validation, metric, loss, score) -> None:  # type: ignore[no-untyped-def]
    outcome = Outcome("finished", None, train, validation, metric, loss, score, OUTCOME.timing, OUTCOME.environment)
    again = Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
    assert again == outcome
    assert again.timing == outcome.timing


def test_what_was_put_is_got(store: Store) -> None:
    assert store.get(CELL) is None
    store.put(CELL, OUTCOME)
    assert store.get(CELL) == OUTCOME
    assert [path.name for path in store.cells.iterdir()] == [f"{CELL.digest}.json"]


def test_every_truncation_is_noticed(store: Store) -> None:
    store.put(CELL, OUTCOME)
    path = store.path(CELL)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged, match="is damaged"):
            store.get(CELL)


def test_every_changed_digit_is_noticed(store: Store) -> None:
    store.put(CELL, OUTCOME)
    path = store.path(CELL)
    whole = path.read_text()
    for i in [i for i, character in enumerate(whole) if character.isdigit()]:
        path.write_text(f"{whole[:i]}{(int(whole[i]) + 1) % 10}{whole[i + 1 :]}")
        with pytest.raises(Damaged, match="is damaged"):
            store.get(CELL)


@pytest.mark.parametrize("content", [b"null", b"[]", b"{}", b'{"sha256": 1}', b"\xff\xfe", b"\0" * 100])
def test_foreign_content_is_noticed(store: Store, content: bytes) -> None:
    store.path(CELL).write_bytes(content)
    with pytest.raises(Damaged):
        store.get(CELL)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
