"""The dialect tf1 against tf.compat.v1.train, where it is installed, and its manners."""

import gc
import os
import warnings

import numpy as np
import pytest

from ravine.autograd import Parameter
from ravine.dialects import tf1
from ravine.dialects.base import Dialect
from ravine.dialects.tf1.decay import present_value
from ravine.optim import Adam
from ravine.schedules import Exponential, Linear, Schedule

SHAPES = [(3, 2), (4,)]
OPTIMIZERS = [cls for cls in Dialect.registry.values() if cls.framework == "tf1"]
DECAYS = [
    ("exponential_decay", (0.15, 3, 0.7), {}),
    ("exponential_decay", (0.15, 3, 0.7), {"staircase": True}),
    ("natural_exp_decay", (0.15, 3, 0.7), {}),
    ("natural_exp_decay", (0.15, 3, 0.7), {"staircase": True}),
    ("inverse_time_decay", (0.15, 3, 0.7), {}),
    ("inverse_time_decay", (0.15, 3, 0.7), {"staircase": True}),
    ("polynomial_decay", (0.15, 5, 0.01, 2.0), {}),
    ("polynomial_decay", (0.15, 5, 0.01, 2.0), {"cycle": True}),
    ("cosine_decay", (0.15, 7), {"alpha": 0.1}),
    ("cosine_decay_restarts", (0.15, 3), {"t_mul": 2.0, "m_mul": 0.5, "alpha": 0.1}),
    ("linear_cosine_decay", (0.15, 9), {"num_periods": 1.5, "alpha": 0.1, "beta": 0.01}),
    ("piecewise_constant", ([2, 5], [0.5, 0.25, 0.125]), {}),
]


@pytest.fixture(scope="module")
def tf():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def short(rng, low, high):
    """A random number that float32, for which TensorFlow takes numbers, has exactly."""
    return float(np.float32(rng.uniform(low, high)))


def arguments_of(name, rng):
    strengths = {f"{kind}_regularization_strength": short(rng, 0, 0.5) for kind in ("l1", "l2")}
    own = {
        "MomentumOptimizer": {"momentum": short(rng, 0.5, 0.95), "use_nesterov": bool(rng.integers(2))},
        "AdamOptimizer": {"beta1": short(rng, 0.5, 0.95), "beta2": short(rng, 0.8, 0.999), "epsilon": 2.0**-10},
        "RMSPropOptimizer": {"decay": 0.75, "momentum": 0.5, "epsilon": 2.0**-12, "centered": bool(rng.integers(2))},
        "AdagradOptimizer": {"initial_accumulator_value": short(rng, 0.1, 1)},
        "AdadeltaOptimizer": {"rho": 0.875, "epsilon": 2.0**-8},
        "FtrlOptimizer": strengths | {"l2_shrinkage_regularization_strength": 0.25, "beta": short(rng, 0, 1)},
        "ProximalGradientDescentOptimizer": strengths,
        "ProximalAdagradOptimizer": strengths,
        "AdagradDAOptimizer": strengths,
    }
    return own.get(name, {}) | {"learning_rate": short(rng, 0.01, 0.2)}


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_trajectories_and_slots_are_tensorflows(tf, cls, seed):
    rng = np.random.default_rng([seed, len(cls.__name__)])
    arguments = arguments_of(cls.__name__, rng)
    steps = tf1.Variable(0, trainable=False), tf.Variable(0, dtype=tf.int64)
    more = [{"global_step": step} if "DA" in cls.__name__ else {} for step in steps]
    mine = cls(**arguments, **more[0])
    # TensorFlow takes numbers for float32; constants keep float64, where checks allow them.
    constant = [n for n, v in arguments.items() if isinstance(v, float) and "initial" not in n]
    given = arguments | {n: tf.constant(arguments[n], tf.float64) for n in constant}
    its = getattr(tf.compat.v1.train, cls.__name__)(**given, **more[1])
    ours = [rng.normal(size=shape) for shape in SHAPES]
    theirs = [tf.Variable(x) for x in ours]
    for step in range(10):
        grads = [rng.normal(size=shape) * 10 ** rng.uniform(-3, 1) for shape in SHAPES]
        if step in (2, 6):
            grads[1] = None
        mine.apply_gradients(zip(grads, ours, strict=True), global_step=steps[0])
        pairs = zip([None if g is None else tf.constant(g) for g in grads], theirs, strict=True)
        its.apply_gradients(pairs, global_step=steps[1])
        for x, v in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x, v.numpy(), rtol=1e-9, atol=1e-12)
            for name in mine.get_slot_names():
                np.testing.assert_allclose(mine.get_slot(x, name), its.get_slot(v, name), rtol=1e-9, atol=1e-12)
    assert int(steps[0]) == int(steps[1]) == 10


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "numbers", "more"), DECAYS, ids=lambda value: str(value))
def test_decays_are_tensorflows(tf, name, numbers, more):
    mine, its = tf1.Variable(0, trainable=False), tf.Variable(0, dtype=tf.int64)
    place = 1 if name != "piecewise_constant" else 0
    theirs = getattr(tf.compat.v1.train, name)(*numbers[:place], its, *numbers[place:], **more)
    ours = getattr(tf1, name)(*numbers[:place], mine, *numbers[place:], **more)
    for k in range(20):
        now = theirs()
        assert ours(k) == ours.now == pytest.approx(float(now), rel=1e-5, abs=1e-7)  # TensorFlow's are float32
        mine.assign_add(1)
        its.assign_add(1)


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
def test_defaults_and_signatures_are_tensorflows(tf):
    import inspect

    for cls in OPTIMIZERS:
        theirs = inspect.signature(getattr(tf.compat.v1.train, cls.__name__).__init__).parameters
        expected = {n: p.default for n, p in theirs.items() if n not in ("self", "use_own_namescope_for_non_slot_vars")}
        assert {n: p.default for n, p in cls.__signature__.parameters.items()} == expected | {"name": None}


