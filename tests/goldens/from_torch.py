"""Trajectories of torch.optim, in float64 throughout."""

from inputs import RATES, X0, gradients

# Ours; PyTorch's; {our state: what that is in PyTorch's}. What `average` gives is a state of this name.
ROWS = [
    ("SGD(lr=LR)", "SGD([x])", {}),
    ("SGD(lr=LR, weight_decay=0.2)", "SGD([x], weight_decay=0.2)", {}),
    ("SGD(lr=LR, weight_decay=0.2, maximize=True)", "SGD([x], weight_decay=0.2, maximize=True)", {}),
    ("Momentum(lr=LR, momentum=0.8)", "SGD([x], momentum=0.8)", {"v": "momentum_buffer"}),
    (
        "Momentum(lr=LR, momentum=0.7, dampening=0.3)",
        "SGD([x], momentum=0.7, dampening=0.3)",
        {"v": "momentum_buffer"},
    ),
    ("NAG(lr=LR, momentum=0.8)", "SGD([x], momentum=0.8, nesterov=True)", {"v": "momentum_buffer"}),
    ("Rprop(lr=0.05)", "Rprop([x], lr=0.05)", {"step": "step_size", "last": "torch.sign(prev)"}),
    (
        "Rprop(lr=0.01, eta_minus=0.4, eta_plus=1.5, min_step=0.005, max_step=0.02)",
        "Rprop([x], lr=0.01, etas=(0.4, 1.5), step_sizes=(0.005, 0.02))",
        {"step": "step_size", "last": "torch.sign(prev)"},
    ),
    ("Adagrad(lr=LR, eps=0.01)", "Adagrad([x], eps=0.01)", {"v": "sum"}),
    ("Adagrad(lr=LR, initial_accumulator=0.3)", "Adagrad([x], initial_accumulator_value=0.3)", {"v": "sum"}),
    (
        "Adadelta(lr=LR, rho=0.8, eps=0.001)",
        "Adadelta([x], rho=0.8, eps=0.001)",
        {"v": "square_avg", "u": "acc_delta"},
    ),
    ("RMSprop(lr=LR, rho=0.9, eps=0.01)", "RMSprop([x], alpha=0.9, eps=0.01)", {"v": "square_avg"}),
    (
        "RMSprop(lr=LR, rho=0.9, eps=0.01, momentum=0.6)",
        "RMSprop([x], alpha=0.9, eps=0.01, momentum=0.6)",
        {"v": "square_avg", "b": "momentum_buffer"},
    ),
    (
        "RMSprop(lr=LR, rho=0.9, eps=0.01, momentum=0.6, centered=True)",
        "RMSprop([x], alpha=0.9, eps=0.01, momentum=0.6, centered=True)",
        {"v": "square_avg", "m": "grad_avg", "b": "momentum_buffer"},
    ),
    (
        "Adam(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "Adam([x], betas=(0.8, 0.95), eps=0.01)",
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    ("Adam(lr=LR, weight_decay=0.3)", "Adam([x], weight_decay=0.3)", {"m": "exp_avg", "v": "exp_avg_sq"}),
    (
        "AdamW(lr=LR, beta1=0.8, beta2=0.95, eps=0.01, weight_decay=0.3)",
        "AdamW([x], betas=(0.8, 0.95), eps=0.01, weight_decay=0.3)",
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    (
        "AMSGrad(lr=LR, beta1=0.8, beta2=0.7, eps=0.01)",
        "Adam([x], betas=(0.8, 0.7), eps=0.01, amsgrad=True)",
        {"m": "exp_avg", "v": "exp_avg_sq", "v_max": "max_exp_avg_sq"},
    ),
    (
        "Adamax(lr=LR, beta1=0.8, beta2=0.7, eps=0.01)",
        "Adamax([x], betas=(0.8, 0.7), eps=0.01)",
        {"m": "exp_avg", "u": "exp_inf"},
    ),
    (
        "NAdam(lr=LR, beta1=0.8, beta2=0.95, eps=0.01)",
        "NAdam([x], betas=(0.8, 0.95), eps=0.01)",
        {"m": "exp_avg", "v": "exp_avg_sq", "product": "mu_product"},
    ),
    (
        "NAdam(lr=LR, beta1=0.9, beta2=0.95, eps=0.01, momentum_decay=2.0)",
        "NAdam([x], betas=(0.9, 0.95), eps=0.01, momentum_decay=2.0)",
        {"m": "exp_avg", "v": "exp_avg_sq", "product": "mu_product"},
    ),
    # At constant lr: PyTorch takes up another one update later.
    ("ASGD(lr=0.05)", "ASGD([x], lr=0.05)", {"mean": "ax", "average": "ax"}),
    (
        "ASGD(lr=0.05, lambd=0.3, alpha=0.6, t0=4)",
        "ASGD([x], lr=0.05, lambd=0.3, alpha=0.6, t0=4)",
        {"mean": "ax", "average": "ax"},
    ),
]


def run(ours, theirs, states):
    import torch

    torch.set_default_dtype(torch.float64)  # the numbers among its states have the default dtype
    x = torch.tensor(X0, requires_grad=True)
    optimizer = eval(f"torch.optim.{theirs}")
    for lr, g in zip(RATES["LR"], gradients(), strict=True):
        if "LR" in ours:
            optimizer.param_groups[0]["lr"] = lr
        x.grad = torch.tensor(g)
        optimizer.step()
        state = optimizer.state[x]
        yield x.tolist(), {name: eval(text, {"torch": torch}, state).tolist() for name, text in states.items()}
