"""Live comparisons with PyTorch and HIPS autograd."""

from itertools import pairwise

import numpy as np
import pytest

from ravine.autograd import Tensor, grad, hessian, nn

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


def both(torch, ours, theirs, *arrays, rtol=1e-9, atol=1e-11):
    """Values, gradients and (by a random direction) second derivatives of two scalar functions."""
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    value = theirs(*leaves)
    expected = torch.autograd.grad(value, leaves, create_graph=True)
    argnums = range(len(arrays))
    np.testing.assert_allclose(ours(*map(Tensor, arrays)).data, value.item(), rtol=rtol, atol=atol)
    first = grad(ours, argnums)
    for got, want in zip(first(*arrays), expected, strict=True):
        np.testing.assert_allclose(got, want.detach().numpy(), rtol=rtol, atol=atol)
    directions = [np.cos(np.arange(float(a.size))).reshape(a.shape) for a in arrays]
    dot = sum((g * torch.tensor(d)).sum() for g, d in zip(expected, directions, strict=True))
    if dot.requires_grad:
        second = torch.autograd.grad(dot, leaves, allow_unused=True)
        ours2 = grad(lambda *xs: sum(np.sum(g * d) for g, d in zip(first(*xs), directions, strict=True)), argnums)
        for got, want in zip(ours2(*arrays), second, strict=True):
            want = np.zeros_like(got) if want is None else want.numpy()
            np.testing.assert_allclose(got, want, rtol=rtol * 10, atol=atol * 100)


def weighed(np_, x):
    """A scalar that every entry of x enters in its own way."""
    return (np_.sin(x) * x).sum() if np_ is not np else np.sum(np.sin(x) * x)


def sym(x):
    return x + x.swapaxes(-1, -2)


SQUARE = np.random.default_rng(5).normal(size=(2, 4, 4))
TALL = np.random.default_rng(6).normal(size=(2, 5, 3))
LINALG = {
    "eigh": (SQUARE, lambda a: np.linalg.eigh(sym(a)), lambda t, a: t.linalg.eigh(sym(a))),
    "eigvalsh": (SQUARE, lambda a: [np.linalg.eigvalsh(sym(a))], lambda t, a: [t.linalg.eigvalsh(sym(a))]),
    "svd": (
        TALL,
        lambda a: np.linalg.svd(a, full_matrices=False),
        lambda t, a: t.linalg.svd(a, full_matrices=False),
    ),
    "svd wide": (
        TALL.swapaxes(1, 2).copy(),
        lambda a: np.linalg.svd(a, full_matrices=False),
        lambda t, a: t.linalg.svd(a, full_matrices=False),
    ),
    "qr": (TALL, np.linalg.qr, lambda t, a: t.linalg.qr(a)),
    "qr wide": (TALL.swapaxes(1, 2).copy(), np.linalg.qr, lambda t, a: t.linalg.qr(a)),
    "cholesky": (
        SQUARE,
        lambda a: [np.linalg.cholesky(a @ a.swapaxes(1, 2) + np.eye(4))],
        lambda t, a: [t.linalg.cholesky(a @ a.swapaxes(1, 2) + t.eye(4, dtype=t.float64))],
    ),
    "pinv": (TALL, lambda a: [np.linalg.pinv(a)], lambda t, a: [t.linalg.pinv(a)]),
    "slogdet": (SQUARE, np.linalg.slogdet, lambda t, a: t.linalg.slogdet(a)),
    "lstsq": (
        TALL[0],
        lambda a: [np.linalg.lstsq(a, np.arange(5.0))[0]],
        lambda t, a: [t.linalg.lstsq(a, t.arange(5.0, dtype=t.float64)[:, None])[0][:, 0]],
    ),
    "matrix_power": (SQUARE, lambda a: [np.linalg.matrix_power(a, -3)], lambda t, a: [t.linalg.matrix_power(a, -3)]),
    "multi_dot": (
        SQUARE[0],
        lambda a: [np.linalg.multi_dot([a, a[:, :2], a[:2]])],
        lambda t, a: [t.linalg.multi_dot([a, a[:, :2], a[:2]])],
    ),
    "cross": (TALL, lambda a: [np.cross(a, a[:, ::-1])], lambda t, a: [t.linalg.cross(a, a.flip(1))]),
    "kron": (TALL[0], lambda a: [np.kron(a, a[:2])], lambda t, a: [t.kron(a, a[:2])]),
}


@pytest.mark.parametrize("name", LINALG)
def test_decompositions_against_torch(torch, name):
    """Squares of the parts: a sign that one library chooses otherwise makes no difference."""
    a, ours, theirs = LINALG[name]
    weights = [np.random.default_rng(i).normal(size=np.shape(p)) for i, p in enumerate(ours(a))]
    both(
        torch,
        lambda x: sum(np.sum(p * p * w) for p, w in zip(ours(x), weights, strict=True)),
        lambda x: sum((p * p * torch.tensor(w)).sum() for p, w in zip(theirs(torch, x), weights, strict=True)),
        a,
        rtol=1e-7,
        atol=1e-8,
    )


