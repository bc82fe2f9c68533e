"""The dialect keras against Keras 3 itself, where it is installed, and its manners."""

import copy
import importlib
import json
import os
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from ravine.dialects import keras, tf1
from ravine.dialects.base import Dialect
from ravine.optim import Adam, Lion, Optimizer
from ravine.schedules import Cosine, Schedule

SHAPES = [(3, 2), (4,), (2, 3)]
OPTIMIZERS = [cls for cls in Dialect.registry.values() if cls.framework == "keras"]


@pytest.fixture(scope="module")
def real():
    """Keras itself, in float64."""
    os.environ["KERAS_BACKEND"] = "jax"  # on TensorFlow it leaks float32 in most hyperparameters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        module = pytest.importorskip("keras")
    before = module.config.floatx()
    module.config.set_floatx("float64")
    yield module
    module.config.set_floatx(before)


def short(rng, low, high):
    """A random number that float32 has exactly."""
    return float(np.float32(rng.uniform(low, high)))


def arguments_of(name, rng):
    """Random arguments of an optimizer."""
    moments = {
        "beta_1": short(rng, 0.5, 0.95),
        "beta_2": short(rng, 0.8, 0.999),
        "epsilon": 2.0 ** -rng.integers(4, 24),
    }
    strengths = [f"{kind}_regularization_strength" for kind in ("l1", "l2", "l2_shrinkage")]
    own = {
        "SGD": {"momentum": rng.choice([0.0, 0.75]).item(), "nesterov": bool(rng.integers(2))},
        "RMSprop": {
            "rho": short(rng, 0.5, 0.99),
            "momentum": rng.choice([0.0, 0.75]).item(),
            "centered": bool(rng.integers(2)),
            "epsilon": moments["epsilon"],
        },
        "Adagrad": {"initial_accumulator_value": short(rng, 0, 1), "epsilon": moments["epsilon"]},
        "Adadelta": {"rho": short(rng, 0.5, 0.99), "epsilon": moments["epsilon"]},
        "Ftrl": dict.fromkeys(strengths, short(rng, 0, 0.5))
        | {"learning_rate_power": -short(rng, 0.2, 0.8), "beta": short(rng, 0, 1)},
        "Lion": {"beta_1": moments["beta_1"], "beta_2": moments["beta_2"]},
        "Adafactor": {"beta_2_decay": -0.75, "epsilon_2": 2.0**-6, "clip_threshold": short(rng, 0.5, 2)},
        "Muon": {"momentum": short(rng, 0.5, 0.95), "nesterov": bool(rng.integers(2)), "exclude_layers": ["v2"]},
        "ScheduleFreeAdamW": moments | {"warmup_steps": int(rng.integers(5))},
        "Adam": moments | {"amsgrad": bool(rng.integers(2))},
    }
    clips = [{}, {"clipnorm": 0.5}, {"clipvalue": 0.25}, {"global_clipnorm": 1.0}]
    more = rng.choice([{}, {"use_ema": True, "ema_momentum": 0.75}, {"gradient_accumulation_steps": 3}])
    if more.get("use_ema") and rng.integers(2):
        more = more | {"ema_overwrite_frequency": 4}
    rate = rng.choice(["number", "exponential", "piecewise"])
    decay = {"weight_decay": short(rng, 0, 0.5)} if rng.integers(2) else {}
    return {
        **own.get(name, moments),
        **rng.choice(clips),
        **more,
        **decay,
        "learning_rate": (rate, short(rng, 0.01, 0.2)),
    }


def made(module, name, arguments):
    kind, rate = arguments["learning_rate"]
    schedules = module.optimizers.schedules
    rates = {
        "number": lambda: rate,
        "exponential": lambda: schedules.ExponentialDecay(rate, 4, 0.5, staircase=True),
        "piecewise": lambda: schedules.PiecewiseConstantDecay([2, 5], [rate, rate / 2, rate / 4]),
    }
    return getattr(module.optimizers, name)(**arguments | {"learning_rate": rates[kind]()})


