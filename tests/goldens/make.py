"""Makes the golden records: trajectories of other frameworks, in float64, with their states.

Run with the extra `peers` installed: python tests/goldens/make.py

Each row names an optimizer of ours as source, the framework's optimizer that has the same numerics, and where the
framework keeps each of our states. Gradients vary in size and sign, pass through zero, and do not depend on x; lr
changes at every update.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

STEPS = 12
RATES = [round(0.05 * 0.9**k + 0.01, 6) for k in range(STEPS)]
LR = f"Piecewise({RATES}, {list(range(1, STEPS))})"


def gradients():
    rng = np.random.default_rng(20)
    g = rng.normal(size=(STEPS, 5)) * np.array([1.0, 1e-3, 30.0, 1.0, 1.0])
    g[:, 3] = 0.0
    g[4] = 0.0
    return g


X0 = np.array([1.0, -2.0, 0.5, 3.0, 0.0])

# ours, the class in torch.optim, its arguments, {our state: torch's}
TORCH = [
    ("SGD(lr={lr})", "SGD", {}, {}),
    ("SGD(lr={lr}, weight_decay=0.2)", "SGD", {"weight_decay": 0.2}, {}),
    ("SGD(lr={lr}, weight_decay=0.2, maximize=True)", "SGD", {"weight_decay": 0.2, "maximize": True}, {}),
    ("Momentum(lr={lr}, momentum=0.8)", "SGD", {"momentum": 0.8}, {"v": "momentum_buffer"}),
    (
        "Momentum(lr={lr}, momentum=0.7, dampening=0.3)",
        "SGD",
        {"momentum": 0.7, "dampening": 0.3},
        {"v": "momentum_buffer"},
    ),
    ("NAG(lr={lr}, momentum=0.8)", "SGD", {"momentum": 0.8, "nesterov": True}, {"v": "momentum_buffer"}),
    ("Adagrad(lr={lr}, eps=0.01)", "Adagrad", {"eps": 0.01}, {"v": "sum"}),
    (
        "Adagrad(lr={lr}, initial_accumulator=0.3)",
        "Adagrad",
        {"initial_accumulator_value": 0.3},
        {"v": "sum"},
    ),
    (
        "Adadelta(lr={lr}, rho=0.8, eps=0.001)",
        "Adadelta",
        {"rho": 0.8, "eps": 1e-3},
        {"v": "square_avg", "u": "acc_delta"},
    ),
    ("RMSprop(lr={lr}, rho=0.9, eps=0.01)", "RMSprop", {"alpha": 0.9, "eps": 1e-2}, {"v": "square_avg"}),
    (
        "RMSprop(lr={lr}, rho=0.9, eps=0.01, momentum=0.6)",
        "RMSprop",
        {"alpha": 0.9, "eps": 1e-2, "momentum": 0.6},
        {"v": "square_avg", "b": "momentum_buffer"},
    ),
    (
        "RMSprop(lr={lr}, rho=0.9, eps=0.01, momentum=0.6, centered=True)",
        "RMSprop",
        {"alpha": 0.9, "eps": 1e-2, "momentum": 0.6, "centered": True},
        {"v": "square_avg", "m": "grad_avg", "b": "momentum_buffer"},
    ),
    (
        "Adam(lr={lr}, beta1=0.8, beta2=0.95, eps=0.01)",
        "Adam",
        {"betas": (0.8, 0.95), "eps": 1e-2},
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    (
        "Adam(lr={lr}, weight_decay=0.3)",
        "Adam",
        {"weight_decay": 0.3},
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    (
        "AdamW(lr={lr}, beta1=0.8, beta2=0.95, eps=0.01, weight_decay=0.3)",
        "AdamW",
        {"betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0.3},
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
]

# RAdam as its paper has it: optax's with the threshold moved to where the paper has it.
OPTAX = [
    (
        "RAdam(lr={lr}, beta1=0.8, beta2=0.95, eps=0.01)",
        "radam",
        {"b1": 0.8, "b2": 0.95, "eps": 1e-2, "threshold": 4.0},
        {"m": "mu", "v": "nu"},
    )
]


def of_torch(name, arguments, states):
    import torch

    x = torch.tensor(X0, requires_grad=True)
    optimizer = getattr(torch.optim, name)([x], lr=RATES[0], **arguments)
    for lr, g in zip(RATES, gradients(), strict=True):
        optimizer.param_groups[0]["lr"] = lr
        x.grad = torch.tensor(g)
        optimizer.step()
        state = optimizer.state[x]
        yield x.tolist(), {ours: state[theirs].tolist() for ours, theirs in states.items()}


def of_optax(name, arguments, states):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    rates = jnp.array(RATES)
    optimizer = getattr(optax, name)(lambda k: rates[k], **arguments)
    x = jnp.array(X0)
    state = optimizer.init(x)
    for g in gradients():
        updates, state = optimizer.update(jnp.array(g), state, x)
        x = optax.apply_updates(x, updates)
        yield x.tolist(), {ours: getattr(state[0], theirs).tolist() for ours, theirs in states.items()}


def main():
    records = []
    for framework, rows, run in (("torch", TORCH, of_torch), ("optax", OPTAX, of_optax)):
        for ours, name, arguments, states in rows:
            points, kept = zip(*run(name, arguments, states), strict=True)
            records.append(
                {
                    "optimizer": ours.format(lr=LR),
                    "from": f"{framework} {version(framework)}: {name}({arguments})",
                    "x": points,
                    "state": {slot: [k[slot] for k in kept] for slot in states},
                }
            )
    head = {
        "made by": "tests/goldens/make.py",
        "with": f"Python {platform.python_version()}, NumPy {np.__version__}",
        "x0": X0.tolist(),
        "gradients": gradients().tolist(),
    }
    path = Path(__file__).with_name("trajectories.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in (head, *records)))
    print(f"{len(records)} records in {path.name}")


if __name__ == "__main__":
    main()
