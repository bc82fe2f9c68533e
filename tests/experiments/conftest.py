import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ravine.experiments import Results, compare
from ravine.experiments.sweep import report


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Results]:
    """A comparison of seconds; any argument may be replaced."""
    arguments = {"problem": "iris", "optimizers": ["sgd", "adam"], "seeds": 2, "epochs": 2, "lrs": [0.01, 0.1]}
    return partial(compare, **arguments, out=tmp_path / "out", jobs=1)


@pytest.fixture(scope="module")
def without_figures() -> Iterator[None]:
    """Reports without figures, for tests of the numbers alone: drawing takes 95 % of a small comparison's time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("problem_figures", "cross_problem_figures"):
            patch.setattr(report, name, lambda *_: iter(()))
        yield


@pytest.fixture(scope="session")
def numbers() -> Callable[[Results], list[object]]:
    """All that must not change from one execution to another: everything but the timings."""

    def stripped(results: Results) -> list[object]:
        rows = [dataclasses.replace(row, timing=None) for row in results.rows]
        return [results, rows, results.runs]  # == skips timings

    return stripped
