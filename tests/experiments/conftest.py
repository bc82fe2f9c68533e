import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ravine.experiments import Results, compare


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Results]:
    """A comparison of seconds; any argument may be replaced."""
    arguments = {"problem": "iris", "optimizers": ["sgd", "adam"], "seeds": 2, "epochs": 2, "lrs": [0.01, 0.1]}
    return partial(compare, **arguments, out=tmp_path / "out", jobs=1)


@pytest.fixture(scope="session")
def numbers() -> Callable[[Results], list[object]]:
    """All that must not change from one execution to another: everything but the timings."""

    def stripped(results: Results) -> list[object]:
        rows = [dataclasses.replace(row, timing=None) for row in results.rows]
        return [results, rows, results.runs]  # == skips timings

    return stripped
