"""Side by side with PyTorch, stepped, with Keras, optax and TensorFlow 1: the schedules, by the same arguments."""

import importlib.util
import math
import os
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine.dialects import keras as keras_like
from ravine.dialects import optax as optax_like
from ravine.dialects import tf1
from ravine.dialects.torch import lr_scheduler as torch_like
from ravine.schedules import Cosine, Exponential, Linear, OneCycle, ReduceOnPlateau, Schedule, Step
from ravine.schedules.fields import NonNegative, NonNegativeInt, PositiveInt
from ravine.schedules.plateau import PlateauState

pytestmark = pytest.mark.peers
K = np.arange(200)
SOME = np.unique([*K[::11], 19, 20, 21, 70, 89, 90, 91])  # where a call costs milliseconds
LR = 0.3


def fades(k):
    return 1 / (1 + 0.1 * k)


def title(value):
    """A name, or options with functions by their names."""
    if isinstance(value, str):
        return value
    return ", ".join(f"{name}={getattr(option, '__name__', option)}" for name, option in value.items())


# -- PyTorch: float64 throughout ---------------------------------------------------------------------------------------


def stepped(make, name="lr", steps=K.size):
    """What PyTorch's optimizer has before each update."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR, momentum=0.9)
    scheduler = make(torch.optim, optimizer)
    received = []
    for _ in range(steps):
        received.append(optimizer.param_groups[0][name])
        optimizer.step()
        scheduler.step()
    return received


TORCH = [
    ("ConstantLR", {"factor": 0.2, "total_iters": 30}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 50}),
    ("PolynomialLR", {"total_iters": 150, "power": 2}),
    ("StepLR", {"step_size": 30, "gamma": 0.1}),
    ("MultiStepLR", {"milestones": [3, 60], "gamma": 0.1}),
    ("MultiStepLR", {"milestones": [60, 3, 3, 0], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.99}),
    ("CosineAnnealingLR", {"T_max": 199, "eta_min": 0.1}),
    ("CosineAnnealingLR", {"T_max": 17, "eta_min": 0.1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 7, "T_mult": 2, "eta_min": 0.1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    ("LambdaLR", {"lr_lambda": fades}),
    ("MultiplicativeLR", {"lr_lambda": fades}),
]


@pytest.mark.parametrize(("name", "options"), TORCH, ids=title)
def test_torch(name, options):
    s = getattr(torch_like, name).schedule(LR, **options)
    received = stepped(lambda optim, optimizer: getattr(optim.lr_scheduler, name)(optimizer, **options))
    np.testing.assert_allclose(s(K), received, rtol=1e-11, atol=1e-15)


CYCLIC = [
    {"step_size_up": 8, "step_size_down": 12},
    {"step_size_up": 8, "mode": "triangular2"},
    {"step_size_up": 8, "mode": "exp_range", "gamma": 0.99},
    {"step_size_up": 8, "step_size_down": 3, "scale_fn": fades},
    {"step_size_up": 8, "scale_fn": fades, "scale_mode": "iterations"},
]


@pytest.mark.parametrize("options", CYCLIC, ids=title)
def test_torch_cyclic(options):
    s = torch_like.CyclicLR.schedule(0.1, 0.3, **options)
    momentum = torch_like.CyclicLR.schedule(0.9, 0.8, **options)

    def make(optim, optimizer):
        return optim.lr_scheduler.CyclicLR(optimizer, 0.1, 0.3, base_momentum=0.8, max_momentum=0.9, **options)

    np.testing.assert_allclose(s(K), stepped(make), rtol=1e-11)
    np.testing.assert_allclose(momentum(K), stepped(make, "momentum"), rtol=1e-11)


ONE_CYCLE = {
    "total_steps": st.integers(4, 60),
    "pct_start": st.floats(0, 0.9),
    "anneal_strategy": st.sampled_from(["cos", "linear"]),
    "div_factor": st.floats(2, 50),
    "final_div_factor": st.floats(1, 1e4),
    "three_phase": st.booleans(),
}


@given(st.fixed_dictionaries(ONE_CYCLE).filter(lambda options: options["pct_start"] * options["total_steps"] != 1))
@settings(max_examples=50)
def test_torch_one_cycle(options):
    s, steps = torch_like.OneCycleLR.schedule(0.3, **options), options["total_steps"]
    momentum = OneCycle(0.85, steps, 0.95, 0.95, s.rise, s.shape, s.phases)

    def make(optim, optimizer):
        return optim.lr_scheduler.OneCycleLR(optimizer, 0.3, **options)

    k = K[:steps]
    np.testing.assert_allclose(s(k), stepped(make, steps=steps), rtol=1e-11, atol=1e-16)  # theirs ends inexactly
    np.testing.assert_allclose(momentum(k), stepped(make, "momentum", steps), rtol=1e-11)


def test_torch_one_after_another_and_together():
    def sequential(optim, optimizer):
        of = optim.lr_scheduler
        parts = [of.LinearLR(optimizer, 0.1, 1.0, 20), of.StepLR(optimizer, 7, 0.5), of.ExponentialLR(optimizer, 0.9)]
        return of.SequentialLR(optimizer, parts, [20, 100])

    s = torch_like.SequentialLR.schedule([Linear(0.03, LR, 20), Step(LR, 0.5, 7), Exponential(LR, 0.9)], [20, 100])
    np.testing.assert_allclose(s(K), stepped(sequential), rtol=1e-11)

    def chained(optim, optimizer):
        of = optim.lr_scheduler
        parts = [of.ConstantLR(optimizer, 0.1, 20), of.StepLR(optimizer, 7, 0.9), of.PolynomialLR(optimizer, 300)]
        return of.ChainedScheduler(parts, optimizer)

    parts = [torch_like.ConstantLR.schedule(LR, 0.1, 20), Step(LR, 0.9, 7), torch_like.PolynomialLR.schedule(LR, 300)]
    np.testing.assert_allclose(torch_like.ChainedScheduler.schedule(LR, parts)(K), stepped(chained), rtol=1e-11)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 10])
def test_torch_swa(strategy, epochs):
    s = torch_like.SWALR.schedule(LR, 0.05, epochs, strategy)

    def make(optim, optimizer):
        return optim.swa_utils.SWALR(optimizer, 0.05, epochs, strategy)

    received = stepped(make, steps=30)
    np.testing.assert_allclose(s(K[1:30]), received[1:], rtol=1e-11)


# -- Keras and optax: float32 ------------------------------------------------------------------------------------------


def keras_itself():
    """Keras, on whichever backend there is."""
    backends = [name for name in ("jax", "torch", "tensorflow") if importlib.util.find_spec(name)]
    if not backends:
        pytest.skip("no backend for Keras")
    os.environ.setdefault("KERAS_BACKEND", backends[0])
    return pytest.importorskip("keras")


KERAS = [
    ("ExponentialDecay", (LR, 20, 0.5)),
    ("ExponentialDecay", (LR, 20, 0.5, True)),
    ("InverseTimeDecay", (LR, 20, 0.5)),
    ("InverseTimeDecay", (LR, 20, 0.5, True)),
    ("PiecewiseConstantDecay", ([0, 20, 100], [0.4, 0.3, 0.2, 0.1])),
    ("PolynomialDecay", (LR, 150, 0.1, 2.0)),
    ("PolynomialDecay", (LR, 40, 0.1, 2.0, True)),
    ("CosineDecay", (LR, 150, 0.1)),
    ("CosineDecayRestarts", (LR, 20)),
    ("CosineDecayRestarts", (LR, 20, 1.5, 0.7, 0.1)),
    ("CosineDecayRestarts", (LR, 20, 1.0, 0.7)),
]


WARMUP = {"warmup_target": LR, "warmup_steps": 20}
KERAS_ROWS = [*((name, arguments, {}) for name, arguments in KERAS), ("CosineDecay", (0.01, 150, 0.1), WARMUP)]


@pytest.mark.parametrize(("name", "arguments", "options"), KERAS_ROWS, ids=str)
def test_keras(name, arguments, options):
    keras = keras_itself()
    theirs = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    s = getattr(keras_like.schedules, name)(*arguments, **options)
    received = [float(theirs(k)) for k in SOME.tolist()]
    np.testing.assert_allclose(s(SOME), received, rtol=1e-4, atol=1e-6)


SGDR = [{"init_value": 0.0, "peak_value": p, "warmup_steps": 5, "decay_steps": n} for p, n in [(0.3, 50), (0.2, 70)]]
OPTAX = [
    ("constant_schedule", (LR,)),
    ("linear_schedule", (0.1, LR, 50, 7)),
    ("linear_schedule", (0.1, LR, 0)),
    ("polynomial_schedule", (LR, 0.1, 2, 50)),
    ("cosine_decay_schedule", (LR, 150, 0.1, 1.5)),
    ("exponential_decay", (LR, 20, 0.5, 7, False, 0.1)),
    ("exponential_decay", (LR, 20, 0.5, 0, True)),
    ("exponential_decay", (LR, 20, 1.5, 7, True, 1.0)),
    ("piecewise_constant_schedule", (LR, {20: 0.1, 90: 0.5})),
    ("piecewise_constant_schedule", (LR, {0: 0.5, 90.0: 0.5})),
    ("piecewise_interpolate_schedule", ("linear", LR, {0: 0.5, 90: 2.0})),
    ("linear_schedule", (0.1, LR, 50.0, 7.0)),
    ("piecewise_interpolate_schedule", ("linear", LR, {20: 0.1, 90: 2.0})),
    ("piecewise_interpolate_schedule", ("cosine", LR, {20: 0.1, 90: 2.0})),
    ("linear_onecycle_schedule", (151, LR)),
    ("cosine_onecycle_schedule", (151, LR)),
    ("warmup_constant_schedule", (0.1, LR, 20)),
    ("warmup_cosine_decay_schedule", (0.1, LR, 20, 150, 0.03, 1.5)),
    ("warmup_exponential_decay_schedule", (0.1, LR, 20, 30, 0.5, 7, False, 0.01)),
    ("sgdr_schedule", (SGDR,)),
]


@pytest.mark.parametrize(("name", "arguments"), OPTAX, ids=str)
def test_optax(name, arguments):
    optax = pytest.importorskip("optax")
    theirs = getattr(optax, name)(*arguments)
    s = getattr(optax_like, name)(*arguments)
    received = [float(theirs(k)) for k in SOME.tolist()]
    np.testing.assert_allclose(s(SOME), received, rtol=2e-5, atol=1e-7)


NO_STEPS = [
    ("cosine_decay_schedule", (LR, 0)),
    ("warmup_cosine_decay_schedule", (0.0, LR, 5, 5)),
    ("linear_onecycle_schedule", (0, LR)),
    ("cosine_onecycle_schedule", (0, LR)),
    ("piecewise_constant_schedule", (LR, {20: -0.5})),
]


@pytest.mark.parametrize(("name", "arguments"), NO_STEPS, ids=str)
def test_optax_refuses(name, arguments):
    optax = pytest.importorskip("optax")
    for module in (optax, optax_like):
        with pytest.raises(ValueError, match=r"steps|scale"):
            getattr(module, name)(*arguments)


def test_optax_joins():
    optax = pytest.importorskip("optax")
    theirs = optax.join_schedules([optax.linear_schedule(0, LR, 20), optax.cosine_decay_schedule(LR, 100)], [30])
    s = optax_like.join_schedules([Linear(0, LR, 20), Cosine(LR, 0, 100)], [30])
    np.testing.assert_allclose(s(K), theirs(K), rtol=2e-5, atol=1e-7)
    functions = [fades, lambda k: 0.1 + 0 * k]
    theirs, s = (module.join_schedules(functions, [30.0]) for module in (optax, optax_like))
    np.testing.assert_allclose(s(K), theirs(K), rtol=2e-5, atol=1e-7)


TF1 = [
    ("exponential_decay", (0.15, 1, 0.9999), {}),
    ("exponential_decay", (LR, 20, 0.5, True), {}),
    ("natural_exp_decay", (LR, 20, 0.5), {}),
    ("natural_exp_decay", (LR, 20, 0.5, True), {}),
    ("inverse_time_decay", (LR, 20, 0.5, True), {}),
    ("polynomial_decay", (LR, 40, 0.1, 2.0, True), {}),
    ("cosine_decay", (LR, 150, 0.1), {}),
    ("cosine_decay_restarts", (LR, 20, 1.5, 0.7, 0.1), {}),
    ("linear_cosine_decay", (LR, 150, 1.7, 0.1, 0.01), {}),
    ("noisy_linear_cosine_decay", (LR, 150, 0.0, 0.55, 1.7, 0.1, 0.01), {}),  # without its noise
]


@pytest.mark.parametrize(("name", "arguments", "options"), TF1, ids=str)
def test_tensorflow_1(name, arguments, options):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("no TensorFlow")
    import tensorflow

    decay = getattr(tensorflow.compat.v1.train, name)
    s = getattr(tf1, name)(arguments[0], tf1.Variable(0, trainable=False), *arguments[1:])
    received = []
    for k in SOME.tolist():
        theirs = decay(arguments[0], k, *arguments[1:], **options)
        received.append(float(theirs() if callable(theirs) else theirs))
    np.testing.assert_allclose(s(SOME), received, rtol=1e-4, atol=1e-6)


# -- plateaus ----------------------------------------------------------------------------------------------------------

positive = st.lists(st.floats(0.0625, 3, width=32) | st.just(1.0), min_size=1, max_size=40)
anything = st.lists(st.floats(-3, 3) | st.sampled_from([math.nan, math.inf, 0.0, 1.0]), min_size=1, max_size=40)
patience = st.integers(0, 3)
cooldown = st.integers(0, 3)


def values(controller, metrics):
    """The rate after each metric."""
    return [controller.observe(metric) is None or controller(0) for metric in metrics]


@pytest.fixture(scope="module")
def exactly_torch():
    """A dialect of a few lines: PyTorch's threshold below 0, and its eps."""
    registry, Schedule.registry = Schedule.registry, dict(Schedule.registry)

    class TorchState(PlateauState):
        best: Any = None  # infinite metrics too

    class ExactlyTorch(ReduceOnPlateau):
        State = TorchState
        eps: NonNegative = 1e-8

        def better(self, metric, best):
            sign = 1 if self.mode == "min" else -1
            best = sign * math.inf if best is None else best
            bar = best - sign * self.threshold if self.threshold_mode == "abs" else best * (1 - sign * self.threshold)
            return sign * metric < sign * bar

        def reduced(self, scale):
            new = max(self.start * scale * self.factor, self.minimum)
            return scale * self.factor if self.start * scale - new > self.eps else scale

    yield ExactlyTorch
    Schedule.registry = registry


