"""Trajectories of Keras, in float64 on JAX."""

import os

from inputs import RATES, X0, gradients

# Ours; Keras's; {our state: the end of the name of Keras's variable}. Keras counts l2 twice.
ROWS = [
    (
        "Ftrl(lr=LR, beta=0.3)",
        "Ftrl(initial_accumulator_value=0.0, beta=0.3)",
        {"z": "linear", "v": "accumulator"},
    ),
    (
        "Ftrl(lr=LR, beta=0.1, l1=0.5, l2=0.8)",
        "Ftrl(initial_accumulator_value=0.0, beta=0.1, l1_regularization_strength=0.5, l2_regularization_strength=0.4)",
        {"z": "linear", "v": "accumulator"},
    ),
]


def run(ours, theirs, states):
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    keras.config.set_floatx("float64")
    optimizer = eval(f"keras.optimizers.{theirs}")
    x = keras.Variable(X0, dtype="float64")
    optimizer.build([x])
    for lr, g in zip(RATES["LR"], gradients(), strict=True):
        optimizer.learning_rate = lr
        optimizer.apply([keras.ops.array(g, dtype="float64")], [x])
        kept = {v.name: v for v in optimizer.variables}
        values = {ours: next(v for name, v in kept.items() if name.endswith(end)) for ours, end in states.items()}
        yield x.numpy().tolist(), {ours: v.numpy().tolist() for ours, v in values.items()}
