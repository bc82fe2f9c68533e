"""The torch dialect without PyTorch: groups, states, what is refused and how."""

import copy
import math
import sys

import numpy as np
import pytest

from ravine.autograd import Parameter, nn
from ravine.dialects import torch
from ravine.dialects.torch import lr_scheduler, optim
from ravine.dialects.torch.nn.utils import clip_grad_norm_, clip_grad_value_
from ravine.dialects.torch.optim.lr_scheduler import StepLR, _LRScheduler
from ravine.optim import Adam as OurAdam
from ravine.schedules import Cosine, ReduceOnPlateau

NAMES = [name for name in optim.__all__ if name[0].isupper() and name != "Optimizer"]


def parameters(rng, dtype=np.float64):
    shapes = {"w": (3, 2), "b": (2, 4)}
    return [Parameter(rng.normal(size=shape).astype(dtype), name=name) for name, shape in shapes.items()]


def step(optimizer, rng):
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = rng.normal(size=p.data.shape).astype(p.data.dtype)
    optimizer.step(closure if isinstance(optimizer, torch.LBFGS) else None)


def closure():
    return 1.0


def test_one_optimizer_by_all_its_names():
    assert torch.Adam is torch.optim.Adam is optim.Adam
    assert torch.lr_scheduler.StepLR is torch.optim.lr_scheduler.StepLR is lr_scheduler.StepLR is StepLR
    assert torch.optim.swa_utils.SWALR is lr_scheduler.SWALR


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_goes_on_with_the_same_numbers(name, dtype):
    rng = np.random.default_rng(0)
    params = parameters(rng, dtype)
    optimizer = getattr(torch, name)(params)
    for _ in range(4):
        step(optimizer, rng)
    others = [Parameter(p.data.copy()) for p in params]
    other = getattr(torch, name)(others, lr=0.5)
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved)
    other.load_state_dict(saved)
    for _ in range(4):
        step(optimizer, copy.deepcopy(rng))
        step(other, rng)
        for p, q in zip(params, others, strict=True):
            assert p.data.dtype == dtype
            np.testing.assert_array_equal(p.data, q.data)
    assert repr(saved) == repr(before)  # copied, not aliased


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("LBFGS", "SGD", "Muon")])
def test_a_state_of_another_optimizer_is_refused_and_nothing_changes(name):
    rng = np.random.default_rng(0)
    optimizer = getattr(torch, name)(parameters(rng))
    step(optimizer, rng)
    other = torch.SGD(parameters(rng), lr=0.1, momentum=0.9)
    step(other, rng)
    before = repr(optimizer.state_dict())
    for wrong in (
        other.state_dict(),
        {**optimizer.state_dict(), "state": other.state_dict()["state"]},
        {**optimizer.state_dict(), "param_groups": []},
        {**optimizer.state_dict(), "state": {7: {}}},
        {"state": {}},
        None,
    ):
        with pytest.raises((TypeError, ValueError)):
            optimizer.load_state_dict(wrong)
        assert repr(optimizer.state_dict()) == before


def test_shapes_of_a_state_are_checked():
    rng = np.random.default_rng(0)
    optimizer = torch.Adam(parameters(rng))
    step(optimizer, rng)
    saved = optimizer.state_dict()
    saved["state"][1]["exp_avg"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"exp_avg of parameter b must have shape \(2, 4\)\. Received: \(3,\)"):
        optimizer.load_state_dict(saved)


def test_groups_are_read_and_written_through():
    rng = np.random.default_rng(0)
    w, b = parameters(rng)
    optimizer = torch.Adam([{"params": [w], "lr": 0.1, "name": "head"}, {"params": b}], betas=(0.8, 0.9))
    first, second = optimizer.param_groups
    assert (first["lr"], second["lr"], first["betas"], first["name"]) == (0.1, 1e-3, (0.8, 0.9), "head")
    for group in optimizer.param_groups:
        group["lr"] *= 0.5
    first["betas"] = (0.5, 0.6)
    assert [bound.groups[0].spec for bound in (first.bound, second.bound)] == [
        OurAdam(lr=0.05, beta1=0.5, beta2=0.6),
        OurAdam(lr=5e-4, beta1=0.8, beta2=0.9),
    ]
    message = r"torch\.Adam: betas\[1\] must be a number in \[0, 1\)\. Received: betas\[1\]=2"
    with pytest.raises(ValueError, match=message):
        first["betas"] = (0.5, 2)
    assert first["betas"] == (0.5, 0.6)
    assert optimizer.state == {}
    assert optimizer.state[w] == {}
    step(optimizer, rng)
    assert optimizer.state[w]["exp_avg"].shape == (3, 2)
    assert len(optimizer.state) == 2
    with pytest.raises(KeyError, match=r"by parameter of this optimizer\. Received: Parameter"):
        optimizer.state[Parameter(np.zeros(1))]
    with pytest.raises(TypeError, match="can't be exchanged"):
        first["params"] = []
    for change in (lambda own: own.append(w), lambda own: own.__setitem__(0, b), lambda own: own.clear()):
        with pytest.raises(TypeError, match="can't be exchanged"):
            change(first["params"])
    with pytest.raises(ValueError, match="Received: momentum_buffer"):
        optimizer.state[w]["momentum_buffer"] = np.zeros((3, 2))
    with pytest.raises(TypeError, match="can't be deleted"):
        del first["lr"]
    del first["name"]
    assert "name" not in first