# --------------------------------------------------------------------------------------------------- without TensorFlow
@pytest.mark.parametrize(("name", "numbers", "more"), DECAYS, ids=lambda value: str(value))
def test_a_decay_is_a_schedule(name, numbers, more):
    step = tf1.Variable(0, trainable=False)
    place = 1 if name != "piecewise_constant" else 0
    rate = getattr(tf1.train, name)(*numbers[:place], step, *numbers[place:], **more)
    assert isinstance(rate, Schedule)
    assert Schedule.from_json(rate.to_json()) == rate
    x = np.ones(1)
    bound = Adam([x], lr=rate)
    assert bound.lr == rate(0) == present_value(rate)


def test_noise_is_the_same_each_time_and_around_the_line():
    step = tf1.Variable(0, trainable=False)
    noisy, plain = (tf1.noisy_linear_cosine_decay(0.1, step, 100), tf1.linear_cosine_decay(0.1, step, 100))
    assert noisy(range(100)).tolist() == noisy(range(100)).tolist()
    assert abs(np.mean(noisy(range(100)) - plain(range(100)))) < 0.02


def test_minimize_is_adam_with_the_rate_of_each_step():
    x, y = np.array([3.0, -1.0]), np.array([3.0, -1.0])
    step = tf1.Variable(0, trainable=False)
    rate = tf1.exponential_decay(0.15, step, 1, 0.9999)
    train = tf1.AdamOptimizer(rate).minimize(lambda x: np.sum(x**2), var_list=[x], global_step=step)
    reference = tf1.AdamOptimizer(Exponential(0.15, 0.9999)).bind([y])
    for k in range(5):
        assert int(step) == k
        assert train() == pytest.approx(float(np.sum(y**2)))
        reference.step([2 * y])
        np.testing.assert_allclose(x, y, rtol=1e-14)


def test_a_rate_stays_where_nothing_counts_and_follows_what_counts():
    step = tf1.Variable(0, trainable=False)
    rate = tf1.exponential_decay(1.0, step, 1, 0.5)
    x = np.zeros(1)
    opt = tf1.GradientDescentOptimizer(rate)
    for expected in (-1.0, -2.0):
        opt.apply_gradients([(np.ones(1), x)])
        assert x.item() == expected
    step.assign(3)
    opt.apply_gradients([(np.ones(1), x)])
    assert x.item() == -2.125


def test_a_multiple_of_a_count():
    batch = tf1.Variable(0, trainable=False)
    rate = tf1.exponential_decay(1.0, batch * 64, 128, 0.5, staircase=True)
    assert rate(range(6)).tolist() == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    batch.assign_add(2)
    assert present_value(rate) == 0.5
    with pytest.raises(TypeError, match="an integer >= 1"):
        batch * 1.5


def test_a_rate_that_the_program_sets():
    lr, x = tf1.Variable(0.5, trainable=False), np.zeros(1)
    opt = tf1.GradientDescentOptimizer(lr)
    opt.apply_gradients([(np.ones(1), x)])
    lr.assign(0.25)
    opt.apply_gradients([(np.ones(1), x)])
    assert x.item() == -0.75


def test_losses_are_functions_of_arrays_tensors_or_their_own_gradients():
    x = np.array([2.0])
    w = Parameter(np.array([2.0]), name="w")
    variable = tf1.Variable([2.0], name="v")
    losses = {
        "arrays": (lambda x: np.sum(x**2), [x]),
        "gradients": (lambda: (4.0, [np.array([4.0])]), [x.copy()]),
        "parameters": (lambda: (w**2).sum(), [w]),
        "variables": (lambda: (variable**2).sum(), [variable]),
    }
    for loss, variables in losses.values():
        ((gradient, p),) = tf1.GradientDescentOptimizer(0.25).compute_gradients(loss, variables)
        assert p is variables[0]
        assert gradient == [4.0]
        train = tf1.GradientDescentOptimizer(0.25).minimize(loss, var_list=variables)
        assert train() == 4.0
        assert (p if isinstance(p, np.ndarray) else p.data) == [1.0]


