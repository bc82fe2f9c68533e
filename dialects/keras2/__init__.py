"""Keras 2.2 and 2.3, and tf.keras up to TensorFlow 2.10: optimizers, schedules and callbacks, with their own numerics.

>>> from ravine.dialects import keras2
>>> keras2.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True).spec
KerasNAG(lr=InverseTime(0.01, 1e-06), momentum=0.9, missing='error')

`keras2.SGD` and `keras2.optimizers` are those of stand-alone Keras 2 (`import keras`). `keras2.legacy` has those of
tf.keras, and says how the two differ. For tf.keras from TensorFlow 2.11 on, use `ravine.dialects.keras`.
"""

from . import backend, callbacks, legacy, optimizers
from .optimizers import *  # noqa: F403

__all__ = ["backend", "callbacks", "legacy", "optimizers"]
__all__ += optimizers.__all__
