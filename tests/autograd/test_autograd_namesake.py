"""HIPS autograd beside ours, wherever Python is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(folder, code):
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.peers
@pytest.mark.parametrize("inside", [True, False])
def test_autograd_is_hips_autograd(inside, tmp_path):
    pytest.importorskip("autograd.numpy")
    code = (
        "import autograd, autograd.numpy as anp, ravine.autograd\n"
        "print(autograd.grad(anp.sin)(0.0), hasattr(ravine.autograd, 'Tensor'), autograd is ravine.autograd)"
    )
    assert run(ROOT if inside else tmp_path, code) == "1.0 True False\n"


def test_without_it_the_checkout_s_folder_says_what_it_is(tmp_path):
    (tmp_path / "autograd").symlink_to(ROOT / "autograd")
    code = "import sys; sys.path[1:] = [p for p in sys.path if 'site-packages' not in p]; import autograd"
    assert "No module named 'autograd'. This folder is installed as ravine.autograd." in run(tmp_path, code)
