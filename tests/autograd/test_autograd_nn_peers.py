"""Live comparisons of functions and layers with PyTorch, values and gradients in float64."""

import numpy as np
import pytest

from ravine.autograd import Parameter, Tensor, nn

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def agree(torch, ours, theirs, *arrays):
    """Same value; same gradients of sum(value * weights) for every float array."""
    xs = [Tensor(a, requires_grad=True) if a.dtype.kind == "f" else a for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) if a.dtype.kind == "f" else torch.tensor(a) for a in arrays]
    y, expected = ours(*xs), theirs(*ts)
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-11, atol=1e-12)
    weights = np.random.default_rng(1).normal(size=y.shape)
    np.sum(y * weights).backward()
    (expected * torch.tensor(weights)).sum().backward()
    for x, t in zip(xs, ts, strict=True):
        if isinstance(x, Tensor):
            np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-9, atol=1e-11)


CONVOLUTIONS = [
    ((2, 3, 9, 8), (4, 3, 3, 2), {}),
    ((2, 3, 9, 8), (4, 3, 5, 5), {"padding": 2}),
    ((2, 3, 9, 8), (4, 3, 3, 3), {"stride": 2, "padding": (1, 0)}),
    ((2, 3, 9, 8), (4, 3, 2, 3), {"stride": (3, 2), "dilation": (1, 2)}),
    ((2, 4, 9, 8), (6, 2, 3, 3), {"groups": 2, "padding": "same"}),
    ((2, 4, 9, 8), (6, 2, 2, 3), {"groups": 2, "padding": "valid", "dilation": 2}),
    ((2, 4, 9, 8), (8, 1, 3, 3), {"groups": 4, "padding": 1, "stride": 2}),
    ((1, 1, 12, 12), (1, 1, 4, 2), {"padding": (0, 3), "stride": 3}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "arguments"), CONVOLUTIONS)
def test_conv2d(torch, rng, x_shape, w_shape, arguments):
    arrays = [rng.normal(size=s) for s in (x_shape, w_shape, w_shape[0])]
    agree(
        torch,
        lambda *a: nn.conv2d(*a, **arguments),
        lambda *a: torch.nn.functional.conv2d(*a, **arguments),
        *arrays,
    )


POOLS = [(2, None, 0), (3, 2, 1), ((2, 3), (1, 2), (1, 0)), (3, 1, 1)]


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
def test_pools(torch, rng, kernel, stride, padding):
    x = rng.normal(size=(2, 3, 8, 9))
    x[0, 0] = np.round(x[0, 0])  # ties
    for name in ("max_pool2d", "avg_pool2d"):
        agree(
            torch,
            lambda a, name=name: getattr(nn, name)(a, kernel, stride, padding),
            lambda a, name=name: getattr(torch.nn.functional, name)(a, kernel, stride, padding),
            x,
        )


ACTIVATIONS = {
    "relu": {},
    "gelu": {},
    "gelu, tanh": {"approximate": "tanh"},
    "silu": {},
    "softplus": {},
    "elu": {},
    "elu, 0.3": {"alpha": 0.3},
    "leaky_relu": {},
    "softmax": {},
    "log_softmax": {},
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(torch, rng, name):
    function, keywords = name.split(",")[0], ACTIVATIONS[name]
    more = {"dim": -1} if "softmax" in name else {}
    agree(
        torch,
        lambda x: getattr(nn, function)(x, **keywords),
        lambda x: getattr(torch.nn.functional, function)(x, **keywords, **more),
        rng.normal(size=(3, 5)) * 4,
    )


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_batch_norm(torch, rng, shape):
    ours = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(3, eps=1e-3, momentum=0.2, dtype=np.float64)
    kind = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    theirs = kind(3, eps=1e-3, momentum=0.2, dtype=torch.float64)
    for p in ours.parameters():
        p.data[...] = rng.normal(size=3)
        getattr(theirs, p.name).data = torch.tensor(p.data.copy())
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        for p in (*ours.parameters(), *theirs.parameters()):
            p.grad = None
        agree(torch, ours, theirs, rng.normal(3, 2, size=shape))
        for p in ours.parameters():
            np.testing.assert_allclose(p.grad, getattr(theirs, p.name).grad.numpy(), rtol=1e-10)
    for name, a in ours.named_buffers().items():
        np.testing.assert_allclose(a, getattr(theirs, name).numpy(), rtol=1e-12)


@pytest.mark.parametrize("axes", [1, 2])
def test_layer_norm(torch, rng, axes):
    x = rng.normal(size=(3, 4, 5))
    shape = x.shape[-axes:]
    agree(
        torch,
        lambda *a: nn.layer_norm(*a, axes),
        lambda a, w, b: torch.nn.functional.layer_norm(a, shape, w, b),
        x,
        rng.normal(size=shape),
        rng.normal(size=shape),
    )


def test_embedding(torch, rng):
    agree(torch, nn.embedding, torch.nn.functional.embedding, np.array([[1, 4, 1], [0, 0, 1]]), rng.normal(size=(5, 3)))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("delta", [1.0, 0.3])
def test_huber(torch, rng, reduction, delta):
    agree(
        torch,
        lambda a, b: nn.huber(a, b, delta, reduction),
        lambda a, b: torch.nn.functional.huber_loss(a, b, reduction, delta),
        rng.normal(size=(4, 3)),
        rng.normal(size=(4, 3)),
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.filterwarnings("ignore:reduction")  # PyTorch recommends batchmean
def test_kl_div(torch, rng, reduction, log_target):
    x, t = (nn.log_softmax(rng.normal(size=(4, 3))) for _ in range(2))
    agree(
        torch,
        lambda a, b: nn.kl_div(a, b, reduction, log_target),
        lambda a, b: torch.nn.functional.kl_div(a, b, reduction=reduction, log_target=log_target),
        x,
        t if log_target else np.exp(t),
    )


def test_a_convolutional_network_step_by_step(torch, rng):
    """Thirty steps of gradient descent, with batch norm, pooling and statistics: the same parameters and state."""
    ours = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding="same", rng=rng, dtype=np.float64),
        nn.BatchNorm2d(4, dtype=np.float64),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=2, rng=rng, dtype=np.float64),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(4, 3, rng=rng, dtype=np.float64),
    )
    t = torch.nn
    theirs = t.Sequential(
        t.Conv2d(2, 4, 3, padding="same"),
        t.BatchNorm2d(4),
        t.GELU(),
        t.MaxPool2d(2),
        t.Conv2d(4, 4, 3, stride=2, padding=1, groups=2),
        t.SiLU(),
        t.AvgPool2d(2),
        t.Flatten(),
        t.Linear(4, 3),
    ).double()
    twins = dict(theirs.named_parameters()) | dict(theirs.named_buffers())
    for path, a in ours.state_dict().items():
        twins[path].data = torch.tensor(a.T.copy() if path == "8.weight" else a)
    x, labels = rng.normal(size=(6, 2, 8, 8)), rng.integers(0, 3, 6)
    descent = torch.optim.SGD(theirs.parameters(), lr=0.05)
    for _ in range(30):
        ours.zero_grad()
        nn.cross_entropy(ours(x), labels).backward()
        for p in ours.parameters():
            p.data -= 0.05 * p.grad
        descent.zero_grad()
        t.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(labels)).backward()
        descent.step()
    for path, a in ours.state_dict().items():
        expected = twins[path].detach().numpy()
        np.testing.assert_allclose(a, expected.T if path == "8.weight" else expected, rtol=1e-8, atol=1e-10)
    assert all(isinstance(p, Parameter) for p in ours.parameters())
