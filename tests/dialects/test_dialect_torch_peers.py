"""The torch dialect against PyTorch itself: numbers, defaults, states that go both ways, schedulers, clipping."""

import inspect
import json
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine.autograd import Parameter
from ravine.dialects import torch as ours

pytestmark = pytest.mark.peers
theirs = pytest.importorskip("torch")

STEPS = 60
SHAPES = [(4, 3), (2, 5)]
LOW_PRECISION = "bfloat16"


@pytest.fixture(autouse=True)
def in_float64(monkeypatch):
    """Also the numbers among PyTorch's states, and the iterations of its Muon."""
    theirs.set_default_dtype(theirs.float64)
    monkeypatch.setattr(theirs.Tensor, LOW_PRECISION, theirs.Tensor.clone)
    yield
    theirs.set_default_dtype(theirs.float32)


def draw(rng):
    """Arguments of every optimizer, drawn at random."""
    a, b, c = rng.uniform(0.1, 0.95), rng.uniform(0.6, 0.999), rng.uniform(0, 0.3)
    eps = 10.0 ** rng.uniform(-8, -2)
    moments = {"betas": (a, b), "eps": eps, "weight_decay": c}
    return [
        ("SGD", {"weight_decay": c}),
        ("SGD", {"momentum": a, "dampening": b, "weight_decay": c, "maximize": True}),
        ("SGD", {"momentum": a, "nesterov": True}),
        ("Adam", moments),
        ("Adam", moments | {"amsgrad": True, "maximize": True}),
        ("Adam", moments | {"decoupled_weight_decay": True}),
        ("AdamW", moments),
        ("AdamW", moments | {"amsgrad": True}),
        ("NAdam", moments | {"momentum_decay": c}),
        ("NAdam", moments | {"decoupled_weight_decay": True}),
        ("RAdam", moments),
        ("RAdam", moments | {"decoupled_weight_decay": True, "maximize": True}),
        ("Adamax", moments),
        ("Adagrad", {"lr_decay": c, "eps": eps, "initial_accumulator_value": a, "weight_decay": c}),
        ("Adagrad", {"eps": eps}),
        ("Adadelta", {"rho": b, "eps": eps, "weight_decay": c}),
        ("RMSprop", {"alpha": b, "eps": eps, "weight_decay": c}),
        ("RMSprop", {"alpha": b, "eps": eps, "momentum": a, "centered": True}),
        ("Rprop", {"etas": (a, 1.3), "step_sizes": (1e-4, 0.5)}),
        ("ASGD", {"lambd": c, "alpha": a, "t0": 5, "weight_decay": c}),
        ("SparseAdam", {"betas": (a, b), "eps": eps}),
        ("Adafactor", {"beta2_decay": -a, "eps": (None, eps), "d": 1 + c, "weight_decay": c}),
        ("Adafactor", {"maximize": True}),
        ("Muon", {"momentum": a, "weight_decay": c, "nesterov": False}),
        ("Muon", {"momentum": a, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3}),
    ]


ROWS = [
    pytest.param(seed, i, id=f"{name}-{i}-{seed}")
    for seed in range(2)
    for i, (name, _) in enumerate(draw(np.random.default_rng(seed)))
]


