"""The tree of modules: paths, modes, freezing, state, description; and initial weights."""

import copy

import numpy as np
import pytest

from ravine.autograd import Parameter, nn


class Block(nn.Module):
    def __init__(self, rng):
        self.scale = Parameter(np.ones(2, np.float32), name="scale")
        self.norm = nn.BatchNorm1d(2)
        self.parts = [nn.Linear(2, 2, rng=rng), {"last": nn.Linear(2, 2, bias=False, rng=rng)}, "text"]
        self.shared = self.parts[0]
        self.note = "text"

    def forward(self, x):
        return self.parts[1]["last"](self.norm(self.shared(x)) * self.scale)


def network(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Linear(3, 2, rng=rng), np.tanh, Block(rng), nn.Dropout(0.5, rng=0))


PARAMETERS = ["0.weight", "0.bias", "2.scale", "2.norm.weight", "2.norm.bias"]
PARAMETERS += ["2.parts.0.weight", "2.parts.0.bias", "2.parts.1.last.weight"]
BUFFERS = ["2.norm.running_mean", "2.norm.running_var"]


def test_paths():
    net = network()
    named = net.named_parameters()
    assert list(named) == PARAMETERS
    assert [id(p) for p in named.values()] == [id(p) for p in net.parameters()]
    assert named["2.parts.1.last.weight"] is net[2].parts[1]["last"].weight
    assert list(net.named_modules()) == ["", "0", "2", "2.norm", "2.parts.0", "2.parts.1.last", "3"]
    assert net.named_modules()[""] is net
    assert list(net.named_buffers()) == BUFFERS
    assert list(net.state_dict()) == PARAMETERS + BUFFERS


def test_state_round_trip():
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    net, other = network(0), network(1)
    net(x)  # moves the running statistics
    state = net.state_dict()
    arrays = {path: p.data for path, p in other.named_parameters().items()} | other.named_buffers()
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.eval()(x).data, net.eval()(x).data)
    for path, a in (other.named_buffers() | {k: p.data for k, p in other.named_parameters().items()}).items():
        assert a is arrays[path], "written in place: views of it, as optimizers have, stay good"
        assert not np.shares_memory(a, state[path])


def test_state_is_a_copy():
    net = network()
    state = net.state_dict()
    before = copy.deepcopy(state)
    net.train()(np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32))
    for p in net.parameters():
        p.data += 1
    for path, a in state.items():
        np.testing.assert_array_equal(a, before[path])


def test_state_in_a_file(tmp_path):
    net, other = network(0), network(1)
    np.savez(tmp_path / "state.npz", **net.state_dict())
    with np.load(tmp_path / "state.npz") as file:
        other.load_state_dict(file)
    for path, a in net.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[path], a)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("2.scale"), ["2.scale is missing"]),
        (lambda s: s.pop("2.norm.running_var"), ["2.norm.running_var is missing"]),
        (lambda s: s.update(extra=np.ones(1)), ["extra is unknown"]),
        (lambda s: s.update({"0.bias": np.ones(3, np.float32)}), [r"0.bias must .* \(2,\)", r"\(3,\)"]),
        (lambda s: s.update({"0.bias": np.ones(2)}), ["received float64"]),
        (lambda s: (s.pop("0.bias"), s.update(b=1.0)), ["0.bias is missing; b is unknown", "Nothing was changed"]),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, words):
    net = network(0)
    state = {path: a + 1 for path, a in net.state_dict().items()}
    change(state)
    before = net.state_dict()
    for word in words:
        with pytest.raises(ValueError, match=word):
            net.load_state_dict(state)
    for path, a in net.state_dict().items():
        np.testing.assert_array_equal(a, before[path])


def test_freezing():
    net = network()
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    assert net[2].freeze() is net[2]
    np.sum(net(x)).backward()
    assert [path for path, p in net.named_parameters().items() if p.grad is not None] == ["0.weight", "0.bias"]
    assert len(net.parameters()) == len(PARAMETERS)
    net.freeze()
    assert not net(x).requires_grad
    net.freeze(False)
    np.sum(net(x)).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_modes_reach_every_module():
    net = network()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net.train() is net
    assert all(m.training for m in net.modules())