def tolerance(name):
    """Keras leaks float32 on JAX in means and norms."""
    return {"rtol": 1e-4, "atol": 1e-5} if name in ("Adafactor", "Muon") else {"rtol": 1e-10, "atol": 1e-12}


def start(real, rng):
    values = [rng.normal(size=shape) for shape in SHAPES]
    theirs = [real.Variable(v, dtype="float64", name=f"v{i}") for i, v in enumerate(values)]
    return [(f"v{i}", v.copy()) for i, v in enumerate(values)], theirs


def gradients(rng, missing=False):
    made = [rng.normal(size=shape) * 10 ** rng.uniform(-3, 1) for shape in SHAPES]
    return [None if missing and i == 1 else g for i, g in enumerate(made)]


def agree(ours, theirs, name):
    for (_, x), v in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x, np.asarray(v), **tolerance(name))


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_trajectories_and_states_are_kerass(real, cls, seed):
    rng = np.random.default_rng([seed, len(cls.__name__)])
    name = cls.__name__
    arguments = arguments_of(name, rng)
    ours, theirs = start(real, rng)
    mine, its = made(keras, name, arguments).bind(ours), made(real, name, arguments)
    its.build(theirs)
    for step in range(12):
        grads = gradients(rng, missing=step in (2, 7))
        its.apply([None if g is None else real.ops.array(g) for g in grads], theirs)
        mine.apply(grads)
        agree(ours, theirs, name)
        kept = [np.asarray(v) for v in its.variables]
        assert len(mine.variables) == len(kept)
        if "gradient_accumulation_steps" not in arguments:
            for x, v in zip(mine.variables, kept, strict=True):
                np.testing.assert_allclose(x, v, **tolerance(name))


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_a_state_of_kerass_goes_on(real, cls):
    rng = np.random.default_rng(len(cls.__name__))
    name = cls.__name__
    arguments = arguments_of(name, rng)
    ours, theirs = start(real, rng)
    its = made(real, name, arguments)
    for _ in range(7):
        its.apply([real.ops.array(g) for g in gradients(rng)], theirs)
    for (_, x), v in zip(ours, theirs, strict=True):
        x[...] = np.asarray(v)
    mine = made(keras, name, arguments).bind(ours)
    mine.set_weights(its.variables)
    for _ in range(6):
        grads = gradients(rng)
        its.apply([real.ops.array(g) for g in grads], theirs)
        mine.apply(grads)
        agree(ours, theirs, name)


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
def test_defaults_and_signatures_are_kerass(real):
    import inspect

    for cls in OPTIMIZERS:
        theirs = inspect.signature(getattr(real.optimizers, cls.__name__).__init__).parameters
        expected = {n: p.default for n, p in theirs.items() if n not in ("self", "kwargs")}
        assert {n: p.default for n, p in cls.__signature__.parameters.items()} == expected | {"name": None}
        before = [n for n in expected if n != "name"][:6]
        if cls.__name__ != "Muon":
            assert [n for n in cls.__signature__.parameters if n in before] == before


