"""Makes the golden records of rules over whole arrays: trajectories of other frameworks in float64, with their states.

Run with the extra `peers` installed: python tests/goldens/make_whole.py

Each row names an optimizer of ours as source, where LR and WARMUP are schedules in the head of the file; another's that
has the same numerics; and where the other keeps each of our states.
"""

import json
import platform
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np
import optax
import torch
from inputs import RATES, SCHEDULES, STEPS

LR = RATES["LR"]
SHAPES = {"arrays": [(4, 3), (5,), (), (2, 3, 2)], "matrices": [(4, 3), (3, 5), (3, 3)]}


def inputs(shapes):
    """Where parameters start, and their gradients at each step: with elements, rows and whole arrays of zeros."""
    rng = np.random.default_rng(7)
    x0 = [np.asarray(rng.normal(size=shape)) for shape in shapes]
    x0[1][...] = 0.0
    scales = [10.0 ** (k % 3 - 1) for k in range(STEPS)]
    drift = [1.0 if k < 8 else -1.0 for k in range(STEPS)]
    gradients = [
        [np.asarray(rng.normal(mean, size=shape) * scale) for shape in shapes]
        for mean, scale in zip(drift, scales, strict=True)
    ]
    for k, step in enumerate(gradients):
        for g in step:
            if g.ndim:
                g[k % len(g)] = 0.0
            if g.ndim > 1:
                g[(k + 1) % len(g), ..., :1] = 0.0
            if k == 4:
                g[...] = 0.0
    gradients[0][2][...] = 0.0
    return x0, gradients


INPUTS = {name: inputs(shapes) for name, shapes in SHAPES.items()}

