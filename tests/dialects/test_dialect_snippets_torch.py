"""Code as it is written for PyTorch and optax, run with its imports changed and nothing else."""

import textwrap

import numpy as np
import pytest

from ravine.autograd import Parameter, nn

OPTIMIZERS = """
    import ravine.dialects.torch as torch

    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.999), eps=1e-08,
                                 weight_decay=0, amsgrad=False)
    for epoch in range(20):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
"""
PER_LAYER = """
    from ravine.dialects.torch import optim

    optimizer = optim.SGD([
        {'params': model[0].parameters()},
        {'params': model[2].parameters(), 'lr': 1e-2},
    ], lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)

    for _ in range(20):
        def closure():
            optimizer.zero_grad()
            loss = criterion(model(X), Y)
            loss.backward()
            return loss
        loss = optimizer.step(closure)

    for param_group in optimizer.param_groups:
        param_group['lr'] = param_group['lr'] * 0.1
    assert [round(g['lr'], 6) for g in optimizer.param_groups] == [0.01, 0.001]
"""
RADAM = """
    from ravine.dialects import torch

    optimizer = torch.optim.RAdam(model.parameters(), lr=0.03)
    for i in range(20):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
"""
CHECKPOINT = """
    from ravine.dialects import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)

    def train(epochs):
        for epoch in range(epochs):
            optimizer.zero_grad()
            loss = criterion(model(X), Y)
            loss.backward()
            optimizer.step()
            scheduler.step()
        return loss

    train(8)
    checkpoint = {
        'optimizer_state_dict': optimizer.state_dict(),
        'scheduler_state_dict': scheduler.state_dict(),
    }
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
    optimizer.load_state_dict(checkpoint['optimizer_state_dict'])
    scheduler.load_state_dict(checkpoint['scheduler_state_dict'])
    assert scheduler.last_epoch == 8 and optimizer.param_groups[0]['lr'] == 0.01
    loss = train(12)
    assert scheduler.get_last_lr() == [0.02 * 0.5 ** 4]
"""
LAMBDA = """
    import ravine.dialects.torch.optim as optim
    from ravine.dialects.torch.optim.lr_scheduler import LambdaLR

    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    lambda1 = lambda epoch: 0.95 ** epoch
    scheduler = LambdaLR(optimizer, lr_lambda=[lambda1])
    lrs = []
    for epoch in range(20):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
        lrs.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    assert lrs[:2] == [0.1, 0.095]
"""
MULTI_STEP = """
    from ravine.dialects import torch
    from ravine.dialects.torch.optim import lr_scheduler

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.MultiStepLR(optimizer, milestones=[6, 8, 9], gamma=0.1)
    for epoch in range(1, 10):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
        if epoch != 9:
            scheduler.step()
    assert round(scheduler.get_last_lr()[0], 9) == 0.001
"""
EXPONENTIAL = """
    from ravine.dialects import torch

    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    scheduler1 = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    scheduler2 = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 80], gamma=0.1)
    for epoch in range(20):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
        scheduler1.step()
        scheduler2.step()
"""
CYCLIC = """
    from ravine.dialects import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.001, max_lr=0.1, step_size_up=5,
                                                  mode="exp_range", gamma=0.85)
    lrs = []
    for i in range(30):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
        lrs.append(scheduler.get_last_lr()[0])
        scheduler.step()
    assert min(lrs) == 0.001 and max(lrs) < 0.1
"""
PLATEAU = """
    import ravine.dialects.torch as torch
    from ravine.dialects.torch.optim.lr_scheduler import ReduceLROnPlateau

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = ReduceLROnPlateau(optimizer, 'min', factor=0.5, patience=2)
    for epoch in range(40):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
        scheduler.step(loss)
"""
WARMUP = """
    from ravine.dialects.torch.optim import SGD
    from ravine.dialects.torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    warmup = LinearLR(optimizer, start_factor=0.01, end_factor=1.0, total_iters=5)
    cosine = CosineAnnealingLR(optimizer, T_max=25, eta_min=1e-4)
    scheduler = SequentialLR(optimizer, schedulers=[warmup, cosine], milestones=[5])
    for epoch in range(30):
        optimizer.zero_grad()
        loss = criterion(model(X), Y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    assert abs(scheduler.get_last_lr()[0] - 1e-4) < 1e-12
"""
SEARCH = """
    from ravine.dialects import torch

    optimizer = torch.optim.LBFGS(model.parameters(), lr=1, max_iter=4, line_search_fn="strong_wolfe")
    for i in range(5):
        def closure():
            optimizer.zero_grad()
            loss = criterion(model(X), Y)
            loss.backward()
            return loss
        loss = optimizer.step(closure)
"""
TORCH = {name: text for name, text in globals().items() if name.isupper() and isinstance(text, str)}


@pytest.mark.parametrize("name", TORCH)
def test_torch(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    Y = np.sin(X @ np.array([[1.0], [-2.0], [0.5]]))
    model = nn.Sequential(nn.Linear(3, 16, rng=0), nn.Tanh(), nn.Linear(16, 1, rng=1))
    scope = {"model": model, "X": X.astype(np.float32), "Y": Y.astype(np.float32), "criterion": nn.mse}
    first = nn.mse(model(scope["X"]), scope["Y"]).item()
    exec(textwrap.dedent(TORCH[name]), scope)
    assert scope["loss"].item() < 0.8 * first


OPTAX = """
    from ravine.dialects import optax

    schedule = optax.warmup_cosine_decay_schedule(
        init_value=0.0, peak_value=0.1, warmup_steps=10, decay_steps=200, end_value=0.001)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(learning_rate=schedule, weight_decay=1e-4))
    opt_state = optimizer.init(params)
    for _ in range(200):
        grads = grad_loss(params)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        params = optax.apply_updates(params, updates)
"""
OPTAX_CHAIN = """
    from ravine.dialects import optax

    optimizer = optax.chain(
        optax.clip(1.0),
        optax.scale_by_adam(),
        optax.scale_by_schedule(optax.exponential_decay(init_value=0.1, transition_steps=100, decay_rate=0.5)),
        optax.scale(-1.0),
    )
    opt_state = optimizer.init(params)
    for _ in range(200):
        updates, opt_state = optimizer.update(grad_loss(params), opt_state)
        params = optax.apply_updates(params, updates)
"""


@pytest.mark.parametrize("text", [OPTAX, OPTAX_CHAIN])
def test_optax(text):
    target = {"w": np.array([[1.0, -2.0]]), "b": [np.array(0.5)]}

    def grad_loss(params):
        return {"b": [params["b"][0] - target["b"][0]], "w": params["w"] - target["w"]}

    scope = {"params": {"w": np.zeros((1, 2)), "b": [np.array(0.0)]}, "grad_loss": grad_loss}
    exec(textwrap.dedent(text), scope)
    np.testing.assert_allclose(scope["params"]["w"], target["w"], atol=1e-2)
    np.testing.assert_allclose(scope["params"]["b"][0], target["b"][0], atol=1e-2)


def test_public_names():
    from ravine.dialects import torch

    params = [Parameter(np.ones(2))]
    assert torch.Adam(params, lr=1e-3, betas=(0.9, 0.999)).defaults["lr"] == 1e-3
    assert torch.lr_scheduler.StepLR(torch.optim.Adam(params), 3).get_last_lr() == [1e-3]