SCHEDULES = [
    lambda s: s.ExponentialDecay(0.5, 4, 0.75),
    lambda s: s.ExponentialDecay(0.5, 4, 0.75, staircase=True),
    lambda s: s.InverseTimeDecay(0.5, 4, 0.75),
    lambda s: s.InverseTimeDecay(0.5, 4, 0.75, staircase=True),
    lambda s: s.PiecewiseConstantDecay([3, 6], [0.5, 0.25, 0.125]),
    lambda s: s.PolynomialDecay(0.5, 6, 0.125, power=2.0),
    lambda s: s.PolynomialDecay(0.5, 6, 0.125, power=2.0, cycle=True),
    lambda s: s.CosineDecay(0.5, 8, alpha=0.25),
    lambda s: s.CosineDecay(0.0, 8, alpha=0.25, warmup_target=0.5, warmup_steps=4),
    lambda s: s.CosineDecayRestarts(0.5, 3, t_mul=2.0, m_mul=0.5, alpha=0.125),
    lambda s: s.CosineDecayRestarts(0.5, 3, t_mul=1.0),
]


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", SCHEDULES)
def test_schedules_are_kerass(real, make):
    theirs, ours = make(real.optimizers.schedules), make(keras.schedules)
    assert [ours(k) for k in range(30)] == pytest.approx([float(theirs(k)) for k in range(30)], rel=2e-6, abs=1e-7)
    assert ours.get_config() == theirs.get_config()


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(20))
def test_plateau_is_kerass(real, seed):
    rng = np.random.default_rng(seed)
    arguments = {
        "monitor": "loss",
        "factor": 0.5,
        "patience": int(rng.integers(4)),
        "cooldown": int(rng.integers(4)),
        "mode": rng.choice(["min", "max", "auto"]).item(),
        "min_delta": float(rng.choice([0.0, 0.25])),
        "min_lr": float(rng.choice([0.0, 2.0**-6])),
    }
    its, mine = real.callbacks.ReduceLROnPlateau(**arguments), keras.callbacks.ReduceLROnPlateau(**arguments)
    model = type("Model", (), {"optimizer": real.optimizers.SGD(1.0)})()
    its.set_model(model)
    opt = keras.SGD(1.0)
    mine.set_optimizer(opt)
    its.on_train_begin()
    metrics = rng.integers(-3, 3, size=40).astype(float)
    if seed % 5 == 0:
        metrics[rng.integers(40)] = np.nan
    if seed % 10 == 0:
        metrics[0] = np.nan
    for epoch, metric in enumerate(metrics):
        its.on_epoch_end(epoch, {"loss": metric})
        mine.on_epoch_end(epoch, {"loss": metric})
        assert opt.learning_rate == float(np.asarray(model.optimizer.learning_rate)), epoch


# ------------------------------------------------------------------------------------------------------ without Keras
class Sawtooth(keras.schedules.LearningRateSchedule):
    """A schedule of the user's own."""

    def __init__(self, top, every):
        self.top = top
        self.every = every

    def __call__(self, step):
        return self.top * (np.mod(step, self.every) + 1) / self.every

    def get_config(self):
        return {"top": self.top, "every": self.every}


@pytest.mark.parametrize("make", SCHEDULES)
def test_a_schedule_is_one_of_ours_too(make):
    schedule = make(keras.schedules)
    assert isinstance(schedule, Schedule)
    assert isinstance(schedule, keras.schedules.LearningRateSchedule)
    assert eval(repr(schedule), vars(keras.schedules)) == schedule
    assert Schedule.from_json(schedule.to_json()) == schedule
    assert type(schedule).from_config(schedule.get_config()) == schedule
    assert Adam([np.ones(1)], lr=schedule).lr == schedule(0)


def test_an_int_is_the_float_that_it_looks_like():
    schedule = keras.schedules.ExponentialDecay(1, 10, 0.5)
    assert schedule(np.arange(0, 30, 10)).tolist() == [1.0, 0.5, 0.25]
    assert keras.SGD(1).bind([np.ones(1)]).learning_rate == 1.0


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.25, [0.25, 0.25, 0.25]),
        (Cosine(0.5, 0.0, 2), [0.5, 0.25, 0.0]),
        (keras.schedules.PiecewiseConstantDecay([0, 1], [0.5, 0.25, 0.125]), [0.5, 0.25, 0.125]),
        (Sawtooth(1.0, 4), [0.25, 0.5, 0.75]),
        (lambda step: 0.5 * step, [0.0, 0.5, 1.0]),
        (lambda: 0.75, [0.75, 0.75, 0.75]),
    ],
    ids=["number", "ours", "kerass", "own", "function", "callable"],
)
def test_what_a_learning_rate_may_be(rate, expected):
    x = np.zeros(1)
    opt = keras.SGD(learning_rate=rate)
    for k, step in enumerate(expected):
        before = x.item()
        if k:
            assert opt.learning_rate == step
        opt.apply_gradients([(np.ones(1), x)])
        assert before - x.item() == pytest.approx(step)
    assert opt.iterations == 3


