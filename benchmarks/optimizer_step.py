"""What a step costs, beside what it can't cost less than.

Run: python benchmarks/optimizer_step.py    (with torch installed, torch's own Adam is timed too)
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
from functools import partial

import numpy as np
from timing import best, seconds

from ravine.autograd import Parameter
from ravine.kernels import Kernel, thread_count
from ravine.optim import Adam


def move(x, g, m, v):
    """Touches the bytes that Adam touches, and computes next to nothing."""
    return x + g, m + g, v + g


def large():
    n = 10_000_000
    x, g, m, v = (np.full(n, 1e-3, np.float32) for _ in range(4))
    adam = Adam([x])
    mover = Kernel(move, ("x", "m", "v"))
    times = best({"step": lambda: adam.step([g]), "move": lambda: mover([x, g, m, v], ())}, rounds=25)
    least, limit = times.values()
    print(f"Adam, float32, n = 1e7: {least * 1e6:.0f} us; moving {limit * 1e6:.0f} us; ratio {limit / least:.2f}")


def after_a_product():
    n = 1_000_000
    rng = np.random.default_rng(0)
    a, b = rng.random((128, 784), np.float32), rng.random((784, 256), np.float32)
    x, g = np.zeros(n, np.float32), np.full(n, 1e-3, np.float32)
    adam = Adam([x])

    def both():
        a @ b
        adam.step([g])

    times = seconds({"product": lambda: a @ b, "step": lambda: adam.step([g]), "both": both}, rounds=300)
    product, step, together = map(statistics.median, times.values())
    print(
        f"product {product * 1e6:.0f} us, step at n = 1e6 {step * 1e6:.0f} us, both {together * 1e6:.0f} us; "
        f"ratio {together / (product + step):.2f} (medians, {thread_count()} threads)"
    )


def zero_gradients():
    n = 1_000_000
    x, g = np.ones(n, np.float32), np.full(n, 1e-3, np.float32)
    adam = Adam([x])
    adam.step([g])
    zero = np.zeros_like(g)
    step = {"step": lambda: adam.step([zero])}
    first = best(step, rounds=20)["step"]
    for _ in range(2000):
        adam.step([zero])
    later = best(step, rounds=20)["step"]
    print(f"step {first * 1e6:.0f} us, after 2,000 zero gradients {later * 1e6:.0f} us; ratio {later / first:.2f}")


def small():
    shapes = [(5, 5)] * 7 + [(825,)]
    params = [Parameter(np.ones(shape, np.float32)) for shape in shapes]
    for p in params:
        p.grad = np.full_like(p.data, 1e-3)
    adam = Adam(params)
    adam.step()
    times = seconds({"step": adam.step}, rounds=30, calls=2000)["step"]
    least, median = min(times), statistics.median(times)
    print(f"step() on 1,000 float32 parameters in 8 tensors: {least * 1e6:.2f} us (median {median * 1e6:.2f})")


def second_process():
    code = (
        "import numpy as np, time\nfrom ravine.optim import Adam\nx = np.zeros(3, np.float32)\n"
        "start = time.perf_counter()\nadam = Adam([x])\nadam.step([x + 1])\n"
        "print(f'{time.perf_counter() - start:.3f} s to the end of the first step, "
        "{sum(l.stats.cache_misses[s] for l in adam.groups[0].kernel._loops.values() for s in l.stats.cache_misses)} "
        "loops compiled')"
    )
    for attempt in ("a process", "a second process"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        print(f"{attempt}: {done.stdout.strip()}")


def against_torch():
    import torch

    for n in (1000, 100_000, 1_000_000, 10_000_000):
        x, g = np.ones(n, np.float32), np.full(n, 1e-3, np.float32)
        p = torch.ones(n, requires_grad=True)
        p.grad = torch.full((n,), 1e-3)
        adam, theirs = Adam([x]), torch.optim.Adam([p], fused=True)
        ours, fused = best({"ours": partial(adam.step, [g]), "theirs": theirs.step}, rounds=20).values()
        print(f"n = {n}: {ours * 1e6:.1f} us; torch's fused Adam {fused * 1e6:.1f} us; ratio {ours / fused:.2f}")


if __name__ == "__main__":
    large()
    after_a_product()
    zero_gradients()
    small()
    second_process()
    if importlib.util.find_spec("torch"):
        against_torch()
