"""The wheel holds the packages and nothing else, the source distribution the whole checkout."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]


IGNORED = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]


def ignored(folder, names):
    """Those that git ignores, and hidden ones such as .git itself."""
    paths = {name: Path(folder, name).relative_to(ROOT).as_posix() for name in names}
    hidden = {name for name in names if name.startswith(".")} - {".ci", ".gitignore"}
    return hidden | {
        name for name, path in paths.items() for rule in IGNORED if fnmatch(path if "/" in rule else name, rule)
    }


def copied(folder):
    """The checkout, in a place where building may leave files beside the sources."""
    pytest.importorskip("setuptools", minversion="77.0.3")
    return shutil.copytree(ROOT, folder / "checkout", ignore=ignored)


def built(kind, checkout):
    """The wheel or sdist that setuptools itself builds, without network."""
    build = f"from setuptools.build_meta import build_{kind}; build_{kind}('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=checkout, check=True, capture_output=True)
    (path,) = (checkout / "dist").iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return built("wheel", copied(tmp_path_factory.mktemp("wheel")))


def test_the_source_distribution_holds_the_checkout(tmp_path):
    checkout = copied(tmp_path)
    expected = {path.relative_to(checkout).as_posix() for path in checkout.rglob("*") if path.is_file()}
    with tarfile.open(built("sdist", checkout)) as archive:
        files = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert {name for name in files if ".egg-info/" not in name} - {"PKG-INFO", "setup.cfg"} == expected


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
