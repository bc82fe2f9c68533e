"""Makes the golden records of the dialects torch and optax: trajectories in float64, with states.

Run with the extra `peers` installed: python tests/goldens/make_torch_optax.py
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from inputs import RATES, SCHEDULES, STEPS, X0, gradients

# Ours; PyTorch's; {our state: PyTorch's}.
TORCH = [
    ("DecayingAdagrad(lr=LR, lr_decay=0.3, eps=0.01)", "Adagrad([x], lr_decay=0.3, eps=0.01)", {"v": "sum"}),
    (
        "DecayingAdagrad(lr=LR, lr_decay=0.1, initial_accumulator=0.3)",
        "Adagrad([x], lr_decay=0.1, initial_accumulator_value=0.3)",
        {"v": "sum"},
    ),
    (
        "TorchASGD(lr=LR, lambd=0.3, alpha=0.6, t0=4)",
        "ASGD([x], lr=0.046829, lambd=0.3, alpha=0.6, t0=4)",
        {"mean": "ax", "eta": "eta", "mu": "mu"},
    ),
    (
        "TorchRAdam(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "RAdam([x], betas=(0.8, 0.95), eps=0.01)",
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    (
        "TorchRAdam(lr=LR, beta1=0.7, beta2=0.7, eps=0.01)",
        "RAdam([x], betas=(0.7, 0.7), eps=0.01)",
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
]
ADAM = "b1=0.8, b2=0.95, eps=0.01"
OURS = "lr=LR, beta1=0.8, beta2=0.95, eps=0.01"
RMS = {"v": "nu"}
STDDEV = {"v": "nu", "m": "mu"}
# Ours; optax's, `lr` the schedule; {our state: optax's, a minus where it has the other sign}; input.
OPTAX = [
    (f"OptaxAdam({OURS}, eps_root=0.02)", f"optax.adam(lr, {ADAM}, eps_root=0.02)", {"m": "mu", "v": "nu"}),
    (
        f"OptaxAdam({OURS}, eps_root=0.02, nesterov=True)",
        f"optax.nadam(lr, {ADAM}, eps_root=0.02)",
        {"m": "mu", "v": "nu"},
    ),
    (
        "CorrectedAMSGrad(lr=LR, beta1=0.8, beta2=0.7, eps=0.01, eps_root=0.02)",
        "optax.amsgrad(lr, b1=0.8, b2=0.7, eps=0.01, eps_root=0.02)",
        {"m": "mu", "v": "nu", "v_max": "nu_max"},
    ),
    (
        f"OptaxRAdam({OURS}, eps_root=0.02, threshold=4.5)",
        f"optax.radam(lr, {ADAM}, eps_root=0.02, threshold=4.5)",
        {"m": "mu", "v": "nu"},
    ),
    (
        "OptaxRAdam(lr=LR, beta1=0.7, beta2=0.85, eps=0.01, eps_root=0.03, threshold=6.0)",
        "optax.radam(lr, b1=0.7, b2=0.85, eps=0.01, eps_root=0.03, threshold=6.0)",
        {"m": "mu", "v": "nu"},
    ),
    (
        f"OptaxAdaBelief({OURS}, eps_root=0.002)",
        f"optax.adabelief(lr, {ADAM}, eps_root=0.002)",
        {"m": "mu", "v": "nu"},
    ),
    (
        f"OptaxYogi({OURS}, initial_accumulator=0.3)",
        f"optax.chain(optax.scale_by_yogi({ADAM}, initial_accumulator_value=0.3), optax.scale_by_learning_rate(lr))",
        {"m": "mu", "v": "nu"},
    ),
    (
        f"OptaxYogi({OURS}, initial_accumulator=0.0)",
        f"optax.chain(optax.scale_by_yogi({ADAM}, initial_accumulator_value=0.0), optax.scale_by_learning_rate(lr))",
        {"m": "mu", "v": "nu"},
    ),
    (
        "OptaxRMSprop(lr=LR, rho=0.8, eps=0.01)",
        "optax.rmsprop(lr, decay=0.8, eps=0.01)",
        RMS,
    ),
    (
        "OptaxRMSprop(lr=LR, rho=0.8, eps=0.01, initial_accumulator=0.3, eps_in_sqrt=False, momentum=0.6)",
        "optax.rmsprop(lr, decay=0.8, eps=0.01, initial_scale=0.3, eps_in_sqrt=False, momentum=0.6)",
        RMS | {"b": "-trace"},
    ),
    (
        "OptaxRMSprop(lr=LR, rho=0.8, eps=0.01, bias_correction=True, momentum=0.6, nesterov=True)",
        "optax.rmsprop(lr, decay=0.8, eps=0.01, bias_correction=True, momentum=0.6, nesterov=True)",
        RMS | {"b": "-trace"},
    ),
    (
        "OptaxRMSprop(lr=LR, rho=0.8, eps=0.01, eps_in_sqrt=False, bias_correction=True)",
        "optax.rmsprop(lr, decay=0.8, eps=0.01, eps_in_sqrt=False, bias_correction=True)",
        RMS,
    ),
    (
        # A large epsilon: the first variance is nothing but rounding.
        "OptaxRMSprop(lr=LR, rho=0.8, eps=2.0, centered=True, bias_correction=True)",
        "optax.rmsprop(lr, decay=0.8, eps=2.0, centered=True, bias_correction=True)",
        STDDEV,
    ),
    (
        "OptaxRMSprop(lr=LR, rho=0.8, eps=0.01, centered=True)",
        "optax.rmsprop(lr, decay=0.8, eps=0.01, centered=True)",
        STDDEV,
    ),
    ("StaleRprop(lr=0.05)", "optax.rprop(0.05)", {"step": "step_sizes", "last": "prev_updates"}),
    (
        "StaleRprop(lr=0.01, eta_minus=0.4, eta_plus=1.5, min_step=0.005, max_step=0.02)",
        "optax.rprop(0.01, eta_minus=0.4, eta_plus=1.5, min_step_size=0.005, max_step_size=0.02)",
        {"step": "step_sizes", "last": "prev_updates"},
    ),
    (
        "OptaxAdan(lr=LR, beta1=0.8, beta2=0.7, beta3=0.95, eps=0.01, eps_root=0.02)",
        "optax.adan(lr, b1=0.8, b2=0.7, b3=0.95, eps=0.01, eps_root=0.02)",
        {"m": "m", "d": "v", "v": "n", "last": "g"},
    ),
    (
        "OptaxLARS(lr=LR, momentum=0.8, trust_coefficient=0.3, eps=0.1, weight_decay=0.2)",
        "optax.lars(lr, momentum=0.8, trust_coefficient=0.3, eps=0.1, weight_decay=0.2)",
        {"v": "-trace"},
    ),
    (
        "OptaxLARS(lr=LR, momentum=0.7, trust_coefficient=0.3, nesterov=True)",
        "optax.lars(lr, momentum=0.7, trust_coefficient=0.3, nesterov=True)",
        {"v": "-trace"},
    ),
    ("OptaxLARS(lr=LR, eps=0.1)", "optax.lars(lr, eps=0.1)", {"v": "-trace"}, "zero"),
    ("OptaxLARS(lr=LR)", "optax.lars(lr)", {"v": "-trace"}, "tiny"),
    (
        "NovoGrad(lr=LR, beta1=0.8, beta2=0.3, eps=0.01, eps_root=0.02, weight_decay=0.2)",
        "optax.novograd(lr, b1=0.8, b2=0.3, eps=0.01, eps_root=0.02, weight_decay=0.2)",
        {"m": "mu", "v": "nu"},
    ),
]
# adafactor with the powers of the count in float64; optax takes them in float32.
FACTORED = "decay_rate=0.7, min_dim_size_to_factor=3, epsilon=0.01, decay_rate_fn=lambda k, e: 1 - (k + 1.0) ** -e"
# What has lost an axis gets it back.
ROWS_AND_COLUMNS = {"rows": "v_row@2", "columns": "v_col@1"}
OPTAX += [
    (
        "OptaxAdafactor(lr=LR, factored_from=3, decay=0.7, eps=0.01, clip_threshold=0.3, weight_decay=0.02)",
        f"optax.chain(optax.scale_by_factored_rms({FACTORED}), optax.clip_by_block_rms(0.3), "
        "optax.scale_by_learning_rate(lr, flip_sign=False), optax.scale_by_param_block_rms(), "
        "optax.add_decayed_weights(0.02), optax.scale(-1.0))",
        states,
        given,
    )
    for given, states in [("stack", ROWS_AND_COLUMNS), *((name, {"v": "v"}) for name in ("vector", "small", "tiny"))]
] + [
    (
        "OptaxAdafactor(lr=LR, factored_from=3, decay=0.7, eps=0.01, by_size=False)",
        f"optax.chain(optax.scale_by_factored_rms({FACTORED}), "
        "optax.scale_by_learning_rate(lr, flip_sign=False), optax.scale(-1.0))",
        ROWS_AND_COLUMNS,
        "stack",
    ),
    (
        "OptaxAdafactor(lr=LR, factored_from=3, decay=0.7, eps=0.01, by_size=False, clip_threshold=0.3, "
        "weight_decay=0.02)",
        f"optax.chain(optax.scale_by_factored_rms({FACTORED}), optax.clip_by_block_rms(0.3), "
        "optax.scale_by_learning_rate(lr, flip_sign=False), optax.add_decayed_weights(0.02), optax.scale(-1.0))",
        {"v": "v"},
        "vector",
    ),
]


def inputs():
    """By name, where x starts and its gradients."""
    rng = np.random.default_rng(7)
    shapes = {"small": (2, 5), "stack": (2, 3, 4)}
    drawn = {name: (rng.normal(size=shape), rng.normal(size=(STEPS, *shape))) for name, shape in shapes.items()}
    return {"vector": (X0, gradients()), "tiny": (X0 * 1e-5, gradients()), "zero": (0 * X0, gradients())} | drawn


def run_torch(theirs, states, given):
    import torch

    torch.set_default_dtype(torch.float64)  # the numbers among its states have the default dtype
    start, each = given
    x = torch.tensor(start, requires_grad=True)
    optimizer = eval(f"torch.optim.{theirs}")
    for lr, g in zip(RATES["LR"], each, strict=True):
        optimizer.param_groups[0]["lr"] = lr
        x.grad = torch.tensor(g)
        optimizer.step()
        yield x.tolist(), {name: optimizer.state[x][its].tolist() for name, its in states.items()}


def run_optax(theirs, states, given):
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    start, each = given
    rates = jax.numpy.array(RATES["LR"])
    optimizer = eval(theirs, {"optax": optax, "lr": lambda k: rates[k]})
    x = jax.numpy.array(start)
    state = optimizer.init(x)
    for g in each:
        updates, state = optimizer.update(jax.numpy.array(g), state, x)
        x = optax.apply_updates(x, updates)
        yield x.tolist(), {name: taken(optax, state, its) for name, its in states.items()}


def taken(optax, state, its):
    name, _, axis = its.lstrip("-").partition("@")
    array = np.asarray(optax.tree.get(state, name))
    array = np.expand_dims(array, int(axis)) if axis else array
    return (-array if its[0] == "-" else array).tolist()


def main():
    given = inputs()
    lines = [
        {
            "made by": "tests/goldens/make_torch_optax.py",
            "with": f"Python {platform.python_version()}, NumPy {np.__version__}",
            "schedules": SCHEDULES,
            "inputs": {name: {"x0": x.tolist(), "gradients": g.tolist()} for name, (x, g) in given.items()},
        }
    ]
    for name, rows, run in (("torch", TORCH, run_torch), ("optax", OPTAX, run_optax)):
        for ours, theirs, states, *more in rows:
            shape = more[0] if more else "vector"
            points, kept = zip(*run(theirs, states, given[shape]), strict=True)
            state = {slot: [k[slot] for k in kept] for slot in states}
            title = f"{name} {version(name)}: {theirs}"
            lines.append({"optimizer": ours, "from": title, "input": shape, "x": points, "state": state})
    Path(__file__).with_name("torch_optax.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    print(f"{len(lines) - 1} records in torch_optax.jsonl")


if __name__ == "__main__":
    main()