class Pair:
    """An optimizer of ours and PyTorch's, on equal parameters in two groups."""

    def __init__(self, name, arguments, rng):
        starts = [rng.normal(size=shape) for shape in SHAPES]
        self.sparse = name == "SparseAdam"
        self.p = [Parameter(start) for start in starts]
        self.q = [theirs.tensor(start, requires_grad=True) for start in starts]
        self.a = self.make(ours, name, self.p, arguments)
        self.b = self.make(theirs.optim, name, self.q, arguments)

    @staticmethod
    def make(framework, name, params, arguments):
        groups = [{"params": params[:1], "lr": 0.05}, {"params": params[1:]}]
        return getattr(framework, name)(groups, lr=0.02, **arguments)

    def step(self, rng, k):
        for index, (p, q) in enumerate(zip(self.p, self.q, strict=True)):
            g = rng.normal(size=p.data.shape) * 10 ** rng.uniform(-3, 2)
            if self.sparse:
                g[rng.integers(len(g))] = 0
            missing = index > 0 and k % 7 == 3
            p.grad = None if missing else g
            q.grad = None if missing else theirs.tensor(g)
            if self.sparse and not missing:
                q.grad = q.grad.to_sparse(1)
        if k == 11:
            for optimizer in (self.a, self.b):
                optimizer.param_groups[0]["lr"] *= 0.5
        self.a.step()
        self.b.step()

    def check(self, rtol=1e-12):
        for p, q in zip(self.p, self.q, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=rtol, atol=1e-13)


def tensors(state):
    """Our state as PyTorch takes it."""
    if isinstance(state, dict):
        return {key: tensors(value) for key, value in state.items()}
    if isinstance(state, list):
        return [tensors(value) for value in state]
    return theirs.as_tensor(state) if isinstance(state, np.ndarray) else state


@pytest.mark.parametrize(("seed", "row"), ROWS)
def test_numbers(seed, row):
    rng = np.random.default_rng(seed)
    pair = Pair(*draw(rng)[row], rng)
    for k in range(STEPS):
        pair.step(rng, k)
        pair.check()


@pytest.mark.parametrize(("seed", "row"), ROWS)
def test_states_go_both_ways_in_the_middle_of_training(seed, row):
    rng = np.random.default_rng(seed)
    name, arguments = draw(rng)[row]
    pair = Pair(name, arguments, rng)
    for k in range(13):
        pair.step(rng, k)
    theirs_now, ours_now = pair.b.state_dict(), pair.a.state_dict()
    assert theirs_now["state"].keys() == ours_now["state"].keys()
    for index, kept in theirs_now["state"].items():
        assert kept.keys() == ours_now["state"][index].keys()
    for mine, its in zip(ours_now["param_groups"], theirs_now["param_groups"], strict=True):
        assert mine == its
    pair.a = Pair.make(ours, name, pair.p, {})  # hyperparameters come with the state
    pair.a.load_state_dict(theirs_now)
    pair.b = Pair.make(theirs.optim, name, pair.q, {})
    pair.b.load_state_dict(tensors(ours_now))
    for k in range(13, 30):
        pair.step(rng, k)
        pair.check()


def written(framework):
    """What a program sees that writes to groups and states between its steps."""
    mine = framework is ours
    ones = np.ones(1) if mine else theirs.ones(1)
    p, q = (Parameter(np.ones(1)) if mine else theirs.ones(1, requires_grad=True) for _ in range(2))

    def step(optimizer):
        for parameter in (p, q):
            parameter.grad = ones
        optimizer.step()
        return [float(parameter.data[0]) for parameter in (p, q)]

    optimizer = framework.optim.SGD([p], lr=0.1, momentum=0.9)
    for momentum in (0.9, 0.9, 0.0, 0.9, 1, 0.5):
        optimizer.param_groups[0]["momentum"] = momentum
        yield step(optimizer)
    optimizer.param_groups[0]["momentum"] = 0.0
    saved = optimizer.state_dict()
    yield float(saved["state"][0]["momentum_buffer"][0])
    again = framework.optim.SGD([p], lr=0.1, momentum=0.9)
    again.load_state_dict(saved)
    again.param_groups[0]["momentum"] = 0.9
    yield step(again)
    again.state[p]["momentum_buffer"] = 5 * ones
    yield step(again)
    again.state = defaultdict(dict)
    yield step(again)
    again.state.clear()
    yield step(again)
    adam = framework.optim.Adam([{"params": [q], "lr_scale": 2.0}, {"params": []}], lr=0.1)
    yield [step(adam) for _ in range(3)]
    adam.state[q]["step"] += 10
    adam.state[q]["exp_avg"] *= 2
    yield step(adam)
    other = framework.optim.Adam([{"params": [q]}, {"params": []}], lr=0.1)
    other.load_state_dict(adam.state_dict())
    yield other.param_groups[0]["lr_scale"], len(other.param_groups[1]["params"]), len(other.state), *step(other)
    yield step(framework.optim.RMSprop([q], alpha=1.0, lr=1e-9))

    class Slower(framework.optim.SGD):
        def __init__(self, params, rate):
            super().__init__(params, lr=rate / 2)

        def step(self, closure=None):
            return super().step(closure)

    yield step(Slower([q], 0.5))