def test_momentum_can_be_switched_on_later():
    p, q = Parameter(np.ones(3)), Parameter(np.ones(3))
    switched, fresh = torch.SGD([p], lr=0.1), torch.SGD([q], lr=0.1, momentum=0.9)
    switched.param_groups[0]["momentum"] = 0.9
    rng = np.random.default_rng(0)
    for _ in range(3):
        step(switched, copy.deepcopy(rng))
        step(fresh, rng)
    np.testing.assert_array_equal(p.data, q.data)


def test_a_group_is_added():
    rng = np.random.default_rng(0)
    w, b = parameters(rng)
    optimizer = torch.SGD([w], lr=0.1)
    optimizer.add_param_group({"params": [b], "lr": 0.01})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01]
    with pytest.raises(ValueError, match="two groups"):
        optimizer.add_param_group({"params": [w]})
    assert len(optimizer.param_groups) == 2


def test_names_of_parameters():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    optimizer = torch.Adam(net.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == list(net.named_parameters())


def test_plain_arrays_take_gradients():
    a, b = np.zeros(2), np.zeros(3)
    optimizer = torch.SGD([{"params": [a]}, {"params": [b], "lr": 1.0}], lr=0.5)
    optimizer.step([np.ones(2), np.ones(3)])
    assert optimizer.step(lambda: (2.5, [None, np.ones(3)])) == 2.5
    assert (a.tolist(), b.tolist()) == ([-0.5, -0.5], [-2.0, -2.0, -2.0])
    with pytest.raises(ValueError, match="one gradient per parameter, 2"):
        optimizer.step([np.ones(2)])


def test_zero_grad():
    p = Parameter(np.zeros(2))
    optimizer = torch.SGD([p], lr=1.0, momentum=0.5)
    p.grad = np.ones(2)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    optimizer.step()
    assert p.data.tolist() == [-1.5, -1.5]  # a gradient of zeros is a gradient
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.step()
    assert p.data.tolist() == [-1.5, -1.5]


def test_a_schedule_of_ours_is_a_learning_rate():
    p = Parameter(np.zeros(1))
    optimizer = torch.SGD([p], lr=Cosine(1.0, 0.0, 4))
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        step(optimizer, np.random.default_rng(0))
    assert rates == Cosine(1.0, 0.0, 4)(np.arange(4)).tolist()
    other = torch.SGD([Parameter(np.zeros(1))], lr=Cosine(1.0, 0.0, 4))
    other.load_state_dict(optimizer.state_dict())
    assert other.param_groups[0]["lr"] == 0.0
    with pytest.raises(TypeError, match="can't store the state of a schedule"):
        torch.SGD([p], lr=ReduceOnPlateau(0.1))


def test_without_parameters_it_is_a_value():
    value = torch.Adam(lr=0.1)
    assert value.spec == OurAdam(lr=0.1)
    assert repr(value).startswith("torch.Adam(lr=0.1, betas=(0.9, 0.999)")
    with pytest.raises(ValueError, match="has no parameters"):
        value.step()
    bound = value.bind([Parameter(np.zeros(1))])
    assert bound.param_groups[0]["lr"] == 0.1
    with pytest.raises(TypeError, match="can't be copied"):
        copy.copy(bound)


REFUSED = [
    ("Adam", {"lr": -1}, ValueError, r"torch\.Adam: lr must be a finite number >= 0\. Received: lr=-1\. The default"),
    ("Adam", {"betas": (1.0, 0.9)}, ValueError, r"betas\[0\] must be a number in \[0, 1\)"),
    ("Adam", {"beta1": 0.9}, TypeError, r"torch\.Adam has no argument 'beta1'\. It has: lr, betas, eps"),
    ("Adam", {"differentiable": True}, ValueError, "differentiable must be False"),
    ("SGD", {"lr": 0.1, "nesterov": True}, ValueError, "nesterov needs momentum > 0 and dampening=0"),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1, "nesterov": True}, ValueError, "dampening=0"),
    ("SGD", {"lr": 0.1, "dampening": 0.1}, ValueError, "no effect without momentum"),
    (
        "RMSprop",
        {"alpha": 1.5},
        ValueError,
        r"torch\.RMSprop: alpha must be a number in \[0, 1\)\. Received: alpha=1\.5",
    ),
    ("Rprop", {"etas": (0.5, 0.9)}, ValueError, r"etas\[1\] must be a finite number > 1"),
    ("Muon", {"adjust_lr_fn": "no"}, ValueError, r"torch\.Muon: adjust_lr_fn must be 'original' or"),
    ("Adam", {"betas": 0.9}, TypeError, r"torch\.Adam: betas must be 2 numbers\. Received: betas=0\.9\. The"),
    ("Adam", {"betas": (0.9,)}, ValueError, r"torch\.Adam: betas must be 2 numbers\. Received: betas=\(0\.9,\)\."),
    ("Adam", {"betas": np.array(0.9)}, TypeError, "betas must be 2 numbers"),
    ("Muon", {"ns_coefficients": (1, 2)}, ValueError, r"torch\.Muon: ns_coefficients must be 3 numbers"),
]


