"""Convolution, forward and backward: ravine.autograd against torch, where it is installed.

    python benchmarks/convolution.py

Kernels 5 x 5, 32 channels in and out, images 28 x 28, batch 32, padding 2, float32. One process, one thread each, best
of several rounds that take turns. Read the ratio: times depend on the machine.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from timing import Run, best, use_one_thread

use_one_thread()

import numpy as np  # noqa: E402

from ravine.autograd import Tensor, nn  # noqa: E402

IMAGES, KERNELS = (32, 32, 28, 28), (32, 32, 5, 5)


def arrays() -> list[np.ndarray]:
    """Images, kernels, bias, and the gradient by the result."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in (IMAGES, KERNELS, KERNELS[:1], IMAGES)]


def both_ways(forward: Callable[[], Any], leaves: list[Any], g: object) -> tuple[Run, Run]:
    def both() -> object:
        for t in leaves:
            t.grad = None
        forward().backward(g)
        return [t.grad for t in leaves]

    return forward, both


def ravine() -> tuple[Run, Run]:
    *values, g = arrays()
    leaves = [Tensor(a, requires_grad=True) for a in values]

    return both_ways(lambda: nn.conv2d(*leaves, padding=2), leaves, g)


def torch() -> tuple[Run, Run]:
    module = importlib.import_module("torch")
    module.set_num_threads(1)
    *values, g = map(module.tensor, arrays())
    leaves = [a.requires_grad_() for a in values]

    return both_ways(lambda: module.nn.functional.conv2d(*leaves, padding=2), leaves, g)


def main() -> None:
    sides = {"ravine": ravine()}
    try:
        sides["torch"] = torch()
    except ImportError:
        print("torch is not installed: times only")
    for i, label in enumerate(("forward", "forward and backward")):
        times = best({name: runs[i] for name, runs in sides.items()})
        text = ", ".join(f"{name} {1e3 * t:.1f} ms" for name, t in times.items())
        print(f"{label}: {text}" + (f", ratio {times['ravine'] / times['torch']:.2f}" if "torch" in times else ""))


if __name__ == "__main__":
    main()