def test_writes_to_groups_and_states_act():
    for a, b in zip(written(ours), written(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("name", sorted({name for name, _ in draw(np.random.default_rng(0))} | {"LBFGS"}))
def test_defaults_and_groups(name):
    shape = (2, 2)
    mine = getattr(ours, name)([Parameter(np.ones(shape))])
    its = getattr(theirs.optim, name)([theirs.ones(shape, requires_grad=True)])
    assert mine.defaults == its.defaults
    assert mine.state_dict()["param_groups"] == its.state_dict()["param_groups"]
    lines = str(its).splitlines()
    assert str(mine).splitlines() == lines


# ------------------------------------------------------------------------------------------------------------- L-BFGS
def rosenbrock(x):
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


class Descent:
    """L-BFGS of both on one function of two parameters."""

    def __init__(self, arguments):
        start = np.array([-1.2, 1.0, 0.5, 2.0])
        self.p = [Parameter(start[:1]), Parameter(start[1:])]
        self.q = [theirs.tensor(part.data.copy(), requires_grad=True) for part in self.p]
        self.a = ours.LBFGS(self.p, **arguments)
        self.b = theirs.optim.LBFGS(self.q, **arguments)

    def step(self):
        def mine():
            x = theirs.tensor(np.concatenate([p.data for p in self.p]), requires_grad=True)
            loss = rosenbrock(x)
            loss.backward()
            for p, g in zip(self.p, np.split(x.grad.numpy(), [1]), strict=True):
                p.grad = g
            return loss.item()

        def its():
            self.b.zero_grad()
            loss = rosenbrock(theirs.cat(self.q))
            loss.backward()
            return loss.detach()

        assert float(self.a.step(mine)) == pytest.approx(float(self.b.step(its)), rel=1e-6)

    def check(self, rtol):
        for p, q in zip(self.p, self.q, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=rtol)


LBFGS = [
    {"lr": 0.5, "max_iter": 4, "history_size": 3},
    {"lr": 1.0, "max_iter": 5, "history_size": 5, "line_search_fn": "strong_wolfe"},
]


@pytest.mark.parametrize("arguments", LBFGS, ids=str)
def test_lbfgs(arguments):
    run = Descent(arguments)
    for _ in range(4):
        run.step()
        run.check(1e-9)  # rounding grows by the curvature with each iteration


@pytest.mark.parametrize("arguments", LBFGS, ids=str)
def test_states_of_lbfgs_go_both_ways(arguments):
    run = Descent(arguments)
    for _ in range(2):
        run.step()
    mine, its = run.a.state_dict(), run.b.state_dict()
    run.a = ours.LBFGS(run.p)
    run.a.load_state_dict(its)
    run.b = theirs.optim.LBFGS(run.q)
    run.b.load_state_dict(tensors(mine))
    run.b.state[run.q[0]].setdefault("func_evals", 0)
    for _ in range(2):
        run.step()
        run.check(1e-8)


# --------------------------------------------------------------------------------------------------------- schedulers
def wave(k):
    return 0.5 + 0.5 * math.cos(k)


SCHEDULERS = [
    lambda s, o: s.LambdaLR(o, wave),
    lambda s, o: s.LambdaLR(o, [wave, lambda k: 0.9**k]),
    lambda s, o: s.MultiplicativeLR(o, lambda k: 1 - 0.5 / (k + 1)),
    lambda s, o: s.StepLR(o, 30, gamma=0.7),
    lambda s, o: s.MultiStepLR(o, [80, 20, 20], gamma=0.3),
    lambda s, o: s.ConstantLR(o, 0.4, 7),
    lambda s, o: s.LinearLR(o, 0.3, 0.9, 50),
    lambda s, o: s.ExponentialLR(o, 0.99),
    lambda s, o: s.PolynomialLR(o, 150, 1.7),
    lambda s, o: s.ConstantLR(o, 0.4, 0),
    lambda s, o: s.LinearLR(o, 0.3, 0.9, 0),
    lambda s, o: s.PolynomialLR(o, 0),
    lambda s, o: s.CosineAnnealingLR(o, 37, 0.001),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 9, 2, 0.001),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 9),
    lambda s, o: s.CyclicLR(o, 0.01, 0.1, 12, 7),
    lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 12, mode="triangular2", cycle_momentum=False),
    lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5, 16, mode="exp_range", gamma=0.99, base_momentum=0.5),
    lambda s, o: s.CyclicLR(o, 0.01, 0.1, 8, scale_fn=lambda c: 1 / c),
    lambda s, o: s.CyclicLR(o, 0.01, 0.1, 8, scale_fn=lambda k: 1 / (1 + k), scale_mode="iterations"),
    lambda s, o: s.OneCycleLR(o, 0.2, 300),
    lambda s, o: s.OneCycleLR(o, [0.2, 0.3], epochs=30, steps_per_epoch=10, anneal_strategy="linear", three_phase=True),
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, 1.0, 20), s.CosineAnnealingLR(o, 100)], [20]),
    lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 5), s.ExponentialLR(o, 0.9), s.StepLR(o, 5)], [5, 50]),
    lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 5), s.MultiplicativeLR(o, wave), s.StepLR(o, 5)], [5, 50]),
    lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.98)]),
    lambda s, o: s.ChainedScheduler([s.LinearLR(o, 0.2, 1.0, 30), s.StepLR(o, 40, 0.5), s.CosineAnnealingLR(o, 400)]),
]


