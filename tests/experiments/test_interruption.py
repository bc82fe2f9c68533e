"""Interrupting a comparison, gently or not, loses nothing finished; the same command then completes it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ravine.experiments import Results, compare
from ravine.experiments.sweep import Store

COMMAND = """
import os, signal
from ravine.experiments.cli import main
from ravine.experiments.sweep import Store

add, added = Store.add, []

def interrupted(store, trial, result):
    add(store, trial, result)
    added.append(trial)
    if len(added) == 3:
        KILL

Store.add = interrupted
main(prog_name="ravine")
"""
KILLS = {
    # Ctrl-C reaches the workers as well; a killed parent must take them along, or they would hold stderr open.
    signal.SIGINT: "os.killpg(os.getpid(), signal.SIGINT)",
    signal.SIGKILL: "os.kill(os.getpid(), signal.SIGKILL)",
}
OPTIONS = {"problem": "booth", "optimizers": ["sgd", "adam"], "lrs": [1e-4, 1e-3, 1e-2, 1e-1], "seeds": 2, "epochs": 10}
Numbers = Callable[[Results], list[object]]

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
    pytest.mark.usefixtures("without_figures"),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, without_figures: None) -> Results:
    return compare(**OPTIONS, out=tmp_path_factory.mktemp("whole"), jobs=1)


def interrupted(out: Path, jobs: int, kill: signal.Signals) -> subprocess.CompletedProcess[str]:
    """The same comparison on the command line, killed after three runs.

    It has a process group of its own, as a terminal's foreground job has.
    """
    options = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in (OPTIONS | {"jobs": jobs}).items()}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    code = COMMAND.replace("KILL", KILLS[kill])
    command = [sys.executable, "-c", code, "compare", *arguments, f"--out={out}"]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, start_new_session=True, timeout=60)


def finished(out: Path) -> dict[str, float]:
    """When each run was stored, by digest."""
    return {row["digest"]: row["stored"] for row in Store(out / "results.sqlite").rows()}


@pytest.mark.slow
@pytest.mark.parametrize(("kill", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGKILL, 2)])
def test_a_killed_comparison_resumes(
    kill: signal.Signals, jobs: int, tmp_path: Path, whole: Results, numbers: Numbers
) -> None:
    process = interrupted(tmp_path, jobs, kill)
    kept = finished(tmp_path)
    assert 3 <= len(kept) < len(whole.runs)
    assert not (tmp_path / "results.json").exists()
    assert process.returncode == (130 if kill == signal.SIGINT else -signal.SIGKILL)
    if kill == signal.SIGINT:
        kept_in = f"Interrupted. Finished runs are kept in {tmp_path}; the same command resumes."
        assert process.stderr.splitlines()[-1] == kept_in
    resumed = compare(**OPTIONS, out=tmp_path, jobs=1)
    assert kept.items() <= finished(tmp_path).items()  # not run again
    assert numbers(resumed) == numbers(whole)