def test_a_schedule_is_asked_with_the_calls_where_gradients_accumulate():
    x = np.zeros(1)
    rate = keras.schedules.ExponentialDecay(1.0, 1, 0.5)
    opt = keras.SGD(rate, gradient_accumulation_steps=2).bind([x])
    moved = []
    for _ in range(6):
        before = x.item()
        opt.apply([np.ones(1)])
        moved.append(before - x.item())
    assert moved == [0, 0.5, 0, 0.125, 0, 0.03125]


def test_a_rate_can_be_set_and_a_schedule_only_replaced():
    opt = keras.Adam(0.1)
    opt.learning_rate = 0.2
    assert opt.learning_rate == opt.spec.lr == 0.2
    opt.build([np.ones(2)])
    opt.learning_rate = np.float32(0.5)
    assert opt.learning_rate == opt.lr == opt.get_config()["learning_rate"] == 0.5
    opt.set(lr=0.25)
    assert opt.learning_rate == opt.lr == 0.25
    opt.learning_rate = keras.schedules.ExponentialDecay(0.5, 1, 0.5)
    with pytest.raises(TypeError, match="its learning rate is a schedule"):
        opt.learning_rate = 0.1


def test_weights_are_excluded_from_decay_by_themselves_or_by_name():
    params = {"kernel": np.ones(1), "bias": np.ones(1), "scale": np.ones(1)}
    opt = keras.SGD(1.0, weight_decay=0.25)
    opt.exclude_from_weight_decay(var_list=[params["scale"]], var_names=["^b.as"])
    opt.build(params)
    opt.apply([np.zeros(1)] * 3, list(params.values()))
    assert [x.item() for x in params.values()] == [0.75, 1.0, 1.0]
    with pytest.raises(ValueError, match="Call exclude_from_weight_decay before build"):
        opt.exclude_from_weight_decay(var_names=["kernel"])


def test_muon_leaves_vectors_embeddings_and_excluded_layers_to_adam():
    params = {"w": np.ones((2, 2)), "my_embedding": np.ones((2, 2)), "head": np.ones((2, 2)), "b": np.ones(2)}
    opt = keras.Muon(exclude_layers=["head"], weight_decay=None).bind(params)
    assert [view.group.spec.adam for view in opt._views] == [False, True, True, True]
    assert len(opt.variables) == 2 + 1 + 2 + 2 + 2


def test_averages_take_the_place_of_parameters():
    x = np.zeros(1)
    opt = keras.SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3).bind([x])
    seen = []
    for _ in range(4):
        opt.apply([-np.ones(1)])
        seen.append(x.item())
    assert seen == [1.0, 2.0, 2.25, 3.25]
    opt.finalize_variable_values()
    assert x.item() == 2.75


