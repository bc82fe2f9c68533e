"""Reddi, Kale & Kumar 2018: problems on which Adam does not converge, and AMSGrad does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numba import njit
from numpy.typing import NDArray

from ...kernels import maximum, scalar, sqrt
from ..figures import style
from .base import Findings, reproduction

SOURCE = "Reddi, Kale & Kumar 2018, ICLR, arXiv:1904.09237"


def adam(x, g, m, v, top, lr, beta1, beta2):  # type: ignore[no-untyped-def]
    """The paper's Adam: no bias correction, no epsilon."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    x = x - lr * m / sqrt(v)
    return x, m, v, top


def amsgrad(x, g, m, v, top, lr, beta1, beta2):  # type: ignore[no-untyped-def]
    """The paper's AMSGrad, algorithm 2."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    top = maximum(top, v)
    x = x - lr * m / sqrt(top)
    return x, m, v, top


class Path(NamedTuple):
    """A run on linear losses over [-1, 1]: x and the average regret against the best point, -1, at some steps."""

    steps: NDArray[Any]
    x: NDArray[Any]
    regret: NDArray[Any]


@njit
def _follow(rule, slopes, rate, decays, beta1, beta2, every):  # type: ignore[no-untyped-def]
    x = m = v = top = total = 0.0
    points = np.empty((2, slopes.size // every))
    for k in range(slopes.size):
        total += slopes[k] * (x + 1)
        lr = rate / np.sqrt(k + 1) if decays else rate
        x, m, v, top = rule(x, slopes[k], m, v, top, lr, beta1, beta2)
        x = min(max(x, -1.0), 1.0)
        if (k + 1) % every == 0:
            points[0, (k + 1) // every - 1] = x
            points[1, (k + 1) // every - 1] = total / (k + 1)
    return points


def follow(
    rule: Callable[..., Any], slopes: NDArray[Any], rate: float, beta1: float, beta2: float, decays: bool = True
) -> Path:
    """Follow a rule through losses slope * x, projected to [-1, 1], from 0, at rate / sqrt(t) or a constant rate."""
    every = max(1, slopes.size // 1000)
    x, regret = _follow(scalar(rule), slopes, rate, decays, beta1, beta2, every)
    return Path(np.arange(1, len(x) + 1) * every, x, regret)


def periodic(high: float, low: float, period: int, steps: int) -> NDArray[Any]:
    """Slopes that are `high` at t = 1, 1 + period, ... and `low` between."""
    slopes = np.full(steps, low)
    slopes[::period] = high
    return slopes


def draw(paths: dict[str, Path]) -> Figure:
    """x and average regret of several runs."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for i, (name, path) in enumerate(paths.items()):
        left.plot(path.steps, path.x, label=name, **style(i))
        right.plot(path.steps, path.regret, label=name, **style(i))
    left.set(xlabel="t", ylabel="x, best at -1", ylim=(-1.1, 1.1), xscale="log")
    right.set(xlabel="t", ylabel="average regret", xscale="log")
    right.legend()
    return figure


@reproduction("reddi-theorem", "Adam goes to the worst point of a periodic problem", f"{SOURCE}, theorem 1")
def theorem(findings: Findings) -> None:
    """f_t(x) = C x every third step, -x between; beta1 = 0, beta2 = 1 / (1 + C^2)."""
    for c in (3.0, 10.0):
        slopes = periodic(c, -1.0, 3, 100_000)
        runs = {rule.__name__: follow(rule, slopes, 0.1, 0.0, 1 / (1 + c**2)) for rule in (adam, amsgrad)}
        findings.close(f"C={c:g}: Adam's x goes to 1", 1.0, runs["adam"].x[-1], off=1e-2)
        # At x = 1 three steps cost 2 (C - 2) more than at -1.
        findings.close(f"C={c:g}: Adam's average regret", (2 * c - 4) / 3, runs["adam"].regret[-1], rel=0.01)
        findings.close(f"C={c:g}: AMSGrad's x goes to -1", -1.0, runs["amsgrad"].x[-1], off=1e-2)
        findings.below(f"C={c:g}: AMSGrad's average regret", 0.02, runs["amsgrad"].regret[-1])
        findings.picture(f"C = {c:g}", draw(runs))


@reproduction("reddi-online", "Adam's regret does not vanish on an online problem", f"{SOURCE}, figure 1, left")
def online(findings: Findings) -> None:
    """f_t(x) = 1010 x every 101st step, -10 x between; beta1 = 0.9, beta2 = 0.99; the step size is not in the paper."""
    slopes = periodic(1010.0, -10.0, 101, 1_000_000)
    runs = {
        "adam, 0.1 / sqrt(t)": follow(adam, slopes, 0.1, 0.9, 0.99),
        "amsgrad, 1 / sqrt(t)": follow(amsgrad, slopes, 1.0, 0.9, 0.99),
    }
    first, second = runs.values()
    findings.close("Adam's x goes to 1", 1.0, first.x[-1], off=1e-2)
    # At x = 1 a period of 101 steps costs 2 (1010 - 1000) more than at -1.
    findings.close("Adam's average regret", 20 / 101, first.regret[-1], rel=0.02)
    findings.below("AMSGrad's x", -0.99, second.x[-1])
    findings.below("AMSGrad's average regret", 0.1, second.regret[-1])
    findings.below("the same over that at a tenth of the steps", 1, second.regret[-1] / second.regret[99])
    findings.picture("1010 x at every 101st step", draw(runs))


@reproduction("reddi-stochastic", "Adam goes to the worst point of a stochastic problem", f"{SOURCE}, figure 1, right")
def stochastic(findings: Findings) -> None:
    """f_t(x) = 1010 x with probability 0.01, otherwise -10 x; beta1 = 0.9, beta2 = 0.99."""
    rules, seeds = {"adam": (adam, 0.1), "amsgrad": (amsgrad, 1.0)}, range(20)
    draws = [np.where(np.random.default_rng(seed).random(1_000_000) < 0.01, 1010.0, -10.0) for seed in seeds]
    runs = {name: [follow(rule, slopes, rate, 0.9, 0.99) for slopes in draws] for name, (rule, rate) in rules.items()}
    x = {name: np.mean([path.x[-1] for path in paths]) for name, paths in runs.items()}
    regret = {name: np.mean([path.regret[-1] for path in paths]) for name, paths in runs.items()}
    findings.close("Adam's x goes to 1, mean of 20 seeds", 1.0, x["adam"], off=1e-2)
    # At x = 1 a step costs on average 2 (0.01 * 1010 - 0.99 * 10) more than at -1; the mean of 20 runs is within 0.05.
    findings.close("Adam's average regret, mean of 20 seeds", 0.4, regret["adam"], off=0.15)
    findings.below("AMSGrad's x, mean of 20 seeds", -0.75, x["amsgrad"])
    findings.below("AMSGrad's average regret, mean of 20 seeds", 0.15, regret["amsgrad"])
    findings.picture("1010 x with probability 0.01, one seed", draw({name: paths[0] for name, paths in runs.items()}))