@pytest.mark.parametrize(("name", "arguments", "error", "message"), REFUSED)
def test_what_is_refused(name, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(torch, name)([Parameter(np.zeros((2, 2)))], **arguments)


@pytest.mark.parametrize(
    ("name", "x", "error", "message"),
    [
        ("Adam", np.ones(2, np.int64), TypeError, r"^torch\.Adam: parameter 0 must be float32 or float64"),
        ("Muon", np.ones(3), ValueError, r"^torch\.Muon: parameter 0 must be a matrix\. Received: shape \(3,\)"),
    ],
)
def test_parameters_are_refused_under_this_name(name, x, error, message):
    with pytest.raises(error, match=message):
        getattr(torch, name)([x])


@pytest.mark.parametrize("name", NAMES)
def test_an_lr_below_zero_goes_on(name):
    params = parameters(np.random.default_rng(0))
    optimizer, other = (getattr(torch, name)(params, lr=0.1) for _ in range(2))
    (group,) = optimizer.param_groups
    group["lr"] = -0.2
    step(optimizer, np.random.default_rng(0))
    other.load_state_dict(optimizer.state_dict())
    assert other.param_groups[0]["lr"] == group.bound.groups[0].spec.lr == -0.2
    with pytest.raises(ValueError, match="lr must be a finite number"):
        group["lr"] = -math.inf


def test_an_lr_below_zero_goes_uphill():
    p = Parameter(np.zeros(1))
    optimizer = torch.SGD([p], lr=0.1)
    optimizer.param_groups[0]["lr"] = -0.1
    p.grad = np.ones(1)
    optimizer.step()
    assert p.data.tolist() == [0.1]


def test_lbfgs_has_one_group():
    w, b = parameters(np.random.default_rng(0))
    with pytest.raises(ValueError, match="one group"):
        torch.LBFGS([{"params": [w]}, {"params": [b]}])


# --------------------------------------------------------------------------------------------------------- schedulers
def sgd(*rates):
    groups = [{"params": [Parameter(np.ones(1))], "lr": lr} for lr in rates]
    return torch.SGD(groups, lr=1.0, momentum=0.9)


def test_a_scheduler_of_ones_own():
    class Warmup(_LRScheduler):
        def get_lr(self):
            return [base * min(1, (self.last_epoch + 1) / 4) for base in self.base_lrs]

    optimizer = sgd(1.0, 2.0)
    scheduler = Warmup(optimizer)
    seen = [scheduler.get_last_lr()]
    for _ in range(4):
        scheduler.step()
        seen.append(scheduler.get_last_lr())
    assert seen == [[0.25, 0.5], [0.5, 1.0], [0.75, 1.5], [1.0, 2.0], [1.0, 2.0]]


def test_two_schedulers_multiply():
    optimizer = sgd(1.0)
    first, second = lr_scheduler.StepLR(optimizer, 2, 0.5), lr_scheduler.ExponentialLR(optimizer, 0.5)
    for _ in range(4):
        first.step()
        second.step()
    assert optimizer.param_groups[0]["lr"] == 0.5**6


def test_construction_does_not_move_a_resumed_rate():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    for _ in range(3):
        scheduler.step()
    other = sgd(1.0)
    resumed = lr_scheduler.ExponentialLR(other, 0.1)
    other.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    resumed.step()
    assert other.param_groups[0]["lr"] == 0.5**4
    third = sgd(1.0)
    third.load_state_dict(optimizer.state_dict())
    continued = lr_scheduler.ExponentialLR(third, 0.5, last_epoch=2)  # its constructor takes the third step
    assert third.param_groups[0]["lr"] == 0.5**3
    continued.step()
    assert third.param_groups[0]["lr"] == 0.5**4
    with pytest.raises(KeyError, match="initial_lr"):
        lr_scheduler.ExponentialLR(sgd(1.0), 0.5, last_epoch=3)


def test_milestones_survive_json():
    scheduler = lr_scheduler.MultiStepLR(sgd(1.0), [2, 5])
    saved = scheduler.state_dict() | {"milestones": {"2": 1, "5": 1}}
    scheduler.load_state_dict(saved)
    for _ in range(6):
        scheduler.step()
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.01])


