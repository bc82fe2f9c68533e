"""A run that is cut anywhere and resumed, in another process or another order, gives the same bits."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.optim import SGD, Adam, Muon, Optimizer
from ravine.schedules import Cosine, Linear

STEPS = 9
OPTIONS = [
    {"accumulate": 3},
    {"nonfinite": "skip"},
    {"missing": "zero"},
    {"lookahead": 2, "lookahead_alpha": 0.3},
    {"ema": 0.8},
    {"swa": 3, "swa_every": 2},
    {"clip_norm": 0.5, "clip_each_norm": 0.4, "clip_adaptive": 0.3, "clip_value": 0.2, "weight_decay": 0.1},
    {"decoupled_weight_decay": Linear(0.0, 0.1, 5), "maximize": True, "lr": Cosine(0.1, 0.0, 7)},
]
SPECS = [
    *(cls(lr=0.05) for cls in Optimizer.registry.values() if cls.granularity != "flat-vector" and cls is not Muon),
    *(Adam(**{"lr": 0.1, **options}) for options in OPTIONS),
]


def parameters(order=("w", "b", "half")):
    rng = np.random.default_rng(0)
    made = {
        "w": Parameter(rng.normal(size=(3, 2)), name="w"),
        "b": Parameter(rng.normal(size=2), name="b"),
        "half": Parameter(rng.normal(size=4).astype(np.float32), name="half"),
    }
    return {name: made[name] for name in order}


def train(optimizer, params, start, stop):
    for k in range(start, stop):
        for i, name in enumerate(("w", "b", "half")):
            p = params[name]
            g = np.random.default_rng([k, i]).normal(size=p.data.shape).astype(p.data.dtype)
            g[...] = np.nan if k == 5 and optimizer.spec.nonfinite == "skip" else g
            p.grad = None if (k, name) == (4, "b") else g
        optimizer.step()


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_resumption_at_every_step_in_another_order(spec, suffix, tmp_path):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    params = parameters()
    optimizer = spec.bind(params.values())
    values = [{name: p.data.copy() for name, p in params.items()}]
    for k in range(STEPS):
        optimizer.save(tmp_path / f"{k}.{suffix}")
        train(optimizer, params, k, k + 1)
        values.append({name: p.data.copy() for name, p in params.items()})
    for k in range(STEPS):
        resumed = parameters(("half", "b", "w"))
        for name, p in resumed.items():
            p.data = values[k][name]
        other = spec.bind(resumed.values())
        other.load(tmp_path / f"{k}.{suffix}")
        train(other, resumed, k, STEPS)
        for name, p in resumed.items():
            np.testing.assert_array_equal(p.data, values[-1][name])
        assert (other.t, other.nonfinite) == (optimizer.t, optimizer.nonfinite)


PROGRAM = """
    import sys
    import numpy as np
    from ravine.optim import Adam
    from ravine.schedules import Cosine

    x = np.linspace(-1, 1, 7) if sys.argv[1] == "0" else np.load("x.npy")
    optimizer = Adam([x], lr=Cosine(0.1, 0.0, 8), clip_norm=1.0, ema=0.9)
    if sys.argv[1] != "0":
        optimizer.load("state.npz")
    for k in range(int(sys.argv[1]), int(sys.argv[2])):
        optimizer.step([np.sin(x * (k + 1))])
    optimizer.save("state.npz")
    np.save("x.npy", x)
"""


@pytest.mark.slow
def test_resumption_in_another_process(tmp_path):
    def run(*bounds):
        subprocess.run([sys.executable, "-c", textwrap.dedent(PROGRAM), *map(str, bounds)], cwd=tmp_path, check=True)
        return np.load(tmp_path / "x.npy")

    whole = run(0, 8)
    run(0, 5)
    np.testing.assert_array_equal(run(5, 8), whole)


def test_schedules_with_a_state_are_resumed(tmp_path):
    from ravine.schedules import ReduceOnPlateau

    def bound():
        x = np.zeros(1)
        return x, SGD([x], lr=ReduceOnPlateau(1.0, factor=0.5, patience=0))

    _, optimizer = bound()
    plateau = optimizer.spec.lr
    for metric in (1.0, 2.0, 2.0):
        plateau.observe(metric)
        optimizer.step([np.ones(1)])
    assert optimizer.lr == 0.25
    optimizer.save(tmp_path / "state.npz")
    _, other = bound()
    assert other.lr == 1.0
    other.load(tmp_path / "state.npz")
    assert other.lr == 0.25
    state = optimizer.state_dict()
    for wrong in ({}, {"lr of 0": {"class": "Cosine"}}, [], None):
        with pytest.raises((ValueError, TypeError)):
            other.load_state_dict({**state, "t": 99, "plateaus": wrong})
        assert other.t == 3


def test_plateaus_are_told_apart_in_any_order_of_groups():
    from ravine.schedules import ReduceOnPlateau

    def bound(reverse):
        a, b = ReduceOnPlateau(0.1, patience=0), ReduceOnPlateau(0.2, patience=0)
        groups = [{"params": [("a", np.ones(2))], "lr": a}, {"params": [("b", np.ones(2))], "lr": b}]
        return SGD(groups[::-1] if reverse else groups, lr=1.0), a, b

    optimizer, a, b = bound(False)
    for _ in range(3):
        a.observe(1.0)
    b.observe(5.0)
    other, a2, b2 = bound(True)
    other.load_state_dict(optimizer.state_dict())
    assert (a2(0), b2(0)) == (a(0), b(0)) == (pytest.approx(0.001), 0.2)


def test_a_saved_file_is_as_readable_as_others(tmp_path):
    SGD([np.ones(1)], lr=0.1).save(tmp_path / "state.npz")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "state.npz").stat().st_mode == (tmp_path / "other").stat().st_mode
