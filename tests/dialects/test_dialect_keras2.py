"""The dialect keras2 against tf_keras's legacy optimizers, where they are installed, and Keras 2's own formulas."""

import importlib
import os
import warnings

import numpy as np
import pytest

from ravine.dialects import keras2
from ravine.dialects.base import Dialect

SHAPES = [(3, 2), (4,)]
LEGACY = [cls for cls in Dialect.registry.values() if cls.framework == "keras2.legacy"]
KERAS2 = [cls for cls in Dialect.registry.values() if cls.framework == "keras2"]


def gradients(rng):
    return [rng.normal(size=shape) * 10 ** rng.uniform(-3, 1) for shape in SHAPES]


# ------------------------------------------------------------------------------------------- tf.keras, live: float64
@pytest.fixture(scope="module")
def real():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("tf_keras")
    return module


def short(rng, low, high):
    """A random number that float32, in which tf.keras keeps hyperparameters, has exactly."""
    return float(np.float32(rng.uniform(low, high)))


def legacy_arguments(name, rng):
    """Random arguments. tf.keras's Ftrl ignores lr by its old name."""
    eps = 2.0 ** -int(rng.integers(4, 24))
    moments = {"beta_1": short(rng, 0.5, 0.95), "beta_2": short(rng, 0.8, 0.999), "epsilon": eps}
    own = {
        "SGD": {"momentum": rng.choice([0.0, 0.75]).item(), "nesterov": bool(rng.integers(2))},
        "RMSprop": {
            "rho": short(rng, 0.5, 0.99),
            "momentum": rng.choice([0.0, 0.75]).item(),
            "centered": bool(rng.integers(2)),
            "epsilon": eps,
        },
        "Adagrad": {"initial_accumulator_value": short(rng, 0.01, 1), "epsilon": eps},
        "Adadelta": {"rho": short(rng, 0.5, 0.99), "epsilon": eps},
        "Adam": moments | {"amsgrad": bool(rng.integers(2))},
        "Nadam": moments | {"schedule_decay": short(rng, 0.001, 0.1)},
        "Ftrl": {
            "learning_rate_power": -0.5,
            "l1_regularization_strength": short(rng, 0, 0.5),
            "l2_regularization_strength": short(rng, 0, 0.5),
            "l2_shrinkage_regularization_strength": short(rng, 0.1, 0.5),
            "beta": short(rng, 0, 1),
        },
    }
    clip = rng.choice([{}, {"clipnorm": 0.5}, {"clipvalue": 0.25}, {"global_clipnorm": 1.0}])
    decay = {"decay": short(rng, 0, 0.5)} if name != "Nadam" and rng.integers(2) else {}
    return {
        **own.get(name, moments),
        **clip,
        **decay,
        "lr" if name != "Ftrl" else "learning_rate": short(rng, 0.01, 0.2),
    }


def tolerance(name):
    """tf.keras casts 0.96 to float32 for its Nadam."""
    return {"rtol": 1e-4, "atol": 1e-6} if name == "Nadam" else {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cls", LEGACY, ids=lambda cls: cls.__name__)
def test_legacy_is_tf_kerass(real, cls, seed):
    import tensorflow as tf

    rng = np.random.default_rng([seed, len(cls.__name__)])
    arguments = legacy_arguments(cls.__name__, rng)
    ours = [rng.normal(size=shape) for shape in SHAPES]
    theirs = [tf.Variable(x) for x in ours]
    its, mine = getattr(real.optimizers.legacy, cls.__name__)(**arguments), cls(**arguments).bind(ours)
    for step in range(10):
        grads = gradients(rng)
        if step in (2, 6):
            grads[1] = None
        its.apply_gradients(zip([None if g is None else tf.constant(g) for g in grads], theirs, strict=True))
        mine.apply(grads)
        for x, v in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x, v.numpy(), **tolerance(cls.__name__))
    kept = its.get_weights()
    assert len(kept) == len(mine.get_weights())
    for x, v in zip(mine.get_weights(), kept, strict=True):
        np.testing.assert_allclose(x, v, **tolerance(cls.__name__))

    # and from the middle of a training on
    other = [v.numpy() for v in theirs]
    again = cls(**arguments).bind(other)
    again.set_weights(kept)
    for _ in range(4):
        grads = gradients(rng)
        its.apply_gradients(zip([tf.constant(g) for g in grads], theirs, strict=True))
        again.apply(grads)
        for x, v in zip(other, theirs, strict=True):
            np.testing.assert_allclose(x, v.numpy(), **tolerance(cls.__name__))