def test_descriptions():
    assert repr(nn.Sequential(nn.Linear(2, 3), nn.ReLU())) == "Sequential(Linear(2, 3), ReLU())"
    block = Block(0)
    assert repr(block) == (
        "Block(\n"
        "    norm=BatchNorm1d(2),\n"
        "    parts=[Linear(2, 2), {'last': Linear(2, 2, bias=False)}, 'text'],\n"
        "    shared=Linear(2, 2)\n"
        ")"
    )
    text = repr(nn.Sequential(nn.Linear(2, 2), block))
    assert text.splitlines()[:4] == ["Sequential(", "    Linear(2, 2),", "    Block(", "        norm=BatchNorm1d(2),"]


def test_a_module_that_knows_its_owner():
    inner, outer = nn.Module(), nn.Module()
    inner.owner, outer.inner = outer, inner
    assert repr(outer) == "Module(inner=Module(owner=...))"
    assert list(outer.named_modules()) == ["", "inner"]


def test_no_two_parameters_share_a_path():
    net = nn.Module()
    net.parts = {1: Parameter(np.ones(1)), "1": Parameter(np.ones(1))}
    assert len(net.parameters()) == 2
    with pytest.raises(ValueError, match=r"parts\.1"):
        net.state_dict()


def test_networks_with_statistics_can_be_copied():
    net = network()
    twin = copy.deepcopy(net)
    net(np.ones((2, 3), np.float32) * [[1], [2]])
    assert not twin[2].norm.running_mean.any()


# Initial weights

KERNELS = (40, 10, 5, 6)  # 300 terms in, 1200 out
VARIANCES = {
    "fan_in_uniform": 1 / 900,
    "lecun_normal": 1 / 300,
    "glorot_uniform": 2 / 1500,
    "glorot_normal": 2 / 1500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "orthogonal": 1 / 300,
    "normal": 1,
    "trunc_normal": 0.7737413,
}


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("layer", [lambda **k: nn.Linear(300, 1200, **k), lambda **k: nn.Conv2d(10, 40, (5, 6), **k)])
def test_variances(name, layer):
    net = layer(rng=0, init=name)
    w = net.weight.data
    assert w.dtype == np.float32
    variance = 1 / 1200 if name == "orthogonal" and w.ndim == 2 else VARIANCES[name]
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
    np.testing.assert_allclose(w.var(), variance, rtol=0.05)
    assert net.bias.data.any() == (name == "fan_in_uniform")
    np.testing.assert_array_equal(layer(rng=0, init=name).weight.data, w)
    assert not np.array_equal(layer(rng=1, init=name).weight.data, w)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3, 3), (20, 2, 2, 2)])
def test_orthogonal_weights_are_orthogonal(shape):
    w = nn.init.orthogonal(np.random.default_rng(0), shape).reshape(shape[0], -1)
    product = w @ w.T if shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, np.eye(min(w.shape)), atol=1e-14)


def test_initializers_with_a_stated_spread():
    def weight(init):
        return nn.Linear(100, 100, rng=0, init=init).weight.data

    assert not weight("zeros").any()
    assert (weight("ones") == 1).all()
    assert (weight(nn.init.constant(0.5)) == 0.5).all()
    w = weight("uniform")
    assert 0 <= w.min() < 0.01 < 0.99 < w.max() < 1
    w = weight(nn.init.uniform(-0.1, 0.3))
    assert -0.1 <= w.min() < -0.09 < 0.29 < w.max() <= 0.3
    w = weight(nn.init.normal(2, 0.1))
    np.testing.assert_allclose([w.mean(), w.std()], [2, 0.1], rtol=0.03)
    w = weight(nn.init.trunc_normal(0, 0.1, -0.15, 0.05))
    assert -0.15 <= w.min() < w.max() <= 0.05
    assert np.abs(weight("trunc_normal")).max() <= 2


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: nn.Linear(3, 2, init="xavier"), ValueError, ["orthogonal", "xavier"]),
        (lambda: nn.Linear(3, 2, dtype=int), TypeError, ["int64"]),
        (lambda: nn.init.trunc_normal(0, 1, 5, 6), ValueError, ["low=5"]),
        (lambda: nn.init.trunc_normal(0, 1, 2, -2), ValueError, ["high=-2"]),
        (lambda: nn.init.he_normal(np.random.default_rng(0), (3,)), ValueError, [r"\(3,\)"]),
        (lambda: nn.init.orthogonal(np.random.default_rng(0), (3,)), ValueError, [r"\(3,\)"]),
    ],
)
def test_initial_weights_that_make_no_sense_are_refused(call, kind, words):
    for word in words:
        with pytest.raises(kind, match=word):
            call()
