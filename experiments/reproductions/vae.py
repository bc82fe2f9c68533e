"""Kingma & Ba 2015, section 6.4: what the correction of the bias is worth when a variational autoencoder is trained."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...autograd import Parameter
from ...optim import Adam
from ...schedules import Lambda
from ..datasets import load
from .base import Findings, reproduction
from .side_by_side import SideBySide

Array = NDArray[Any]

BETA1, BETA2, LRS = (0.0, 0.9), (0.99, 0.999, 0.9999), (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
CODE, BATCH, EPOCHS = 8, 128, 10


def uncorrected(lr: float, beta1: float, beta2: float) -> Lambda:
    """The rate at which Adam's steps are those without its correction of the bias, epsilon aside."""
    return Lambda(lambda k: lr * (1 - beta1 ** (k + 1)) / np.sqrt(1 - beta2 ** (k + 1)))


def softplus(x: Any) -> Any:
    """log(1 + e^x)."""
    return np.logaddexp(x, np.float32(0))


def loss(parameters: list[Any], X: Array, noise: Array) -> Any:
    """Minus the evidence's lower bound, (runs,): one hidden layer of softplus units on either side of a normal code."""
    hidden, hidden_bias, to_code, code_bias, back, back_bias, out, out_bias = parameters
    code = softplus(X @ hidden + hidden_bias) @ to_code + code_bias
    mean, spread = code[..., :CODE], code[..., CODE:]  # the latter as logarithm of the variance
    sample = mean + np.exp(spread / 2) * noise
    logits = softplus(sample @ back + back_bias) @ out + out_bias
    reconstruction = np.sum(softplus(logits) - X * logits, axis=(1, 2))
    divergence = np.sum(np.exp(spread) + mean**2 - 1 - spread, axis=(1, 2)) / 2
    return (reconstruction + divergence) / len(X)


def initial(runs: int, pixels: int, hidden: int) -> list[Parameter]:
    """The same small normal weights for all runs, and biases 0."""
    rng, found = np.random.default_rng(0), []
    for n_in, n_out in ((pixels, hidden), (hidden, 2 * CODE), (CODE, hidden), (hidden, pixels)):
        weight = rng.normal(0, n_in**-0.5, (n_in, n_out)).astype(np.float32)
        found += [Parameter(np.repeat(weight[None], runs, axis=0)), Parameter(np.zeros((runs, 1, n_out), np.float32))]
    return found


def train(X: Array, settings: list[tuple[bool, float, float, float]]) -> Array:
    """The mean loss of every epoch's batches, (settings, epochs); a setting: corrected or not, beta1, beta2, rate."""
    parameters = initial(len(settings), X.shape[1], 64)
    lrs = [lr if corrected else uncorrected(lr, b1, b2) for corrected, b1, b2, lr in settings]
    _, beta1, beta2, _ = zip(*settings, strict=True)
    optimizer = SideBySide(Adam(), [p.data for p in parameters], lr=lrs, beta1=beta1, beta2=beta2)
    rng, found = np.random.default_rng(1), []
    with np.errstate(all="ignore"):
        for _ in range(EPOCHS):
            total = np.zeros(len(settings))
            batches = rng.permutation(len(X)).reshape(-1, BATCH)
            for rows in batches:
                losses = loss(parameters, X[rows], rng.normal(size=(BATCH, CODE)).astype(np.float32))
                for p in parameters:
                    p.grad = None
                np.sum(losses).backward()
                optimizer.step([np.asarray(p.grad) for p in parameters])
                total += losses.data
            found.append(total / len(batches))
    return np.array(found).T


@reproduction(
    "adam-vae",
    "Without the correction of the bias a variational autoencoder is unstable when beta2 is near 1",
    "Kingma & Ba 2015, arXiv:1412.6980, 6.4 and figure 4",
)
def autoencoder(findings: Findings) -> None:
    """2,560 digits of 14 by 14 pixels and 10 epochs, hidden layers of 64, in place of 28 by 28, 100 epochs and 500."""
    images = load("mnist").X_train[: 20 * BATCH].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196)
    settings = list(product((True, False), BETA1, BETA2, LRS))
    curves = train(images, settings).reshape(2, len(BETA1), len(BETA2), len(LRS), EPOCHS)
    curves = np.where(np.isfinite(curves), curves, np.inf)
    with_it, without = curves
    for (i, beta1), (j, beta2) in product(enumerate(BETA1), enumerate(BETA2)):
        ratio = with_it[i, j, :, -1].min() / without[i, j, :, -1].min()
        claim = f"beta1 = {beta1}, beta2 = {beta2}: best loss with the correction, over that without"
        findings.below(claim, 1.02, ratio)
    for i, beta1 in enumerate(BETA1):
        worse = (without[i, 2, 3:, 0] / with_it[i, 2, 3:, 0]).min()
        claim = (
            f"beta1 = {beta1}, beta2 = 0.9999, rates of 1e-2 and more: first epoch's loss without, over that with it"
        )
        findings.above(claim, 2.0, worse)
    findings.equal("settings of 30 that diverge with the correction", 0, int(np.isinf(with_it[..., -1]).sum()))
    findings.above("settings of 30 that diverge without", 3, int(np.isinf(without[..., -1]).sum()))
    for epoch in (1, EPOCHS):
        findings.picture(f"Loss after epoch {epoch}: with the correction, and without", drawn(curves[..., epoch - 1]))


def drawn(losses: Array) -> Figure:
    """The grid of figure 4: a panel for each pair of memories."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    grid = figure.subplots(len(BETA1), len(BETA2), sharex=True, sharey=True)
    for (i, beta1), (j, beta2) in product(enumerate(BETA1), enumerate(BETA2)):
        axes = grid[i, j]
        for values, label, look in zip(losses[:, i, j], ("corrected", "not corrected"), ("-o", "--s"), strict=True):
            axes.plot(LRS, values, look, label=label, color="#332288" if look == "-o" else "#CC6677", markersize=4)
        axes.set_title(f"beta1 = {beta1}, beta2 = {beta2}", fontsize="small")
        axes.set(xscale="log", ylim=(0.95 * losses.min(), 3 * losses.min()))
    grid[0, 0].legend(fontsize="small")
    figure.supxlabel("learning rate", fontsize="medium")
    figure.supylabel("loss", fontsize="medium")
    return figure
