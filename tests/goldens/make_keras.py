"""Makes the golden records of the dialect keras: trajectories of Keras 3 in float64, with their states.

Run with the extra `peers` installed: python tests/goldens/make_keras.py
and where TensorFlow is installed:    KERAS_BACKEND=tensorflow python tests/goldens/make_keras.py

Keras keeps lr in its floatx, which is set to float64 here. On JAX means and norms still leak float32, on TensorFlow
most hyperparameters: each rule is recorded where it leaks nothing.
"""

import json
import os

BACKEND = os.environ.setdefault("KERAS_BACKEND", "jax")  # before Keras is imported

# ruff: noqa: E402
import platform
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from inputs import RATES, SCHEDULES, X0, gradients

MATRIX = np.random.default_rng(21).normal(size=(3, 2)) * 2
INPUTS = {  # Lamb has a case of its own for a parameter at zero, and for one whose gradients are
    "vector": (X0, gradients()),
    "matrix": (MATRIX, np.random.default_rng(22).normal(size=(12, 3, 2)) * [[1.0, 20.0], [1e-2, 1.0], [1.0, 3.0]]),
    "wide": (MATRIX.T.copy(), np.random.default_rng(23).normal(size=(12, 2, 3))),
    "stack": (np.ones((2, 3, 2)), np.random.default_rng(24).normal(size=(12, 2, 3, 2)) * [1.0, 5.0]),
    "rest": (np.array([1.0, -2.0]), np.random.default_rng(26).normal(size=(12, 2)) * (np.arange(12) > 1)[:, None]),
    "zero": (np.zeros(3), np.random.default_rng(25).normal(size=(12, 3)) * (np.arange(12) > 3)[:, None]),
}

ADAM = {"m": "momentum", "v": "velocity"}
MUON = "adam_beta_1=0.8, adam_beta_2=0.9, epsilon=0.01, weight_decay=None, adam_weight_decay=None"
MOMENTS = "beta_1=0.8, beta_2=0.95, epsilon=0.01"
OURS = "lr=LR, beta1=0.8, beta2=0.95, eps=0.01"

