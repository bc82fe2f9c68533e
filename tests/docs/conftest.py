import sys
from pathlib import Path

import pytest

from ravine.autograd.op import TABLE
from ravine.dialects import Dialect
from ravine.experiments.reproductions import REPRODUCTIONS
from ravine.optim import Optimizer
from ravine.schedules import Schedule

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    """What an example defines is not registered for other tests, and what it writes is nobody's."""
    monkeypatch.chdir(tmp_path)
    registries = (TABLE, Optimizer.registry, Schedule.registry, Dialect.registry, REPRODUCTIONS)
    before = [dict(registry) for registry in registries]
    yield
    for registry, entries in zip(registries, before, strict=True):
        registry.clear()
        registry.update(entries)
