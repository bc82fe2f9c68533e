"""torch.optim.lr_scheduler: schedulers that set the lr of each group at each call of their own `step()`.

Each has a function `schedule`. It takes the scheduler's arguments, with the initial lr in place of the optimizer, and
returns a schedule of ravine with the same values.
"""

from .. import schedulers
from ..combined import ChainedScheduler, SequentialLR
from ..cyclic import CyclicLR, OneCycleLR
from ..plateau import ReduceLROnPlateau
from ..schedulers import *  # noqa: F403
from ..schedulers import LRScheduler as _LRScheduler

__all__ = ["ChainedScheduler", "CyclicLR", "OneCycleLR", "ReduceLROnPlateau", "SequentialLR", "_LRScheduler"]
__all__ += schedulers.__all__
