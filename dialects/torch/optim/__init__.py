"""torch.optim."""

from .. import optimizers
from ..optimizers import *  # noqa: F403
from . import lr_scheduler, swa_utils

__all__ = ["lr_scheduler", "swa_utils"]
__all__ += optimizers.__all__