# ------------------------------------------------------------------------------------------------------------- PyTorch
ADAFACTOR = {"rows": "row_var", "columns": "col_var", "v": "variance"}
MUON = {"m": "momentum_buffer"}
TORCH = [
    ("SparseAdam(lr=LR)", "SparseAdam(x)", {"m": "exp_avg", "v": "exp_avg_sq"}),
    (
        "SparseAdam(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "SparseAdam(x, betas=(0.8, 0.95), eps=0.01)",
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    ("Adafactor(lr=LR)", "Adafactor(x)", ADAFACTOR),
    (
        "Adafactor(lr=0.4, beta2_decay=-0.5, eps1=0.2, eps2=0.6, d=1.1, weight_decay=0.3)",
        "Adafactor(x, lr=0.4, beta2_decay=-0.5, eps=(0.2, 0.6), d=1.1, weight_decay=0.3)",
        ADAFACTOR,
    ),
    ("Muon(lr=LR)", "Muon(x)", MUON),
    (
        "Muon(lr=LR, momentum=0.8, nesterov=False, weight_decay=0.3, ns_steps=2, a=3.0, b=-3.5, c=1.5, eps=2.0)",
        "Muon(x, momentum=0.8, nesterov=False, weight_decay=0.3, ns_steps=2, eps=2.0, ns_coefficients=(3, -3.5, 1.5))",
        MUON,
    ),
    ("Muon(lr=LR, adjust_lr='match_rms_adamw')", "Muon(x, adjust_lr_fn='match_rms_adamw')", MUON),
]


@contextmanager
def float64_for_bfloat16():
    """PyTorch's Muon takes bfloat16 for its iterations, whatever the parameters are."""
    kept, torch.Tensor.bfloat16 = torch.Tensor.bfloat16, torch.Tensor.clone
    try:
        yield
    finally:
        torch.Tensor.bfloat16 = kept


def of_torch(ours, theirs, states, x0, gradients):
    x = [torch.tensor(start, requires_grad=True) for start in x0]
    optimizer = eval(f"torch.optim.{theirs}")
    for lr, step in zip(LR, gradients, strict=True):
        if "LR" in ours:
            optimizer.param_groups[0]["lr"] = lr
        for p, g in zip(x, map(torch.tensor, step), strict=True):
            p.grad = g.to_sparse(min(1, g.ndim)) if "Sparse" in ours else g
        optimizer.step()
        kept = [optimizer.state[p] for p in x]
        yield [p.tolist() for p in x], {s: [k[t].tolist() if t in k else [] for k in kept] for s, t in states.items()}


# --------------------------------------------------------------------------------------------------------------- optax
OPTAX = [
    (
        "LARS(lr=LR, momentum=0.8, trust_coefficient=0.02)",
        "lars(lr, momentum=0.8, trust_coefficient=0.02)",
        {"v": "-trace"},
    ),
    ("LAMB(lr=LR)", "lamb(lr)", {"m": "mu", "v": "nu"}),
    (
        "LAMB(lr=LR, beta1=0.8, beta2=0.95, eps=0.01, weight_decay=0.3)",
        "lamb(lr, b1=0.8, b2=0.95, eps=0.01, weight_decay=0.3)",
        {"m": "mu", "v": "nu"},
    ),
    # Without Adam's correction, which optax multiplies lr by.
    (
        "Prodigy(lr=LR * 20, beta1=0.8, beta2=0.95, eps=0.01, d0=0.1, weight_decay=0.3)",
        "contrib.prodigy(lambda k: 20 * lr(k) / ((1 - 0.95**(k + 1))**0.5 / (1 - 0.8**(k + 1))), betas=(0.8, 0.95), "
        "eps=0.01, estim_lr0=0.1, weight_decay=0.3)",
        {"m": "exp_avg", "v": "exp_avg_sq", "s": "grad_sum", "origin": "params0", "r": "numerator_weighted",
         "d": "estim_lr"},
    ),
]  # fmt: skip


def of_optax(ours, theirs, states, x0, gradients):
    jax.config.update("jax_enable_x64", True)
    rates = jax.numpy.array(LR)
    optimizer = eval(f"optax.{theirs}", {"optax": optax, "lr": lambda k: rates[k]})
    x = [jax.numpy.array(start) for start in x0]
    state = optimizer.init(x)
    for g in gradients:
        updates, state = optimizer.update([jax.numpy.array(a) for a in g], state, x)
        x = optax.apply_updates(x, updates)
        yield [a.tolist() for a in x], {slot: kept(state, text, x) for slot, text in states.items()}


def kept(state, text, x):
    found = optax.tree.get(state, text.lstrip("-"))
    found = found if isinstance(found, list) else [found] * len(x)
    return [(-a if text.startswith("-") else a).tolist() for a in found]


# ---------------------------------------------------------------------------------------------------------- the papers
def arrays(values):
    return [np.float64(a).tolist() for a in values]


def lars(rates, momentum, trust, decay, x0, gradients):
    """arXiv:1708.03888, algorithm 1; the rate is the global one where the paper's is 0 or has no value."""
    x, v = [np.longdouble(a) for a in x0], [np.longdouble(np.zeros_like(a)) for a in x0]
    for rate, step in zip(rates, gradients, strict=True):
        for i, g in enumerate(map(np.longdouble, step)):
            w, pull = (np.sqrt(np.sum(np.square(a))) for a in (x[i], g))
            local = trust * w / (pull + decay * w) if w > 0 else 1
            v[i] = momentum * v[i] + rate * local * (g + decay * x[i])
            x[i] = x[i] - v[i]
        yield arrays(x), {"v": arrays(v)}


def prodigy(rates, beta1, beta2, eps, d0, decay, x0, gradients):
    """arXiv:2306.06101, algorithm 4, with eps times the new d, and decay; d stays where the paper divides 0 by 0."""
    at = np.cumsum([a.size for a in x0])[:-1]
    shapes = [a.shape for a in x0]
    x = start = np.longdouble(np.concatenate([a.ravel() for a in x0]))
    m = v = s = np.zeros_like(x)
    r, d, memory = np.longdouble(0), np.longdouble(d0), np.sqrt(np.longdouble(beta2))
    for gamma, step in zip(rates, gradients, strict=True):
        g = np.longdouble(np.concatenate([a.ravel() for a in step]))
        m = beta1 * m + (1 - np.longdouble(beta1)) * d * g
        v = beta2 * v + (1 - np.longdouble(beta2)) * d**2 * g**2
        r = memory * r + (1 - memory) * gamma * d**2 * np.sum(g * (start - x))
        s = memory * s + (1 - memory) * gamma * d**2 * g
        length, old = np.sum(np.abs(s)), d
        d = max(d, r / length) if length > 0 else d
        x = x - gamma * old * decay * x - gamma * old * m / (np.sqrt(v) + d * eps)
        factor = (1 - memory) * d0
        points, *states = (
            arrays(a.reshape(shape) for a, shape in zip(np.split(joint, at), shapes, strict=True))
            for joint in (x, m, v, s / factor, start)
        )
        numbers = ([float(number)] * len(x0) for number in (r / factor, d))
        yield points, dict(zip(("m", "v", "s", "origin", "r", "d"), (*states, *numbers), strict=True))


PAPERS = [
    (
        "LARS(lr=LR, momentum=0.7, trust_coefficient=0.5, weight_decay=0.3)",
        "lars(LR, 0.7, 0.5, 0.3, x0, gradients)",
        {},
    ),
    (
        "Prodigy(lr=WARMUP * 100, beta1=0.8, beta2=0.95, eps=0.01, d0=0.001)",
        "prodigy([100 * rate for rate in WARMUP], 0.8, 0.95, 0.01, 0.001, 0.0, x0, gradients)",
        {},
    ),
]


def of_papers(ours, theirs, states, x0, gradients):
    yield from eval(theirs, {**globals(), **RATES, "x0": x0, "gradients": gradients})


# -------------------------------------------------------------------------------------------------------------- L-BFGS
# The loss, our arguments, which are PyTorch's but for one name, and the number of steps.
FUNCTIONS = {
    "rosenbrock": "((1 - x[:-1]) ** 2).sum() + 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum()",
    "quartic": "(x**4).sum() / 4 + (x**2).sum() / 20 - x.sum() / 3",
    "wells": "((x**2 - 1) ** 2 * (x**2 - 9) ** 2).sum() / 50 + x.sum() / 10",
    "basin": "(x * x / (x * x + 0.25)).sum()",
    "slope": "(((1 + x * x) ** 0.5).sum() - x.sum() / 2) / 8",
}
STARTS = [-1.2, 1.0, 0.5, -0.3]
LBFGS = [
    (function, f"LBFGS({arguments})", f"LBFGS([x], {arguments.replace('line_search', 'line_search_fn')})", steps)
    for function, arguments, steps in [
        ("rosenbrock", "lr=0.02, max_iter=3", 6),
        ("rosenbrock", "lr=0.03, max_iter=4, max_eval=3, history_size=2", 8),
        ("rosenbrock", "lr=0.02, max_iter=2, max_eval=50", 5),
        ("rosenbrock", "lr=0.02, max_iter=6, tolerance_change=0.05", 4),
        ("slope", "lr=1.0, max_iter=6, tolerance_change=0.1", 3),
        ("wells", "lr=0.3, max_iter=3", 4),
        ("basin", "lr=0.1, max_iter=4", 3),
        ("rosenbrock", "lr=0.765, max_iter=5, max_eval=12", 4),
        ("rosenbrock", "line_search='strong_wolfe', lr=1.88, max_iter=2, max_eval=25, tolerance_change=0.2247", 4),
        ("rosenbrock", "line_search='strong_wolfe', lr=11.496, max_iter=3, max_eval=14, tolerance_change=0.2686", 4),
        ("rosenbrock", "line_search='strong_wolfe', lr=23.597, max_iter=5, max_eval=7, tolerance_change=0.2044", 4),
        ("wells", "line_search='strong_wolfe', lr=3.688, max_iter=4, max_eval=14, tolerance_change=0.0055", 4),
        ("quartic", "lr=1.9, max_iter=6, tolerance_change=0.1", 3),
        ("rosenbrock", "line_search='strong_wolfe', lr=5.0, max_iter=4, tolerance_change=0.05", 3),
        ("wells", "line_search='strong_wolfe', lr=3.0, max_iter=4, max_eval=40, tolerance_change=0.5", 3),
        ("quartic", "lr=0.5, max_iter=2, history_size=3", 8),
        ("quartic", "lr=0.5, max_iter=30, tolerance_grad=0.01", 3),
        ("quartic", "lr=0.5, max_iter=30, tolerance_change=0.01", 3),
        ("rosenbrock", "line_search='strong_wolfe', max_iter=1", 10),
        ("rosenbrock", "line_search='strong_wolfe', max_iter=2, max_eval=50", 5),
        ("rosenbrock", "line_search='strong_wolfe', max_iter=5, history_size=2", 4),
        ("rosenbrock", "line_search='strong_wolfe', max_iter=5, max_eval=4", 5),
        ("rosenbrock", "line_search='strong_wolfe', lr=0.001, max_iter=3, max_eval=9", 4),
        ("quartic", "line_search='strong_wolfe', lr=200.0, max_iter=3", 3),
        ("quartic", "line_search='strong_wolfe', lr=200.0, max_iter=2, tolerance_change=0.3", 3),
        ("wells", "line_search='strong_wolfe', lr=7.0, max_iter=3", 5),
        ("wells", "line_search='strong_wolfe', lr=2.5, max_iter=6, max_eval=7", 4),
        ("slope", "line_search='strong_wolfe', lr=0.01, max_iter=2", 4),
        ("slope", "line_search='strong_wolfe', lr=1000.0, max_iter=4, max_eval=3", 4),
    ]
]


def of_lbfgs(function, theirs, steps):
    x = torch.tensor(STARTS, dtype=torch.float64, requires_grad=True)
    optimizer = eval(f"torch.optim.{theirs}", {"torch": torch, "x": x})

    def closure():
        optimizer.zero_grad()
        loss = eval(FUNCTIONS[function], {"x": x})
        loss.backward()
        return loss

    for _ in range(steps):
        loss = optimizer.step(closure)
        state = optimizer.state[x]
        yield x.tolist(), loss.item(), state["func_evals"], state["n_iter"]


# Line searches by themselves: a row is (e, s, a, b, c) of the loss e - s*x + a*x**2 + b*sin(c*x)**2, how long the
# direction is, the first length, the width of a bracket that is short enough, and how many trials there may be.
# What drawn ones don't show: straight lines, and what was found by looking for it.
CHOSEN = [
    [0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.5, 0.001],
    [0.0, 2.0, 0.0, 0.0, 1.0, 1.0, 0.25, 0.001],
    [0.726, 6.3131, 0.071, 0.9724, 12.4371, 1.0, 3.4285, 3.0, 2],
    [0.0, 4.177, 0.0701, 0.3151, 23.9966, 1.0, 10.4368, 0.001, 2],
    [-0.0521, 0.9431, 0.0339, -0.0734, 21.5735, 1.0, 0.8754, 0.001, 3],
    [0.4406, 0.1746, 0.0314, -0.0658, 2.9076, 1.0, 5.8903, 0.001, 4],
    [0.1638, 1.1149, 2.1176, 0.1016, 0.4363, 1.0, 0.5218, 0.001, 3],
    [0.0, 0.424, 0.0023, 0.0513, 21.2485, 1.0, 0.0961, 0.001, 11],
]


def line_searches():
    from torch.optim.lbfgs import _strong_wolfe

    rng = np.random.default_rng(1)
    drawn = [
        [
            *(rng.normal(), 10.0 ** rng.uniform(-1, 1), 10.0 ** rng.uniform(-3, 1), rng.normal()),
            *(10.0 ** rng.uniform(low, high) for low, high in [(-1, 1.5), (-0.5, 0.5), (-3, 2), (-5, 0)]),
        ]
        for _ in range(400)
    ]
    for row in [*np.round(drawn, 5).tolist(), *CHOSEN]:
        e, s, a, b, c, size, length, tolerance, most = *row, *[int(rng.integers(1, 15))][: 9 - len(row)]

        def at(x, t, d, e=e, s=s, a=a, b=b, c=c):
            x = x + t * d
            slope = -s + 2 * a * x + b * c * torch.sin(2 * c * x)
            return float(e - s * x + a * x**2 + b * torch.sin(c * x) ** 2), slope

        x, d = torch.zeros(1, dtype=torch.float64), torch.tensor([size], dtype=torch.float64)
        loss, g = at(x, 0.0, d)
        loss, _, found, trials = _strong_wolfe(
            at, x, length, d, loss, g, g.dot(d), tolerance_change=tolerance, max_ls=most
        )
        if trials > 1:
            yield {
                "loss": [e, s, a, b, c], "size": size, "length": length, "tolerance": tolerance, "most": most,
                "found": [float(found), float(loss), int(trials)],
            }  # fmt: skip


def records():
    frameworks = {f"torch {version('torch')}": (of_torch, TORCH), f"optax {version('optax')}": (of_optax, OPTAX)}
    for name, (run, rows) in (frameworks | {"the paper": (of_papers, PAPERS)}).items():
        for ours, theirs, states in rows:
            given = "matrices" if ours.startswith("Muon") else "arrays"
            with float64_for_bfloat16():
                points, kept = zip(*run(ours, theirs, states, *INPUTS[given]), strict=True)
            state = {slot: [k[slot] for k in kept] for slot in kept[0]}
            yield {"optimizer": ours, "from": f"{name}: {theirs}", "inputs": given, "x": points, "state": state}
    for function, ours, theirs, steps in LBFGS:
        points, losses, evaluations, iterations = zip(*of_lbfgs(function, theirs, steps), strict=True)
        yield {
            "optimizer": ours, "from": f"torch {version('torch')}: {theirs}", "function": function, "x": points,
            "losses": losses, "evaluations": evaluations, "iterations": iterations,
        }  # fmt: skip


def listed(arrays):
    return [a.tolist() for a in arrays]


def main():
    head = {
        "made by": "tests/goldens/make_whole.py",
        "with": f"Python {platform.python_version()}, NumPy {np.__version__}",
        "schedules": SCHEDULES,
        "inputs": {
            name: {"x0": listed(x0), "gradients": [listed(step) for step in gradients]}
            for name, (x0, gradients) in INPUTS.items()
        },
        "functions": FUNCTIONS,
        "start": STARTS,
        "lines": list(line_searches()),
    }
    lines = [json.dumps(line) for line in (head, *records())]
    Path(__file__).with_name("whole.jsonl").write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines) - 1} records in whole.jsonl")


if __name__ == "__main__":
    main()
