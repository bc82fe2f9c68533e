"""keras.optimizers.schedules: `keras.schedules`, where Keras has them."""

from ..schedules import *  # noqa: F403
from ..schedules import __all__ as __all__
