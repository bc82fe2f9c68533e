"""tf.train: the optimizers and the decays."""

from . import decay, optimizers
from .decay import *  # noqa: F403
from .optimizers import *  # noqa: F403

__all__: list[str] = []
__all__ += decay.__all__
__all__ += optimizers.__all__
