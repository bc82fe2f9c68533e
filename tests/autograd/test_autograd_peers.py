"""Live comparisons with PyTorch and HIPS autograd."""

from itertools import pairwise

import numpy as np
import pytest

from glissade.autograd import Tensor, grad, hessian, nn

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("seed", range(5))
def test_random_networks_against_torch(torch, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 12, size=rng.integers(3, 6))
    ours, theirs = [], []
    for n_in, n_out in pairwise(sizes):
        layer = nn.Linear(int(n_in), int(n_out), rng=rng, dtype=np.float64)
        twin = torch.nn.Linear(int(n_in), int(n_out), dtype=torch.float64)
        twin.weight.data = torch.tensor(layer.weight.data.T.copy())
        twin.bias.data = torch.tensor(layer.bias.data)
        kind = rng.integers(3)
        ours += [layer, (nn.ReLU(), nn.Tanh(), nn.Sigmoid())[kind]]
        theirs += [twin, (torch.nn.ReLU(), torch.nn.Tanh(), torch.nn.Sigmoid())[kind]]
    x = rng.normal(size=(7, sizes[0]))
    labels = rng.integers(0, sizes[-1], 7)
    loss = nn.cross_entropy(nn.Sequential(*ours)(x), labels)
    loss.backward()
    expected = torch.nn.functional.cross_entropy(torch.nn.Sequential(*theirs)(torch.tensor(x)), torch.tensor(labels))
    expected.backward()
    np.testing.assert_allclose(loss.data, expected.item(), rtol=1e-13)
    for layer, twin in zip(ours[::2], theirs[::2], strict=True):
        np.testing.assert_allclose(layer.weight.grad, twin.weight.grad.numpy().T, rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(layer.bias.grad, twin.bias.grad.numpy(), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("ours", "theirs", "make"),
    [
        (nn.cross_entropy, "cross_entropy", lambda r: (r.normal(size=(5, 3)) * 30, r.integers(0, 3, 5))),
        (nn.binary_cross_entropy, "binary_cross_entropy", lambda r: (r.random(6), r.random(6))),
        (
            nn.binary_cross_entropy_with_logits,
            "binary_cross_entropy_with_logits",
            lambda r: (r.normal(size=6) * 50, r.random(6)),
        ),
        (nn.mse, "mse_loss", lambda r: (r.normal(size=(3, 2)), r.normal(size=(3, 2)))),
    ],
)
def test_losses_against_torch(torch, ours, theirs, make, reduction):
    x, target = make(np.random.default_rng(0))
    t = Tensor(x, requires_grad=True)
    y = ours(t, target, reduction=reduction)
    np.sum(y).backward()
    twin = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.nn.functional, theirs)(twin, torch.tensor(target), reduction=reduction)
    expected.sum().backward()
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(t.grad, twin.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_binary_cross_entropy_at_0_and_1_against_torch(torch):
    x, target = np.array([0.0, 1.0]), np.array([0.3, 0.6])
    twin = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.binary_cross_entropy(twin, torch.tensor(target))
    expected.backward()
    t = Tensor(x, requires_grad=True)
    loss = nn.binary_cross_entropy(t, target)
    loss.backward()
    np.testing.assert_allclose(loss.data, expected.item(), rtol=1e-13)
    np.testing.assert_allclose(t.grad, twin.grad.numpy(), rtol=1e-8)  # torch's floor of 1e-12 is a float32


UNARY = ["abs", "sqrt", "square", "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "arcsin"]
UNARY += ["arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "reciprocal", "exp2"]


@pytest.mark.parametrize("name", UNARY)
def test_functions_against_torch(torch, name):
    x = np.random.default_rng(0).uniform(0.05, 0.95, 20)
    names = {"arcsinh": "asinh", "arctanh": "atanh", "arcsin": "asin", "arccos": "acos", "arctan": "atan"}
    twin = torch.tensor(x, requires_grad=True)
    getattr(torch, names.get(name, name))(twin).sum().backward()
    ours = grad(lambda t: np.sum(getattr(np, name)(t)))(x)
    np.testing.assert_allclose(ours, twin.grad.numpy(), rtol=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda np_, x: np_.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
        lambda np_, x: np_.log(np_.sum(np_.exp(x @ np.arange(16.0).reshape(4, 4) / 10))),
        lambda np_, x: np_.linalg.norm(np_.outer(x, x) + np.eye(4)) * np_.prod(x),
        lambda np_, x: np_.linalg.det(np_.outer(x, x) + 2 * np.eye(4)),
        lambda np_, x: np_.sum(np_.linalg.solve(np_.outer(x, x) + 2 * np.eye(4), x)),
        lambda np_, x: np_.einsum("i,j,ij->", x, np_.sin(x), np.arange(16.0).reshape(4, 4)),
        lambda np_, x: np_.std(x) + np_.var(np_.concatenate([x, x[::-1] ** 2])) + np_.max(x),
        lambda np_, x: np_.sum(np_.where(x > 0, np_.sin(x), x**3) * np_.cumsum(x)),
        lambda np_, x: np_.sum(np_.tensordot(np_.stack([x, x**2]), np.ones((4, 2)), axes=1) ** 2),
        lambda np_, x: np_.sum(np_.logaddexp(x, x[::-1]) * np_.arctan2(x, 2.0) * np_.maximum(x, 0.1)),
    ],
)
def test_gradients_and_hessians_against_hips_autograd(f):
    hips = pytest.importorskip("autograd")
    hips_numpy = pytest.importorskip("autograd.numpy")
    x = np.array([0.5, -1.2, 0.9, 1.7])
    np.testing.assert_allclose(grad(lambda t: f(np, t))(x), hips.grad(lambda t: f(hips_numpy, t))(x), rtol=1e-10)
    expected = hips.hessian(lambda t: f(hips_numpy, t))(x)
    np.testing.assert_allclose(hessian(lambda t: f(np, t))(x), expected, rtol=1e-8, atol=1e-9)
