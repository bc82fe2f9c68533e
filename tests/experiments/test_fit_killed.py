"""A training that is killed with SIGKILL at random moments, again and again, ends with the bits of one that was not."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

SCRIPT = """
import sys
import numpy as np
from ravine.autograd import nn
from ravine.experiments.fit import Checkpoint, EarlyStopping, ReduceLROnPlateau, fit
from ravine.optim import Adam

layers = nn.Linear(4, 32, rng=0), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5, rng=1), nn.Linear(32, 3, rng=2)
net = nn.Sequential(*layers)
stopping = EarlyStopping(patience=99, restore_best=True)
callbacks = [ReduceLROnPlateau(patience=1), stopping, Checkpoint(sys.argv[1], every=1)]
options = {"epochs": 40, "batch_size": 10, "validation_split": 0.2, "recording": True, "callbacks": callbacks}
rng = np.random.default_rng(0)
data = rng.normal(size=(125, 4)), rng.integers(0, 3, size=125)
history = fit(net, data, Adam(lr=0.01, ema=0.9), **options)
state = {name: array.tobytes().hex() for name, array in net.state_dict().items()}
print(state, history.to_csv(), history.steps)
"""


def started(checkpoint: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(checkpoint)], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_kill_and_resume(tmp_path: Path) -> None:
    moments = random.Random(0)
    whole, _ = started(tmp_path / "whole.npz").communicate()
    path, kills, saved = tmp_path / "killed.npz", 0, set()
    while kills < 3:
        process = started(path)
        before = path.stat().st_mtime_ns if path.exists() else 0
        while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == before):
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it was to be killed before its end"
        saved.add(path.read_bytes())
        kills += 1
    assert len(saved) == kills  # it got on in between
    assert started(path).communicate()[0] == whole
