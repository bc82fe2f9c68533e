"""Interrupting a comparison, gently or not, loses nothing finished; the same command then completes it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ravine.experiments import Results, compare
from ravine.experiments.sweep import Store

COMMAND = "from ravine.experiments.cli import main; main(prog_name='ravine')"
OPTIONS = {"problem": "booth", "optimizers": ["sgd", "adam"], "lrs": [1e-4, 1e-3, 1e-2, 1e-1], "seeds": 2, "epochs": 10}
Numbers = Callable[[Results], list[object]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return compare(**OPTIONS, out=tmp_path_factory.mktemp("whole"), jobs=1)


def started(out: Path, jobs: int) -> subprocess.Popen[str]:
    """The same comparison on the command line, in a process group of its own, as a terminal's foreground job is."""
    options = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in (OPTIONS | {"jobs": jobs}).items()}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-c", COMMAND, "compare", *arguments, f"--out={out}"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finished(out: Path) -> dict[str, float]:
    """When each run was stored, by digest."""
    return {row["digest"]: row["stored"] for row in Store(out / "results.sqlite").rows()}


@pytest.mark.slow
@pytest.mark.parametrize(("kill", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGKILL, 2)])
def test_a_killed_comparison_resumes(
    kill: signal.Signals, jobs: int, tmp_path: Path, whole: Results, numbers: Numbers
) -> None:
    process = started(tmp_path, jobs)
    while len(finished(tmp_path)) < 3 and process.poll() is None:
        time.sleep(0.01)
    # Ctrl-C reaches the workers as well; a killed parent must take them along, or they would hold stderr open.
    (os.killpg if kill == signal.SIGINT else os.kill)(process.pid, kill)
    _, message = process.communicate(timeout=30)
    kept = finished(tmp_path)
    assert 3 <= len(kept) < len(whole.runs)
    assert not (tmp_path / "results.json").exists()
    if kill == signal.SIGINT:
        assert process.returncode == 130
        kept_in = f"Interrupted. Finished runs are kept in {tmp_path}; the same command resumes."
        assert message.splitlines()[-1] == kept_in
    resumed = compare(**OPTIONS, out=tmp_path, jobs=1)
    assert kept.items() <= finished(tmp_path).items()  # not run again
    assert numbers(resumed) == numbers(whole)
