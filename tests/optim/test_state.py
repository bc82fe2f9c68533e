"""State: named, copied, checked, and bit-exact on resumption."""

import json

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.optim import NAG, SGD, Adam, Momentum, Muon, Optimizer, RMSprop
from ravine.schedules import Cosine

SPECS = [
    *(cls(lr=0.05) for cls in Optimizer.registry.values() if cls.granularity != "flat-vector" and cls is not Muon),
    RMSprop(lr=0.1, momentum=0.9, centered=True),
    Adam(lr=Cosine(0.1, 0.0, 12), weight_decay=0.1, clip_norm=1.0),
]


def parameters():
    rng = np.random.default_rng(0)
    shapes = {"w": (3, 2), "b": (2,), "s": ()}
    return [
        *(Parameter(rng.normal(size=shape), name=name) for name, shape in shapes.items()),
        Parameter(rng.normal(size=4).astype(np.float32), name="half"),
    ]


def train(optimizer, params, start, stop):
    for k in range(start, stop):
        rng = np.random.default_rng(k)
        for p in params:
            p.grad = rng.normal(size=p.data.shape).astype(p.data.dtype)
        params[1].grad = None if k % 3 == 0 else params[1].grad
        optimizer.step()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("k", [0, 1, 4])
def test_resumption_is_exact(spec, k, tmp_path):
    params = parameters()
    optimizer = spec.bind(params)
    train(optimizer, params, 0, k)
    optimizer.save(tmp_path / "state.npz")
    kept = [p.data.copy() for p in params]
    train(optimizer, params, k, 9)

    resumed = parameters()
    for p, data in zip(resumed, kept, strict=True):
        p.data = data
    other = spec.bind(resumed)
    other.load(tmp_path / "state.npz")
    assert other.t == k
    train(other, resumed, k, 9)
    for p, q in zip(params, resumed, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_the_state_is_a_copy_named_by_parameter_and_slot():
    params = parameters()
    optimizer = Adam(params)
    train(optimizer, params, 1, 3)
    state = optimizer.state_dict()
    assert state["optimizer"] == "Adam"
    assert list(state["state"]) == ["w", "b", "s", "half"]
    assert state["state"]["w"].keys() == {"t", "m", "v"}
    assert state["state"]["half"]["m"].dtype == np.float32
    before = state["state"]["w"]["m"].copy()
    train(optimizer, params, 3, 4)
    np.testing.assert_array_equal(state["state"]["w"]["m"], before)
    optimizer.load_state_dict(state)
    state["state"]["w"]["m"][...] = 9
    assert not (optimizer.state_dict()["state"]["w"]["m"] == 9).any()


def change(state, what):
    """A state with something wrong."""
    state = {**state, "state": {name: dict(slots) for name, slots in state["state"].items()}}
    what(state)
    return state


WRONG = [
    (lambda s: s.pop("t"), TypeError, "what state_dict"),
    (lambda s: s.update(state=5), TypeError, "what state_dict"),
    (lambda s: s["state"].update(w=5), TypeError, "must be a dict"),
    (lambda s: s.update(optimizer="AdamW"), ValueError, "must be of Adam. Received: one of AdamW"),
    (lambda s: s.update(t=-1), ValueError, "t must be an integer >= 0"),
    (lambda s: s.update(t=1.5), ValueError, "t must be an integer"),
    (lambda s: s["state"].pop("w"), ValueError, "parameters must be"),
    (lambda s: s["state"].update(extra={}), ValueError, "parameters must be"),
    (lambda s: s["state"]["w"].pop("m"), ValueError, "slots of parameter w must be"),
    (lambda s: s["state"]["w"].update(vm=np.zeros(2)), ValueError, "slots of parameter w"),
    (lambda s: s["state"]["w"].update(t="3"), ValueError, "t of parameter w"),
    (lambda s: s["state"]["w"].update(m=np.zeros((2, 3))), ValueError, "m of parameter w must have shape"),
    (lambda s: s["state"]["half"].update(v=np.zeros(4)), TypeError, "v of parameter half must be float32"),
    (lambda s: s["state"]["half"].update(v=[0.0] * 4), TypeError, "must be a NumPy array"),
]


@pytest.mark.parametrize(("what", "error", "words"), WRONG)
def test_a_wrong_state_is_refused_and_nothing_changes(what, error, words):
    params = parameters()
    optimizer = Adam(params)
    train(optimizer, params, 1, 3)
    good = optimizer.state_dict()
    train(optimizer, params, 3, 4)
    now = optimizer.state_dict()
    with pytest.raises(error, match=words):
        optimizer.load_state_dict(change(good, what))
    for name, slots in optimizer.state_dict()["state"].items():
        for slot, value in slots.items():
            np.testing.assert_array_equal(value, now["state"][name][slot])
    assert optimizer.t == now["t"]


def test_another_optimizer_is_refused():
    one, two = Momentum([np.zeros(2)], lr=0.1), NAG([np.zeros(2)], lr=0.1)
    with pytest.raises(ValueError, match=r"must be of NAG\. Received: one of Momentum"):
        two.load_state_dict(one.state_dict())


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"not a zip file at all",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-30],
        lambda data: data[:200] + b"\0" * 60 + data[260:],
    ],
)
def test_a_damaged_file_is_refused(damage, tmp_path):
    optimizer = Adam(parameters())
    path = tmp_path / "state.npz"
    optimizer.save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"state\.npz is not a whole file of an optimizer's state"):
        optimizer.load(path)
    assert optimizer.t == 0


def test_other_files(tmp_path):
    optimizer = Adam(parameters())
    with pytest.raises(FileNotFoundError):
        optimizer.load(tmp_path / "nowhere.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="not a whole file"):
        optimizer.load(tmp_path / "other.npz")
    np.savez(tmp_path / "hostile.npz", head=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ValueError, match="not a whole file"):
        optimizer.load(tmp_path / "hostile.npz")
    np.savez(tmp_path / "newer.npz", head=np.array(json.dumps({"format": 99, "kind": "an optimizer's state"})))
    with pytest.raises(ValueError, match="reads format 3 alone"):
        optimizer.load(tmp_path / "newer.npz")


def test_saving_leaves_no_half_file(tmp_path, monkeypatch):
    optimizer = SGD([np.zeros(2)], lr=0.1)
    optimizer.save(tmp_path / "state.npz")
    before = (tmp_path / "state.npz").read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        optimizer.save(tmp_path / "state.npz")
    assert (tmp_path / "state.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]


def test_unnamed_parameters_go_by_position():
    optimizer = Adam([np.zeros(2), Parameter(np.zeros(3)), Parameter(np.zeros(1), name="w")])
    assert list(optimizer.state_dict()["state"]) == ["0", "1", "w"]
    same = Adam([Parameter(np.zeros(3), name="w"), Parameter(np.zeros(1), name="w")])
    assert list(same.state_dict()["state"]) == ["0", "1"]
