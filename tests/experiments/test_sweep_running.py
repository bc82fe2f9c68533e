"""Running a sweep: only what is missing, whatever stopped it; the same results from one process, several, a cluster."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ravine.experiments import UsageError
from ravine.experiments.problems.bivariate import Booth, Matyas
from ravine.experiments.sweep import (
    Choice,
    Grid,
    Halton,
    LogUniform,
    OptimizerConfig,
    ProblemConfig,
    Seeding,
    Store,
    Sweep,
    execution,
    executor,
    run,
    status,
)
from ravine.experiments.sweep.results import Results
from ravine.experiments.sweep.store import FORMAT, Reservations
from ravine.experiments.trial import Trial, TrialResult

SGD = OptimizerConfig("sgd", "sgd", {"lr": LogUniform(1e-3, 1e-2)})
ADAM = OptimizerConfig("adam", "adam", {"lr": LogUniform(1e-2, 1e-1), "beta1": Choice((0.8, 0.9))})
MOMENTUM = OptimizerConfig("momentum", "momentum", {"lr": LogUniform(1e-3, 1e-2)})
SWEEP = Sweep(
    "small",
    problems=(ProblemConfig("booth", Booth(), 2), ProblemConfig("matyas", Matyas(), 2)),
    optimizers=(SGD, ADAM),
    search=Grid(points=2, extend=1),
    seeding=Seeding(tuning=1, final=2),
)
TEXT = """
name = "small"
problems = { booth = { epochs = 2 }, matyas = { epochs = 2 } }
[optimizers]
sgd = { lr = { log = [1e-3, 1e-2] } }
adam = { lr = { log = [1e-2, 1e-1] }, beta1 = { choice = [0.8, 0.9] } }
[tuning]
points = 2
extend = 1
[seeds]
tuning = 1
final = 2
"""

Trials = dict[Trial, TrialResult | None]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results.sqlite")


def go(sweep: Sweep, store: Store, jobs: int = 1, **options: Any) -> tuple[Results, list[Trial]]:
    """The results, and what had to be run for them."""
    ran: list[Trial] = []
    results = run(sweep, store, executor(jobs), lambda trial, result: ran.append(trial), **options)
    return results, ran


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    results, ran = go(SWEEP, Store(tmp_path_factory.mktemp("unbroken") / "results.sqlite"))
    assert len(set(ran)) == len(ran) == len(results.trials)
    return results.trials


def test_nothing_is_run_twice(store: Store, unbroken: Trials) -> None:
    first, ran = go(SWEEP, store)
    assert first.trials == unbroken
    assert set(ran) == set(unbroken)
    again, ran = go(SWEEP, store)
    assert (again.trials, ran) == (unbroken, [])


@pytest.mark.parametrize(
    ("larger", "share"),
    [
        ({"optimizers": (SGD, ADAM, MOMENTUM)}, "momentum"),
        ({"optimizers": (ADAM, SGD), "seeding": Seeding(tuning=1, final=3)}, "final"),
        ({"problems": (*SWEEP.problems, ProblemConfig("longer", Booth(), 3))}, "longer"),
        ({"problems": SWEEP.problems[:1], "name": "other", "optimizers": (replace(SGD, name="descent"),)}, "nothing"),
    ],
)
def test_what_is_added_alone_is_run(larger: dict[str, Any], share: str, store: Store) -> None:
    _, before = go(SWEEP, store)
    results, ran = go(replace(SWEEP, **larger), store)
    assert set(ran) == set(results.trials) - set(before)
    new = {
        "momentum": lambda trial: type(trial.optimizer).__name__ == "Momentum",
        "final": lambda trial: trial.seeds.initial == 3,
        "longer": lambda trial: trial.epochs == 3,
        "nothing": lambda trial: False,
    }[share]
    assert {new(trial) for trial in ran} == ({True} if share != "nothing" else set())


def test_a_winning_edge_moves_the_grid_and_is_reported(store: Store) -> None:
    results, _ = go(SWEEP, store)
    booth = {entry.name: entry for entry in results.entries if entry.problem.name == "booth"}
    tried = {dict(tried.setting)["lr"] for tried in booth["sgd"].tried}
    assert tried == {1e-3, 1e-2, 1e-1}  # 0.1 is beyond what was asked for
    assert booth["sgd"].edges == {"lr": "high"}
    assert dict(booth["sgd"].best.setting)["lr"] == 0.1
    bounded, _ = go(replace(SWEEP, search=Grid(points=2)), store)
    assert [len(entry.tried) for entry in bounded.entries] == [2, 4, 2, 4]


def test_every_budget_has_its_own_best_of_its_beginning(store: Store) -> None:
    sweep = replace(SWEEP, search=Halton((2, 5)), problems=SWEEP.problems[:1])
    results, ran = go(sweep, store)
    assert [(entry.name, len(entry.tried)) for entry in results.entries] == [
        ("sgd (2 tried)", 2), ("sgd (5 tried)", 5), ("adam (2 tried)", 2), ("adam (5 tried)", 5)
    ]  # fmt: skip
    for small, large in zip(results.entries[::2], results.entries[1::2], strict=True):
        assert small.tried == large.tried[:2]
        assert large.best.score("validation_metric") <= small.best.score("validation_metric")
    assert sum(not trial.tested for trial in ran) == 10


def test_final_runs_have_seeds_that_were_not_tuned_on(unbroken: Trials) -> None:
    seeds = {tested: {t.seeds.initial for t in unbroken if t.tested == tested} for tested in (False, True)}
    assert seeds == {False: {0}, True: {1, 2}}
    first = [t for t in unbroken if t.tested and t.seeds.initial == 1]
    assert len({(t.seeds, t.problem) for t in first}) == 2  # paired: the same for every config


def test_divergence_at_every_setting_ends_a_search(store: Store) -> None:
    wild = OptimizerConfig("wild", "sgd", {"lr": LogUniform(1.0, 10.0)})
    results, ran = go(replace(SWEEP, optimizers=(wild,), problems=SWEEP.problems[:1]), store)
    (entry,) = results.entries
    assert (entry.best, entry.tuned, entry.final, len(ran)) == (None, True, (), 2)
    assert {result.status for result in results.trials.values()} == {"diverged"}


BROKEN = [True]


class Fragile(Booth, abstract=True):
    """Can't be scored while BROKEN."""

    def score(self, model: Any, split: str) -> Any:
        if BROKEN[0]:
            raise RuntimeError("out of order")
        return super().score(model, split)