NORMS = [(None, None), (2, 1), (1, 1), (np.inf, 0), (-np.inf, 1), (3.5, 0), (-2, 1), (0.5, 1)]
NORMS += [(ord, (0, 1)) for ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)]


@pytest.mark.parametrize(("ord", "axis"), NORMS)
def test_norms_against_torch(torch, ord, axis):
    both(
        torch,
        lambda x: np.sum(np.linalg.norm(x, ord, axis) ** 2),
        lambda x: (torch.linalg.norm(x, ord, axis) ** 2).sum(),
        TALL[0],
    )


@pytest.mark.parametrize(("ours", "theirs"), [("edge", "replicate"), ("reflect", "reflect"), ("wrap", "circular")])
def test_padding_against_torch(torch, ours, theirs):
    both(
        torch,
        lambda x: weighed(np, np.pad(x, ((0, 0), (2, 1)), ours)),
        lambda x: weighed(torch, torch.nn.functional.pad(x, (2, 1), theirs)),
        TALL[0],
    )


EINSUMS = [
    "ii->i",
    "ii",
    "ij->ji",
    "ij,jk",
    "ij,ij->i",
    "ij,k->",
    "i,j,k->ijk",
    "ij,jk,kl->il",
    "iij,jk->ik",
    "...i,...i->...",
]


@pytest.mark.parametrize("text", EINSUMS)
def test_einsum_against_torch(torch, text):
    rng = np.random.default_rng(0)
    terms = text.partition("->")[0].split(",")
    arrays = [rng.normal(size=(3,) * len(term.replace("...", "a"))) for term in terms]
    both(
        torch,
        lambda *xs: weighed(np, np.einsum(text, *xs)),
        lambda *xs: weighed(torch, torch.einsum(text, *xs)),
        *arrays,
    )


