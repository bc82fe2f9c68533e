"""Side by side with PyTorch, stepped, and with optax, where they mean the same."""

import numpy as np
import pytest

from glissade.schedules import (
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    Linear,
    MultiStep,
    Piecewise,
    Polynomial,
    Step,
)

pytestmark = pytest.mark.peers
K = np.arange(200)

TORCH = [
    (Step(0.3, 0.1, 30), "StepLR", {"step_size": 30, "gamma": 0.1}),
    (MultiStep(0.3, 0.1, [3, 60]), "MultiStepLR", {"milestones": [3, 60], "gamma": 0.1}),
    (Exponential(0.3, 0.99), "ExponentialLR", {"gamma": 0.99}),
    (Linear(0.03, 0.15, 50), "LinearLR", {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 50}),
    (Polynomial(0.3, 0, 150, power=2), "PolynomialLR", {"total_iters": 150, "power": 2}),
    (Cosine(0.3, 0.1, 199), "CosineAnnealingLR", {"T_max": 199, "eta_min": 0.1}),
    (CosineRestarts(0.3, 0.1, 7, 2), "CosineAnnealingWarmRestarts", {"T_0": 7, "T_mult": 2, "eta_min": 0.1}),
    (Cyclic(0.1, 0.3, 8, 12), "CyclicLR", {"step_size_up": 8, "step_size_down": 12}),
    (Cyclic(0.1, 0.3, 8, mode="triangular2"), "CyclicLR", {"step_size_up": 8, "mode": "triangular2"}),
    (Cyclic(0.1, 0.3, 8, None, "exp_range", 0.9), "CyclicLR", {"step_size_up": 8, "mode": "exp_range", "gamma": 0.9}),
]


@pytest.mark.parametrize(("s", "name", "options"), TORCH, ids=[name for _, name, _ in TORCH])
def test_torch(s, name, options):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    if name == "CyclicLR":
        options = {"base_lr": 0.1, "max_lr": 0.3, "cycle_momentum": False} | options
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    received = []
    for _ in K:
        received.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(s(K), received, rtol=1e-12, atol=1e-15)


OPTAX = [
    (Linear(0.1, 0.3, 50), "linear_schedule", (0.1, 0.3, 50)),
    (Polynomial(0.3, 0.1, 50, power=2), "polynomial_schedule", (0.3, 0.1, 2, 50)),
    (Cosine(0.3, 0.03, 150), "cosine_decay_schedule", (0.3, 150, 0.1)),
    (Exponential(0.3, 0.5, 20), "exponential_decay", (0.3, 20, 0.5)),
    (Exponential(0.3, 0.5, 20, staircase=True), "exponential_decay", (0.3, 20, 0.5, 0, True)),
    (Piecewise([0.3, 0.03, 0.015], [20, 90]), "piecewise_constant_schedule", (0.3, {20: 0.1, 90: 0.5})),
    (Linear(0.0, 0.3, 20) >> Cosine(0.3, 0.03, 130), "warmup_cosine_decay_schedule", (0.0, 0.3, 20, 150, 0.03)),
]


@pytest.mark.parametrize(("s", "name", "arguments"), OPTAX, ids=[name for _, name, _ in OPTAX])
def test_optax(s, name, arguments):
    optax = pytest.importorskip("optax")
    received = [float(getattr(optax, name)(*arguments)(k)) for k in K.tolist()]
    np.testing.assert_allclose(s(K), received, rtol=1e-5, atol=1e-7)  # optax computes in float32
