"""Every rule against the frameworks themselves, with hyperparameters, schedules and gradients drawn at random."""

import os

import numpy as np
import pytest

from ravine import optim as o
from ravine.autograd import Parameter
from ravine.schedules import Cosine, Exponential, Linear

pytestmark = pytest.mark.peers
STEPS = 200
# What 30 steps of a few roundings each come to in float32.
TOLERANCES = {np.float32: (30, 1e-5, 1e-5), np.float64: (STEPS, 1e-12, 1e-13)}


def drawn(seed):
    """A generator, and random hyperparameters by short names."""
    rng = np.random.default_rng(seed)
    lr = [Linear(0.1, 0.01, 150), Cosine(0.2, 0.001, STEPS), Exponential(0.1, 0.99), 0.03][rng.integers(4)]
    return rng, {
        "lr": lr,
        "eps": 10.0 ** rng.uniform(-8, -2),
        "decay": rng.choice([0.0, rng.uniform(0, 0.5)]),
        "a": rng.uniform(0.1, 0.95),
        "b": rng.uniform(0.6, 0.999),
    }


def gradient(rng, shape, dtype):
    return np.asarray(rng.normal(size=shape) * 10 ** rng.uniform(-3, 2)).astype(dtype)


def rate(spec, k):
    return spec.lr(k) if callable(spec.lr) else spec.lr


def same(x, y, dtype, spec):
    _, rtol, atol = TOLERANCES[dtype]
    np.testing.assert_allclose(x, np.asarray(y), rtol=rtol, atol=atol, err_msg=repr(spec))


# ------------------------------------------------------------------------------------------------------------ PyTorch
def torch_rows(lr, eps, decay, a, b):
    betas, moments = {"lr": lr, "beta1": a, "beta2": b, "eps": eps}, {"betas": (a, b), "eps": eps}
    return [
        (o.SGD(lr=lr, weight_decay=decay), "SGD", {"weight_decay": decay}),
        (o.Momentum(lr=lr, momentum=a, dampening=b), "SGD", {"momentum": a, "dampening": b}),
        (o.NAG(lr=lr, momentum=b), "SGD", {"momentum": b, "nesterov": True}),
        (
            o.Rprop(lr=0.03, eta_minus=a, eta_plus=1 + b, min_step=eps / 10, max_step=0.5),
            "Rprop",
            {"etas": (a, 1 + b), "step_sizes": (eps / 10, 0.5)},
        ),
        (o.Adagrad(lr=lr, eps=eps, initial_accumulator=a), "Adagrad", {"eps": eps, "initial_accumulator_value": a}),
        (o.Adadelta(lr=lr, rho=b, eps=eps), "Adadelta", {"rho": b, "eps": eps}),
        (o.RMSprop(lr=lr, rho=b, eps=eps), "RMSprop", {"alpha": b, "eps": eps}),
        (
            o.RMSprop(lr=lr, rho=b, eps=eps, momentum=a, centered=True),
            "RMSprop",
            {"alpha": b, "eps": eps, "momentum": a, "centered": True},
        ),
        (o.Adam(**betas, weight_decay=decay), "Adam", {**moments, "weight_decay": decay}),
        (o.AdamW(**betas, weight_decay=decay), "AdamW", {**moments, "weight_decay": decay}),
        (o.AMSGrad(**betas, weight_decay=decay), "Adam", {**moments, "amsgrad": True, "weight_decay": decay}),
        (o.Adamax(**betas), "Adamax", moments),
        (o.NAdam(**betas, momentum_decay=decay), "NAdam", {**moments, "momentum_decay": decay}),
        # At constant lr: PyTorch takes up another one update later.
        (o.ASGD(lr=0.01, lambd=decay, alpha=a, t0=7), "ASGD", {"lambd": decay, "alpha": a, "t0": 7}),
    ]


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # the numbers among its states have the default dtype
    yield torch
    torch.set_default_dtype(before)


