"""What every trajectory starts from and is given.

Gradients vary in size and sign, pass through zero, and do not depend on x. lr changes at every update: it rises and
falls, and while it warms up it is 0 at first, and once more later.
"""

import numpy as np

STEPS = 12
RATES = {
    "LR": [round(0.03 + 0.02 * np.sin(k + 1.0).item(), 6) for k in range(STEPS)],
    "WARMUP": [0.0, 0.02, 0.05, 0.03, 0.06, 0.0, 0.04, 0.07, 0.01, 0.02, 0.08, 0.03],
}
SCHEDULES = {name: f"Piecewise({rates}, {list(range(1, STEPS))})" for name, rates in RATES.items()}
X0 = np.array([1.0, -2.0, 0.5, 3.0, 0.0])


def gradients():
    g = np.random.default_rng(20).normal(size=(STEPS, 5)) * np.array([1.0, 1e-3, 30.0, 1.0, 1.0])
    g[:, 3] = 0.0
    g[4] = 0.0
    return g
