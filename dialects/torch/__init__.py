"""PyTorch's optimizers and learning rate schedulers, with PyTorch's numerics: `torch.Adam` or `torch.optim.Adam`."""

from . import nn, optim, optimizers
from .optim import lr_scheduler
from .optimizers import *  # noqa: F403

__all__ = ["lr_scheduler", "nn", "optim"]
__all__ += optimizers.__all__
