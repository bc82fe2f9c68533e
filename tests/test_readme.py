"""The README's code runs as it stands."""

import doctest
from pathlib import Path

import pytest

from ravine.optim import Optimizer


def test_the_code_runs(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(Optimizer, "registry", dict(Optimizer.registry))  # the README defines an optimizer
    path = Path(__file__).parents[1] / "README.md"
    result = doctest.testfile(str(path), module_relative=False)
    assert result.attempted > 20
    assert result.failed == 0


def test_two_commands():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert text.count("```sh\n") == 2