def test_a_value_and_what_it_is_bound_to_are_apart():
    opt = keras.Adam(0.1)
    assert opt == keras.Adam(learning_rate=0.1)
    assert hash(opt) == hash(keras.Adam(0.1))
    first = opt.bind([np.ones(2)])
    first.apply([np.ones(2)])
    assert (opt.iterations, first.iterations) == (0, 1)
    assert eval(repr(opt), {"keras": keras}) == opt
    assert pickle.loads(pickle.dumps(opt)) == copy.deepcopy(opt) == opt


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_configurations_round_trip(cls):
    rates = [0.25, keras.schedules.CosineDecay(0.5, 10, alpha=0.5), Sawtooth(1.0, 4)]
    for rate in rates:
        opt = cls(learning_rate=rate, clipnorm=0.5)
        config = json.loads(json.dumps(opt.get_config()))
        again = cls.from_config(config, custom_objects={"Sawtooth": Sawtooth})
        assert again.get_config() == opt.get_config()
        assert again.bind([np.ones(2)]).learning_rate == opt.bind([np.ones(2)]).learning_rate
    assert type(keras.optimizers.get(cls.__name__.upper())) is cls
    assert keras.optimizers.deserialize(keras.optimizers.serialize(cls(0.5))) == cls(0.5)


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_state_goes_on_bit_for_bit_through_weights_and_through_our_own_state(cls):
    rng = np.random.default_rng(5)
    options = {"use_ema": True} if cls.__name__ != "Lion" else {"gradient_accumulation_steps": 2}
    x = [rng.normal(size=shape) for shape in SHAPES]
    first = cls(**options).bind(x)
    for _ in range(3):
        first.apply(gradients(rng))
    copies = [[v.copy() for v in x] for _ in range(2)]
    by_weights, by_state = (cls(**options).bind(copy) for copy in copies)
    by_weights.set_weights(first.variables)
    by_state.load_state_dict(first.state_dict())
    for _ in range(3):
        grads = gradients(rng)
        for opt in (first, by_weights, by_state):
            opt.apply(grads)
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(x, *copies, strict=True))


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_float32_stays_float32(cls):
    x = [np.ones((2, 3), np.float32), np.ones(2, np.float32)]
    opt = cls().bind(x)
    opt.apply([np.ones((2, 3), np.float32), np.ones(2, np.float32)])
    assert {v.dtype for v in opt.variables if v.ndim} <= {np.dtype(np.float32)}
    assert x[0].dtype == np.float32


# |dx| / lr of the first step at the defaults, for these gradients: it tells where epsilon is.
FIRST_STEPS = {
    keras.Adam: [1, 0.9997, 0.9693, 0.2403, 0.003152],
    keras.Adamax: [1, 1, 0.999, 0.9091, 0.09091],
    keras.Nadam: [1.063, 1.063, 1.062, 0.9662, 0.09662],
    keras.RMSprop: [3.162, 3.147, 0.3147, 0.003162, 3.162e-05],
    keras.Adagrad: [0.9535, 0.03161, 0.0003162, 3.162e-06, 3.162e-08],
    keras.Adadelta: [0.001414, 0.0014, 9.975e-05, 1e-06, 1e-08],
    tf1.AdamOptimizer: [1, 1, 0.9968, 0.7597, 0.03065],
    tf1.RMSPropOptimizer: [1, 0.01054, 0.0001054, 1.054e-06, 1.054e-08],
    tf1.AdagradOptimizer: [0.9535, 0.03161, 0.0003162, 3.162e-06, 3.162e-08],
    tf1.AdadeltaOptimizer: [0.0004472, 0.0004468, 9.759e-05, 1e-06, 1e-08],
}


