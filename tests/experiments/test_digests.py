"""What names a result."""

import linecache

import pytest

from ravine.experiments.errors import UsageError
from ravine.experiments.trial import source_digest

CELL = '''
from ravine.optim import Optimizer

class Halved(Optimizer):
    """A cell of a notebook: its functions have a source, its module has no file."""
    lr: float = 1.0

    def rule(x, g, lr):
        return x - lr * g / {}
'''


def made(text: str, name: str) -> type:
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict = {"__name__": "of_a_cell"}
    exec(compile(text, name, "exec"), scope)
    return scope["Halved"]


def test_a_class_of_a_notebook_is_named_by_its_rule():
    first, again, other = (made(CELL.format(n), f"<cell {i}>") for i, n in enumerate((2, 2, 4)))
    assert source_digest(first) == source_digest(again) != source_digest(other)


def test_a_class_without_source_is_refused():
    with pytest.raises(UsageError, match="Halved has no source code, by which its results are named"):
        source_digest(type("Halved", (), {"rule": 1}))
