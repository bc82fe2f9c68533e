"""The optax dialect against optax itself, by its own two functions."""

import inspect

import numpy as np
import pytest

from ravine.dialects import optax as ours
from ravine.schedules import Cosine

pytestmark = pytest.mark.peers
theirs = pytest.importorskip("optax")
jax = pytest.importorskip("jax")

STEPS = 40


@pytest.fixture(autouse=True)
def in_float64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def draw(rng):
    """Optimizers, and arguments drawn at random."""
    a, b, c = rng.uniform(0.1, 0.95), rng.uniform(0.6, 0.999), rng.uniform(0.01, 0.3)
    eps = 10.0 ** rng.uniform(-8, -2)
    moments = {"b1": a, "b2": b, "eps": eps}
    return [
        ("sgd", {}),
        ("sgd", {"momentum": a}),
        ("sgd", {"momentum": a, "nesterov": True}),
        ("adam", moments),
        ("adam", moments | {"eps_root": eps}),
        ("adamw", moments | {"weight_decay": c}),
        ("nadam", moments),
        ("nadamw", moments | {"weight_decay": c, "eps_root": eps}),
        ("amsgrad", moments | {"eps_root": eps}),
        ("adamax", moments),
        ("adamaxw", moments | {"weight_decay": c}),
        ("radam", moments | {"eps_root": eps}),
        ("radam", moments | {"threshold": 4.5}),
        ("adabelief", moments | {"eps_root": eps * 2}),
        ("yogi", moments),
        ("adagrad", {"initial_accumulator_value": a, "eps": eps}),
        ("adadelta", {"rho": b, "eps": eps, "weight_decay": c}),
        ("rmsprop", {"decay": b, "eps": eps}),
        ("rmsprop", {"decay": b, "initial_scale": a, "momentum": c, "nesterov": True, "eps_in_sqrt": False}),
        ("rmsprop", {"decay": b, "eps": eps, "centered": True, "bias_correction": True, "momentum": a}),
        ("lion", {"b1": a, "b2": b, "weight_decay": c}),
        ("adan", {"b1": a, "b2": b, "b3": 0.9, "eps": eps, "eps_root": eps / 2, "weight_decay": c}),
        ("sign_sgd", {}),
        ("signum", {"beta": a}),
        ("lamb", moments | {"weight_decay": c}),
        ("lars", {"weight_decay": c, "trust_coefficient": a, "eps": eps, "momentum": b}),
        ("lars", {"momentum": a, "nesterov": True}),
        ("novograd", moments | {"weight_decay": c, "eps_root": eps / 2}),
        ("adafactor", {"min_dim_size_to_factor": 3, "weight_decay_rate": c / 10}),
        ("adafactor", {"decay_rate": a, "multiply_by_parameter_scale": False, "clipping_threshold": None, "eps": 1e-9}),
    ]


def rate(framework):
    return framework.cosine_decay_schedule(0.1, STEPS, 0.1)


def trees(rng):
    return {"w": rng.normal(size=(4, 3)), "b": [rng.normal(size=5), (rng.normal(size=()), rng.normal(size=(3, 2, 4)))]}


def follow(mine, its, rng, rtol=1e-12, atol=1e-13):
    params = trees(rng)
    p, q = params, jax.tree.map(jax.numpy.asarray, params)
    state, other = mine.init(p), its.init(q)
    for _ in range(STEPS):
        g = jax.tree.map(lambda x: rng.normal(size=x.shape) * 10 ** rng.uniform(-2, 1), params)
        before = jax.tree.map(np.copy, p)
        updates, state = mine.update(g, state, p)
        jax.tree.map(np.testing.assert_array_equal, before, p)
        p = ours.apply_updates(p, updates)
        updates, other = its.update(jax.tree.map(jax.numpy.asarray, g), other, q)
        q = theirs.apply_updates(q, updates)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=atol), p, q)


ROWS = [pytest.param(*row, id=f"{i}-{row[0]}") for i, row in enumerate(draw(np.random.default_rng(3)))]


@pytest.mark.parametrize(("name", "arguments"), ROWS)
def test_numbers(name, arguments):
    mine, its = (getattr(framework, name)(rate(framework), **arguments) for framework in (ours, theirs))
    # Of adafactor's count optax takes the power in float32.
    leak = {"rtol": 1e-6, "atol": 1e-7} if name == "adafactor" else {"rtol": 1e-11}
    follow(mine, its, np.random.default_rng(1), **leak)


def test_rprop():
    follow(ours.rprop(0.05, 0.4, 1.3), theirs.rprop(0.05, 0.4, 1.3), np.random.default_rng(2))


