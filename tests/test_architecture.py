"""The architecture: who may import whom, and what every package must have. The table below is the drawing."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ravine import dialects, experiments

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
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
PACKAGES = [path.parent for path in MODULES if path.name == "__init__.py"]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return ".".join(["ravine", *parts[parts[0] == "root" :]])


def imports(path: Path) -> Iterator[str]:
    """What a module imports, wherever the statement stands. Inside the package: `.folder.module.name`."""
    package = name_of(path.parent).split(".")
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            for alias in node.names:
                target = [*base, *(node.module or "").split("."), alias.name]
                yield "." + ".".join(filter(None, target[1:])) if target[0] == "ravine" else "beyond ravine"


def folder_of(imported: str) -> str:
    """`.optim` of `.optim.bound.BoundOptimizer`, `numpy` of `numpy.typing`."""
    return imported[: imported.find(".", 1)] if "." in imported[1:] else imported


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downward_only(path):
    folder = path.relative_to(ROOT).parts[0]
    upward = set(map(folder_of, imports(path))) - MAY_IMPORT[folder] - {f".{folder}"} - sys.stdlib_module_names
    assert not upward, f"{folder} may import {sorted(MAY_IMPORT[folder])}; inside the package, by relative imports"


def test_the_drawing_has_no_cycle():
    for i, folder in enumerate(MAY_IMPORT):
        below = {f".{name}" for name in list(MAY_IMPORT)[:i]}
        assert {name for name in MAY_IMPORT[folder] if name.startswith(".")} <= below


DELIBERATE = ("optim.optimizer", "optim.bound")  # Optimizer.bind makes a BoundOptimizer, whose configuration it is


def named_modules(path: Path) -> Iterator[str]:
    """What is imported by a call `import_module("ravine.autograd")`."""
    calls = [node for node in ast.walk(TREES[path]) if isinstance(node, ast.Call) and node.args]
    for call in calls:
        function = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
        if function == "import_module" and isinstance(call.args[0], ast.Constant):
            name = call.args[0].value
            yield f"{name_of(path.parent)}{name}".removeprefix("ravine") if name[0] == "." else f".{name}"[7:]


def import_graph() -> dict[str, set[str]]:
    """From each module of the project to those that it imports; TYPE_CHECKING and imports in functions count."""
    names = {name_of(path.parent if path.name == "__init__.py" else path.with_suffix("")): path for path in MODULES}
    modules = {name.removeprefix("ravine").removeprefix("."): path for name, path in names.items()}
    graph = {}
    for module, path in modules.items():
        imported = [name[1:] for name in (*imports(path), *named_modules(path)) if name.startswith(".")]
        homes = [name if name in modules else name.rpartition(".")[0] for name in imported]
        graph[module] = {home for home in homes if home in modules} - {module}
    return graph


def reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen, ahead = set(), [start]
    while ahead:
        news = graph[ahead.pop()] - seen
        seen |= news
        ahead += news
    return seen


def test_no_files_import_each_other_in_a_circle():
    graph = import_graph()
    graph[DELIBERATE[0]].remove(DELIBERATE[1])
    assert {module for module in graph if module in reached(module, graph)} == set()


def test_the_import_graph_sees_every_kind_of_import():
    graph = import_graph()
    assert DELIBERATE[1] in graph[DELIBERATE[0]]  # in a function
    assert {"autograd", "optim"} <= graph[""]  # under TYPE_CHECKING
    assert "autograd" in graph["optim.minimize"]  # by a call of import_module


PYTORCHS = {"Linear"}  # nn.Linear, the layer, beside the schedule: both names are the field's


def framework_names(module: ModuleType) -> Iterator[str]:
    """The public names of a dialect, which its framework demands."""
    for name in module.__all__:
        thing = getattr(module, name)
        yield from framework_names(thing) if isinstance(thing, ModuleType) else [name]


def test_no_two_classes_have_one_name():
    names = [
        (node.name, path.relative_to(ROOT).parts[0] == "dialects")
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    frameworks = [getattr(dialects, name) for name in dialects.__all__]
    demanded = {name for module in frameworks if isinstance(module, ModuleType) for name in framework_names(module)}
    counts = Counter(name for name, in_dialects in names if not (in_dialects and name in demanded))
    assert {name for name, count in counts.items() if count > 1} - PYTORCHS == set()


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
