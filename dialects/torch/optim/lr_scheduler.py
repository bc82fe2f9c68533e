"""torch.optim.lr_scheduler."""

from .. import lr_scheduler
from ..lr_scheduler import *  # noqa: F403

__all__ = list(lr_scheduler.__all__)