# ------------------------------------------------------------------ Keras 2 by itself: its formulas, a number at a time
def keras2_rules():
    """Of each optimizer the update of one number: from x, g, states, lr, t to x and states; and the first states."""
    sqrt, eps = np.sqrt, 1e-7

    def sgd(x, g, lr, t, v):
        v = 0.9 * v - lr * g
        return x + v, (v,)

    def nesterov(x, g, lr, t, v):
        v = 0.9 * v - lr * g
        return x + 0.9 * v - lr * g, (v,)

    def rmsprop(x, g, lr, t, a):
        a = 0.9 * a + 0.1 * g * g
        return x - lr * g / (sqrt(a) + eps), (a,)

    def adagrad(x, g, lr, t, a):
        a = a + g * g
        return x - lr * g / (sqrt(a) + eps), (a,)

    def adadelta(x, g, lr, t, a, d):
        a = 0.95 * a + 0.05 * g * g
        step = g * sqrt(d + eps) / sqrt(a + eps)
        return x - lr * step, (a, 0.95 * d + 0.05 * step * step)

    def adam(x, g, lr, t, m, v):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return x - lr * sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (sqrt(v) + eps), (m, v)

    def adamax(x, g, lr, t, m, u):
        m, u = 0.9 * m + 0.1 * g, np.maximum(0.999 * u, np.abs(g))
        return x - lr / (1 - 0.9**t) * m / (u + eps), (m, u)

    def nadam(x, g, lr, t, m, v):
        mu = [0.9 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in range(1, int(t) + 2)]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        bar = (1 - mu[-2]) * g / (1 - np.prod(mu[:-1])) + mu[-1] * m / (1 - np.prod(mu))
        return x - lr * bar / (sqrt(v / (1 - 0.999**t)) + eps), (m, v)

    return [
        (keras2.SGD(lr=0.01, decay=0.3, momentum=0.9), sgd, 0.01, 0.3, 1),
        (keras2.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True), nesterov, 0.01, 1e-6, 1),
        (keras2.RMSprop(decay=0.1), rmsprop, 0.001, 0.1, 1),
        (keras2.Adagrad(), adagrad, 0.01, 0, 1),
        (keras2.Adadelta(), adadelta, 1.0, 0, 2),
        (keras2.Adam(decay=0.2), adam, 0.001, 0.2, 2),
        (keras2.Adamax(), adamax, 0.002, 0, 2),
        (keras2.Nadam(), nadam, 0.002, 0, 2),
    ]


def title(value):
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("optimizer", "rule", "lr", "decay", "states"), keras2_rules(), ids=title)
def test_keras2_is_its_formulas(optimizer, rule, lr, decay, states):
    rng = np.random.default_rng(3)
    x = rng.normal(size=5)
    expected, kept = x.copy(), (np.zeros(5),) * states
    bound = optimizer.bind([x])
    for k in range(8):
        g = rng.normal(size=5) * [1.0, 1e-4, 10.0, 0.0, 1.0]
        bound.step([g])
        expected, kept = rule(expected, g, lr / (1 + decay * k), k + 1.0, *kept)
        np.testing.assert_allclose(x, expected, rtol=1e-12)


def test_clipnorm_is_of_all_gradients_in_keras2_and_of_each_in_tf_keras():
    grads = [np.array([3.0]), np.array([4.0])]
    moved = {}
    for cls in (keras2.SGD, keras2.legacy.SGD):
        x = [np.zeros(1), np.zeros(1)]
        cls(lr=1.0, clipnorm=1.0).bind(x).step(grads)
        moved[cls.framework] = np.concatenate(x).tolist()
    assert moved == {"keras2": pytest.approx([-0.6, -0.8]), "keras2.legacy": [-1.0, -1.0]}


@pytest.mark.parametrize("cls", KERAS2, ids=lambda cls: cls.__name__)
def test_weights_round_trip_and_go_on(cls):
    rng = np.random.default_rng(4)
    x = [rng.normal(size=shape) for shape in SHAPES]
    first = cls().bind(x)
    for _ in range(3):
        first.step(gradients(rng))
    y = [v.copy() for v in x]
    second = cls().bind(y)
    second.set_weights(first.get_weights())
    for _ in range(3):
        grads = gradients(rng)
        first.step(grads)
        second.step(grads)
    assert all(np.array_equal(a, b) for a, b in zip(x, y, strict=True))


