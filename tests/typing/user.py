"""A user's file. It is not run: type checkers read it, and report an assert_type where they infer another type."""

from pathlib import Path
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from ravine import autograd, optim, schedules
from ravine.autograd import Parameter, Tensor, nn
from ravine.dialects import keras, keras2, tf1, torch
from ravine.experiments import Results, compare, datasets
from ravine.optim import SGD, Adam, AdamW, BoundOptimizer, Optimizer, minimize
from ravine.optim.formula import Formula
from ravine.schedules import Cosine, Linear, Schedule

x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
assert_type(x * 2.0, Tensor)
assert_type(1.0 - x, Tensor)
assert_type(x @ x, Tensor)
assert_type(x.sum(), Tensor)
w = Parameter(np.zeros((3, 2)), name="w")
with autograd.no_grad():
    w *= 0.9
    assert_type(w, Parameter)
    w -= 0.1 * w.grad
network = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
assert_type(network.parameters(), list[Parameter])
autograd.check_grads(np.sum, np.ones(3), order=2)

warm = Linear(0.0, 1e-3, 100) >> Cosine(1e-3, 0.0, 900)
assert_type(warm(3), float)
assert_type(warm(np.arange(1000)), NDArray[np.float64])
assert_type((warm * 0.5)[:50], Schedule)
assert_type(schedules.Schedule.from_json(warm.to_json()), Schedule)

spec = Adam(lr=1e-3, beta1=Linear(0.85, 0.95, 1000))
assert_type(spec, Adam)
assert_type(AdamW(), AdamW)
assert_type(spec.replace(lr=0.1), Adam)
assert_type(spec.lr, float | Schedule)
assert_type(Adam.from_json(spec.to_json()), Adam)
assert_type(Adam.explain(), Formula)
assert_type(spec.kernel_source, str)
opt = Adam([w], lr=1e-3)
assert_type(opt, BoundOptimizer)
assert_type(spec.bind(network.parameters()), BoundOptimizer)
assert_type(SGD([{"params": [w], "lr": 1e-2}], lr=1e-3), BoundOptimizer)
assert_type(opt.spec, Optimizer)
assert_type(opt.t, int)
opt.lr = 0.1
opt.zero_grad()
opt.step()

result = minimize(lambda z: np.sum(z**2), np.ones(2), SGD(lr=0.1), steps=5)
assert_type(result, optim.Result)

assert_type(torch.Adam([w], lr=1e-3, betas=(0.9, 0.999)), torch.Adam)
assert_type(keras.Adam(learning_rate=1e-3, epsilon=1e-7), keras.Adam)
assert_type(keras2.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True), keras2.SGD)
assert_type(tf1.AdamOptimizer(0.1), tf1.AdamOptimizer)

assert_type(datasets.load("digits"), datasets.Dataset)
assert_type(compare("digits", ["sgd", Adam(lr=0.1)], seeds=3, out=Path("runs")), Results)
