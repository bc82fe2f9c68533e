"""What recording costs: ravine.autograd against NumPy by hand and, where installed, torch, MyGrad and HIPS autograd.

    python benchmarks/autograd_overhead.py

One process, one thread each, best of several rounds that take turns. Read the ratios: times depend on the machine.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

from timing import Run, best_of_short, use_one_thread

use_one_thread()

import numpy as np  # noqa: E402

from ravine.autograd import Parameter, Tensor, nn  # noqa: E402


def chain_numpy() -> Run:
    """Ten multiplications and a sum of 32 numbers, forward and backward."""
    x, y = _pair()

    def run() -> object:
        steps = [x]
        for _ in range(10):
            steps.append(steps[-1] * y)
        total = np.add.reduce(steps[-1])
        g = np.ones_like(x)
        for _ in range(10):
            g = g * y
        return total, g

    return run


def chain_ravine() -> Run:
    x, y = _pair()
    a = Parameter(x)
    b = Tensor(y)

    def run() -> object:
        a.grad = None
        t: Tensor = a
        for _ in range(10):
            t = t * b
        t.sum().backward()
        return a.grad

    return run


def chain_torch() -> Run:
    torch = importlib.import_module("torch")
    x, y = _pair()
    a = torch.tensor(x, requires_grad=True)
    b = torch.tensor(y)

    def run() -> object:
        a.grad = None
        t = a
        for _ in range(10):
            t = t * b
        t.sum().backward()
        return a.grad

    return run


def chain_mygrad() -> Run:
    mg = importlib.import_module("mygrad")
    x, y = _pair()
    a = mg.tensor(x)

    def run() -> object:
        t = a
        for _ in range(10):
            t = t * y
        t.sum().backward()
        return a.grad

    return run


def chain_autograd() -> Run:
    hips = importlib.import_module("autograd")
    x, y = _pair()

    def f(t: Any) -> Any:
        for _ in range(10):
            t = t * y
        return importlib.import_module("autograd.numpy").sum(t)

    gradient = hips.value_and_grad(f)
    return lambda: gradient(x)


def network_ravine(sizes: tuple[int, ...], batch: int) -> Run:
    layers: list[object] = []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(n_in, n_out, rng=i), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    x, labels = _batch(sizes, batch)
    parameters = net.parameters()
    for p in parameters:
        p.grad_buffer = np.zeros_like(p.data)

    def run() -> object:
        for p in parameters:
            p.grad = None
        loss = nn.cross_entropy(net(x), labels)
        loss.backward()
        return loss

    return run


def network_torch(sizes: tuple[int, ...], batch: int) -> Run:
    torch = importlib.import_module("torch")
    layers: list[object] = []
    for n_in, n_out in pairwise(sizes):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    x, labels = map(torch.tensor, _batch(sizes, batch))
    parameters = list(net.parameters())

    def run() -> object:
        for p in parameters:
            p.grad = None
        loss = torch.nn.functional.cross_entropy(net(x), labels)
        loss.backward()
        return loss

    return run


def network_numpy(sizes: tuple[int, ...], batch: int) -> Run:
    """The same by hand: what no engine on NumPy can beat without fusing."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(s).astype(np.float32) / 8 for s in pairwise(sizes)]
    biases = [np.zeros(n, np.float32) for n in sizes[1:]]
    x, labels = _batch(sizes, batch)
    rows = np.arange(batch)

    def run() -> object:
        inputs, z = [x], x
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = inputs[-1].dot(w)
            z += b
            if i < len(weights) - 1:
                inputs.append(np.maximum(z, 0))
        z -= np.maximum.reduce(z, 1, keepdims=True)
        p = np.exp(z)
        total = np.add.reduce(p, 1, keepdims=True)
        loss = np.add.reduce(np.log(total[:, 0]) - z[rows, labels]) / batch
        p /= total
        p[rows, labels] -= 1
        g = p * np.float32(1 / batch)
        gradients = []
        for i in reversed(range(len(weights))):
            gradients += [inputs[i].T.dot(g), np.add.reduce(g, 0)]
            if i:
                g = g.dot(weights[i].T) * (inputs[i] > 0)
        return loss, gradients

    return run


def _pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random(32, np.float32), rng.random(32, np.float32)


def _batch(sizes: tuple[int, ...], batch: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((batch, sizes[0]), np.float32), rng.integers(0, sizes[-1], batch)


def report(title: str, runs: dict[str, Callable[[], Run]]) -> None:
    ready: dict[str, Run] = {}
    for name, make in runs.items():
        try:
            ready[name] = make()
        except ImportError:
            print(f"  ({name} is not installed)")
    times = best_of_short(ready)
    print(title)
    for name, t in times.items():
        print(f"  {name:10s} {t * 1e6:9.2f} us   ravine / {name} = {times['ravine'] / t:.2f}")


def main() -> None:
    with suppress(ImportError):
        importlib.import_module("torch").set_num_threads(1)
    x, y = _pair()
    a, b = Parameter(x), Tensor(y)
    times = best_of_short(
        {
            "x * y": lambda: x * y,
            "a * b": lambda: a * b,
            "a * 2.0": lambda: a * 2.0,
            "np.multiply(x, y)": lambda: np.multiply(x, y),
            "np.multiply(a, b)": lambda: np.multiply(a, b),
            "np.sin(x)": lambda: np.sin(x),
            "np.sin(a)": lambda: np.sin(a),
            "np.add.reduce(x)": lambda: np.add.reduce(x),
            "np.sum(x)": lambda: np.sum(x),
            "np.sum(a)": lambda: np.sum(a),
            "a.sum()": lambda: a.sum(),
        }
    )
    print("forward of one operation on 32 float32 (x, y arrays; a, b Tensors)")
    for name, t in times.items():
        print(f"  {name:18s} {t * 1e6:6.3f} us")
    print(f"  overhead of the operator: {(times['a * b'] - times['x * y']) * 1e6:.3f} us")
    print(f"  overhead through np.:     {(times['np.sin(a)'] - times['np.sin(x)']) * 1e6:.3f} us")
    report(
        "ten multiplications and a sum, forward and backward",
        {
            "numpy": chain_numpy,
            "ravine": chain_ravine,
            "torch": chain_torch,
            "mygrad": chain_mygrad,
            "autograd": chain_autograd,
        },
    )
    for sizes, batch in (((32, 32, 1), 16), ((64, 64, 10), 64), ((784, 256, 10), 128)):
        report(
            f"network {'-'.join(map(str, sizes))}, batch {batch}: forward, cross-entropy, backward",
            {
                "numpy": lambda s=sizes, n=batch: network_numpy(s, n),  # type: ignore[misc]
                "ravine": lambda s=sizes, n=batch: network_ravine(s, n),  # type: ignore[misc]
                "torch": lambda s=sizes, n=batch: network_torch(s, n),  # type: ignore[misc]
            },
        )


if __name__ == "__main__":
    main()
