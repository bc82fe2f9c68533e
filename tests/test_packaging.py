"""The wheel holds every file of the packages under ravine/, and nothing else."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built by setuptools itself, without network, from a copy: building leaves files beside the sources."""
    pytest.importorskip("setuptools", minversion="70.1")
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for folder in FOLDERS.values():
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    return next((copy / "dist").glob("*.whl"))


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    files = [path for folder in FOLDERS.values() for path in (ROOT / folder).rglob("*") if path.is_file()]
    paths = [path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts]
    expected = {f"ravine/{path.removeprefix('root/')}" for path in paths}
    assert {f"ravine/{folder}/py.typed" for folder in FOLDERS.values() if folder != "root"} <= expected
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == expected


HOMES = """
import importlib, os, sys
for name in sys.argv[1:]:
    print(os.path.dirname(os.path.dirname(importlib.import_module(name).__file__)))
"""


def test_the_wheel_imports_with_the_core_dependencies(wheel, tmp_path):
    ZipFile(wheel).extractall(tmp_path)
    packages = [name for name in FOLDERS if name not in ("ravine", "ravine.experiments")]
    command = [sys.executable, "-W", "error", "-c", HOMES, *packages]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    printed = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    assert printed.splitlines() == [str(tmp_path / "ravine")] * len(packages)
