"""torch.nn, as far as it deals with gradients."""

from . import utils

__all__ = ["utils"]
