"""The architecture: who may import whom, and what every package must have. The table below is the drawing."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ravine import experiments

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Arrows point downward only. A dot marks a folder of this project; the standard library is open to all.
MAY_IMPORT = {
    "schedules": {"numpy"},
    "kernels": {"numpy", "numba"},
    "autograd": {"numpy", "numba"},
    "optim": {".kernels", ".schedules", "numpy", "numba"},
    "experiments": {".schedules", ".kernels", ".autograd", ".optim", "numpy", "numba", "matplotlib", "sklearn"}
    | {"joblib", "threadpoolctl", "click", "rich", "jinja2", "pooch", "scipy", "distributed"},
    "dialects": {".schedules", ".kernels", ".autograd", ".optim", ".experiments", "numpy", "numba"},
    "root": {".schedules", ".kernels", ".autograd", ".optim", ".experiments", ".dialects"},  # ravine itself
}
CORE = ["schedules", "kernels", "autograd", "optim", "dialects"]
LINES = 400

MODULES = [path for folder in MAY_IMPORT for path in sorted((ROOT / folder).rglob("*.py"))]
PACKAGES = [path.parent for path in MODULES if path.name == "__init__.py"]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return ".".join(["ravine", *parts[parts[0] == "root" :]])


def imports(path: Path) -> Iterator[str]:
    """What a module imports, wherever the statement stands: `.folder` inside the package, else the top-level name."""
    package = name_of(path.parent).split(".")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            for alias in node.names:
                target = [*base, *(node.module or alias.name).split(".")]
                yield "." + target[1] if target[0] == "ravine" else "beyond ravine"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downward_only(path):
    folder = path.relative_to(ROOT).parts[0]
    upward = set(imports(path)) - MAY_IMPORT[folder] - {f".{folder}"} - sys.stdlib_module_names
    assert not upward, f"{folder} may import {sorted(MAY_IMPORT[folder])}; inside the package, by relative imports"


def test_the_drawing_has_no_cycle():
    for i, folder in enumerate(MAY_IMPORT):
        below = {f".{name}" for name in list(MAY_IMPORT)[:i]}
        assert {name for name in MAY_IMPORT[folder] if name.startswith(".")} <= below


def test_the_drawing_is_complete():
    on_disk = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert on_disk == set(MAY_IMPORT)
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(MAY_IMPORT)


def test_the_imports_are_the_declared_dependencies():
    def declared(requirements: list[str]) -> set[str]:
        return {requirement.split(">")[0].replace("scikit-learn", "sklearn") for requirement in requirements}

    core = declared(PROJECT["project"]["dependencies"])
    extras = PROJECT["project"]["optional-dependencies"]
    extra = declared(extras["experiments"] + extras["cluster"])
    drawn = {folder: {name for name in names if name[0] != "."} for folder, names in MAY_IMPORT.items()}
    assert set.union(*(drawn[folder] for folder in CORE)) == core
    assert drawn["experiments"] == extra | core
    assert set(experiments.REQUIRED) == declared(extras["experiments"])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


def test_every_folder_with_an_init_is_a_listed_package():
    setuptools = PROJECT["tool"]["setuptools"]
    assert sorted(setuptools["packages"]) == sorted(map(name_of, PACKAGES))
    assert setuptools["package-dir"] == {name_of(ROOT / folder): folder for folder in MAY_IMPORT}
    stray = {path.parent for path in MODULES} - set(PACKAGES)
    assert not stray, "modules in a folder without __init__.py are not installed"


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_every_package_is_typed(folder):
    assert (ROOT / folder / "py.typed").is_file()


@pytest.mark.parametrize("package", [name_of(folder) for folder in PACKAGES])
def test_what_a_package_exports_exists(package):
    module = importlib.import_module(package)
    assert len(set(module.__all__)) == len(module.__all__) > 0
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_core_needs_numpy_and_numba_only(tmp_path):
    script = "import sys, {}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"

    def loaded(*modules: str) -> set[str]:
        command = [sys.executable, "-c", script.format(", ".join(modules))]
        return set(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split())

    more = loaded("numpy", "numba", *(f"ravine.{folder}" for folder in CORE)) - loaded("numpy", "numba")
    assert more - sys.stdlib_module_names == {"ravine"}
