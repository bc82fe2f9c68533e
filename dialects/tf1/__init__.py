"""TensorFlow 1: the optimizers and decays of tf.train, with their own names, arguments, defaults and numerics.

>>> import numpy as np
>>> from ravine.dialects import tf1
>>> step = tf1.Variable(0, trainable=False)
>>> rate = tf1.train.exponential_decay(0.15, step, decay_steps=1, decay_rate=0.9999)
>>> x = np.array([3.0])
>>> train = tf1.train.GradientDescentOptimizer(rate).minimize(lambda x: np.sum(x**2), global_step=step, var_list=[x])
>>> train(), x, int(step)
(9.0, array([2.1]), 1)
"""

from . import decay, train
from .train import *  # noqa: F403
from .variables import Variable, trainable_variables

__all__ = ["Variable", "decay", "train", "trainable_variables"]
__all__ += train.__all__
