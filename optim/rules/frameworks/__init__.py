"""The formulas of PyTorch, Keras, TensorFlow and optax, where they differ from the rules in the folder above.

The dialects use them. `Optimizer.registry` has them all once `ravine.optim` is imported.
"""

from . import keras, keras_tensors, optax, optax_tensors, tf1, torch

__all__ = ["keras", "keras_tensors", "optax", "optax_tensors", "tf1", "torch"]