@pytest.mark.parametrize(("cls", "lengths"), FIRST_STEPS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_the_first_step(cls, lengths):
    for g, length in zip([1.0, 1e-2, 1e-4, 1e-6, 1e-8], lengths, strict=True):
        x = np.zeros(1)
        cls(learning_rate=0.5).bind([x]).step([np.array([g])])
        assert abs(x.item()) / 0.5 == pytest.approx(length, rel=1e-3)


def test_lion_is_the_papers():
    assert keras.Lion(0.25, weight_decay=0.5).spec == Lion(lr=0.25, decoupled_weight_decay=0.5)


def test_all_rules_are_registered_under_their_own_names():
    assert all(type(cls().spec) is Optimizer.registry[type(cls().spec).__name__.lower()] for cls in OPTIMIZERS)


def test_a_sum_waits_where_a_gradient_is_missing_when_the_others_are_updated():
    # By hand: the means are 2, 5, 8, and (1 + 2 + 15) / 3, 8.
    x = [np.zeros(1), np.zeros(1)]
    opt = keras.SGD(0.125, momentum=0.5, gradient_accumulation_steps=3).bind(x)
    seen = []
    for k in range(9):
        g = np.array([k + 1.0])
        opt.apply([g, None if k == 2 else g])
        seen.append([v.item() for v in x])
    assert seen[2::3] == [[-0.25, 0.0], [-1.0, -0.75], [-2.375, -2.125]]
    assert seen[0] == seen[1] == [0, 0]
    assert seen[3] == seen[4] == seen[2]


@pytest.mark.parametrize("work", [lambda opt: opt, lambda opt: opt.bind([np.ones(1)])], ids=["value", "bound"])
def test_a_rate_is_a_number_and_a_variable(work):
    opt = work(keras.Adam(0.5))
    rate = opt.learning_rate
    rate.assign(rate * 0.5)
    assert (rate, rate.numpy(), opt.lr, opt.learning_rate.numpy()) == (0.5, 0.25, 0.25, 0.25)
    assert json.dumps(opt.lr) == "0.25"
    assert type(copy.deepcopy(rate)) is type(pickle.loads(pickle.dumps(rate))) is float
    scheduled = keras.Adam(keras.schedules.ExponentialDecay(0.5, 1, 0.5)).bind([np.ones(1)])
    with pytest.raises(TypeError, match="its learning rate is a schedule"):
        scheduled.learning_rate.assign(0.1)


def test_a_callback_of_ones_own_sees_its_model_and_params():
    class Halve(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / self.params["by"]

    model = SimpleNamespace(optimizer=keras.SGD(0.5))
    callback = Halve()
    callback.set_params({"by": 2})
    callback.set_model(model)
    callback.on_epoch_end(0)
    assert callback.model is model
    assert callback.optimizer.learning_rate == 0.25


def test_schedules_are_where_keras_has_them():
    module = importlib.import_module("ravine.dialects.keras.optimizers.schedules")
    assert module is keras.optimizers.schedules
    assert {name: getattr(module, name) for name in module.__all__} == {
        name: getattr(keras.schedules, name) for name in keras.schedules.__all__
    }


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: keras.Adam(learning_rate=-1.0), r"keras\.Adam: learning_rate must be a finite number >= 0"),
        (
            lambda: keras.Adam(beta_2=1.0),
            r"keras\.Adam: beta_2 must be a number in \[0, 1\)\. .* The default is 0\.999",
        ),
        (lambda: keras.Adam(decay=0.1), r"no argument 'decay'.*InverseTimeDecay"),
        (lambda: keras.Adam(lr=0.1), "no argument 'lr'. It has: learning_rate"),
        (lambda: keras.SGD(clipnorm=0), r"clipnorm must be a finite number > 0"),
        (lambda: keras.SGD(clipnorm=1.0, clipvalue=1.0), "give one of clipnorm"),
        (lambda: keras.SGD(weight_decay=-1.0), r"keras\.SGD: weight_decay must be"),
        (lambda: keras.SGD(loss_scale_factor=2.0), "loss_scale_factor must be None"),
        (lambda: keras.SGD(gradient_accumulation_steps=1), "an integer >= 2"),
        (lambda: keras.SGD(gradient_accumulation_steps=2, use_ema=True), "use_ema can't be combined with"),
        (lambda: keras.SGD(ema_momentum=0.5), "ema_momentum has no effect without use_ema"),
        (lambda: keras.SGD(use_ema=True, ema_overwrite_frequency=0), "an integer >= 1"),
        (lambda: keras.Ftrl(learning_rate_power=0.5), "learning_rate_power must be a finite number <= 0"),
        (lambda: keras.Adafactor(beta_2_decay=0.5), "beta_2_decay must be a finite number <= 0"),
        (lambda: keras.Adam().apply([np.ones(1)]), r"Call build\(params\) before apply"),
        (lambda: keras.Adam().variables, r"Call build\(params\) before variables"),
        (lambda: keras.Adam().bind([{"params": [np.ones(1)]}]), "Keras has no groups"),
        (lambda: keras.Adam().bind([np.ones(1)]).apply([None]), "No parameter has a gradient"),
        (lambda: keras.Adam().bind([np.ones(1)]).apply([np.ones(1)] * 2), "one gradient per parameter, 1"),
        (lambda: keras.Adam().bind([np.ones(1)]).apply_gradients([(np.ones(1), np.ones(1))]), "not one of those"),
        (lambda: keras.Adam().bind([np.ones(1)]).set_weights([0, 0.1]), "has 4 variables. Received: 2"),
        (lambda: keras.Adam().bind([np.ones(1)]).set_weights([0, 0.1, np.ones(2), np.ones(1)]), r"shape \(1,\)"),
        (lambda: keras.Adam().bind([np.ones(1)]).set_weights([0, 0.1, np.full(1, np.nan), np.ones(1)]), "finite"),
        (lambda: keras.Adam().bind([np.ones(1)]).set_weights([-1, 0.1, np.ones(1), np.ones(1)]), "counts updates"),
        (lambda: keras.schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be an integer >= 1"),
        (lambda: keras.schedules.ExponentialDecay.from_config({"steps": 1}), "ExponentialDecay: "),
        (lambda: keras.Adam.from_config({"learning_rate": {"class_name": "X", "config": {}}}), "class_name must be"),
        (lambda: keras.optimizers.get("sgdd"), "must be one of sgd"),
    ],
)
def test_refusals(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()


def test_arguments_can_be_set_before_and_after_build():
    x, y = np.ones(2), np.ones(2)
    optimizer = keras.SGD(0.5, momentum=0.9)
    optimizer.momentum = 0.8
    optimizer.exclude_from_weight_decay([y])
    optimizer.build([x, y])
    optimizer.weight_decay = 0.1
    optimizer.momentum = 0.5
    config = optimizer.get_config()
    assert (optimizer.momentum, config["momentum"], config["weight_decay"]) == (0.5, 0.5, 0.1)
    optimizer.apply([np.zeros(2), np.zeros(2)])
    assert (x.tolist(), y.tolist()) == ([0.95, 0.95], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"keras\.SGD: momentum must be .* Received: momentum=2"):
        optimizer.momentum = 2.0
    with pytest.raises(ValueError, match=r"momentum can't be changed to 0\.0 after build"):
        optimizer.momentum = 0.0
    assert optimizer.momentum == 0.5


def test_the_averages_of_chosen_parameters():
    x, y = np.ones(1), np.ones(1)
    optimizer = keras.SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.build([x, y])
    for _ in range(2):
        optimizer.apply([np.ones(1), np.ones(1)])
    optimizer.finalize_variable_values([x])
    assert (x.tolist(), y.tolist()) == ([-0.5], [-1.0])


def test_gradients_are_cast_to_the_dtype_of_the_parameter():
    x = np.ones(2, np.float32)
    keras.SGD(0.5).bind([x]).apply([np.ones(2, np.float64)])
    assert x.tolist() == [0.5, 0.5]


def test_a_matrix_survives_a_gradient_of_zeros():
    x = np.ones((3, 4), np.float32)
    optimizer = keras.Adafactor().bind([x])
    optimizer.apply([np.zeros((3, 4), np.float32)])
    assert (x == 1).all()
    optimizer.apply([np.ones((3, 4), np.float32)])
    assert (x < 1).all()


def test_a_class_of_ones_own_is_itself_or_refused():
    class Adam(keras.Adam):
        pass

    class ExponentialDecay(keras.schedules.LearningRateSchedule):
        def __init__(self, value):
            self.value = value

        def __call__(self, step):
            return self.value

        def get_config(self):
            return {"value": self.value}

    own = {"Adam": Adam, "ExponentialDecay": ExponentialDecay}
    saved = json.loads(json.dumps(keras.optimizers.serialize(Adam(ExponentialDecay(0.5)))))
    with pytest.raises(ValueError, match=r"The class Adam of .* must be passed by name"):
        keras.optimizers.deserialize(saved)
    with pytest.raises(ValueError, match=r"The class ExponentialDecay of .* must be passed by name"):
        keras.Adam.from_config(saved["config"])
    again = keras.optimizers.deserialize(saved, custom_objects=own)
    assert type(again) is Adam
    assert again.spec.lr(7) == 0.5
    assert type(keras.optimizers.get("adam")) is keras.Adam
