"""Trajectories of what no framework has as it should be: from the papers' formulas, one number after another, in fifty
digits.
"""

from decimal import Decimal, localcontext

from inputs import RATES, X0, gradients

# Ours; the source; the function below that follows it, and its numbers.
ROWS = [
    (
        "Adan(lr=LR, beta1=0.8, beta2=0.7, beta3=0.95, eps=0.01, weight_decay=0.3)",
        "arXiv:2208.06677, algorithm 1, with corrected means",
        ("adan", "0.2", "0.3", "0.05", "0.01", "0.3"),
    ),
]


def adan(gradients, rates, x, beta1, beta2, beta3, eps, decay):
    """Here the betas are the paper's, the share of what is new."""
    m = v = n = Decimal(0)
    before = gradients[0]
    for k, (g, eta) in enumerate(zip(gradients, rates, strict=True), 1):
        m = (1 - beta1) * m + beta1 * g
        v = (1 - beta2) * v + beta2 * (g - before)
        n = (1 - beta3) * n + beta3 * (g + (1 - beta2) * (g - before)) ** 2
        before = g
        corrected = [mean / (1 - (1 - beta) ** k) for mean, beta in ((m, beta1), (v, beta2), (n, beta3))]
        step = eta / (corrected[2].sqrt() + eps)
        x = (x - step * (corrected[0] + (1 - beta2) * corrected[1])) / (1 + decay * eta)
        yield x, {"m": m, "d": v, "v": n, "last": g}


def run(ours, source, given):
    name, *numbers = given
    with localcontext() as context:
        context.prec = 50
        rates = [Decimal(rate) for rate in RATES["LR"]]
        columns = [
            list(globals()[name]([Decimal(v) for v in column], rates, Decimal(x), *map(Decimal, numbers)))
            for column, x in zip(gradients().T.tolist(), X0.tolist(), strict=True)
        ]
    for elements in zip(*columns, strict=True):
        slots = elements[0][1]
        yield [float(x) for x, _ in elements], {slot: [float(kept[slot]) for _, kept in elements] for slot in slots}
