"""Training for the tests of layers, and the ops of scipy.special.

The ops are imported before the tests collect the table of ops. SciPy is optional.
"""

import contextlib

import pytest

from ravine.autograd import nn

with contextlib.suppress(ModuleNotFoundError):
    from ravine.autograd.ops import special  # noqa: F401


@pytest.fixture
def train():
    """Plain gradient descent on a classification problem. Returns the losses."""

    def run(net, x, labels, lr, steps):
        losses = []
        for _ in range(steps):
            net.zero_grad()
            loss = nn.cross_entropy(net(x), labels)
            loss.backward()
            for p in net.parameters():
                p.data -= lr * p.grad
            losses.append(loss.item())
        return losses

    return run
