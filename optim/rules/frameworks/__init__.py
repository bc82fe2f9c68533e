"""The formulas that frameworks compute where they differ from the papers, or from the rules beside this folder.

The dialects choose among them. `Optimizer.registry` has them all once `ravine.optim` is imported.
"""

from . import keras, keras_tensors, optax, optax_tensors, tf1, torch

__all__ = ["keras", "keras_tensors", "optax", "optax_tensors", "tf1", "torch"]
