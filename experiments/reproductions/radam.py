"""Liu et al. 2020: the variance of the adaptive rate at the first updates, and RAdam's rectification of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optim import RAdam
from ..plots import style
from ..plots.figure import Figure
from .base import Findings, reproduction

Array = NDArray[np.float64]
SOURCE = "Liu, Jiang, He, Chen, Liu, Gao & Han 2020, arXiv:1908.03265"


def rho(t: float, beta2: float) -> float:
    """The length of the approximated simple moving average, section 3.3."""
    remembered: float = beta2**t
    return 2 / (1 - beta2) - 1 - 2 * t * remembered / (1 - remembered)


def variance(freedom: float) -> float:
    """Variance of sqrt(psi^2), where psi^2 is scaled inverse chi-square with so many degrees, theorem 1."""
    logs = 2 * math.lgamma((freedom - 1) / 2) - math.lgamma(freedom - 1)
    beta = math.exp(2 * logs + (2 * freedom - 5) * math.log(2))
    return freedom / (freedom - 2) - freedom * beta / math.pi


def rectification(t: int, beta2: float) -> float:
    """The factor that RAdam multiplies its step with: read off a step whose gradients are all 1."""
    rule: Callable[..., Any] = RAdam.rule
    x = m = v = before = 0.0
    for k in range(1, t + 1):
        before = x
        x, m, v = rule(x, 1.0, m, v, k, 1.0, 0.0, beta2, 0.0)
    return before - x


@reproduction("radam-variance", "The variance of Adam's adaptive rate at first, and its rectification", SOURCE)
def radam(findings: Findings) -> None:
    """rho_t and r_t, the first rectified update, and the variance by Monte Carlo against theorem 1.

    Rectified when rho_t > 4, as in the paper; the authors' code and PyTorch wait for 5, one update longer. 200,000
    samples; 5 % also covers what theorem 1 leaves out: the moving average is only nearly a scaled chi-square.
    """
    for t, expected in ((5, 0.017312), (10, 0.048998), (100, 0.215335), (1000, 0.645326), (10000, 0.999773)):
        claim = f"r at t = {t}, beta2 = 0.999"
        findings.close(claim, expected, rectification(t, 0.999), off=1e-6, basis="theory")
    for beta2 in (0.9, 0.99, 0.999, 0.9999):
        first = next(t for t in range(1, 100) if rho(t, beta2) > 4)
        findings.equal(f"first rectified update, beta2 = {beta2}", 5, first, basis="theory")
        claim = f"the update before goes by the gradient alone, beta2 = {beta2}"
        before = rectification(first - 1, beta2)
        findings.close(claim, 1.0, before, off=1e-9, basis="theory")
    steps = 60
    sampled = sample(steps)
    for t in (5, 10, 20, 50):
        claim, exact = f"variance of the adaptive rate at t = {t}", variance(rho(t, 0.999))
        findings.close(claim, exact, sampled[t - 1], rel=0.05, basis="theory")
    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    axes = figure.subplots()
    later = range(5, steps + 1)
    corrected = sampled[4:] * np.array([rectification(k, 0.999) ** 2 for k in later])
    axes.plot(later, sampled[4:], "o", label="sampled", color=style(1)["color"], fillstyle="none")
    axes.plot(later, [variance(rho(k, 0.999)) for k in later], label="theorem 1", **style(0))
    axes.plot(later, corrected, label="rectified, sampled", **style(2))
    axes.set(xlabel="t", ylabel="variance of the adaptive rate", yscale="log")
    axes.legend()
    findings.figure("Gradients from a normal distribution, beta2 = 0.999", figure)


def sample(steps: int, chains: int = 200_000) -> Array:
    """The variance of sqrt((1 - beta2^t) / v_t) over independent runs, t = 1, 2, ..., steps."""
    rng, v, found = np.random.default_rng(0), np.zeros(chains), []
    for t in range(1, steps + 1):
        v = 0.999 * v + 0.001 * rng.normal(size=chains) ** 2
        found.append(np.var(np.sqrt((1 - 0.999**t) / v)))
    return np.array(found)
