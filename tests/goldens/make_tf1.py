"""Makes the golden records of the dialect tf1: trajectories of tf.compat.v1.train in float64, with states.

Run where TensorFlow is installed: python tests/goldens/make_tf1.py

It takes a Python number for float32, so it is given float64 constants: nothing leaks float32 into these records.
"""

import json
import os
import platform
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from inputs import RATES, SCHEDULES, X0, gradients

OURS = "lr=LR, beta1=0.8, beta2=0.95, eps=0.01"

# Ours; TensorFlow's without "Optimizer"; {our state: its slot}.
ROWS = [
    ("Momentum(lr=LR, momentum=0.8)", "Momentum(momentum=0.8)", {"v": "momentum"}),
    ("NAG(lr=LR, momentum=0.8)", "Momentum(momentum=0.8, use_nesterov=True)", {"v": "momentum"}),
    (f"EpsHatAdam({OURS})", "Adam(beta1=0.8, beta2=0.95, epsilon=0.01)", {"m": "m", "v": "v"}),
    (
        "KerasRMSprop(lr=LR, rho=0.8, eps=0.01, momentum=0.6, centered=True, initial_accumulator=1.0)",
        "RMSProp(decay=0.8, momentum=0.6, epsilon=0.01, centered=True)",
        {"v": "rms", "m": "mg", "b": "momentum"},
    ),
    (
        "KerasAdagrad(lr=LR, eps=0.0, initial_accumulator=0.3)",
        "Adagrad(initial_accumulator_value=0.3)",
        {"v": "accumulator"},
    ),
    ("Adadelta(lr=LR, rho=0.8, eps=0.001)", "Adadelta(rho=0.8, epsilon=0.001)", {"v": "accum", "u": "accum_update"}),
    (
        "ProximalSGD(lr=LR, l1=0.5, l2=0.8)",
        "ProximalGradientDescent(l1_regularization_strength=0.5, l2_regularization_strength=0.8)",
        {},
    ),
    (
        "ProximalAdagrad(lr=LR, initial_accumulator=0.3, l1=0.5, l2=0.8)",
        "ProximalAdagrad(initial_accumulator_value=0.3, l1_regularization_strength=0.5, "
        "l2_regularization_strength=0.8)",
        {"v": "accumulator"},
    ),
    (
        "AdagradDA(lr=LR, initial_accumulator=0.3, l1=0.1, l2=0.8)",
        "AdagradDA(initial_gradient_squared_accumulator_value=0.3, l1_regularization_strength=0.1, "
        "l2_regularization_strength=0.8)",
        {"s": "gradient_accumulator", "v": "gradient_squared_accumulator"},
    ),
]


def run(ours, theirs, states):
    name, _, arguments = theirs.partition("(")
    given = eval(f"dict({arguments}")
    # What a state starts from is cast to what x is, and must be a number.
    constant = {n for n, v in given.items() if isinstance(v, float) and not n.startswith("initial")}
    given |= {n: tf.constant(given[n], tf.float64) for n in constant}
    x, lr = tf.Variable(X0), tf.Variable(0.0, dtype=tf.float64)
    step = tf.Variable(0, dtype=tf.int64)
    more = {"global_step": step} if name == "AdagradDA" else {}
    optimizer = getattr(tf.compat.v1.train, f"{name}Optimizer")(learning_rate=lr, **given, **more)
    for rate, g in zip(RATES["LR"], gradients(), strict=True):
        lr.assign(rate)
        optimizer.apply_gradients([(tf.constant(g), x)], global_step=step)
        yield x.numpy().tolist(), {ours: optimizer.get_slot(x, slot).numpy().tolist() for ours, slot in states.items()}


def main():
    head = {
        "made by": "tests/goldens/make_tf1.py",
        "with": f"Python {platform.python_version()}, NumPy {np.__version__}",
        "schedules": SCHEDULES,
        "inputs": {"vector": {"x0": X0.tolist(), "gradients": gradients().tolist()}},
    }
    lines = [json.dumps(head)]
    for ours, theirs, states in ROWS:
        points, kept = zip(*run(ours, theirs, states), strict=True)
        state = {slot: [k[slot] for k in kept] for slot in states}
        title = f"tf.compat.v1.train {tf.__version__}: {theirs}"
        lines.append(json.dumps({"optimizer": ours, "from": title, "input": "vector", "x": points, "state": state}))
    Path(__file__).with_name("tf1.jsonl").write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines) - 1} records in tf1.jsonl")


if __name__ == "__main__":
    main()