def test_a_failure_is_kept_with_its_error_and_retried_on_demand(store: Store) -> None:
    sweep = replace(SWEEP, problems=(*SWEEP.problems, ProblemConfig("fragile", Fragile(), 1)))
    BROKEN[0] = True
    results, ran = go(sweep, store)
    assert {result.error for result in results.trials.values() if result.status == "failed"} == {
        "RuntimeError: out of order"
    }
    assert len(results.failed) == 6
    assert go(sweep, store)[1] == []
    BROKEN[0] = False
    mended, ran = go(sweep, store, retry=True)
    assert set(results.failed) < set(ran)
    assert mended.failed == []


# -- the store --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["UPDATE results SET result = ''", "DELETE FROM results"])
def test_rows_are_only_added(change: str, store: Store) -> None:
    go(replace(SWEEP, problems=SWEEP.problems[:1], optimizers=(SGD,)), store)
    with closing(sqlite3.connect(store.path)) as connection, pytest.raises(sqlite3.IntegrityError, match="only add"):
        connection.execute(change)


def test_rows_say_what_made_them(store: Store) -> None:
    results, _ = go(replace(SWEEP, problems=SWEEP.problems[:1], optimizers=(SGD,)), store)
    assert store.count() == (len(results.trials), 0)
    for result in results.trials.values():
        assert result.process.endswith(f":{os.getpid()}")
        assert {"python", "numpy", "ravine", "system"} <= set(result.environment)
        assert not result.timing.parallel


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"something else" * 100)
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match="can't hold results"):
            go(SWEEP, Store(path))
    assert (tmp_path / "file").read_bytes() == b"something else" * 100


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE photos (name TEXT)",  # something else's
        "CREATE TABLE results (digest TEXT, trial TEXT, status TEXT, outcome TEXT)",
        f"CREATE TABLE results (digest TEXT); PRAGMA application_id = {FORMAT - 1}",  # another version's
    ],
)
def test_a_database_of_something_else_is_refused_and_left_alone(script: str, store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.executescript(script)
    before = store.path.read_bytes()
    for use in (status, go):
        with pytest.raises(UsageError, match="something else, or of another version"):
            use(SWEEP, store)
    assert store.path.read_bytes() == before
    assert [file.name for file in store.path.parent.iterdir()] == ["results.sqlite"]


@pytest.mark.parametrize(
    "damage", ["substr(result, 1, 100)", "replace(result, 'train_loss', 'tren_loss')", "replace(result, '1', '2')"]
)
def test_a_damaged_record_is_noticed_and_its_run_repeated(damage: str, store: Store, unbroken: Trials) -> None:
    go(SWEEP, store)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.executescript(f"DROP TRIGGER no_change; UPDATE results SET result = {damage} WHERE id = 3")
    assert store.count() == (len(unbroken) - 1, 1)
    results, ran = go(SWEEP, store)
    assert (results.trials, len(ran), store.count()) == (unbroken, 1, (len(unbroken), 0))


def test_times_to_a_target_are_epochs_steps_and_seconds(store: Store) -> None:
    results, _ = go(replace(SWEEP, problems=(ProblemConfig("matyas", Matyas(), 10),), optimizers=(ADAM,)), store)
    (entry,) = results.entries
    epochs, steps, seconds = (entry.values(f"{unit}_to_target") for unit in ("epochs", "steps", "seconds"))
    curves = np.array([run.result.validation_metric for run in entry.final])
    assert epochs.tolist() == [next(i for i, value in enumerate(curve) if value <= 1e-6) for curve in curves]
    assert steps.tolist() == (100 * epochs).tolist()
    paces = [run.result.timing.step for run in entry.final]
    assert seconds == pytest.approx(steps * paces)


def test_a_status_of_nothing_makes_nothing(store: Store) -> None:
    assert len(status(SWEEP, store).missing) == 12
    assert not store.path.exists()


# -- killed, and in company -------------------------------------------------------------------------------------------


NURSERY = """
import os, sys
from ravine.experiments.cli import main
for line in sys.stdin:
    if (pid := os.fork()) == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        main(line.split())
    print(pid, flush=True)
"""


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., int]]:
    """Starts `ravine run` in a process of its own, from one that has everything imported."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", NURSERY], **pipes) as nursery:

        def started(folder: Path, *options: str) -> int:
            (folder / "small.toml").write_text(TEXT)
            print("run", folder / "small.toml", f"--out={folder}", *options, file=nursery.stdin, flush=True)
            return int(nursery.stdout.readline())

        yield started
        nursery.stdin.close()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but wasn't waited for doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


linux = pytest.mark.skipif(not Path("/proc").is_dir(), reason="forks, and looks at /proc")


@linux
@pytest.mark.parametrize(("jobs", "kills"), [(1, 4), (2, 1)])
def test_killed_at_any_moment_it_resumes_to_the_same_results(
    jobs: int, kills: int, tmp_path: Path, store: Store, start: Callable[..., int], unbroken: Trials
) -> None:
    chance, kept = random.Random(jobs), 0
    for _ in range(kills):
        pid = start(tmp_path, f"--jobs={jobs}")
        while store.count()[0] == kept and alive(pid):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.001)
        assert store.count()[0] >= kept
        kept = store.count()[0]
    assert kept > 0
    results, ran = go(SWEEP, store, jobs)
    assert results.trials == unbroken
    assert len(ran) == len(unbroken) - kept  # nothing that was stored is run again
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {result.timing.parallel for result in results.trials.values()} == {jobs > 1}


@linux
def test_several_processes_fill_one_store(
    tmp_path: Path, store: Store, start: Callable[..., int], unbroken: Trials
) -> None:
    pids = [start(tmp_path, "--jobs=1") for _ in range(2)]
    while any(map(alive, pids)):
        time.sleep(0.01)
    results = status(SWEEP, store)
    assert (results.trials, results.missing) == (unbroken, [])
    with closing(sqlite3.connect(store.path)) as connection:  # a trial that one is running is left to it
        assert connection.execute("SELECT COUNT(*) FROM results").fetchone() == (len(unbroken),)


HOLDER = """
import sys
from pathlib import Path
from ravine.experiments.sweep.store import Reservations
held = Reservations(Path(sys.argv[1]))
print(held.take(sys.argv[2]), flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@linux
def test_a_reservation_ends_with_its_process(tmp_path: Path) -> None:
    lock, (one, other) = Reservations(tmp_path / "lock"), ("1" * 64, "f" * 64)
    command = [sys.executable, "-c", HOLDER, str(lock.path), one]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "True\n"
        assert (lock.take(one), lock.take(other)) == (False, True)
        holder.kill()
        holder.wait()
        assert lock.take(one)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the cluster's own
def test_a_cluster_gives_the_same_results(cluster: Any, store: Store, unbroken: Trials) -> None:
    results = run(SWEEP, store, executor(scheduler=cluster.scheduler_address))
    assert results.trials == unbroken
    assert all(result.timing.parallel for result in results.trials.values())
    assert len({result.process for result in results.trials.values()} - {f":{os.getpid()}"}) == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_cluster_that_cannot_be_used_is_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "PATIENCE", 0.5)
    with pytest.raises(UsageError, match=r"No Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        list(executor(scheduler="tcp://127.0.0.1:1")([]))
    with pytest.raises(UsageError, match=r"has no workers\. Start workers: dask worker"):
        execution.check_workers("tcp://here:1", {})
    with pytest.raises(UsageError, match="has 4 threads; a trial needs a process"):
        execution.check_workers("tcp://here:1", {"a": 1, "b": 4})
    with pytest.raises(UsageError, match="runs other code"):
        execution.remote(status(SWEEP, Store(Path("nowhere"))).missing[0], "another digest")
