"""Wilson et al. 2017: adaptive methods and gradient descent find different solutions; only one generalizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optim import SGD, Adagrad, Adam, Momentum, Optimizer, RMSprop
from ..plots import style
from ..plots.figure import Figure
from .base import Findings, reproduction

Array = NDArray[np.float64]
SOURCE = "Wilson, Roelofs, Stern, Srebro & Recht 2017, arXiv:1705.08292, section 3.3"

TINY = 1e-100  # an epsilon so small that its only effect is that 0 / 0 becomes 0


def points(labels: Array) -> Array:
    """Return points, (n, 3 + 5n): y, 1, 1, and five own features. One of these is 1 if y = 1, all are if y = -1."""
    blocks = np.zeros((len(labels), len(labels), 5))
    own = np.arange(len(labels))
    blocks[own, own] = np.where(labels[:, None] > 0, [1, 0, 0, 0, 0], [1, 1, 1, 1, 1])
    return np.hstack([shared(labels), blocks.reshape(len(labels), -1)])


def shared(labels: Array) -> Array:
    """Return the features (y, 1, 1). An unseen point's own features have weight 0."""
    return np.stack([labels, np.ones_like(labels), np.ones_like(labels)], axis=1)


def least_norm(labels: Array) -> tuple[float, float]:
    """Return the coefficients of positive and of negative points, alpha, in the minimum-norm solution X' alpha.

    X X' = y y' + 2 * 11' + diag(1 or 5), and X X' alpha = y: two equations for two unknowns.
    """
    plus, minus = np.sum(labels > 0), np.sum(labels < 0)
    size = 15 * plus + 3 * minus + 8 * plus * minus + 5
    return (4 * minus + 5) / size, -(4 * plus + 1) / size


def train(optimizer: Optimizer, x: Array, y: Array, steps: int) -> Array:
    """Return w after steps with the full gradient of |Xw - y|^2 / 2, from 0."""
    w = np.zeros(x.shape[1])
    bound = optimizer.bind([w])
    for _ in range(steps):
        bound.step([x.T @ (x @ w - y)])
    return w


@reproduction("wilson", "Adaptive methods generalize worse where gradient descent is perfect", SOURCE)
def wilson(findings: Findings) -> None:
    """100 points and 1,000 unseen ones, 51 to 90 % of them positive; square loss, full gradients from 0, no epsilon.

    Sizes and learning rates are ours. By lemma 3.1 and the closed form of the minimum norm, the errors do not depend on
    them.
    """
    errors = []
    for positive in (0.6, 0.51, 0.7, 0.8, 0.9):
        rng = np.random.default_rng(int(100 * positive))
        labels, unseen = (np.where(rng.random(n) < positive, 1.0, -1.0) for n in (100, 1000))
        x, test = points(labels), shared(unseen)
        step = 1 / np.linalg.eigvalsh(x @ x.T)[-1]
        runs = {
            "gradient descent": train(SGD(lr=1.8 * step), x, labels, 4000),
            "heavy ball": train(Momentum(lr=0.5 * step, momentum=0.9), x, labels, 2000),
            "adagrad": train(Adagrad(lr=0.1, eps=TINY), x, labels, 4000),
            "rmsprop": train(RMSprop(lr=1e-3, eps=TINY), x, labels, 4000),
            "adam": train(Adam(lr=1e-3, eps=TINY), x, labels, 4000),
        }
        found = {name: float(np.mean(np.sign(test @ w[:3]) != unseen)) for name, w in runs.items()}
        errors.append((1 - positive, float(np.mean(unseen < 0)), found))
        if positive == 0.6:
            check_solutions(findings, x, labels, runs)
        for name in ("gradient descent", "heavy ball"):
            findings.equal(f"{positive:.0%} positive: test error of {name}", 0.0, found[name], basis="theory")
        for name in ("adagrad", "rmsprop", "adam"):
            claim = f"{positive:.0%} positive: test error of {name} is the fraction of negatives"
            findings.equal(claim, np.mean(unseen < 0), found[name], basis="theory")
    findings.figure("Test error against the fraction of negatives", plot(errors))


def check_solutions(findings: Findings, x: Array, labels: Array, runs: dict[str, Array]) -> None:
    """Check the solutions of all methods against their closed forms."""
    direction = np.sign(x.T @ labels)
    plus, minus = least_norm(labels)
    exact = x.T @ np.where(labels > 0, plus, minus)
    residual, distance = np.abs(x @ exact - labels).max(), np.linalg.norm(runs["gradient descent"] - exact)
    claim = "the minimum-norm solution in closed form: largest residual"
    findings.close(claim, 0.0, float(residual), atol=1e-12, basis="theory")
    findings.close("gradient descent's distance from it", 0.0, float(distance), atol=1e-8, basis="theory")
    for name in ("adagrad", "rmsprop", "adam"):
        w = runs[name]
        cosine = w @ direction / (np.linalg.norm(w) * np.linalg.norm(direction))
        findings.close(f"{name}: cosine to sign(X'y)", 1.0, float(cosine), atol=1e-6, basis="theory")
        wrong = float(np.mean(np.sign(x @ w) != labels))
        findings.equal(f"{name}: training error", 0.0, wrong, basis="theory")


def plot(errors: list[tuple[float, float, dict[str, float]]]) -> Figure:
    """Plot the test errors of all methods."""
    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    axes = figure.subplots()
    ordered = sorted((negatives, found) for _, negatives, found in errors)
    for i, name in enumerate(ordered[0][1]):
        marks: dict[str, Any] = {"marker": "o", "markersize": 13 - 2 * i, "fillstyle": "none"}  # some lines coincide
        axes.plot([n for n, _ in ordered], [found[name] for _, found in ordered], label=name, **marks, **style(i))
    axes.set(xlabel="fraction of negatives among the unseen points", ylabel="test error")
    axes.legend()
    return figure
