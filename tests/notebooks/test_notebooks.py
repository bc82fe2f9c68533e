"""The lessons: each runs from top to bottom, and is stored as it ran."""

import importlib.util
import re
from itertools import chain
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("execute", ROOT / "notebooks" / "execute.py")
execute = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(execute)

# What the machinery of Jupyter itself warns about is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
every = pytest.mark.parametrize("path", execute.NOTEBOOKS, ids=lambda path: path.stem)


def cells(notebook, kind="code"):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def outputs(notebook):
    return list(chain.from_iterable(cell.outputs for cell in cells(notebook)))


def complaints(notebook):
    said = [o for o in outputs(notebook) if o.get("name") == "stderr" or "Error in callback" in o.get("text", "")]
    return said + [o for o in outputs(notebook) if o.output_type == "error"]


@pytest.mark.slow
@every
def test_it_runs_and_says_nothing_on_stderr(path):
    notebook = execute.executed(path)
    assert complaints(notebook) == []
    kinds = set(chain.from_iterable(output.get("data", {}) for output in outputs(notebook)))
    assert kinds & {"image/png", "image/svg+xml"}


@every
def test_it_is_stored_as_it_ran(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = cells(notebook)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert complaints(notebook) == []
    assert not re.search(r"/(home|root|tmp|work|opt|Users)/", path.read_text(encoding="utf-8"))


@every
def test_a_displayed_formula_has_lines_of_its_own(path):
    """Without, the site takes it for text, though a notebook shows it."""
    texts = [cell.source for cell in cells(nbformat.read(path, as_version=4), "markdown")]
    blocks = [block for text in texts for block in re.split(r"\n\s*\n", text) if "$$" in block]
    assert [block for block in blocks if not (block.startswith("$$") and block.rstrip().endswith("$$"))] == []


@every
def test_it_begins_with_a_title_and_says_what_is_learned(path):
    first = cells(nbformat.read(path, as_version=4), "markdown")[0].source
    assert first.startswith("# ")
    assert len(first.splitlines()) > 2


def test_they_are_numbered():
    assert [path.name[:2] for path in execute.NOTEBOOKS] == [f"{i:02}" for i in range(1, len(execute.NOTEBOOKS) + 1)]