modes, bys = st.sampled_from(["min", "max"]), st.sampled_from(["rel", "abs"])


@given(anything, patience, cooldown, modes, bys, st.floats(0, 0.5))
def test_torch_plateau(exactly_torch, metrics, patience, cooldown, mode, by, threshold):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    options = {"mode": mode, "factor": 0.1, "patience": patience, "threshold": threshold, "cooldown": cooldown}
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=2e-6, threshold_mode=by, **options)
    ours = exactly_torch(0.1, minimum=2e-6, threshold_mode=by, **options)
    plain = ReduceOnPlateau(0.1, minimum=2e-6, threshold_mode=by, **options)
    received = [theirs.step(metric) or optimizer.param_groups[0]["lr"] for metric in metrics]
    np.testing.assert_allclose(values(ours, metrics), received, rtol=1e-12)
    if all(0 < metric < math.inf for metric in metrics):
        np.testing.assert_allclose(values(plain, metrics), received, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's own
@given(positive, patience, cooldown, modes, st.sampled_from([0.0, 0.125]))
@settings(max_examples=30)
def test_keras_plateau(metrics, patience, cooldown, mode, delta):
    keras = keras_itself()
    options = {"factor": 0.5, "patience": patience, "mode": mode, "min_delta": delta, "cooldown": cooldown}
    theirs = keras.callbacks.ReduceLROnPlateau(monitor="loss", min_lr=0.01, **options)
    optimizer = keras.optimizers.SGD(0.25)
    theirs.set_model(types.SimpleNamespace(optimizer=optimizer))
    theirs.on_train_begin()
    received = []
    for epoch, metric in enumerate(metrics):
        theirs.on_epoch_end(epoch, {"loss": metric})
        received.append(float(optimizer.learning_rate.numpy()))
    ours = keras_like.callbacks.ReduceLROnPlateau.schedule(0.25, min_lr=0.01, **options)
    np.testing.assert_allclose(values(ours, metrics), received, rtol=1e-6)


@pytest.fixture(scope="module")
def exactly_optax():
    """Another: two tolerances, and the mean of several metrics, which are part of its state."""
    registry, Schedule.registry = Schedule.registry, dict(Schedule.registry)

    class OptaxState(PlateauState):
        total: float = 0.0
        seen: NonNegativeInt = 0

    class ExactlyOptax(ReduceOnPlateau):
        State = OptaxState
        atol: NonNegative = 0.0
        size: PositiveInt = 1

        def better(self, metric, best):
            return best is None or metric < (1 - self.threshold) * best - self.atol

        def observe(self, metric):
            seen, total = self.state.seen + 1, self.state.total + metric
            whole = seen == self.size
            self._become(self.state.replace(seen=0 if whole else seen, total=0.0 if whole else total))
            return whole and super().observe(total / seen)

    yield ExactlyOptax
    Schedule.registry = registry


@given(positive, st.integers(1, 3), cooldown, st.integers(1, 3))
@settings(max_examples=10)
def test_optax_plateau(exactly_optax, metrics, patience, cooldown, size):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")

    def scales(**more):
        theirs = optax.contrib.reduce_on_plateau(**options, **more)
        state, update = theirs.init({"x": np.zeros(1)}), jax.jit(theirs.update)
        for metric in metrics:
            _, state = update({"x": np.zeros(1)}, state, value=metric)
            yield float(state.scale)

    options = {"factor": 0.5, "patience": patience, "rtol": 0.125, "cooldown": cooldown, "min_scale": 0.01}
    like = optax_like.schedules.reduce_on_plateau(**options)
    np.testing.assert_allclose(values(like, metrics), list(scales()), rtol=1e-6)
    exactly = exactly_optax(1.0, 0.5, patience - 1, "min", 0.125, cooldown, 0.01, atol=0.0625, size=size)
    received = list(scales(atol=0.0625, accumulation_size=size))
    half = len(metrics) // 2
    resumed = exactly.clone()
    first = values(exactly, metrics[:half])
    resumed.load_state_dict(exactly.state_dict())
    np.testing.assert_allclose(first + values(resumed, metrics[half:]), received, rtol=1e-6)
