"""Theory of optimizers on quadratics: convergence rates, stability, a lower bound, the limit of a range test."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...optim import ASGD, NAG, SGD, Momentum, Optimizer, ScheduleFreeSGD
from ...schedules import range_test
from ..plots import style
from ..plots.figure import Figure
from .base import Findings, reproduction

Array = NDArray[np.float64]


def tuned(condition: float) -> dict[str, tuple[Optimizer, float]]:
    """Return optimizers with their best settings for eigenvalues from 1/condition to 1, and their convergence rates."""
    mu, root = 1 / condition, math.sqrt(condition)
    momentum = (root - 1) / (root + 1)
    sharp = math.sqrt(3 * condition + 1)
    return {
        "gradient descent": (SGD(lr=2 / (1 + mu)), (condition - 1) / (condition + 1)),
        "heavy ball": (Momentum(lr=(2 / (1 + math.sqrt(mu))) ** 2, momentum=momentum**2), momentum),
        "nesterov": (NAG(lr=1.0, momentum=momentum), 1 - 1 / root),
        "nesterov, tuned": (NAG(lr=4 / (3 + mu), momentum=(sharp - 2) / (sharp + 2)), 1 - 2 / sharp),
    }


def errors(optimizer: Optimizer, eigenvalues: Array, steps: int) -> Iterator[float]:
    """Yield the distance from the minimum, 0, after each step of a run from 1 in every eigendirection."""
    x = np.ones(len(eigenvalues))
    bound = optimizer.bind([x])
    for _ in range(steps):
        bound.step([eigenvalues * x])
        yield float(np.linalg.norm(x))


def convergence(optimizer: Optimizer, eigenvalues: Array, rate: float) -> tuple[Array, float]:
    """Return the distances of a run, and the logarithm of their convergence rate.

    The logarithm is the slope of log(error) over the second half of the run. A method with momentum has a double root
    at its best setting, and its error is t * rate**t, so there it is the slope of log(error / t).
    """
    steps = int(18 / -math.log(rate)) * 2
    found = np.array(list(errors(optimizer, eigenvalues, steps)))
    t = np.arange(1, steps + 1)
    late = slice(steps // 2, None)
    logs = np.log(found / t if "momentum" in optimizer.checks else found)
    return found, float(np.polyfit(t[late], logs[late], 1)[0])


@reproduction(
    "quadratic-rates",
    "Convergence rates of gradient descent, heavy ball and Nesterov's method on quadratics",
    "Polyak 1964; Nesterov 2004; Lessard, Recht & Packard 2016, arXiv:1408.3595, proposition 1",
)
def rates(findings: Findings) -> None:
    """The slope of the logarithm of the error, against theory, for condition numbers from 10 to 10,000."""
    for condition in (10.0, 100.0, 1000.0, 10000.0):
        eigenvalues = np.array([1 / condition, 1.0])
        figure = Figure(figsize=(5.5, 3.8), layout="constrained")
        axes = figure.subplots()
        for i, (name, (optimizer, rate)) in enumerate(tuned(condition).items()):
            found, got = convergence(optimizer, eigenvalues, rate)
            claim = f"condition number {condition:g}: log of the convergence rate of {name}"
            findings.close(claim, math.log(rate), got, rtol=0.01, basis="theory")
            axes.plot(found, label=name, **style(i))
        axes.set(xlabel="step", ylabel="distance from the minimum", yscale="log", xscale="log", ylim=(1e-8, None))
        axes.legend()
        findings.figure(f"Condition number {condition:g}, each at its best setting", figure)


@reproduction(
    "quadratic-stability",
    "The largest stable learning rates on a quadratic",
    "Polyak 1964; Goh 2017, doi:10.23915/distill.00006",
)
def stability(findings: Findings) -> None:
    """A run 0.1 % below the limit stays bounded, a run 0.1 % above it grows."""
    limits: list[tuple[Optimizer, float]] = [
        (SGD(lr=1.0), 2.0),
        *((Momentum(lr=1.0, momentum=mu), 2 + 2 * mu) for mu in (0.5, 0.9, 0.99)),
        *((NAG(lr=1.0, momentum=mu), (2 + 2 * mu) / (1 + 2 * mu)) for mu in (0.5, 0.9)),
    ]
    for optimizer, limit in limits:
        name = type(optimizer).__name__ + (f" {optimizer.momentum}" if "momentum" in optimizer.checks else "")
        for factor, grows in ((0.999, False), (1.001, True)):
            *_, last = errors(optimizer.replace(lr=factor * limit), np.ones(1), 5_000)
            claim, grown = f"{name} at {factor:g} of {limit:.4g} / L grows", bool(last > 1 or math.isnan(last))
            findings.equal(claim, grows, grown, basis="theory")


@reproduction(
    "nesterov-bound",
    "No method that moves in the span of gradients beats Nesterov's lower bound",
    "Nesterov 2004, Introductory Lectures on Convex Optimization, theorem 2.1.13",
)
def lower_bound(findings: Findings) -> None:
    """Nesterov's quadratic of 400 coordinates, 60 steps from 0; each step can make only one more coordinate nonzero.

    After k steps the distance from the minimum is at least q^k of the initial one, q = (sqrt(kappa) - 1) / (sqrt(kappa)
    + 1), for every method that moves in the span of the gradients. We check the methods with their best settings, with
    averages, lookahead and clipping, and with random learning rates and momenta.
    """
    for condition in (10.0, 100.0, 1000.0):
        matrix, force, best, q = chain_of(condition)
        off = float(np.abs(matrix @ best - force).max())
        findings.close(f"kappa {condition:g}: gradient at q, q^2, ...", 0.0, off, atol=1e-12, basis="theory")
        for name, optimizers in span(condition).items():
            smallest = min(over_bound(optimizer, matrix, force, best, q) for optimizer in optimizers)
            claim = f"kappa {condition:g}, {name}: smallest error over the bound"
            findings.above(claim, 1 - 1e-9, smallest, basis="theory")


def span(condition: float) -> dict[str, list[Optimizer]]:
    """Return, by name, optimizers whose iterates lie in the span of the gradients."""
    rng = np.random.default_rng(0)
    at_random = [(rng.uniform(0, 4), rng.uniform(0, 1)) for _ in range(20)]
    return {
        **{name: [optimizer] for name, (optimizer, _) in tuned(condition).items()},
        "averaged": [ASGD(lr=1.0), ScheduleFreeSGD(lr=1.0), SGD(lr=1.0, lookahead=5), SGD(lr=1.0, clip_norm=0.1)],
        "heavy ball, 20 at random": [Momentum(lr=lr, momentum=momentum) for lr, momentum in at_random],
        "nesterov, 20 at random": [NAG(lr=lr, momentum=momentum) for lr, momentum in at_random],
    }


def over_bound(optimizer: Optimizer, matrix: Array, force: Array, best: Array, q: float) -> float:
    """Return how close a run comes to the bound: the smallest ratio of its distance from the minimum to the bound."""
    x, smallest = np.zeros(len(best)), math.inf
    bound = optimizer.bind([x])
    for k in range(1, 61):
        bound.step([matrix @ x - force])
        smallest = min(smallest, float(np.linalg.norm(x - best)) / (q**k * float(np.linalg.norm(best))))
    return smallest


def chain_of(condition: float, n: int = 400) -> tuple[Array, Array, Array, float]:
    """Return the matrix and the right-hand side of Nesterov's chain, its minimum, and q."""
    chain = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    q = (math.sqrt(condition) - 1) / (math.sqrt(condition) + 1)
    chain[-1, -1] = 2 - q  # as in an infinite chain
    matrix = (1 - 1 / condition) / 4 * chain + np.eye(n) / condition
    force = np.zeros(n)
    force[0] = (1 - 1 / condition) / 4
    best: Array = q ** np.arange(1.0, n + 1)
    return matrix, force, best, q