CHAINS = [
    lambda o: o.chain(o.clip_by_global_norm(1.0), o.adam(rate(o))),
    lambda o: o.chain(o.clip(0.3), o.add_decayed_weights(0.1), o.trace(0.8, nesterov=True), o.scale(-0.1)),
    lambda o: o.chain(
        o.clip_by_global_norm(2.0), o.clip(0.3), o.scale_by_adam(b1=0.8), o.add_decayed_weights(0.05),
        o.scale_by_learning_rate(rate(o)),
    ),
    lambda o: o.chain(o.scale_by_rms(decay=0.8), o.scale_by_schedule(rate(o)), o.scale(-0.5)),
    lambda o: o.chain(o.scale_by_stddev(decay=0.8), o.scale_by_learning_rate(0.01)),
    lambda o: o.chain(o.add_decayed_weights(0.1), o.identity(), o.scale_by_learning_rate(0.01)),
    lambda o: o.chain(o.scale_by_lion(b1=0.8), o.add_decayed_weights(0.1), o.scale_by_learning_rate(0.01)),
    lambda o: o.chain(o.scale_by_belief(), o.scale(-0.01)),
    lambda o: o.chain(o.scale_by_yogi(), o.scale(-0.01)),
    lambda o: o.chain(o.scale_by_radam(), o.scale(-0.01)),
    lambda o: o.chain(o.scale_by_amsgrad(), o.scale(-0.01)),
    lambda o: o.chain(o.scale_by_adamax(), o.scale(-0.01)),
    lambda o: o.chain(o.scale_by_sign(), o.scale(-0.01)),
]  # fmt: skip


@pytest.mark.parametrize("row", range(len(CHAINS)))
def test_chains(row):
    follow(CHAINS[row](ours), CHAINS[row](theirs), np.random.default_rng(4), rtol=1e-11)


SCHEDULES = [
    lambda o: o.constant_schedule(0.3),
    lambda o: o.linear_schedule(0.1, 0.01, 50, 7),
    lambda o: o.polynomial_schedule(0.1, 0.01, 2, 50, 7),
    lambda o: o.piecewise_constant_schedule(0.1, {10: 0.5, 60: 0.1}),
    lambda o: o.piecewise_interpolate_schedule("cosine", 0.1, {10: 0.5, 60: 3.0}),
    lambda o: o.exponential_decay(0.1, 20, 0.8, 5, staircase=True, end_value=0.02),
    lambda o: o.cosine_decay_schedule(0.1, 70, 0.2, 1.5),
    lambda o: o.linear_onecycle_schedule(80, 0.3),
    lambda o: o.cosine_onecycle_schedule(80, 0.3),
    lambda o: o.warmup_constant_schedule(0.0, 0.3, 20),
    lambda o: o.warmup_cosine_decay_schedule(0.0, 0.3, 20, 80, 0.01),
    lambda o: o.warmup_exponential_decay_schedule(0.0, 0.3, 20, 10, 0.9),
    lambda o: o.join_schedules([o.constant_schedule(0.1), o.exponential_decay(0.1, 10, 0.5)], [30]),
    lambda o: o.sgdr_schedule(
        [{"init_value": 0.0, "peak_value": p, "warmup_steps": 5, "decay_steps": 30} for p in (0.3, 0.1)]
    ),
]


@pytest.mark.parametrize("row", range(len(SCHEDULES)))
def test_schedules(row):
    mine, its = SCHEDULES[row](ours), SCHEDULES[row](theirs)
    k = np.arange(120)
    np.testing.assert_allclose(mine(k), [float(its(int(i))) for i in k], rtol=1e-5, atol=1e-9)


def test_global_norm():
    tree = trees(np.random.default_rng(0))
    np.testing.assert_allclose(ours.global_norm(tree), theirs.tree.norm(tree), rtol=1e-12)


def test_a_schedule_of_ours_and_a_function():
    spec = Cosine(0.1, 0.01, 30)
    follow(ours.adam(spec), theirs.adam(theirs.cosine_decay_schedule(0.1, 30, 0.1)), np.random.default_rng(5), 1e-9)
    follow(ours.adam(lambda k: 0.1 / (1 + k)), theirs.adam(lambda k: 0.1 / (1.0 + k)), np.random.default_rng(5), 1e-9)


@pytest.mark.parametrize("name", [n for n in ours.optimizers.__all__ if n not in ("adafactor", "lion")])
def test_the_signature_is_optaxs(name):
    mine, its = (inspect.signature(getattr(module, name)).parameters.values() for module in (ours, theirs))
    assert [(p.name, p.kind, p.default) for p in mine] == [(p.name, p.kind, p.default) for p in its]