def test_slots_appear_with_the_first_update():
    x = np.ones(2)
    opt = tf1.RMSPropOptimizer(0.1, momentum=0.5)
    assert opt.get_slot_names() == ["rms", "momentum"]
    assert opt.get_slot(x, "rms") is None
    opt.apply_gradients([(np.zeros(2), x)])
    assert opt.get_slot(x, "rms").tolist() == [0.9, 0.9]
    assert opt.get_slot(x, "mg") is None
    assert [v.tolist() for v in opt.variables()] == [[0.9, 0.9], [0.0, 0.0]]


def test_adagrad_da_counts_by_its_global_step():
    x, step = np.ones(1), tf1.Variable(0, trainable=False)
    opt = tf1.AdagradDAOptimizer(0.5, step, l1_regularization_strength=0.5)
    opt.apply_gradients([(np.array([2.0]), x)], global_step=step)
    opt.apply_gradients([(np.array([2.0]), x)], global_step=step)
    assert x.item() == pytest.approx(-0.5 * (4 - 2 * 0.5) / np.sqrt(8.1))


def test_without_var_list_the_variables_that_the_loss_reaches_are_trained():
    w, other = tf1.Variable(np.zeros(3), name="w"), tf1.Variable(np.zeros(2))
    opt = tf1.train.AdamOptimizer(1e-4)
    train = opt.minimize(lambda: np.sum((w - 1.0) ** 2))
    assert train() == 3.0
    assert train() < 3.0
    assert opt.bound.parameters == [w]
    np.testing.assert_allclose(w.data, 2e-4, rtol=1e-3)
    assert other.data.tolist() == [0.0, 0.0]
    ((gradient, p),) = tf1.AdamOptimizer().compute_gradients(lambda: other.sum())
    assert p is other
    assert gradient.tolist() == [1.0, 1.0]


def test_variables_are_collected_in_order_and_not_kept_alive():
    gc.collect()
    before = len(tf1.trainable_variables())
    made = [tf1.Variable(float(i)) for i in range(3)]
    tf1.Variable(0, trainable=False)
    assert [id(p) for p in tf1.trainable_variables()[before:]] == [id(p) for p in made]
    del made
    assert len(tf1.trainable_variables()) == before


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: tf1.AdamOptimizer(-1.0), r"tf1\.AdamOptimizer: learning_rate must be a finite number >= 0"),
        (lambda: tf1.AdamOptimizer(beta1=1.0), r"tf1\.AdamOptimizer: beta1 must be a number in \[0, 1\)"),
        (lambda: tf1.RMSPropOptimizer(0.1, decay=1.0), r"tf1\.RMSPropOptimizer: decay must be a number in \[0, 1\)"),
        (lambda: tf1.AdagradOptimizer(0.1, initial_accumulator_value=0.0), "initial_accumulator_value must be > 0"),
        (lambda: tf1.AdamOptimizer(lr=0.1), "has no argument 'lr'"),
        (lambda: tf1.MomentumOptimizer(0.1), "missing a required argument: 'momentum'"),
        (lambda: tf1.AdagradDAOptimizer(0.1, 0), "global_step must be a variable that counts"),
        (lambda: tf1.exponential_decay(0.1, 5, 1, 0.5), "global_step must be a variable that counts"),
        (lambda: tf1.AdamOptimizer().minimize(lambda x: x), "minimize needs var_list"),
        (lambda: tf1.AdamOptimizer().minimize(3.0, var_list=[np.ones(1)])(), "loss must be a function"),
        (lambda: tf1.AdamOptimizer().apply_gradients([(None, np.ones(1))]), "no parameter has a gradient"),
        (lambda: tf1.Variable("a", trainable=False), "must be a number"),
    ],
)
def test_refusals(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()


def test_arithmetic_with_a_decay_keeps_its_global_step():
    x, step, other = Parameter(np.zeros(1)), tf1.Variable(10, trainable=False), tf1.Variable(0, trainable=False)
    decay = tf1.exponential_decay(1.0, step, 10, 0.5)
    for rate, expected in (
        (decay * 0.5, 0.25),
        (0.1 + decay, 0.6),
        (decay.clip(low=0.8), 0.8),
        (Linear(0.0, 1.0, 20) + decay, 1.0),
    ):
        optimizer, before = tf1.GradientDescentOptimizer(rate), x.data[0]
        for _ in range(2):  # nothing changes the variable
            optimizer.apply_gradients([(np.ones(1), x)])
        assert before - x.data[0] == pytest.approx(2 * expected)
    with pytest.raises(ValueError, match="one global_step for all"):
        tf1.GradientDescentOptimizer(decay * tf1.exponential_decay(1.0, other, 10, 0.5)).apply_gradients(
            [(np.ones(1), x)]
        )
