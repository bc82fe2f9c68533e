"""Test functions of two variables: their minima, and a tuned optimizer that finds one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...autograd import grad
from ...optim import Adam, minimize
from ...schedules import Cosine
from ..plots import style
from ..plots.figure import Figure
from ..problems import PROBLEMS, Function
from .base import Findings, reproduction

Array = NDArray[np.float64]

FUNCTIONS = {name: cls for name, cls in PROBLEMS.items() if issubclass(cls, Function)}
STEPS = 1000
LRS = (0.03, 0.1, 0.3, 1.0)


@reproduction(
    "test-functions",
    "The minima of the test functions, and a trajectory to one of them",
    "Rosenbrock 1960; Himmelblau 1972; Branin 1972; Beale 1958; Rastrigin 1974",
)
def functions(findings: Findings) -> None:
    """Value and gradient at each published minimum; then Adam with a cosine, from the best of four learning rates."""
    rows, paths = [], {}
    for name, function in FUNCTIONS.items():
        values = [abs(float(function.f(x, y)) - function.least) for x, y in function.minima]
        gradients = [np.abs(grad(of_vector(function))(np.array(m))).max() for m in function.minima]
        findings.close(f"{name}: largest difference from the least value", 0, max(values), atol=1e-9, basis="published")
        findings.close(f"{name}: largest gradient at a minimum", 0, float(max(gradients)), atol=1e-6, basis="theory")
        lr, found = best(function)
        excess = float(function.f(*found[-1])) - function.least
        place = "({:.4f}, {:.4f})".format(*found[-1])
        rows.append((name, str(function.start), lr, place, f"{excess:.1e}"))
        paths[name] = found
    columns = ("function", "start", "best learning rate", "end", "value above the least")
    findings.table("Adam with a cosine, 1,000 steps", columns, rows)
    findings.figure("Trajectories over contours of the logarithm of the value above the least", plot(paths))


def of_vector(function: type[Function]) -> Callable[[Any], Any]:
    """Return the function with x and y in one array, (2,)."""
    return lambda z: function.f(z[0], z[1])


def best(function: type[Function]) -> tuple[float, Array]:
    """Return the learning rate with the lowest last value, and its trajectory, (steps + 1, 2)."""
    runs = {}
    for lr in LRS:
        optimizer = Adam(lr=Cosine(lr, 0.0, STEPS))
        runs[lr] = minimize(of_vector(function), np.array(function.start), optimizer, steps=STEPS).trajectory
    chosen = min(runs, key=lambda lr: float(function.f(*runs[lr][-1])))
    return chosen, runs[chosen]


def plot(paths: dict[str, Array]) -> Figure:
    """Plot a panel for each function."""
    rows = -(-len(paths) // 4)
    figure = Figure(figsize=(10, 2.6 * rows), layout="constrained")
    for i, (name, path) in enumerate(paths.items()):
        axes, function = figure.add_subplot(rows, 4, i + 1), FUNCTIONS[name]
        points = np.concatenate([path, function.minima])
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 0.15 * (high - low).max() + 0.2
        x, y = (np.linspace(a - margin, b + margin, 150) for a, b in zip(low, high, strict=True))
        values = np.log10(function.f(x[None, :], y[:, None]) - function.least + 1e-3)
        axes.contourf(x, y, values, levels=20, cmap="Greys", alpha=0.6)
        axes.plot(*path.T, color=style(1)["color"], linewidth=1.2)
        axes.plot(*np.array(function.minima).T, "*", color="#332288", markersize=9)
        axes.plot(*path[0], "o", color=style(1)["color"], markersize=4)
        axes.set(xlim=x[[0, -1]], ylim=y[[0, -1]])
        axes.set_title(name, fontsize="medium")
        axes.tick_params(labelsize="x-small")
    return figure
