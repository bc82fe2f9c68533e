"""torch.nn: only the functions that change gradients."""

from . import utils

__all__ = ["utils"]