def scheduled(framework, name, make):
    made = (lambda: Parameter(np.ones(2))) if framework is ours else (lambda: theirs.ones(2, requires_grad=True))
    params = [made(), made()]
    options = {"momentum": 0.9} if name == "SGD" else {}
    groups = [{"params": params[:1], "lr": 0.03}, {"params": params[1:]}]
    optimizer = getattr(framework.optim, name)(groups, lr=0.1, **options)
    return params, optimizer, make(framework.optim.lr_scheduler, optimizer)


def stepped(params, optimizer, scheduler):
    for p in params:
        p.grad = np.ones(2) if isinstance(p, Parameter) else theirs.ones(2)
    optimizer.step()
    scheduler.step()


def groups_of(optimizer):
    keys = ("lr", "momentum", "betas", "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum")
    return [np.concatenate([np.atleast_1d(g[key]) for key in keys if key in g]) for g in optimizer.param_groups]


# A row is a scheduler and its arguments. Both frameworks print the same digits, whatever happens between the steps.
counts = st.integers(1, 12)
shares = st.floats(0.05, 1.0).map(lambda value: round(value, 3))
rates = st.floats(1e-4, 0.9).map(lambda value: float(f"{value:.3g}"))
SIMPLE = {
    "LambdaLR": st.fixed_dictionaries({"lr_lambda": st.sampled_from([wave, lambda k: 0.95**k])}),
    "MultiplicativeLR": st.fixed_dictionaries({"lr_lambda": st.sampled_from([wave, lambda k: 0.95])}),
    "StepLR": st.fixed_dictionaries({"step_size": counts | st.sampled_from([3.0, 2.5]), "gamma": shares}),
    "MultiStepLR": st.fixed_dictionaries(
        {"milestones": st.lists(counts | st.sampled_from([3.0, 2.5])), "gamma": shares}
    ),
    "ConstantLR": st.fixed_dictionaries({"factor": shares, "total_iters": counts}),
    "LinearLR": st.fixed_dictionaries(
        {"start_factor": shares, "end_factor": shares, "total_iters": counts | st.just(4.5)}
    ),
    "ExponentialLR": st.fixed_dictionaries({"gamma": shares}),
    "PolynomialLR": st.fixed_dictionaries({"total_iters": counts, "power": st.sampled_from([0.5, 1.0, 2.0, 1.7])}),
    "CosineAnnealingLR": st.fixed_dictionaries({"T_max": counts, "eta_min": st.just(0.0) | rates}),
    "CosineAnnealingWarmRestarts": st.fixed_dictionaries({"T_0": counts, "T_mult": st.integers(1, 3)}),
}
CYCLES = {
    "CyclicLR": st.fixed_dictionaries(
        {
            "base_lr": rates,
            "max_lr": rates,
            "step_size_up": counts | st.just(2.5),
            "step_size_down": st.none() | st.just(0) | counts,
            "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
            "gamma": shares,
            "scale_fn": st.none() | st.just(wave),
        }
    ),
    "OneCycleLR": st.fixed_dictionaries(
        {
            "max_lr": rates,
            "total_steps": st.just(60),
            "pct_start": shares,
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "three_phase": st.booleans(),
        }
    ),
}
simple = st.one_of([st.tuples(st.just(name), arguments) for name, arguments in SIMPLE.items()])
cycles = st.one_of([st.tuples(st.just(name), arguments) for name, arguments in CYCLES.items()])
several = st.lists(simple, min_size=1, max_size=3)
chained = st.tuples(st.just("ChainedScheduler"), several)
parts = st.tuples(simple | chained, st.lists(simple, max_size=2)).map(lambda pair: [pair[0], *pair[1]])
sequences = st.tuples(st.just("SequentialLR"), parts)
EVENTS = st.dictionaries(st.integers(1, 29), st.sampled_from(["halve", "reload", "continue", "add"]), max_size=3)


