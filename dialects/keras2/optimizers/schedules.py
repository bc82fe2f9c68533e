"""keras.optimizers.schedules of tf.keras: Keras 3's."""

from ...keras.schedules import *  # noqa: F403
from ...keras.schedules import __all__ as __all__