def test_a_state_of_another_scheduler_is_refused():
    scheduler = lr_scheduler.StepLR(sgd(1.0), 2)
    before = scheduler.state_dict()
    for wrong in (lr_scheduler.ExponentialLR(sgd(1.0), 0.5).state_dict(), {}, None):
        with pytest.raises((TypeError, ValueError)):
            scheduler.load_state_dict(wrong)
    assert scheduler.state_dict() == before


def test_schedulers_take_this_dialects_optimizers():
    with pytest.raises(TypeError, match="Optimizers of ravine take a schedule as lr"):
        lr_scheduler.StepLR(OurAdam([np.zeros(1)]), 2)
    with pytest.raises(ValueError, match="one value per group, 2"):
        lr_scheduler.LambdaLR(sgd(1.0, 2.0), [lambda k: 1.0])
    scheduler = lr_scheduler.OneCycleLR(sgd(1.0), 1.0, 3)
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match="OneCycleLR has 3 steps"):
        scheduler.step()
    with pytest.raises(ValueError, match="cycle_momentum=False"):
        lr_scheduler.CyclicLR(torch.Rprop([Parameter(np.zeros(1))]), 0.1, 1.0)


REFUSED_SCHEDULERS = [
    ("StepLR", (0,), {}, ValueError, "StepLR: step_size must be > 0"),
    ("MultiStepLR", (3,), {}, TypeError, "MultiStepLR: milestones must be a list of integers"),
    ("CosineAnnealingLR", (0,), {}, ValueError, "CosineAnnealingLR: T_max must be > 0"),
    ("LambdaLR", (0.5,), {}, TypeError, r"LambdaLR: lr_lambda must be a function of k, .* Received: 0\.5"),
    ("MultiplicativeLR", (0.5,), {}, TypeError, "MultiplicativeLR: lr_lambda must be a function"),
    ("CyclicLR", (0.1, 1.0), {"step_size_up": 0}, ValueError, "CyclicLR: step_size_up must be > 0"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED_SCHEDULERS)
def test_what_schedulers_refuse(name, args, kwargs, error, message):
    with pytest.raises(error, match=message):
        getattr(lr_scheduler, name)(sgd(1.0), *args, **kwargs)


@pytest.mark.parametrize(
    ("name", "arguments", "rate"),
    [("ConstantLR", {"factor": 0.5}, 0.5), ("LinearLR", {"start_factor": 0.1}, 0.1), ("PolynomialLR", {}, 1.0)],
)
def test_no_steps_at_all_stay_at_the_start(name, arguments, rate):
    scheduler = getattr(lr_scheduler, name)(sgd(1.0), total_iters=0, **arguments)
    for _ in range(3):
        assert scheduler.get_last_lr() == [rate]
        scheduler.step()


def test_an_averaged_model():
    net = nn.Linear(2, 1, rng=0)
    averaged = torch.optim.swa_utils.AveragedModel(net)
    optimizer = torch.SGD(net.parameters(), lr=0.1)
    points = []
    for _ in range(3):
        step(optimizer, np.random.default_rng(len(points)))
        averaged.update_parameters(net)
        points.append([p.data.copy() for p in net.parameters()])
    for mean, each in zip(averaged.parameters(), zip(*points, strict=True), strict=True):
        np.testing.assert_allclose(mean.data, np.mean(each, axis=0), rtol=1e-6)  # float32


def test_an_averaged_model_has_buffers_and_a_state():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3))
    copied, averaged = (torch.optim.swa_utils.AveragedModel(net, use_buffers=use) for use in (False, True))
    means = []
    for seed in range(3):
        net(np.random.default_rng(seed).normal(size=(8, 2)).astype(np.float32))
        means.append(net[1].running_mean.copy())
        copied.update_parameters(net)
        averaged.update_parameters(net)
    np.testing.assert_array_equal(copied.module[1].running_mean, means[-1])
    np.testing.assert_allclose(averaged.module[1].running_mean, np.mean(means, axis=0), rtol=1e-5)
    assert not copied.eval().module[1].training
    again = torch.optim.swa_utils.AveragedModel(nn.Sequential(nn.Linear(2, 3, rng=1), nn.BatchNorm1d(3)))
    again.load_state_dict(averaged.state_dict())
    assert again.n_averaged == 3
    np.testing.assert_array_equal(again.module[1].running_mean, averaged.module[1].running_mean)
    with pytest.raises(ValueError, match="must have n_averaged"):
        again.load_state_dict(net.state_dict())


