"""Wilson et al. 2017: adaptive methods and gradient descent find different solutions, of which one generalizes."""

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

TINY = 1e-100  # an epsilon that only keeps 0 / 0 from being anything but 0


def points(labels: Array) -> Array:
    """Points (y, 1, 1, a block of five features of its own): a single one in the block if y = 1, five if y = -1."""
    blocks = np.zeros((len(labels), len(labels), 5))
    own = np.arange(len(labels))
    blocks[own, own] = np.where(labels[:, None] > 0, [1, 0, 0, 0, 0], [1, 1, 1, 1, 1])
    return np.hstack([shared(labels), blocks.reshape(len(labels), -1)])


def shared(labels: Array) -> Array:
    """The features (y, 1, 1). Of an unseen point no others matter: nothing was learned about its own."""
    return np.stack([labels, np.ones_like(labels), np.ones_like(labels)], axis=1)


def least_norm(labels: Array) -> tuple[float, float]:
    """Weights of the points in the solution of least norm, X' alpha: alpha of the positive ones, of the negative ones.

    X X' = y y' + 2 * 11' + diag(1 or 5), and X X' alpha = y: two equations for two unknowns.
    """
    plus, minus = np.sum(labels > 0), np.sum(labels < 0)
    size = 15 * plus + 3 * minus + 8 * plus * minus + 5
    return (4 * minus + 5) / size, -(4 * plus + 1) / size


def train(spec: Optimizer, x: Array, y: Array, steps: int) -> Array:
    """Full gradients of |Xw - y|^2 / 2 from 0."""
    w = np.zeros(x.shape[1])
    optimizer = spec.bind([w])
    for _ in range(steps):
        optimizer.step([x.T @ (x @ w - y)])
    return w


@reproduction("wilson", "Adaptive methods generalize worse where gradient descent is perfect", SOURCE)
def wilson(findings: Findings) -> None:
    """100 points and 1,000 unseen ones, 51 to 90 % of them positive; square loss, full gradients from 0, no epsilon.

    Sizes and rates are ours; by lemma 3.1 and the closed form of least norm the errors depend on neither.
    """
    errors = []
    for share in (0.6, 0.51, 0.7, 0.8, 0.9):
        rng = np.random.default_rng(int(100 * share))
        labels, unseen = (np.where(rng.random(n) < share, 1.0, -1.0) for n in (100, 1000))
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
        errors.append((1 - share, float(np.mean(unseen < 0)), found))
        if share == 0.6:
            _first(findings, x, labels, runs)
        for name in ("gradient descent", "heavy ball"):
            findings.equal(f"{share:.0%} positive: test error of {name}", 0.0, found[name], basis="theory")
        for name in ("adagrad", "rmsprop", "adam"):
            claim = f"{share:.0%} positive: test error of {name} is the share of negatives"
            findings.equal(claim, np.mean(unseen < 0), found[name], basis="theory")
    findings.figure("Test error against the share of negatives", draw(errors))


def _first(findings: Findings, x: Array, labels: Array, runs: dict[str, Array]) -> None:
    direction = np.sign(x.T @ labels)
    plus, minus = least_norm(labels)
    exact = x.T @ np.where(labels > 0, plus, minus)
    residual, distance = np.abs(x @ exact - labels).max(), np.linalg.norm(runs["gradient descent"] - exact)
    claim = "the solution of least norm in closed form: largest residual"
    findings.close(claim, 0.0, float(residual), off=1e-12, basis="theory")
    findings.close("gradient descent's distance from it", 0.0, float(distance), off=1e-8, basis="theory")
    for name in ("adagrad", "rmsprop", "adam"):
        w = runs[name]
        cosine = w @ direction / (np.linalg.norm(w) * np.linalg.norm(direction))
        findings.close(f"{name}: cosine to sign(X'y)", 1.0, float(cosine), off=1e-6, basis="theory")
        wrong = float(np.mean(np.sign(x @ w) != labels))
        findings.equal(f"{name}: training error", 0.0, wrong, basis="theory")


def draw(errors: list[tuple[float, float, dict[str, float]]]) -> Figure:
    """Test errors of all methods."""
    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    axes = figure.subplots()
    ordered = sorted((negatives, found) for _, negatives, found in errors)
    for i, name in enumerate(ordered[0][1]):
        marks: dict[str, Any] = {"marker": "o", "markersize": 13 - 2 * i, "fillstyle": "none"}  # some lines coincide
        axes.plot([n for n, _ in ordered], [found[name] for _, found in ordered], label=name, **marks, **style(i))
    axes.set(xlabel="share of negatives among the unseen points", ylabel="test error")
    axes.legend()
    return figure
