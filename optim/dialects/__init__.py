"""Other frameworks' optimizers, schedules and callbacks: their names, arguments, defaults and numerics.

>>> from glissade.optim.dialects import torch, keras, difference
>>> torch.Adam(params, lr=1e-3, betas=(0.9, 0.999))
>>> keras.Adam(learning_rate=1e-3).bind(params)
>>> print(difference(torch.Adam, keras.Adam))

Each names an optimizer of ours and what it differs in; `print(table())` has them all.
"""

from . import keras, keras2, optax, tf1, torch
from .base import Dialect, table
from .difference import Difference, difference

__all__ = ["Dialect", "Difference", "difference", "keras", "keras2", "optax", "table", "tf1", "torch"]