def built(framework, optimizer, row, last_epoch=-1):
    """The scheduler of a row. A combined one is made of those of several rows."""
    name, arguments = row
    s = framework.optim.lr_scheduler
    if name == "ChainedScheduler":
        return s.ChainedScheduler([built(framework, optimizer, part) for part in arguments], optimizer)
    if name == "SequentialLR":
        milestones = [4 * (i + 1) for i in range(len(arguments) - 1)]
        return s.SequentialLR(optimizer, [built(framework, optimizer, part) for part in arguments], milestones)
    return getattr(s, name)(optimizer, **arguments, last_epoch=last_epoch)


def digits(framework, row, starts, events):
    """What a program prints: every lr and momentum of every group before each step, or where it stops and why."""
    tensor = (lambda: Parameter(np.ones(1))) if framework is ours else (lambda: theirs.ones(1, requires_grad=True))

    def make():
        return framework.optim.SGD([{"params": [tensor()], "lr": lr} for lr in starts], lr=0.1, momentum=0.9)

    optimizer = make()
    scheduler = built(framework, optimizer, row)
    for k in range(30):
        event = events.get(k)
        if event == "halve":
            optimizer.param_groups[0]["lr"] *= 0.5
        elif event == "add":
            optimizer.add_param_group({"params": [tensor()], "lr": 0.03})
        elif event is not None and len(optimizer.param_groups) == len(starts):
            saved, state = optimizer.state_dict(), scheduler.state_dict()
            optimizer = make()
            if event == "reload" or row[0] in ("ChainedScheduler", "SequentialLR", "OneCycleLR", "CyclicLR"):
                scheduler = built(framework, optimizer, row)
                optimizer.load_state_dict(saved)
                scheduler.load_state_dict(state)
            else:
                optimizer.load_state_dict(saved)
                scheduler = built(framework, optimizer, row, scheduler.last_epoch)
        yield [(repr(group["lr"]), repr(group["momentum"])) for group in optimizer.param_groups]
        optimizer.step()
        try:
            scheduler.step()
        except (ValueError, KeyError, ZeroDivisionError):
            yield "stops"
            return
        yield [repr(float(lr)) for lr in scheduler.get_last_lr()]


