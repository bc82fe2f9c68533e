"""Trajectories of optax, in float64."""

from inputs import RATES, X0, gradients

# Ours; optax's, `lr` the schedule; {our state: optax's}.
ROWS = [
    ("SignSGD(lr=LR)", "optax.sign_sgd(lr)", {}),
    ("Signum(lr=LR, momentum=0.8)", "optax.signum(lr, beta=0.8)", {"m": "ema"}),
    ("Lion(lr=LR, beta1=0.8, beta2=0.9)", "optax.lion(lr, b1=0.8, b2=0.9, weight_decay=0.0)", {"m": "mu"}),
    (
        "Lion(lr=LR, beta1=0.7, beta2=0.95, weight_decay=0.3)",
        "optax.lion(lr, b1=0.7, b2=0.95, weight_decay=0.3)",
        {"m": "mu"},
    ),
    # RAdam as its paper has it: the threshold is moved to where the paper has it.
    (
        "RAdam(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "optax.radam(lr, b1=0.8, b2=0.95, eps=0.01, threshold=4.0)",
        {"m": "mu", "v": "nu"},
    ),
    (
        "RAdam(lr=LR, beta1=0.7, beta2=0.7, eps=0.01)",
        "optax.radam(lr, b1=0.7, b2=0.7, eps=0.01, threshold=4.0)",
        {"m": "mu", "v": "nu"},
    ),
    (
        "Yogi(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "optax.yogi(lr, b1=0.8, b2=0.95, eps=0.01)",
        {"m": "mu", "v": "nu"},
    ),
    (
        "Yogi(lr=LR, beta1=0.8, beta2=0.9, eps=0.01, initial_accumulator=0.3)",
        "optax.chain(optax.scale_by_yogi(b1=0.8, b2=0.9, eps=0.01, initial_accumulator_value=0.3), "
        "optax.scale_by_learning_rate(lr))",
        {"m": "mu", "v": "nu"},
    ),
    (
        "Yogi(lr=LR, beta1=0.8, beta2=0.9, eps=0.01, initial_accumulator=0)",
        "optax.chain(optax.scale_by_yogi(b1=0.8, b2=0.9, eps=0.01, initial_accumulator_value=0.0), "
        "optax.scale_by_learning_rate(lr))",
        {"m": "mu", "v": "nu"},
    ),
    (
        "AdaBelief(lr=LR, beta1=0.8, beta2=0.95, eps=0.001)",
        "optax.adabelief(lr, b1=0.8, b2=0.95, eps=0.001, eps_root=0.001)",
        {"m": "mu", "v": "nu"},
    ),
    (
        "ADOPT(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "optax.contrib.adopt(lr, b1=0.8, b2=0.95, eps=0.01)",
        {"m": "mu", "v": "nu"},
    ),
    # Where beta2 is a half, what optax takes for it, 1 - beta2, is the same.
    (
        "Adan(lr=LR, beta1=0.8, beta2=0.5, beta3=0.95, eps=0.01)",
        "optax.adan(lr, b1=0.8, b2=0.5, b3=0.95, eps=0.01, eps_root=0.0)",
        {"m": "m", "d": "v", "v": "n", "last": "g"},
    ),
    # Its weights are told lr one update later than its steps are: the same schedule, for both at the same update.
    (
        "ScheduleFreeSGD(lr=WARMUP, beta=0.8)",
        "optax.contrib.schedule_free(optax.sgd(lr), lambda t: lr(t - 1), b1=0.8)",
        {"z": "z", "peak": "max_lr", "total": "weight_sum"},
    ),
    (
        "ScheduleFreeAdamW(lr=WARMUP, beta1=0.8, beta2=0.95, eps=0.01, weight_decay=0.3)",
        "optax.contrib.schedule_free(optax.adamw(lr, b1=0.0, b2=0.95, eps=0.01, weight_decay=0.3), "
        "lambda t: lr(t - 1), b1=0.8)",
        {"z": "z", "v": "nu", "peak": "max_lr", "total": "weight_sum"},
    ),
]


def run(ours, theirs, states):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    rates = jnp.array(RATES["WARMUP" if "WARMUP" in ours else "LR"])
    optimizer = eval(theirs, {"optax": optax, "lr": lambda k: rates[k]})
    x = jnp.array(X0)
    state = optimizer.init(x)
    if ours.startswith("Yogi"):  # where optax starts m like v
        state = optax.tree.set(state, mu=jnp.zeros_like(x))
    for g in gradients():
        updates, state = optimizer.update(jnp.array(g), state, x)
        x = optax.apply_updates(x, updates)
        kept = {name: optax.tree.get(state, theirs).tolist() for name, theirs in states.items()}
        if "z" in states:
            kept["average"] = optax.contrib.schedule_free_eval_params(state, x).tolist()
        yield x.tolist(), kept
