"""Layers, losses, initialisers: against formulas, at extremes, in statistics, and in training."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ravine.autograd import Parameter, Tensor, check_grads, grad, nn, no_grad


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# Losses

LABELS = np.array([0, 2, 1, 2])


def naive_cross_entropy(logits, labels):
    p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


def test_cross_entropy_is_the_naive_formula(rng):
    x = rng.normal(size=(4, 3))
    np.testing.assert_allclose(nn.cross_entropy(x, LABELS), naive_cross_entropy(x, LABELS), rtol=1e-14)
    np.testing.assert_allclose(
        grad(nn.cross_entropy)(x, LABELS), grad(naive_cross_entropy)(x, LABELS), rtol=1e-12, atol=1e-16
    )
    check_grads(lambda z: nn.cross_entropy(z, LABELS), x, order=3)
    check_grads(lambda z: nn.cross_entropy(z, LABELS), x.astype(np.float32))


def test_cross_entropy_gradient_is_softmax_minus_onehot(rng):
    x = rng.normal(size=(4, 3))
    expected = (nn.softmax(x) - np.eye(3)[LABELS]) / 4
    np.testing.assert_allclose(grad(nn.cross_entropy)(x, LABELS), expected, rtol=1e-12)


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(-1e300, 1e300)))
def test_cross_entropy_of_extreme_logits_is_finite(x):
    value = nn.cross_entropy(x / 10, LABELS)
    gradient = grad(lambda z: nn.cross_entropy(z, LABELS))(x / 10)
    assert value >= 0
    assert np.all(np.abs(gradient) <= 0.25)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_at_extremes_is_exact(dtype):
    x = np.array([[1e4, 0, -1e4], [1e4, 1e4, 0]], dtype)
    y = nn.cross_entropy(Tensor(x), [0, 0], reduction="none")
    np.testing.assert_allclose(y.data, [0, np.log(2)], rtol=1e-6)
    g = grad(lambda z: nn.cross_entropy(z, [1, 0], reduction="sum"))(x)
    np.testing.assert_allclose(g, [[1, -1, 0], [-0.5, 0.5, 0]], atol=1e-6)


def test_cross_entropy_keeps_digits_where_the_loss_is_tiny():
    x = np.array([[1000.0, 970.0]])
    np.testing.assert_allclose(nn.cross_entropy(x, [0]), np.exp(-30), rtol=1e-2)
    np.testing.assert_allclose(grad(nn.cross_entropy)(x, [0])[0, 1], np.exp(-30), rtol=1e-2)


@pytest.mark.parametrize(
    ("loss", "args", "kind", "words"),
    [
        (nn.cross_entropy, (np.ones((2, 3)), [0, 3]), ValueError, [r"\[0, 3\)", "0 to 3"]),
        (nn.cross_entropy, (np.ones((2, 3)), [0, -1]), ValueError, ["-1 to 0"]),
        (nn.cross_entropy, (np.ones((2, 3)), np.array([0, 200], np.uint8)), ValueError, ["200"]),
        (nn.cross_entropy, (np.ones((2, 3)), np.array([0, -128], np.int8)), ValueError, ["-128"]),
        (nn.cross_entropy, (np.ones((2, 3)), [0.0, 1.0]), TypeError, ["integers", "float64"]),
        (nn.cross_entropy, (np.ones((2, 3)), [True, False]), TypeError, ["integers", "bool"]),
        (nn.cross_entropy, (np.ones((2, 3)), [[0], [1]]), ValueError, [r"\(2, 1\)"]),
        (nn.cross_entropy, (np.ones((2, 3)), [0]), ValueError, [r"\(1,\)"]),
        (nn.cross_entropy, (np.ones(3), [0]), ValueError, [r"\(n, k\)"]),
        (nn.cross_entropy, (np.ones((2, 3)), [0, 1], "avg"), ValueError, ["mean, sum, none", "avg"]),
        (nn.mse, (np.ones((2, 1)), np.ones(2)), ValueError, [r"\(2, 1\)", "Reshape"]),
        (nn.mse, (np.ones(2), np.ones(2), "x"), ValueError, ["mse", "reduction"]),
        (nn.binary_cross_entropy, (np.array([1.5]), [1.0]), ValueError, ["1.5", "with_logits"]),
        (nn.binary_cross_entropy, (np.array([-0.1]), [1.0]), ValueError, ["-0.1"]),
        (nn.binary_cross_entropy, (np.ones(2), [1.0]), ValueError, [r"\(2,\)", r"\(1,\)"]),
        (nn.binary_cross_entropy_with_logits, (np.ones(2), 1.0), ValueError, [r"\(2,\)", r"\(\)"]),
    ],
)
@pytest.mark.parametrize("wrap", [np.asarray, lambda a: Tensor(a, requires_grad=True)])
def test_losses_refuse_wrong_arguments(loss, args, kind, words, wrap):
    for word in words:
        with pytest.raises(kind, match=word):
            loss(wrap(args[0]), *args[1:])


def test_binary_cross_entropy(rng):
    p, t = rng.uniform(0.01, 0.99, 6), np.array([0, 1, 1, 0, 1, 0])
    np.testing.assert_allclose(nn.binary_cross_entropy(p, t), -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p)))
    check_grads(lambda q: nn.binary_cross_entropy(q, t), p)
    z = np.log(p / (1 - p))
    np.testing.assert_allclose(nn.binary_cross_entropy_with_logits(z, t), nn.binary_cross_entropy(p, t))
    check_grads(lambda q: nn.binary_cross_entropy_with_logits(q, t), z, order=3)


def test_binary_cross_entropy_clamps_its_logarithms():
    p, t = np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])
    np.testing.assert_array_equal(nn.binary_cross_entropy(p, t, reduction="none"), [100, 100, 0, 0])
    g = grad(lambda q: nn.binary_cross_entropy(q, t, reduction="sum"))(p)
    np.testing.assert_allclose(g, [-1e12, 1e12, 0, 0])


def test_binary_cross_entropy_with_extreme_logits():
    z, t = np.array([1e4, -1e4, 1e4, -1e4], np.float32), np.array([1, 0, 0, 1])
    y = nn.binary_cross_entropy_with_logits(Tensor(z), t, reduction="none")
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.data, [0, 0, 1e4, 1e4])
    g = grad(lambda q: nn.binary_cross_entropy_with_logits(q, t, reduction="sum"))(z)
    np.testing.assert_array_equal(g, [0, 0, 1, -1])


def test_mse_and_reductions(rng):
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    np.testing.assert_allclose(nn.mse(a, b), np.mean((a - b) ** 2))
    np.testing.assert_allclose(nn.mse(a, b, reduction="sum"), np.sum((a - b) ** 2))
    np.testing.assert_allclose(nn.mse(a, b, reduction="none"), (a - b) ** 2)
    check_grads(nn.mse, a, b)
    assert nn.mse(Tensor(a.astype(np.float32)), b).dtype == np.float32
    target = Tensor(b, requires_grad=True)
    nn.mse(a, target).backward()
    np.testing.assert_allclose(target.grad, 2 * (b - a) / 6)


# Functions


@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6)))
def test_softmax_family_is_stable(x):
    p = nn.softmax(x)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(nn.softmax(x + 5.0), p, rtol=1e-8, atol=1e-300)
    assert np.all(nn.log_softmax(x) <= 0)
    np.testing.assert_allclose(nn.logsumexp(x), x.max(-1) + np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1)))


def test_logsumexp_of_infinities():
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(nn.logsumexp(np.array([[-np.inf, 0.0], [-np.inf, -np.inf]])), [0, -np.inf])


# Layers


def test_linear_is_affine_and_takes_any_batch_shape(rng):
    layer = nn.Linear(3, 2, rng=0, dtype=np.float64)
    x = rng.normal(size=(4, 5, 3))
    expected = x @ layer.weight.data + layer.bias.data
    np.testing.assert_allclose(layer(x).data, expected)
    np.testing.assert_allclose(layer(x[0, 0]).data, expected[0, 0])
    bare = nn.Linear(3, 2, bias=False, rng=0)
    assert bare.bias is None
    assert [p.shape for p in bare.parameters()] == [(3, 2)]
    assert bare(x.astype(np.float32)).dtype == np.float32


def test_linear_checks_shapes():
    with pytest.raises(ValueError, match=r"\(\.\.\., 3\).*\(2, 4\)"):
        nn.Linear(3, 2)(np.ones((2, 4)))
    with pytest.raises(ValueError, match="n_in=0"):
        nn.Linear(0, 2)
    with pytest.raises(ValueError, match=r"he_normal.*foo"):
        nn.Linear(3, 2, init="foo")


def test_gradients_of_a_network(rng):
    net = nn.Sequential(
        nn.Linear(3, 5, rng=0, dtype=np.float64), nn.Tanh(), nn.Linear(5, 4, rng=1, dtype=np.float64), nn.Sigmoid()
    )
    x, target = rng.normal(size=(6, 3)), rng.random((6, 4))
    weights = [p.data.copy() for p in net.parameters()]

    def loss(*values):
        h = np.tanh(x @ values[0] + values[1])
        return np.mean((1 / (1 + np.exp(-(h @ values[2] + values[3]))) - target) ** 2)

    nn.mse(net(x), target).backward()
    for p, g in zip(net.parameters(), grad(loss, (0, 1, 2, 3))(*weights), strict=True):
        np.testing.assert_allclose(p.grad, g, rtol=1e-12)
    check_grads(loss, *weights, order=1)


def test_dtypes():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Dropout(0.5, rng=0), nn.Linear(4, 2, rng=1), nn.Tanh())
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float32)}
    loss = nn.cross_entropy(net(np.ones((2, 3), np.float32)), [0, 1])
    assert loss.dtype == np.float32
    loss.backward()
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype(np.float32)}
    assert net(np.ones((2, 3))).dtype == np.float64  # NumPy's promotion


def test_dropout_in_training():
    drop = nn.Dropout(0.25, rng=0)
    x = Tensor(np.ones((200, 200), np.float32), requires_grad=True)
    y = drop(x)
    assert y.dtype == np.float32
    values, counts = np.unique(y.data, return_counts=True)
    np.testing.assert_allclose(values, [0, 1 / 0.75], rtol=1e-6)
    assert abs(counts[0] / y.size - 0.25) < 5 * np.sqrt(0.25 * 0.75 / y.size)
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, y.data)
    assert not np.array_equal(drop(x).data, y.data)


def test_dropout_in_evaluation_and_at_zero():
    x = Tensor(np.ones(5))
    drop = nn.Dropout(0.9, rng=0)
    assert drop.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    for p in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match=r"\[0, 1\)"):
            nn.Dropout(p)


def test_dropout_has_its_own_generator():
    x = np.ones(100)
    a, b = nn.Dropout(0.5, rng=3), nn.Dropout(0.5, rng=3)
    np.random.seed(0)  # noqa: NPY002 (the global generator must not matter)
    first = a(x)
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(first, b(x))


# Modules


class Shared(nn.Module):
    def __init__(self):
        self.first = nn.Linear(2, 2, rng=0)
        self.scale = Parameter(np.ones(2), name="scale")
        self.blocks = [nn.Dropout(0.5), self.first, {"last": nn.Linear(2, 1, rng=1)}]
        self.again = self.scale
        self.note = "text"

    def forward(self, x):
        return self.blocks[2]["last"](self.first(x) * self.scale)


def test_parameters_in_order_and_once():
    net = Shared()
    found = net.parameters()
    expected = [net.first.weight, net.first.bias, net.scale, net.blocks[2]["last"].weight, net.blocks[2]["last"].bias]
    assert [id(p) for p in found] == [id(p) for p in expected]
    assert [id(p) for p in net.parameters()] == [id(p) for p in found]


def test_train_and_eval_reach_every_module():
    net = Shared()
    assert net.training
    assert net.eval() is net
    assert not net.blocks[0].training
    assert not net.blocks[2]["last"].training
    net.train()
    assert net.blocks[0].training


def test_zero_grad():
    net = Shared()
    np.sum(net(np.ones((1, 2)))).backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_sequential_is_a_sequence():
    layers = [nn.Linear(2, 3, rng=0), nn.ReLU(), np.tanh]
    net = nn.Sequential(*layers)
    assert len(net) == 3
    assert list(net) == layers
    assert net[0] is layers[0]
    assert list(net[1:]) == layers[1:]
    assert repr(net[:2]) == "Sequential(Linear(2, 3), ReLU())"
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(net(x).data, np.tanh(np.maximum(layers[0](x).data, 0)))


def test_a_module_needs_forward():
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)


def test_networks_can_be_copied():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    twin = copy.deepcopy(net)
    twin[0].weight.data += 1
    assert not np.array_equal(net[0].weight.data, twin[0].weight.data)


# Initialisers


@pytest.mark.parametrize(
    ("name", "variance", "bounded"),
    [
        ("fan_in_uniform", 1 / (3 * 300), True),
        ("glorot_uniform", 2 / 500, True),
        ("glorot_normal", 2 / 500, False),
        ("he_uniform", 2 / 300, True),
        ("he_normal", 2 / 300, False),
    ],
)
def test_initializers_have_the_stated_variance(name, variance, bounded):
    w = nn.Linear(300, 200, rng=0, init=name).weight.data
    assert w.dtype == np.float32
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
    np.testing.assert_allclose(w.var(), variance, rtol=0.05)
    assert (np.abs(w).max() <= np.sqrt(3 * variance) * (1 + 1e-6)) == bounded


def test_seeds_reproduce_and_generators_move_on():
    a, b = nn.Linear(4, 3, rng=7), nn.Linear(4, 3, rng=7)
    np.testing.assert_array_equal(a.weight.data, b.weight.data)
    np.testing.assert_array_equal(a.bias.data, b.bias.data)
    rng = np.random.default_rng(7)
    c, d = nn.Linear(4, 3, rng=rng), nn.Linear(4, 3, rng=rng)
    np.testing.assert_array_equal(a.weight.data, c.weight.data)
    assert not np.array_equal(c.weight.data, d.weight.data)
    assert np.abs(a.bias.data).max() <= 0.5
    assert not nn.Linear(4, 3, rng=7, init="he_normal").bias.data.any()
    wide = nn.Linear(4, 3, rng=7, dtype=np.float64)
    np.testing.assert_array_equal(wide.weight.data.astype(np.float32), a.weight.data)


# Training


def test_training_lowers_the_loss_and_learns(rng, train):
    x = rng.normal(size=(200, 2)).astype(np.float32)
    labels = (x[:, 0] * x[:, 1] > 0).astype(np.int64)  # not linearly separable
    net = nn.Sequential(nn.Linear(2, 16, rng=0), nn.ReLU(), nn.Linear(16, 2, rng=1))
    losses = train(net, x, labels, lr=0.5, steps=300)
    assert losses[-1] < 0.2 * losses[0]
    with no_grad():
        accuracy = np.mean(net.eval()(x).argmax(axis=1) == labels)
    assert accuracy > 0.95
