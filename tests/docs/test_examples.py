"""What is written runs: the examples in docstrings, in the pages by hand, and in the pages made from the registries."""

import doctest
import importlib
import inspect
from pathlib import Path

import numpy
import pytest

from ravine.schedules import Schedule

pytest.importorskip("sklearn")
pages = importlib.import_module("pages")

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("schedules", "kernels", "autograd", "optim", "experiments", "dialects", "root")
MODULES = [path.relative_to(ROOT) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
WITH_EXAMPLES = [path for path in MODULES if ">>> " in (ROOT / path).read_text(encoding="utf-8")]
WRITTEN = [path.relative_to(ROOT) for path in (ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))]
WRITTEN = [path for path in WRITTEN if not {"generated", "notebooks"} & set(path.parts)]


def run(test: doctest.DocTest) -> int:
    """How many examples ran; none may fail."""
    told = []
    results = doctest.DocTestRunner().run(test, out=told.append)
    assert results.failed == 0, "".join(told)
    return results.attempted


def ran(text: str, name: str) -> int:
    return run(doctest.DocTestParser().get_doctest(text, {"np": numpy}, name, name, 0))


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=str)
def test_the_examples_in_docstrings_run(path):
    parts = path.with_suffix("").parts
    parts = (parts[:-1] if parts[-1] == "__init__" else parts)[parts[0] == "root" :]
    module = importlib.import_module(".".join(["ravine", *parts]))
    scope = {**vars(module), "np": numpy}
    tests = doctest.DocTestFinder(exclude_empty=True).find(module, globs=scope)
    assert sum(map(run, tests)) > 0


@pytest.mark.parametrize("path", WRITTEN, ids=str)
def test_the_pages_by_hand_run(path):
    ran((ROOT / path).read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_pages_from_the_registries_run(name):
    text = pages.PAGES[name]()
    assert text.startswith("# ")
    ran(text.replace("\n```", "\n\n```"), name)


@pytest.mark.parametrize("package", pages.reference.PACKAGES)
def test_every_public_name_has_an_example_that_stands_alone(package):
    """With NumPy as np and what the package offers, which the page says."""
    module = importlib.import_module(package)
    offered = {name: getattr(module, name) for name in module.__all__}
    own = {name: thing for name, thing in offered.items() if not pages.reference.elsewhere(package, name, thing)}
    described = {name: inspect.getdoc(thing) or "" for name, thing in own.items() if pages.reference.described(thing)}
    for name, text in described.items():
        scope = {"np": numpy, "__name__": package, **offered}
        assert run(doctest.DocTestParser().get_doctest(text, scope, name, name, 0)) > 0, name


def test_every_picture_of_a_schedule_is_there():
    assert all(svg.startswith("<svg") for svg in pages.shapes.pictures().values())


def test_every_schedule_has_a_section():
    values = map(pages.shapes.value, (*pages.shapes.SHAPES, *pages.shapes.ALGEBRA.values()))
    assert {type(value).__name__ for value in values} == {
        name for name, cls in Schedule.registry.items() if cls.__module__.startswith("ravine.schedules")
    }
