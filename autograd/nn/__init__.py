"""Neural networks: layers, losses and initializers. Weights are float32 by default.

>>> import numpy as np
>>> from ravine.autograd import nn
>>> net = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 3, rng=1))
>>> loss = nn.cross_entropy(net(np.ones((2, 4), np.float32)), np.array([0, 2]))
>>> loss.backward()
>>> [p.grad.shape for p in net.parameters()]
[(4, 8), (8,), (8, 3), (3,)]
"""

from . import init
from .activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from .convolution import Conv2d, conv2d
from .layers import Dropout, Embedding, Flatten, Linear, Sequential, embedding, linear
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, huber, kl_div, mse
from .module import Module
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm, batch_norm, layer_norm
from .pooling import AvgPool2d, MaxPool2d, avg_pool2d, max_pool2d

__all__ = [
    "ELU",
    "GELU",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Module",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "elu",
    "embedding",
    "gelu",
    "huber",
    "init",
    "kl_div",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "max_pool2d",
    "mse",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]
