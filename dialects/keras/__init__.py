"""Keras 3.15: optimizers, schedules and callbacks with Keras's names, arguments, defaults and numerics.

>>> from ravine.dialects import keras
>>> opt = keras.optimizers.Adam(learning_rate=keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9))
>>> opt.spec
EpsHatAdam(lr=ExponentialDecay(0.01, 100, 0.9), beta1=0.9, beta2=0.999, eps=1e-07)

`opt.bind(params)` returns an optimizer that is bound to the parameters. `opt.apply_gradients(zip(grads, params))` binds
opt itself.
"""

from . import callbacks, optimizers
from .optimizers import *  # noqa: F403

__all__ = ["callbacks", "optimizers"]
__all__ += optimizers.__all__