@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's, of steps without gradients
@given(simple | cycles | chained | sequences, st.lists(rates, min_size=1, max_size=2), EVENTS)
@settings(max_examples=300, deadline=None)
def test_random_schedulers_print_the_same_digits(row, starts, events):
    assert list(digits(ours, row, starts, events)) == list(digits(theirs, row, starts, events))


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("row", range(len(SCHEDULERS)))
def test_schedulers_set_the_same_values(row, name):
    mine, its = (scheduled(framework, name, SCHEDULERS[row]) for framework in (ours, theirs))
    for _ in range(300):
        for a, b in zip(groups_of(mine[1]), groups_of(its[1]), strict=True):
            np.testing.assert_array_equal(a, b)
        assert mine[2].get_last_lr() == its[2].get_last_lr()
        stepped(*mine)
        stepped(*its)
    for p, q in zip(mine[0], its[0], strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("row", range(len(SCHEDULERS)))
def test_schedulers_states_go_both_ways(row):
    mine, its = (scheduled(framework, "SGD", SCHEDULERS[row]) for framework in (ours, theirs))
    for _ in range(45):
        stepped(*mine)
        stepped(*its)
    states = mine[2].state_dict(), its[2].state_dict()
    resumed, resumed_its = (scheduled(framework, "SGD", SCHEDULERS[row]) for framework in (ours, theirs))
    resumed[1].load_state_dict(its[1].state_dict())
    resumed[2].load_state_dict(states[1])
    resumed_its[1].load_state_dict(tensors(mine[1].state_dict()))
    resumed_its[2].load_state_dict(states[0])
    for _ in range(40):
        for run in (mine, its, resumed, resumed_its):
            stepped(*run)
        for run in (its, resumed, resumed_its):
            assert run[2].get_last_lr() == mine[2].get_last_lr()


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize(("patience", "cooldown", "min_lr"), [(0, 0, 0), (2, 0, 1e-3), (2, 2, [0.01, 0.02]), (3, 1, 0)])
def test_plateau(mode, threshold_mode, patience, cooldown, min_lr):
    def make(s, o):
        return s.ReduceLROnPlateau(
            o, mode, 0.5, patience, threshold=0.05, threshold_mode=threshold_mode, cooldown=cooldown, min_lr=min_lr
        )

    rng = np.random.default_rng(patience)
    mine, its = (scheduled(framework, "SGD", make) for framework in (ours, theirs))
    for k in range(80):
        metric = float("nan") if k % 17 == 4 else round(float(rng.normal()), 1)
        if k == 40:
            mine[2].load_state_dict(its[2].state_dict())
        mine[2].step(metric)
        its[2].step(metric)
        assert mine[2].get_last_lr() == its[2].get_last_lr()
        saved = its[2].state_dict()
        assert json.dumps(mine[2].state_dict(), sort_keys=True) == json.dumps(saved, sort_keys=True)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 7])
def test_swalr(strategy, epochs):
    def run(framework):
        params, optimizer, first = scheduled(framework, "SGD", lambda s, o: s.ExponentialLR(o, 0.9))
        last = framework.optim.swa_utils.SWALR(optimizer, [0.5, 0.01], epochs, strategy)
        for k in range(30):
            stepped(params, optimizer, first if k < 10 else last)
            yield [group["lr"] for group in optimizer.param_groups]

    assert list(run(ours)) == list(run(theirs))


