"""Denormals, threads, processes and the cache: what surrounds a loop."""

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from ravine.kernels import Kernel, cache
from ravine.kernels.threads import PARALLEL_BYTES, thread_count

LARGE = PARALLEL_BYTES // 4 * 2


def decay(x, g, m, beta):
    m = beta * m + g
    return x - m, m


def run(code, **environment):
    """Run a script in a fresh process; gives its output."""
    env = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---------------------------------------------------------------------------------------------------------- denormals
@pytest.mark.parametrize("size", [1000, LARGE])
def test_denormal_results_become_zero(size):
    x, g, m = np.zeros(size, np.float32), np.zeros(size, np.float32), np.full(size, 1.2e-38, np.float32)
    Kernel(decay, ("x", "m"))([x, g, m], (0.5,))
    assert not m.any()


def test_the_mode_does_not_leak():
    arrays = [np.zeros(LARGE, np.float32) for _ in range(3)]
    Kernel(decay, ("x", "m"))(arrays, (0.5,))
    tiny = np.full(4, 1e-40, np.float32)
    assert (tiny * np.float32(1)).all()
    seen = []
    thread = threading.Thread(target=lambda: seen.append((tiny * np.float32(1)).all()))
    thread.start()
    thread.join()
    assert seen == [True]


# ------------------------------------------------------------------------------------------------------------ threads
PARALLEL = """
    import numpy as np
    from ravine.optim import SGD
    def step():
        x = np.ones(4_000_000, np.float32)
        SGD([x], lr=0.5).step([np.ones_like(x)])
        return bool((x == 0.5).all())
"""


@pytest.mark.slow
@pytest.mark.parametrize("asked", [1, 2, 64])
def test_thread_count_is_bounded_by_the_environment_and_the_processors(asked):
    code = PARALLEL + "    from ravine.kernels import thread_count\n    print(step(), thread_count())"
    processors = len(os.sched_getaffinity(0))
    assert run(code, NUMBA_NUM_THREADS=asked) == f"True {min(asked, processors)}"


def test_no_openmp_runtime_is_loaded():
    # Idle OpenMP workers spin against OpenBLAS, and a forked child of a process that has them can't use them.
    code = PARALLEL + "    print(step(), any('gomp' in line or 'iomp' in line for line in open('/proc/self/maps')))"
    assert run(code) == "True False"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes(method, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(PARALLEL)
        + textwrap.dedent(f"""
            if __name__ == "__main__":
                import multiprocessing, warnings
                warnings.filterwarnings("ignore", message=".*fork.*")  # Python 3.12 warns of threads
                assert step()
                with multiprocessing.get_context("{method}").Pool(2) as pool:
                    print(pool.starmap(step, [()] * 4), step())
        """)
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[True, True, True, True] True", done.stderr


def test_steps_from_several_threads():
    kernel = Kernel(decay, ("x", "m"))
    results = []

    def work(value):
        x, g, m = np.zeros(LARGE), np.full(LARGE, value), np.zeros(LARGE)
        for _ in range(5):
            kernel([x, g, m], (0.5,))
        results.append(bool((m == value * 1.9375).all()))

    workers = [threading.Thread(target=work, args=(float(i),)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [True] * 4
    assert thread_count() >= 1


# -------------------------------------------------------------------------------------------------------------- cache
CACHED = """
    import numpy as np
    from ravine.optim import Adam
    for dtype in (np.float32, np.float64):
        x = np.zeros(3, dtype)
        Adam([x], lr=0.1).step([np.ones_like(x)])
        assert np.allclose(x, -0.1), x
    kernel = Adam(lr=0.1).kernel
    print([sum(loop.stats.cache_hits.values()) for loop in kernel._loops.values()])
"""


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path):
    assert run(CACHED, RAVINE_CACHE_DIR=tmp_path / "new" / "folder") == "[0, 0]"
    assert run(CACHED, RAVINE_CACHE_DIR=tmp_path / "new" / "folder") == "[1, 1]"


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_costs_only_the_compilation(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert run(CACHED, RAVINE_CACHE_DIR=tmp_path / "file") == "[0, 0]"
    assert run(CACHED, RAVINE_CACHE_DIR="/proc/nowhere") == "[0, 0]"


@pytest.mark.slow
def test_damaged_files_cost_only_the_compilation(tmp_path):
    run(CACHED, RAVINE_CACHE_DIR=tmp_path)
    for path in (tmp_path / "__pycache__").glob("*.nb*"):
        path.write_bytes(b"damaged")
    assert run(CACHED, RAVINE_CACHE_DIR=tmp_path) == "[0, 0]"
    for damage in (b"raise SystemExit('damaged')", b"\xff\xfe\x00"):
        for path in tmp_path.glob("*.py"):
            path.write_bytes(damage)
        run(CACHED, RAVINE_CACHE_DIR=tmp_path)


@pytest.mark.slow
def test_a_flipped_bit_costs_only_the_compilation(tmp_path):
    run(CACHED, RAVINE_CACHE_DIR=tmp_path)
    for path in (tmp_path / "__pycache__").glob("*.nbc"):
        content = bytearray(path.read_bytes())
        for at in range(0, len(content), 97):
            content[at] ^= 16
        path.write_bytes(content)
    assert run(CACHED, RAVINE_CACHE_DIR=tmp_path) == "[0, 0]"
    assert run(CACHED, RAVINE_CACHE_DIR=tmp_path) == "[1, 1]"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path, mode, monkeypatch):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    monkeypatch.setenv("RAVINE_CACHE_DIR", str(folder))
    with pytest.warns(RuntimeWarning, match="other users can write to it.* chmod go-w"):
        assert cache._stored("name", "source") is None
    assert cache._stored("name", "source") is None  # the warning comes once
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_editing_a_rule_invalidates(tmp_path):
    code = """
        import sys; sys.path.insert(0, {folder!r})
        import numpy as np
        from rule_under_edit import rule
        from ravine.kernels import Kernel
        x = np.zeros(1)
        Kernel(rule, ("x",))([x, np.ones(1)], (1.0,))
        print(x[0])
    """
    for factor in (2, 3):
        (tmp_path / "rule_under_edit.py").write_text(f"def rule(x, g, lr):\n    return x - {factor} * lr * g\n")
        assert run(code.format(folder=str(tmp_path)), RAVINE_CACHE_DIR=tmp_path / "cache") == f"{-factor}.0"