class Decay:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, k):
        return self.rate**k


def test_callable_objects_keep_their_attributes():
    first, second = (lr_scheduler.LambdaLR(sgd(1.0), Decay(rate)) for rate in (0.5, 0.9))
    second.load_state_dict(first.state_dict() | {"verbose": False})  # as older versions of PyTorch save it
    second.step()
    assert second.get_last_lr() == [0.5]
    cycle, other = (lr_scheduler.CyclicLR(sgd(1.0), 0.1, 1.0, 4, scale_fn=Decay(rate)) for rate in (0.5, 0.9))
    other.load_state_dict(cycle.state_dict())
    assert other.scale_fn(2) == 0.25


def test_min_lrs_can_be_set():
    optimizer = sgd(1.0)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    plateau.min_lrs = [0.5]
    plateau.step(1.0)
    plateau.step(1.0)
    assert optimizer.param_groups[0]["lr"] == 0.5
    optimizer.add_param_group({"params": [Parameter(np.ones(1))], "lr": 1.0})
    plateau.step(1.0)
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.1]  # the default min_lr for all


@pytest.mark.parametrize("wrong", [{"anneal_strategy": "poly"}, {"pct_start": 2.0}, {"total_steps": 0}])
def test_a_refused_cycle_changes_nothing(wrong):
    optimizer = sgd(1.0)
    before = dict(optimizer.param_groups[0])
    with pytest.raises(ValueError, match="OneCycleLR: "):
        lr_scheduler.OneCycleLR(optimizer, **{"max_lr": 0.5, "total_steps": 9, **wrong})
    assert repr(dict(optimizer.param_groups[0])) == repr(before)


def test_a_group_that_a_scheduler_does_not_know():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda k: 0.5)
    optimizer.add_param_group({"params": [Parameter(np.ones(1))]})
    with pytest.raises(ValueError, match=r"as many groups as when the scheduler was made, 1\. Received: 2"):
        scheduler.step()


# ----------------------------------------------------------------------------------------------------------- clipping
def test_clipping():
    p = Parameter(np.zeros(2))
    p.grad = np.array([0.0, 2.0])
    assert clip_grad_norm_([p, Parameter(np.zeros(1))], 1.0) == 2.0
    assert p.grad[1] == 2.0 * (1.0 / (2.0 + 1e-6))
    clip_grad_value_(p, 0.5)
    assert p.grad.tolist() == [0.0, 0.5]
    p.grad = np.array([math.nan, 1.0])
    with pytest.raises(RuntimeError, match="must be finite"):
        clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    with pytest.raises(ValueError, match="norm_type must be > 0"):
        clip_grad_norm_(p, 1.0, norm_type=-1)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: torch.lr_scheduler.StepLR(o, 3),
        lambda o: torch.lr_scheduler.ExponentialLR(o, 0.9),
        lambda o: torch.lr_scheduler.OneCycleLR(o, 1.0, 10),
    ],
    ids=["StepLR", "ExponentialLR", "OneCycleLR"],
)
def test_a_schedulers_step_does_not_build_the_optimizer_anew(make):
    optimizer = torch.SGD(parameters(np.random.default_rng(0)), lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    step(optimizer, np.random.default_rng(0))
    scheduler.step()
    calls = []
    sys.setprofile(lambda frame, event, argument: calls.append(frame) if event == "call" else None)
    try:
        scheduler.step()
    finally:
        sys.setprofile(None)
    assert len(calls) <= 60