def test_restarts_at_fractions_of_an_epoch():
    def run(framework):
        _, optimizer, scheduler = scheduled(framework, "SGD", lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2))
        for epoch in range(8):
            for batch in range(4):
                scheduler.step(epoch + batch / 4)
                yield [group["lr"] for group in optimizer.param_groups]

    assert list(run(ours)) == list(run(theirs))


def test_two_schedulers_on_one_optimizer():
    def run(framework):
        params, optimizer, first = scheduled(framework, "SGD", lambda s, o: s.StepLR(o, 3, 0.5))
        second = framework.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
        for k in range(60):
            stepped(params, optimizer, first)
            second.step()
            if k == 30:
                optimizer.param_groups[0]["lr"] = 0.2
            yield [group["lr"] for group in optimizer.param_groups]

    assert list(run(ours)) == list(run(theirs))


def test_two_schedulers_that_bring_the_rate_below_zero():
    def run(framework):
        params, optimizer, first = scheduled(framework, "SGD", lambda s, o: s.CosineAnnealingLR(o, 9, 0.01))
        second = framework.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)
        for _ in range(14):
            stepped(params, optimizer, first)
            second.step()
            yield [group["lr"] for group in optimizer.param_groups]

    its = list(run(theirs))
    assert min(map(min, its)) < 0
    assert list(run(ours)) == its


def test_a_cosine_from_its_end_moves_a_changed_rate():
    def run(framework):
        params, optimizer, scheduler = scheduled(framework, "SGD", lambda s, o: s.CosineAnnealingLR(o, 9, 0.1))
        for k in range(30):
            if k in (3, 12):
                optimizer.param_groups[1]["lr"] *= 0.5
            stepped(params, optimizer, scheduler)
            yield optimizer.param_groups[1]["lr"]

    assert list(run(ours)) == list(run(theirs))


@pytest.mark.filterwarnings("ignore::UserWarning")  # of the epoch, and of the order of calls
def test_a_product_is_driven_by_the_epoch():
    def run(framework):
        _, optimizer, scheduler = scheduled(framework, "SGD", lambda s, o: s.MultiplicativeLR(o, wave))
        for k in (0, 1, 0, 2, 0):
            scheduler.step(k)
            yield [group["lr"] for group in optimizer.param_groups]

    assert list(run(ours)) == list(run(theirs))


# ----------------------------------------------------------------------------------------------------------- clipping
@pytest.mark.parametrize("norm_type", [2, 1, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e3])
@pytest.mark.parametrize("broken", [None, math.nan, math.inf])
def test_clipping_by_norm(norm_type, max_norm, broken):
    rng = np.random.default_rng(0)
    p = [Parameter(np.zeros(shape)) for shape in SHAPES]
    q = [theirs.zeros(shape, requires_grad=True) for shape in SHAPES]
    for a, b in zip(p, q, strict=True):
        g = rng.normal(size=a.data.shape)
        if broken is not None:
            g[0, 0] = broken
        a.grad, b.grad = g, theirs.tensor(g)
    mine = ours.nn.utils.clip_grad_norm_(p, max_norm, norm_type)
    np.testing.assert_allclose(mine, theirs.nn.utils.clip_grad_norm_(q, max_norm, norm_type), rtol=1e-14)
    for a, b in zip(p, q, strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-14)


@pytest.mark.parametrize("name", [n for n in ours.optimizers.__all__ if n != "Optimizer"])
def test_the_signature_is_pytorchs(name):
    mine = inspect.signature(getattr(ours, name)).parameters.values()
    its = list(inspect.signature(getattr(theirs.optim, name).__init__).parameters.values())[1:]
    assert [(p.name, p.kind) for p in mine] == [(p.name, p.kind) for p in its]
    assert [p.default for p in mine][1:] == [p.default for p in its][1:]