def test_weights_of_keras_2_2_4_lack_the_count_or_nadams_product():
    x = [np.ones(2)]
    rms = keras2.RMSprop().bind(x)
    rms.set_weights([np.full(2, 0.5)])
    assert [np.asarray(v).tolist() for v in rms.get_weights()] == [0, [0.5, 0.5]]
    nadam = keras2.Nadam().bind([np.ones(2)])
    nadam.set_weights([5, np.ones(2), np.full(2, 0.5)])
    assert [np.asarray(v).tolist() for v in nadam.get_weights()] == [5, 1.0, [1, 1], [0.5, 0.5]]


@pytest.mark.parametrize("name", ["lr", "learning_rate"])
def test_both_names_of_the_rate(name):
    for cls in (*KERAS2, *LEGACY):
        bound = cls(**{name: 0.25}).bind([np.ones(2)])
        assert bound.lr == bound.learning_rate == 0.25
        bound.lr = 0.125
        assert bound.learning_rate == 0.125
    with pytest.raises(TypeError, match="lr and learning_rate are one argument"):
        keras2.SGD(lr=0.1, learning_rate=0.1)


def test_decay_goes_on_when_a_callback_sets_the_rate():
    x = np.zeros(1)
    bound = keras2.SGD(lr=1.0, decay=1.0).bind([x])
    for lr in (1.0, 1.0, 6.0):
        bound.lr = lr
        bound.step([np.ones(1)])
    assert x.item() == pytest.approx(-(1.0 + 1 / 2 + 6 / 3))


def test_defaults_are_the_old_ones():
    rates = {cls.__name__: cls().arguments["lr"] for cls in KERAS2}
    assert rates == {"SGD": 0.01, "RMSprop": 0.001, "Adagrad": 0.01, "Adadelta": 1.0, "Adam": 0.001} | {
        "Adamax": 0.002,
        "Nadam": 0.002,
    }
    assert keras2.RMSprop(epsilon=None).spec.eps == keras2.Adam().spec.eps == 1e-7


def test_a_missing_gradient_is_an_error_in_keras2_and_skipped_in_tf_keras():
    x = [np.ones(1), np.ones(1)]
    with pytest.raises(ValueError, match="has no gradient"):
        keras2.SGD().bind(x).step([np.ones(1), None])
    keras2.legacy.SGD(lr=1.0).bind(x).step([np.ones(1), None])
    assert [v.item() for v in x] == [0.0, 1.0]


def test_the_backend_sets_a_rate():
    opt = keras2.SGD(lr=0.5)
    for optimizer in (opt, opt.bind([np.ones(1)])):
        keras2.backend.set_value(optimizer.lr, 0.5 * keras2.backend.get_value(optimizer.lr))
    assert (opt.lr, optimizer.lr, keras2.backend.get_value(optimizer.iterations)) == (0.25, 0.25, 0)
    with pytest.raises(TypeError, match="set_value takes a variable"):
        keras2.backend.set_value(opt.momentum, 0.5)


@pytest.mark.parametrize("cls", [*KERAS2, *LEGACY], ids=lambda cls: cls.title())
def test_optimizers_by_name(cls):
    module = keras2.optimizers if cls in KERAS2 else keras2.legacy
    assert module.get(cls.__name__.lower()) == cls()
    assert module.deserialize(module.serialize(cls(0.5))) == cls(0.5)


def test_schedules_are_where_keras_has_them():
    module = importlib.import_module("ravine.dialects.keras2.optimizers.schedules")
    assert module is keras2.optimizers.schedules
    assert module.ExponentialDecay is keras2.schedules.ExponentialDecay


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: keras2.SGD(lr=-1.0), r"keras2\.SGD: lr must be a finite number >= 0"),
        (lambda: keras2.SGD(decay=-0.1), r"keras2\.SGD: decay must be a finite number >= 0\. Received: decay=-0\.1"),
        (lambda: keras2.SGD(clipnorm=0.0), r"keras2\.SGD: clipnorm must be a finite number > 0"),
        (lambda: keras2.Adam(beta_1=1.0), r"keras2\.Adam: beta_1 must be a number in \[0, 1\)"),
        (lambda: keras2.Nadam(schedule_decay=-1.0), r"keras2\.Nadam: schedule_decay must be"),
        (lambda: keras2.Nadam(decay=0.1), r"keras2\.Nadam has no argument 'decay'"),
        (lambda: keras2.legacy.Adam(clipnorm=1.0, clipvalue=1.0), "give one of clipnorm, clipvalue"),
        (lambda: keras2.Adam().bind([np.ones(2)]).set_weights([0]), "has 4 variables. Received: 1"),
    ],
)
def test_refusals(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()