@pytest.mark.parametrize("dtype", TOLERANCES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("seed", range(6))
def test_torch(seed, dtype, torch):
    rng, numbers = drawn(seed)
    for spec, name, arguments in torch_rows(**numbers):
        starts = [rng.normal(size=shape).astype(dtype) for shape in [(4, 3), (5,), ()]]
        ours = [Parameter(start) for start in starts]
        theirs = [torch.tensor(start, requires_grad=True) for start in starts]
        optimizer, other = spec.bind(ours), getattr(torch.optim, name)(theirs, lr=rate(spec, 0), **arguments)
        for k in range(TOLERANCES[dtype][0]):
            other.param_groups[0]["lr"] = rate(spec, k)
            for index, (p, q) in enumerate(zip(ours, theirs, strict=True)):
                g = gradient(rng, p.data.shape, dtype)
                missing = index > 0 and rng.random() < 0.1  # a step without any gradient is no update, and k stays
                p.grad, q.grad = (None, None) if missing else (g, torch.tensor(g))
            optimizer.step()
            other.step()
        for p, q in zip(ours, theirs, strict=True):
            same(p.data, q.detach().numpy(), dtype, spec)
        if spec.average:
            with optimizer.averaged():
                for p, q in zip(ours, theirs, strict=True):
                    same(p.data, other.state[q]["ax"], dtype, spec)


def test_torch_beside_a_parallel_step():
    """Whichever is imported first, large steps come out right."""
    torch = pytest.importorskip("torch")
    x = np.ones(3_000_000, np.float32)
    optimizer = o.SGD([x], lr=0.25)
    for _ in range(3):
        torch.ones(400, 400) @ torch.ones(400, 400)
        optimizer.step([np.ones_like(x)])
    assert (x == 0.25).all()


# -------------------------------------------------------------------------------------------------------------- optax
def optax_rows(optax, lr, eps, decay, a, b):
    def free(base, f):
        """Its weights are told lr one update later than its steps are."""
        return optax.contrib.schedule_free(base, lambda t: f(t - 1), b1=a)

    betas, moments = {"lr": lr, "beta1": a, "beta2": b, "eps": eps}, {"b1": a, "b2": b, "eps": eps}
    unit = {**betas, "beta2": 0.5}
    direct = {"b1": 0.0, "b2": b, "eps": eps, "weight_decay": decay}
    return [
        (o.SignSGD(lr=lr), optax.sign_sgd),
        (o.Signum(lr=lr, momentum=a), lambda f: optax.signum(f, beta=a)),
        (o.Lion(lr=lr, beta1=a, beta2=b, weight_decay=decay), lambda f: optax.lion(f, b1=a, b2=b, weight_decay=decay)),
        (o.RAdam(**betas), lambda f: optax.radam(f, **moments, threshold=4.0)),  # where the paper has it
        (o.Yogi(**betas, initial_accumulator=eps), lambda f: yogi(optax, f, eps, moments)),
        (o.AdaBelief(**betas), lambda f: optax.adabelief(f, **moments, eps_root=eps)),
        (o.ADOPT(**betas), lambda f: optax.contrib.adopt(f, **moments)),
        # It takes 1 - beta2 for beta2.
        (o.Adan(**unit, beta3=b), lambda f: optax.adan(f, b1=a, b2=0.5, b3=b, eps=eps, eps_root=0.0)),
        (o.ScheduleFreeSGD(lr=lr, beta=a), lambda f: free(optax.sgd(f), f)),
        (o.ScheduleFreeAdamW(**betas, weight_decay=decay), lambda f: free(optax.adamw(f, **direct), f)),
    ]


def yogi(optax, lr, start, moments):
    """Its m starts where v does; ours at 0."""
    scale = optax.scale_by_yogi(**moments, initial_accumulator_value=start)

    def init(x):
        return optax.tree.set(scale.init(x), mu=0.0 * x)

    return optax.chain(optax.GradientTransformation(init, scale.update), optax.scale_by_learning_rate(lr))


@pytest.mark.parametrize("seed", range(3))
def test_optax(seed):
    optax = pytest.importorskip("optax")
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    rng, numbers = drawn(seed)
    for spec, make in optax_rows(optax, **numbers):
        x = rng.normal(size=6)
        y = jax.numpy.asarray(x.copy())
        rates = jax.numpy.array([rate(spec, k) for k in range(STEPS)])
        ours, theirs = spec.bind([x]), make(lambda k, rates=rates: rates[k])
        state, update = theirs.init(y), jax.jit(theirs.update)
        for _ in range(STEPS):
            g = gradient(rng, 6, np.float64)
            ours.step([g])
            updates, state = update(jax.numpy.asarray(g), state, y)
            y = optax.apply_updates(y, updates)
        same(x, y, np.float64, spec)
        if spec.average:
            with ours.averaged():
                same(x, optax.contrib.schedule_free_eval_params(state, y), np.float64, spec)


# -------------------------------------------------------------------------------------------------------------- Keras
def keras_rows(lr, eps, decay, a, b):
    betas, moments = {"lr": lr, "beta1": a, "beta2": b}, {"beta_1": a, "beta_2": b}
    return [
        (o.SGD(lr=lr), "SGD", {}),
        # At constant lr: Keras has it inside the velocity.
        (o.NAG(lr=0.03, momentum=a), "SGD", {"momentum": a, "nesterov": True}),
        (o.Momentum(lr=0.03, momentum=b), "SGD", {"momentum": b}),
        (o.Lion(**betas, weight_decay=decay), "Lion", {**moments, "weight_decay": decay}),
        (o.Adadelta(lr=lr, rho=b, eps=eps), "Adadelta", {"rho": b, "epsilon": eps}),
        (o.Adamax(**betas, eps=0.0), "Adamax", {**moments, "epsilon": 0.0}),
        (o.NAdam(**betas, eps=eps, momentum_decay=1.0), "Nadam", {**moments, "epsilon": eps}),
        (
            o.Ftrl(lr=lr, beta=b, l1=a, l2=2 * eps),
            "Ftrl",
            {
                "initial_accumulator_value": 0.0,
                "beta": b,
                "l1_regularization_strength": a,
                "l2_regularization_strength": eps,
            },
        ),
    ]


@pytest.mark.parametrize("seed", range(2))
def test_keras(seed, monkeypatch):
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    before = keras.config.floatx()
    keras.config.set_floatx("float64")  # for its own numbers, such as lr
    try:
        rng, numbers = drawn(seed)
        for spec, name, arguments in keras_rows(**numbers):
            x = rng.normal(size=6)
            y = keras.Variable(x, dtype="float64")
            ours, theirs = spec.bind([x]), getattr(keras.optimizers, name)(**arguments)
            theirs.build([y])
            for k in range(50):
                g = gradient(rng, 6, np.float64)
                theirs.learning_rate = rate(spec, k)
                theirs.apply([keras.ops.array(g, dtype="float64")], [y])
                ours.step([g])
            same(x, y.value, np.float64, spec)
    finally:
        keras.config.set_floatx(before)
