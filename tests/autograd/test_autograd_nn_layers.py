"""Activations, normalisation, embedding, the newer losses: against formulas, at extremes, and what they refuse."""

import math
import subprocess
import sys

import numpy as np
import pytest

from ravine.autograd import Tensor, check_grads, grad, nn
from ravine.autograd.nn.activations import normal_cdf


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# Activations, by their formulas on single numbers

ACTIVATIONS = {
    "gelu": (nn.gelu, lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2),
    "gelu tanh": (
        lambda x: nn.gelu(x, "tanh"),
        lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    ),
    "silu": (nn.silu, lambda x: x / (1 + math.exp(-x))),
    "softplus": (nn.softplus, lambda x: math.log1p(math.exp(x))),
    "elu": (nn.elu, lambda x: x if x > 0 else math.expm1(x)),
    "elu 0.3": (lambda x: nn.elu(x, 0.3), lambda x: x if x > 0 else 0.3 * math.expm1(x)),
    "leaky_relu": (nn.leaky_relu, lambda x: max(x, 0.01 * x)),
    "leaky_relu 0.3": (lambda x: nn.leaky_relu(x, 0.3), lambda x: max(x, 0.3 * x)),
}


@pytest.mark.parametrize(("ours", "formula"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activations_are_their_formulas(ours, formula, rng):
    x = rng.normal(size=(3, 4)) * 3
    expected = np.vectorize(formula)(x)
    np.testing.assert_allclose(ours(x), expected, rtol=1e-13, atol=1e-15)
    assert ours(x[0, 0]) == pytest.approx(expected[0, 0], rel=1e-13)
    check_grads(ours, x, order=3)
    t = Tensor(x.astype(np.float32), requires_grad=True)
    y = ours(t)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-6)
    np.sum(y * y).backward()
    assert t.grad.dtype == np.float32


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_far_out(name, dtype):
    f, _ = ACTIVATIONS[name]
    x = np.array([300.0, -300.0], dtype)
    y, g = f(x), grad(lambda t: np.sum(f(t)))(x)
    assert y[0] == 300
    assert g[0] == 1
    slope = {"leaky_relu": 0.01, "leaky_relu 0.3": 0.3}.get(name, 0)
    np.testing.assert_allclose(g[1], slope, rtol=1e-6, atol=1e-40)
    limit = {"elu": -1, "elu 0.3": -0.3}.get(name, -300 * slope)
    np.testing.assert_allclose(y[1], limit, rtol=1e-6, atol=1e-40)


def test_normal_distribution_function_keeps_its_digits_in_the_tail():
    np.testing.assert_allclose(normal_cdf(np.array([-10.0, -30.0])), [7.619853024160526e-24, 4.906713927148187e-198])
    assert normal_cdf(np.float32(-3)).dtype == np.float32


@pytest.mark.parametrize("f", [nn.elu, nn.leaky_relu])
def test_the_slope_can_be_learnt(f, rng):
    x, slope = rng.normal(size=(3, 4)), rng.uniform(0.1, 0.5, size=4)
    check_grads(f, x, slope)


def test_kinks_of_activations():
    at = np.zeros(1)
    assert grad(lambda x: np.sum(nn.elu(x, 0.3)))(at) == 0.3
    assert grad(lambda x: np.sum(nn.leaky_relu(x, 0.3)))(at) == 0.3
    assert grad(lambda x: nn.huber(x, np.zeros(1)))(np.ones(1)) == 1


@pytest.mark.parametrize(
    ("layer", "f", "text"),
    [
        (nn.ReLU(), nn.relu, "ReLU()"),
        (nn.Tanh(), np.tanh, "Tanh()"),
        (nn.Sigmoid(), nn.sigmoid, "Sigmoid()"),
        (nn.SiLU(), nn.silu, "SiLU()"),
        (nn.Softplus(), nn.softplus, "Softplus()"),
        (nn.GELU(), nn.gelu, "GELU('none')"),
        (nn.GELU("tanh"), lambda x: nn.gelu(x, "tanh"), "GELU('tanh')"),
        (nn.ELU(0.3), lambda x: nn.elu(x, 0.3), "ELU(0.3)"),
        (nn.LeakyReLU(0.2), lambda x: nn.leaky_relu(x, 0.2), "LeakyReLU(0.2)"),
        (nn.Softmax(0), lambda x: nn.softmax(x, axis=0), "Softmax(axis=0)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_activations_as_layers(layer, f, text, rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_array_equal(layer(x), f(x))
    assert isinstance(layer(Tensor(x, requires_grad=True)), Tensor)
    assert repr(layer) == text
    assert layer.parameters() == []


# Normalisation


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2), (2, 3, 4, 2)])
def test_batch_norm_normalises_each_channel(shape, rng):
    x, w, b = rng.normal(2, 3, size=shape), rng.normal(size=3), rng.normal(size=3)
    y = nn.batch_norm(x, w, b, eps=0.1)
    for c in range(3):
        part = x[:, c]
        expected = (part - part.mean()) / np.sqrt(np.mean((part - part.mean()) ** 2) + 0.1) * w[c] + b[c]
        np.testing.assert_allclose(y[:, c], expected, rtol=1e-12, atol=1e-13)
    check_grads(lambda *a: nn.batch_norm(*a, eps=0.1), x, w, b, order=2)
    np.testing.assert_allclose(nn.batch_norm(x), nn.batch_norm(x, np.ones(3), np.zeros(3)))


@pytest.mark.parametrize(("shape", "axes"), [((4, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((5,), 1)])
def test_layer_norm_normalises_each_sample(shape, axes, rng):
    x = rng.normal(2, 3, size=shape)
    w, b = rng.normal(size=shape[-axes:]), rng.normal(size=shape[-axes:])
    over = tuple(range(-axes, 0))
    expected = (x - x.mean(over, keepdims=True)) / np.sqrt(x.var(over, keepdims=True) + 1e-5) * w + b
    np.testing.assert_allclose(nn.layer_norm(x, w, b, axes), expected, rtol=1e-12, atol=1e-13)
    check_grads(lambda *a: nn.layer_norm(*a, axes), x, w, b, order=2)
    layer = nn.LayerNorm(shape[-axes:], dtype=np.float64)
    layer.weight.data[...], layer.bias.data[...] = w, b
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-12, atol=1e-13)


def test_constant_entries_become_zero_with_a_finite_gradient():
    x = np.full((4, 3), 1e4)
    np.testing.assert_array_equal(nn.layer_norm(x), 0)
    assert np.isfinite(grad(lambda a: np.sum(nn.layer_norm(a)[:, 0]))(x)).all()


def test_batch_norm_in_training_and_evaluation(rng):
    layer = nn.BatchNorm2d(3, momentum=0.3, dtype=np.float64)
    mean, var = np.zeros(3), np.ones(3)
    for _ in range(3):
        x = rng.normal(2, 3, size=(4, 3, 2, 2))
        np.testing.assert_allclose(layer(x).data, nn.batch_norm(x), rtol=1e-13)
        flat = x.transpose(1, 0, 2, 3).reshape(3, -1)
        mean, var = 0.7 * mean + 0.3 * flat.mean(1), 0.7 * var + 0.3 * flat.var(1, ddof=1)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, var, rtol=1e-12)
    layer.eval()
    x = rng.normal(size=(1, 3, 1, 1))  # one value per channel is enough now
    layer.weight.data[...] = [1, 2, 3]
    expected = (x[0, :, 0, 0] - mean) / np.sqrt(var + 1e-5) * [1, 2, 3]
    np.testing.assert_allclose(layer(x).data[0, :, 0, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-12)
    check_grads(layer.freeze(), x)


def test_batch_norm_layers_stay_float32(rng):
    layers = [nn.BatchNorm1d(3), nn.BatchNorm1d(3), nn.BatchNorm2d(3)]
    for layer, shape in zip(layers, [(5, 3), (5, 3, 2), (2, 3, 2, 2)], strict=True):
        x = Tensor(rng.normal(size=shape).astype(np.float32), requires_grad=True)
        for mode in (True, False):
            y = layer.train(mode)(x)
            assert y.dtype == np.float32
            np.sum(y * y).backward()
        assert {a.dtype for a in layer.state_dict().values()} == {np.dtype(np.float32)}
        assert {p.grad.dtype for p in layer.parameters()} | {x.grad.dtype} == {np.dtype(np.float32)}
    bare = nn.BatchNorm1d(3, affine=False)
    assert bare.parameters() == []
    assert list(bare.state_dict()) == ["running_mean", "running_var"]


# Embedding


def test_embedding_adds_the_gradients_of_repeated_rows(rng):
    layer = nn.Embedding(5, 3, rng=0)
    x = np.array([[4, 0, 4], [2, 4, 0]], np.uint8)
    y = layer(x)
    np.testing.assert_array_equal(y.data, layer.weight.data[x])
    g = rng.normal(size=y.shape).astype(np.float32)
    y.backward(g)
    expected = np.zeros((5, 3))
    np.add.at(expected, x, g)
    np.testing.assert_allclose(layer.weight.grad, expected, rtol=1e-6)
    check_grads(lambda w: np.sum(nn.embedding(x, w) ** 3), layer.weight.data.astype(float), order=3)
    assert nn.Embedding(1000, 8, rng=0).weight.data.std() == pytest.approx(1, rel=0.05)
    assert repr(layer) == "Embedding(5, 3)"


# Losses


def test_huber(rng):
    a, b = rng.normal(size=(4, 3)) * 3, rng.normal(size=(4, 3))
    d = np.abs(a - b)
    expected = np.where(d <= 0.7, d * d / 2, 0.7 * (d - 0.35))
    np.testing.assert_allclose(nn.huber(a, b, 0.7, "none"), expected, rtol=1e-12)
    np.testing.assert_allclose(nn.huber(a, b, 0.7), expected.mean(), rtol=1e-12)
    check_grads(lambda *xs: nn.huber(*xs, 0.7), a, b)
    assert nn.huber(Tensor(a.astype(np.float32), requires_grad=True), b).dtype == np.float32


def test_kl_divergence(rng):
    p, q = nn.softmax(rng.normal(size=(4, 3))), nn.softmax(rng.normal(size=(4, 3)))
    each = p * np.log(p / q)
    np.testing.assert_allclose(nn.kl_div(np.log(q), p, "none"), each, rtol=1e-12)
    np.testing.assert_allclose(nn.kl_div(np.log(q), np.log(p), "sum", log_target=True), each.sum(), rtol=1e-12)
    np.testing.assert_allclose(nn.kl_div(np.log(q), p), each.mean(), rtol=1e-12)
    np.testing.assert_allclose(nn.kl_div(np.log(q), p, "batchmean"), each.sum() / 4, rtol=1e-12)
    np.testing.assert_allclose(nn.kl_div(np.log(p), p, "batchmean"), 0, atol=1e-15)
    check_grads(nn.kl_div, np.log(q), p)
    check_grads(lambda *xs: nn.kl_div(*xs, log_target=True), np.log(q), np.log(p))
    assert nn.kl_div(np.log([[0.5, 0.5]]), np.array([[0.0, 1.0]]), "sum") == np.log(2)
    assert nn.kl_div(np.log(0.5), np.array(1.0), "batchmean") == np.log(2)
    assert nn.kl_div(Tensor(np.log(q).astype(np.float32), requires_grad=True), p, "batchmean").dtype == np.float32


def test_nothing_is_compiled_at_import():
    script = "import sys, ravine.autograd.nn; print('numba' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "False"


# Refusals


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: nn.gelu(np.ones(2), "erf"), ValueError, ["none, tanh", "erf"]),
        (lambda: nn.GELU("Tanh"), ValueError, ["Tanh"]),
        (lambda: nn.batch_norm(np.ones((1, 3))), ValueError, ["2 values", r"\(1, 3\)", "eval"]),
        (lambda: nn.BatchNorm2d(3)(np.ones((1, 3, 1, 1))), ValueError, ["2 values"]),
        (lambda: nn.batch_norm(np.ones(3)), ValueError, [r"\(3,\)"]),
        (lambda: nn.batch_norm(np.ones((2, 3)), np.ones(2)), ValueError, ["weight", r"\(3,\)", r"\(2,\)"]),
        (lambda: nn.BatchNorm2d(3)(np.ones((2, 3))), ValueError, [r"\(n, 3, height, width\)", r"\(2, 3\)"]),
        (lambda: nn.BatchNorm1d(3)(np.ones((2, 4))), ValueError, [r"\(n, 3\) or \(n, 3, length\)", r"\(2, 4\)"]),
        (lambda: nn.BatchNorm1d(0), ValueError, ["channels=0"]),
        (lambda: nn.BatchNorm1d(2, momentum=1.1), ValueError, ["momentum=1.1"]),
        (lambda: nn.BatchNorm1d(2, eps=0), ValueError, ["eps=0"]),
        (lambda: nn.LayerNorm(()), ValueError, [r"shape=\(\)"]),
        (lambda: nn.LayerNorm(0), ValueError, ["shape=0"]),
        (lambda: nn.LayerNorm(3)(np.ones((3, 4))), ValueError, [r"\(\.\.\., 3\)", r"\(3, 4\)"]),
        (lambda: nn.layer_norm(np.ones((3, 4)), axes=3), ValueError, ["axes=3", "1 to 2"]),
        (lambda: nn.layer_norm(np.ones((3, 4)), None, np.ones(3)), ValueError, ["bias", r"\(4,\)", r"\(3,\)"]),
        (lambda: nn.Embedding(0, 2), ValueError, ["count=0"]),
        (lambda: nn.Embedding(3, 2)([0, 3]), ValueError, [r"\[0, 3\)", "0 to 3"]),
        (lambda: nn.Embedding(3, 2)([-1]), ValueError, ["-1 to -1"]),
        (lambda: nn.Embedding(3, 2)([1.0]), TypeError, ["integers", "float64"]),
        (lambda: nn.Embedding(3, 2)([True]), TypeError, ["bool"]),
        (lambda: nn.huber(np.ones(2), np.ones(2), delta=0), ValueError, ["delta=0"]),
        (lambda: nn.huber(np.ones(2), np.ones((2, 1))), ValueError, ["huber", r"\(2, 1\)"]),
        (lambda: nn.kl_div(np.ones(2), np.ones((2, 1))), ValueError, ["kl_div", r"\(2, 1\)"]),
        (lambda: nn.kl_div(np.ones(2), np.ones(2), "batch_mean"), ValueError, ["batchmean", "batch_mean"]),
        (lambda: nn.mse(np.ones(2), np.ones(2), "batchmean"), ValueError, ["batchmean"]),
    ],
)
def test_what_does_not_fit_is_refused(call, kind, words):
    for word in words:
        with pytest.raises(kind, match=word):
            call()