@reproduction(
    "range-test",
    "A learning-rate range test on a quadratic diverges at 2 / L",
    "Smith 2017, arXiv:1506.01186, section 3.3; the limit is that of gradient descent",
)
def breaking(findings: Findings) -> None:
    """Gradient descent with a learning rate that rises by 3.1 % a step: the loss begins to rise above 2 / L."""
    for largest in (1.0, 10.0, 53.129):
        matrix = np.diag(np.geomspace(largest / 1e4, largest, 50))
        limit = range_test_limit(matrix, np.eye(50)[-1], 1e-2 / largest, 1e2 / largest, 300)
        claim = f"L = {largest:g}: the error in the steepest direction is least at 2 / L"
        findings.close(claim, 2 / largest, limit, rtol=0.032, basis="theory")


def range_test_limit(matrix: Array, steepest: Array, low: float, high: float, steps: int) -> float:
    """Return the learning rate after which the error of gradient descent grows, in a range test from low to high.

    Args:
        matrix: A of the quadratic x'Ax / 2, (n, n); the run starts from 1 in every coordinate.
        steepest: the eigenvector of the largest eigenvalue, (n,); the error is measured in its direction.
        low: the first learning rate.
        high: the last learning rate.
        steps: the number of steps.
    """
    x = np.ones(len(matrix))
    bound = SGD([x], lr=1.0)

    def train_step(lr: float) -> float:
        bound.lr = lr
        bound.step([matrix @ x])
        return float(x @ steepest) ** 2

    test = range_test(train_step, low, high, steps)
    return float(test.rates[int(np.argmin(test.losses))])
