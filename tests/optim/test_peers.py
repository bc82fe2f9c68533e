"""All nine against the frameworks themselves, with hyperparameters and schedules drawn at random."""

import numpy as np
import pytest

from glissade.autograd import Parameter
from glissade.optim import NAG, SGD, Adadelta, Adagrad, Adam, AdamW, Momentum, RAdam, RMSprop
from glissade.schedules import Cosine, Exponential, Linear

pytestmark = pytest.mark.peers
STEPS = 200


def draw(rng):
    """An unbound optimizer of ours with its counterpart in PyTorch, and the rates of their steps."""
    lr = [Linear(0.1, 0.01, 150), Cosine(0.2, 0.0, STEPS), Exponential(0.1, 0.99), 0.03][rng.integers(4)]
    eps, decay = 10.0 ** rng.uniform(-8, -2), rng.choice([0.0, rng.uniform(0, 0.5)])
    a, b = rng.uniform(0, 0.95), rng.uniform(0.6, 0.999)
    betas = {"lr": lr, "beta1": a, "beta2": b, "eps": eps}
    return lr, [
        (SGD(lr=lr, weight_decay=decay), "SGD", {"weight_decay": decay}),
        (Momentum(lr=lr, momentum=a, dampening=b), "SGD", {"momentum": a, "dampening": b}),
        (NAG(lr=lr, momentum=b), "SGD", {"momentum": b, "nesterov": True}),
        (
            Adagrad(lr=lr, eps=eps, initial_accumulator=a),
            "Adagrad",
            {"eps": eps, "initial_accumulator_value": a},
        ),
        (Adadelta(lr=lr, rho=b, eps=eps), "Adadelta", {"rho": b, "eps": eps}),
        (RMSprop(lr=lr, rho=b, eps=eps), "RMSprop", {"alpha": b, "eps": eps}),
        (
            RMSprop(lr=lr, rho=b, eps=eps, momentum=a, centered=True),
            "RMSprop",
            {"alpha": b, "eps": eps, "momentum": a, "centered": True},
        ),
        (Adam(**betas, weight_decay=decay), "Adam", {"betas": (a, b), "eps": eps, "weight_decay": decay}),
        (AdamW(**betas, weight_decay=decay), "AdamW", {"betas": (a, b), "eps": eps, "weight_decay": decay}),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_torch(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    lr, rows = draw(rng)
    for spec, name, arguments in rows:
        shapes = [(4, 3), (5,), ()]
        starts = [rng.normal(size=shape) for shape in shapes]
        ours = [Parameter(start) for start in starts]
        theirs = [torch.tensor(start, requires_grad=True) for start in starts]
        optimizer, other = spec.bind(ours), getattr(torch.optim, name)(theirs, lr=0.1, **arguments)
        for k in range(STEPS):
            other.param_groups[0]["lr"] = lr(k) if callable(lr) else lr
            for index, (p, q) in enumerate(zip(ours, theirs, strict=True)):
                g = rng.normal(size=p.data.shape) * 10 ** rng.uniform(-3, 2)
                missing = index > 0 and rng.random() < 0.1  # a step without any gradient is no update, and k stays
                p.grad, q.grad = (None, None) if missing else (np.asarray(g), torch.tensor(g))
            optimizer.step()
            other.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-12, atol=1e-14, err_msg=repr(spec))


@pytest.mark.parametrize("seed", range(3))
def test_radam_of_the_paper(seed):
    optax = pytest.importorskip("optax")
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(seed)
    a, b, eps = rng.uniform(0, 0.95), rng.uniform(0.7, 0.999), 10.0 ** rng.uniform(-8, -2)
    x = rng.normal(size=6)
    y = jax.numpy.asarray(x.copy())
    ours, theirs = RAdam([x], lr=0.02, beta1=a, beta2=b, eps=eps), optax.radam(0.02, b1=a, b2=b, eps=eps, threshold=4.0)
    state = theirs.init(y)
    for _ in range(STEPS):
        g = rng.normal(size=6)
        ours.step([g])
        updates, state = theirs.update(jax.numpy.asarray(g), state, y)
        y = optax.apply_updates(y, updates)
    np.testing.assert_allclose(x, y, rtol=1e-12, atol=0)


def test_torch_beside_a_parallel_step():
    """Whichever is imported first, large steps come out right."""
    torch = pytest.importorskip("torch")
    x = np.ones(3_000_000, np.float32)
    optimizer = SGD([x], lr=0.25)
    for _ in range(3):
        torch.ones(400, 400) @ torch.ones(400, 400)
        optimizer.step([np.ones_like(x)])
    assert (x == 0.25).all()