# Input; ours; Keras's; {our state: the end of the name of its variable}.
JAX = [
    ("vector", "KerasMomentum(lr=LR, momentum=0.8)", "SGD(momentum=0.8)", {"v": "momentum"}),
    ("vector", "KerasNAG(lr=LR, momentum=0.8)", "SGD(momentum=0.8, nesterov=True)", {"v": "momentum"}),
    (
        "vector",
        "KerasAdagrad(lr=LR, eps=0.01, initial_accumulator=0.3)",
        "Adagrad(initial_accumulator_value=0.3, epsilon=0.01)",
        {"v": "accumulator"},
    ),
    ("vector", "KerasRMSprop(lr=LR, rho=0.8, eps=0.01)", "RMSprop(rho=0.8, epsilon=0.01)", {"v": "velocity"}),
    (
        "vector",
        "KerasRMSprop(lr=LR, rho=0.8, eps=0.01, momentum=0.6)",
        "RMSprop(rho=0.8, epsilon=0.01, momentum=0.6)",
        {"v": "velocity", "b": "momentum"},
    ),
    (
        "vector",
        "KerasRMSprop(lr=LR, rho=0.8, eps=0.01, momentum=0.6, centered=True)",
        "RMSprop(rho=0.8, epsilon=0.01, momentum=0.6, centered=True)",
        {"v": "velocity", "m": "average_gradient", "b": "momentum"},
    ),
    ("vector", f"EpsHatAdam({OURS})", f"Adam({MOMENTS})", ADAM),
    ("vector", f"EpsHatAMSGrad({OURS})", f"Adam({MOMENTS}, amsgrad=True)", ADAM | {"v_max": "velocity_hat"}),
    ("vector", f"KerasAdamax({OURS})", f"Adamax({MOMENTS})", {"m": "momentum", "u": "norm"}),
    ("vector", f"NAdam({OURS}, momentum_decay=1.0)", f"Nadam({MOMENTS})", ADAM | {"product": "variable"}),
    ("vector", "KerasScheduleFreeAdamW(lr=WARMUP)", "ScheduleFreeAdamW()", {"z": "momentum", "v": "velocity"}),
    (
        "vector",
        f"KerasScheduleFreeAdamW({OURS}, warmup=5)",
        f"ScheduleFreeAdamW({MOMENTS}, warmup_steps=5)",
        {"z": "momentum", "v": "velocity"},
    ),
    ("vector", "KerasFtrl(lr=LR)", "Ftrl()", {"v": "accumulator", "z": "linear"}),
    (
        "vector",
        "KerasFtrl(lr=LR, power=-0.7, initial_accumulator=0.3, l1=0.5, l2=0.4, shrinkage=0.2, beta=0.6)",
        "Ftrl(learning_rate_power=-0.7, initial_accumulator_value=0.3, l1_regularization_strength=0.5, "
        "l2_regularization_strength=0.4, l2_shrinkage_regularization_strength=0.2, beta=0.6)",
        {"v": "accumulator", "z": "linear"},
    ),
    ("matrix", f"KerasLamb({OURS})", f"Lamb({MOMENTS})", ADAM),
    ("zero", f"KerasLamb({OURS})", f"Lamb({MOMENTS})", ADAM),
    ("rest", f"KerasLamb({OURS})", f"Lamb({MOMENTS})", ADAM),
    ("vector", f"KerasLamb({OURS})", f"Lamb({MOMENTS})", ADAM),
    (
        "vector",
        "KerasMuon(lr=LR, beta1=0.8, beta2=0.9, eps=0.01, adam_lr_ratio=0.5)",
        f"Muon({MUON}, adam_lr_ratio=0.5)",
        ADAM,
    ),
    (
        "matrix",
        "KerasMuon(lr=LR, beta1=0.8, beta2=0.9, eps=0.01, adam=True)",
        f"Muon({MUON}, exclude_layers=['variable'])",
        ADAM,
    ),
]
TENSORFLOW = [
    *(
        (
            shape,
            f"KerasAdafactor(lr={lr}, decay=-0.7, eps1=0.001, eps2=0.5, clip_threshold=0.8)",
            "Adafactor(beta_2_decay=-0.7, epsilon_1=0.001, epsilon_2=0.5, clip_threshold=0.8)",
            {"v": "velocity"},
        )
        for shape in ("vector", "matrix", "stack", "zero")
        for lr in ("LR", "LARGE")
    ),
    *(
        (shape, f"KerasMuon(lr=LR, {own})", f"Muon(weight_decay=None, {theirs})", {"m": "momentum"})
        for shape in ("matrix", "wide")
        for own, theirs in (
            ("rms_rate=0.2", "rms_rate=0.2"),
            ("momentum=0.8, nesterov=False", "momentum=0.8, nesterov=False, rms_rate=None"),
            ("ns_steps=2, a=2.0, b=-1.5, c=0.5", "ns_steps=2, muon_a=2.0, muon_b=-1.5, muon_c=0.5, rms_rate=None"),
        )
    ),
]
RATES = RATES | {"LARGE": [round(0.6 + 0.3 * np.cos(3.0 * k).item(), 6) for k in range(12)]}
SCHEDULES = SCHEDULES | {"LARGE": f"Piecewise({RATES['LARGE']}, {list(range(1, 12))})"}


def rates_of(ours):
    return next(rates for name, rates in RATES.items() if f"lr={name}" in ours)


def run(kind, ours, theirs, states):
    optimizer = eval(f"keras.optimizers.{theirs}")
    x0, steps = INPUTS[kind]
    x = keras.Variable(x0, dtype="float64", name="variable")
    optimizer.build([x])
    for lr, g in zip(rates_of(ours), steps, strict=True):
        optimizer.learning_rate = lr
        optimizer.apply([keras.ops.array(g, dtype="float64")], [x])
        kept = {v.name: v for v in optimizer.variables}
        values = {ours: next(v for name, v in kept.items() if name.endswith(end)) for ours, end in states.items()}
        if "Adafactor" in theirs and x0.ndim > 1:
            values |= {"r": optimizer._r[0], "c": optimizer._c[0]}
        yield x.numpy().tolist(), {ours: v.numpy().tolist() for ours, v in values.items()}


def main():
    if BACKEND == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    head = {
        "made by": "tests/goldens/make_keras.py",
        "with": f"Python {platform.python_version()}, NumPy {np.__version__}, Keras on {BACKEND} {version(BACKEND)}",
        "schedules": SCHEDULES,
        "inputs": {name: {"x0": x0.tolist(), "gradients": steps.tolist()} for name, (x0, steps) in INPUTS.items()},
    }
    lines = [json.dumps(head)]
    for kind, ours, theirs, states in {"jax": JAX, "tensorflow": TENSORFLOW}[BACKEND]:
        points, kept = zip(*run(kind, ours, theirs, states), strict=True)
        state = {slot: [k[slot] for k in kept] for slot in kept[0]}
        title = f"keras {keras.__version__}: {theirs}"
        lines.append(json.dumps({"optimizer": ours, "from": title, "input": kind, "x": points, "state": state}))
    Path(__file__).with_name(f"keras_{BACKEND}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines) - 1} records in keras_{BACKEND}.jsonl")


if __name__ == "__main__":
    main()
