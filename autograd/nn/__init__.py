"""Neural networks: layers, losses and initial weights. Weights are float32 unless told otherwise.

>>> import numpy as np
>>> from glissade.autograd import nn
>>> net = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 3, rng=1))
>>> loss = nn.cross_entropy(net(np.ones((2, 4), np.float32)), np.array([0, 2]))
>>> loss.backward()
>>> [p.grad.shape for p in net.parameters()]
[(4, 8), (8,), (8, 3), (3,)]
"""

from . import init
from .functional import linear, log_softmax, logsumexp, relu, sigmoid, softmax
from .layers import Dropout, Linear, ReLU, Sequential, Sigmoid, Tanh
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, mse
from .module import Module

__all__ = [
    "Dropout",
    "Linear",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "init",
    "linear",
    "log_softmax",
    "logsumexp",
    "mse",
    "relu",
    "sigmoid",
    "softmax",
]
