"""Kingma & Ba 2015, section 3 and 6.4: what the correction of the bias does to the first step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...optim import Adagrad, Adam, Adamax
from ..plots import style
from ..plots.figure import Figure
from .base import Findings, reproduction

SOURCE = "Kingma & Ba 2015, arXiv:1412.6980"


def uncorrected(x: Any, g: Any, m: Any, v: Any, lr: float, beta1: float, beta2: float) -> tuple[Any, Any, Any]:
    """Adam without the correction and without epsilon: RMSprop with momentum."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    x = x - lr * m / np.sqrt(v)
    return x, m, v


@reproduction(
    "bias-correction", "Adam's first step is lr long; without bias correction up to 100 lr", f"{SOURCE}, section 6.4"
)
def first_step(findings: Findings) -> None:
    """The grid of beta1 and beta2 of figure 4; the first step is lr (1 - beta1) / sqrt(1 - beta2), corrected lr."""
    lr, g = 1e-3, 0.37
    rule: Callable[..., Any] = Adam.rule
    figure = Figure(figsize=(6.5, 4.8), layout="constrained")
    axes = figure.subplots()
    for i, (beta1, beta2) in enumerate((b1, b2) for b1 in (0.0, 0.9) for b2 in (0.99, 0.999, 0.9999)):
        law = (1 - beta1) / math.sqrt(1 - beta2)
        plain, *_ = uncorrected(0.0, g, 0.0, 0.0, lr, beta1, beta2)
        corrected, *_ = rule(0.0, g, 0.0, 0.0, 1, lr, beta1, beta2, 0.0)
        claim = f"beta1={beta1}, beta2={beta2}: |step| / lr without correction"
        findings.close(claim, law, abs(plain) / lr, rel=1e-12, basis="theory")
        claim = f"beta1={beta1}, beta2={beta2}: |step| / lr"
        findings.close(claim, 1.0, abs(corrected) / lr, rel=1e-12, basis="theory")
        axes.plot(_steps(beta1, beta2), label=f"beta1 = {beta1}, beta2 = {beta2}", **style(i))
    axes.set(xlabel="t", ylabel="step / lr without correction, constant gradient", xscale="log", yscale="log")
    figure.legend(loc="outside lower center", ncols=2, handlelength=4)
    findings.figure("Without correction the first steps are long or short, for 1 / (1 - beta2) updates", figure)


def _steps(beta1: float, beta2: float) -> list[float]:
    x = m = v = 0.0
    found = []
    for _ in range(1000):
        before = x
        x, m, v = uncorrected(x, 1.0, m, v, 1.0, beta1, beta2)
        found.append(before - x)
    return found


@reproduction(
    "adam-identities", "Adamax's steps are at most lr; Adagrad is a limit of Adam", f"{SOURCE}, sections 5 and 7.1"
)
def identities(findings: Findings) -> None:
    """300 random gradients of sizes from 1e-6 to 1e6, in 50 dimensions; epsilon 0."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(300, 50)) * 10.0 ** rng.uniform(-6, 6, size=(300, 50))
    x = np.zeros(50)
    optimizer, longest = Adamax([x], lr=1.0, eps=0.0), 0.0
    for g in gradients:
        before = x.copy()
        optimizer.step([g])
        longest = max(longest, float(np.abs(x - before).max()))
    findings.below("Adamax: longest step over lr", 1 + 1e-12, longest, basis="theory")

    beta2 = 1 - 1e-9
    a, b = np.zeros(50), np.zeros(50)
    adam, adagrad = Adam([a], lr=1.0, beta1=0.0, beta2=beta2, eps=0.0), Adagrad([b], lr=0.1, eps=0.0)
    for t, g in enumerate(gradients, 1):
        adam.lr = 0.1 / math.sqrt(t)
        adam.step([g])
        adagrad.step([g])
    apart = float(np.abs(a / b - 1).max())
    findings.close("Adam, beta2 to 1, lr / sqrt(t), against Adagrad", 0.0, apart, off=1e-5, basis="theory")