PAIRS = {
    "quantile": (
        lambda x: np.quantile(x, [0.1, 0.77], axis=1),
        lambda t, x: t.quantile(x, t.tensor([0.1, 0.77], dtype=t.float64), dim=1),
    ),
    "nanmedian of odd": (lambda x: np.nanmedian(x, axis=1), lambda t, x: t.nanmedian(x, dim=1)[0]),
    "gradient": (lambda x: np.gradient(x, axis=0), lambda t, x: t.gradient(x, dim=0)[0]),
    "gradient, 2nd order": (
        lambda x: np.gradient(x, 0.5, axis=0, edge_order=2),
        lambda t, x: t.gradient(x, spacing=0.5, dim=0, edge_order=2)[0],
    ),
    "cumprod": (lambda x: np.cumprod(x, axis=1), lambda t, x: t.cumprod(x, 1)),
    "sort": (lambda x: np.sort(x, axis=0), lambda t, x: t.sort(x, dim=0)[0]),
    "take_along_axis": (
        lambda x: np.take_along_axis(x, np.array([[0, 2, 2]] * 5), 1),
        lambda t, x: t.gather(x, 1, t.tensor([[0, 2, 2]] * 5)),
    ),
    "convolve": (
        lambda x: np.convolve(x[:, 0], x[:3, 1], "valid"),
        lambda t, x: t.nn.functional.conv1d(x[None, None, :, 0], x[:3, 1].flip(0)[None, None])[0, 0],
    ),
    "cov": (lambda x: np.cov(x), lambda t, x: t.cov(x)),
    "corrcoef": (lambda x: np.corrcoef(x), lambda t, x: t.corrcoef(x)),
    "trapezoid": (lambda x: np.trapezoid(x, axis=0), lambda t, x: t.trapezoid(x, dim=0)),
    "diff": (lambda x: np.diff(x, 2, 0), lambda t, x: t.diff(x, 2, 0)),
    "sinc": (lambda x: np.sinc(x / 2), lambda t, x: t.sinc(x / 2)),
    "i0": (np.i0, lambda t, x: t.i0(x)),
    "tile": (lambda x: np.tile(x, (2, 1, 2)), lambda t, x: t.tile(x, (2, 1, 2))),
    "rot90": (lambda x: np.rot90(x, 3), lambda t, x: t.rot90(x, 3)),
    "roll": (lambda x: np.roll(x, (1, -2), (0, 1)), lambda t, x: t.roll(x, (1, -2), (0, 1))),
    "diagonal": (lambda x: np.diagonal(x, -1), lambda t, x: t.diagonal(x, -1)),
    "vander": (lambda x: np.vander(x[0], 4, increasing=True), lambda t, x: x[0][:, None] ** t.arange(4)),
    "logcumsumexp": (lambda x: np.logaddexp.accumulate(x, 1), lambda t, x: t.logcumsumexp(x, 1)),
    "nansum": (lambda x: np.nansum(np.where(x > 0, x, np.nan), 0), lambda t, x: t.nansum(t.where(x > 0, x, t.nan), 0)),
    "std": (lambda x: np.std(x, axis=0, ddof=1), lambda t, x: t.std(x, 0)),
    "block": (lambda x: np.block([[x, x], [x * 2, x]]), lambda t, x: t.cat([t.cat([x, x], 1), t.cat([x * 2, x], 1)])),
    "tensordot": (lambda x: np.tensordot(x, x, ((0,), (0,))), lambda t, x: t.tensordot(x, x, ([0], [0]))),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("x", [TALL[0], np.round(TALL[1], 3)])
def test_numpy_functions_against_torch(torch, name, x):
    ours, theirs = PAIRS[name]
    both(torch, lambda a: weighed(np, ours(a)), lambda a: weighed(torch, theirs(torch, a)), x)


def test_interpolation_against_jax():
    jax = pytest.importorskip("jax")
    x, xp, fp = np.array([0.1, 0.9, 2.2, 5.0]), np.array([0.0, 1.0, 1.5, 4.0]), np.array([1.0, -1.0, 3.0, 0.5])
    with jax.enable_x64(True):
        expected = jax.grad(lambda *a: (jax.numpy.interp(*a) ** 2).sum(), (0, 1, 2))(x, xp, fp)
    got = grad(lambda *a: np.sum(np.interp(*a) ** 2), (0, 1, 2))(x, xp, fp)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


# Random programs: each step applies one of these to earlier results of shape (3, 3)
STEPS = [
    (lambda a, b: a + b, lambda t, a, b: a + b),
    (lambda a, b: a * b, lambda t, a, b: a * b),
    (lambda a, b: a / (2 + b * b), lambda t, a, b: a / (2 + b * b)),
    (lambda a, b: a @ b, lambda t, a, b: a @ b),
    (lambda a, b: np.tanh(a), lambda t, a, b: t.tanh(a)),
    (lambda a, b: np.sin(a) - b[0], lambda t, a, b: t.sin(a) - b[0]),
    (lambda a, b: np.maximum(a, b), lambda t, a, b: t.maximum(a, b)),
    (lambda a, b: np.where(a > b, a, b * b), lambda t, a, b: t.where(a > b, a, b * b)),
    (lambda a, b: a - np.mean(b, axis=0), lambda t, a, b: a - b.mean(0)),
    (lambda a, b: np.cumsum(a, 1) * 0.5, lambda t, a, b: t.cumsum(a, 1) * 0.5),
    (lambda a, b: np.sort(a, axis=0), lambda t, a, b: t.sort(a, dim=0)[0]),
    (lambda a, b: np.roll(a, 1, 1).T, lambda t, a, b: t.roll(a, 1, 1).T),
    (lambda a, b: np.exp(np.clip(a, -1.0, 1.0)), lambda t, a, b: t.exp(t.clamp(a, -1.0, 1.0))),
    (
        lambda a, b: np.linalg.solve(np.tanh(a) + 4 * np.eye(3), b),
        lambda t, a, b: t.linalg.solve(t.tanh(a) + 4 * t.eye(3, dtype=a.dtype), b),
    ),
    (lambda a, b: np.einsum("ij,kj->ik", a, b), lambda t, a, b: t.einsum("ij,kj->ik", a, b)),
    (lambda a, b: np.stack([a[0], b[1], a[2] * b[0]]), lambda t, a, b: t.stack([a[0], b[1], a[2] * b[0]])),
    (lambda a, b: a[[0, 0, 2]] + b[:, ::2].sum(1), lambda t, a, b: a[[0, 0, 2]] + b[:, ::2].sum(1)),
    (lambda a, b: np.concatenate([a[:1], np.tril(b)[1:]]), lambda t, a, b: t.cat([a[:1], t.tril(b)[1:]])),
    (lambda a, b: np.logaddexp(a, b), lambda t, a, b: t.logaddexp(a, b)),
    (
        lambda a, b: a / (1 + np.linalg.norm(b, axis=1, keepdims=True)),
        lambda t, a, b: a / (1 + t.linalg.norm(b, dim=1, keepdim=True)),
    ),
    (lambda a, b: np.sqrt(1 + a * a) * np.prod(np.tanh(b)), lambda t, a, b: t.sqrt(1 + a * a) * t.prod(t.tanh(b))),
    (lambda a, b: (1 + a * a) ** 0.75 - np.std(b), lambda t, a, b: (1 + a * a) ** 0.75 - t.std(b, correction=0)),
]


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_against_torch(torch, seed):
    rng = np.random.default_rng(seed)
    program = [(rng.integers(len(STEPS)), *rng.integers(0, 2 + k, 2)) for k in range(rng.integers(3, 14))]

    def run(of, inputs):
        values = list(inputs)
        for step, i, j in program:
            value = of(STEPS[step], values[i], values[j])
            values.append(value / (1 + abs(value).max().item()))
        return sum((v * v).sum() for v in values)

    arrays = rng.normal(size=(2, 3, 3))
    both(
        torch,
        lambda *xs: run(lambda step, a, b: step[0](a, b), xs),
        lambda *xs: run(lambda step, a, b: step[1](torch, a, b), xs),
        *arrays,
        rtol=1e-8,
        atol=1e-10,
    )
