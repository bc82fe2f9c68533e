"""The dialects: optimizers, schedules and callbacks of other frameworks.

>>> import numpy as np
>>> from ravine.dialects import difference, keras, torch
>>> x = np.array([1.0])
>>> opt = keras.Adam(learning_rate=1e-3).bind([x])
>>> opt.step([np.array([2.0])])
>>> x.round(4).tolist()
[0.999]
>>> difference(torch.Adam, keras.Adam).hyperparameters
{'eps': (1e-08, 1e-07)}

A dialect is a compatibility layer with the framework's own names, arguments, defaults and numerics. Each of its
optimizers is translated into an optimizer of ravine. `print(table())` lists all optimizers, and
`print(schedule_table())` all schedules.
"""

from . import keras, keras2, optax, papers, tf1, torch
from .base import Dialect
from .difference import Difference, difference
from .tables import schedule_table, schedules, table

__all__ = [
    "Dialect",
    "Difference",
    "difference",
    "keras",
    "keras2",
    "optax",
    "papers",
    "schedule_table",
    "schedules",
    "table",
    "tf1",
    "torch",
]
