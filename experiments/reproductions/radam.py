"""Liu et al. 2020: the variance of the adaptive learning rate in the first updates, and RAdam's rectification."""

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
    """Return the length of the approximated simple moving average, section 3.3."""
    remembered: float = beta2**t
    return 2 / (1 - beta2) - 1 - 2 * t * remembered / (1 - remembered)


def variance(freedom: float) -> float:
    """Return the variance of sqrt(psi^2), psi^2 scaled inverse chi-square with these degrees of freedom: theorem 1."""
    logs = 2 * math.lgamma((freedom - 1) / 2) - math.lgamma(freedom - 1)
    beta = math.exp(2 * logs + (2 * freedom - 5) * math.log(2))
    return freedom / (freedom - 2) - freedom * beta / math.pi


def rectification(t: int, beta2: float) -> float:
    """Return the factor of RAdam's step number t, from a run with all gradients 1."""
    rule: Callable[..., Any] = RAdam.rule
    x = m = v = before = 0.0
    for k in range(1, t + 1):
        before = x
        x, m, v = rule(x, 1.0, m, v, k, 1.0, 0.0, beta2, 0.0)
    return before - x


@reproduction(
    "radam-variance",
    "The variance of Adam's adaptive learning rate in the first updates, and its rectification",
    SOURCE,
)
def radam(findings: Findings) -> None:
    """rho_t and r_t, the first rectified update, and the variance by Monte Carlo against theorem 1.

    Steps are rectified when rho_t > 4, as in the paper; in the authors' code and PyTorch, when rho_t > 5, one update
    later. There are 200,000 samples. The tolerance of 5 % also covers an approximation in theorem 1: the moving average
    is only approximately a scaled chi-square variable.
    """
    for t, expected in ((5, 0.017312), (10, 0.048998), (100, 0.215335), (1000, 0.645326), (10000, 0.999773)):
        claim = f"r at t = {t}, beta2 = 0.999"
        findings.close(claim, expected, rectification(t, 0.999), atol=1e-6, basis="theory")
    for beta2 in (0.9, 0.99, 0.999, 0.9999):
        first = next(t for t in range(1, 100) if rho(t, beta2) > 4)
        findings.equal(f"first rectified update, beta2 = {beta2}", 5, first, basis="theory")
        claim = f"the update before is not adaptive, beta2 = {beta2}"
        before = rectification(first - 1, beta2)
        findings.close(claim, 1.0, before, atol=1e-9, basis="theory")
    steps = 60
    sampled = sample(steps)
    for t in (5, 10, 20, 50):
        claim, exact = f"variance of the adaptive learning rate at t = {t}", variance(rho(t, 0.999))
        findings.close(claim, exact, sampled[t - 1], rtol=0.05, basis="theory")
    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    axes = figure.subplots()
    later = range(5, steps + 1)
    corrected = sampled[4:] * np.array([rectification(k, 0.999) ** 2 for k in later])
    axes.plot(later, sampled[4:], "o", label="sampled", color=style(1)["color"], fillstyle="none")
    axes.plot(later, [variance(rho(k, 0.999)) for k in later], label="theorem 1", **style(0))
    axes.plot(later, corrected, label="rectified, sampled", **style(2))
    axes.set(xlabel="t", ylabel="variance of the adaptive learning rate", yscale="log")
    axes.legend()
    findings.figure("Gradients from a normal distribution, beta2 = 0.999", figure)


def sample(steps: int, chains: int = 200_000) -> Array:
    """Return the variance of sqrt((1 - beta2^t) / v_t) over independent runs, t = 1, 2, ..., steps."""
    rng, v, found = np.random.default_rng(0), np.zeros(chains), []
    for t in range(1, steps + 1):
        v = 0.999 * v + 0.001 * rng.normal(size=chains) ** 2
        found.append(np.var(np.sqrt((1 - 0.999**t) / v)))
    return np.array(found)
