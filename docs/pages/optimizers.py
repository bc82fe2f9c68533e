"""The optimizers: formula, hyperparameters, example; and how they differ from their papers."""

import inspect
import re
from dataclasses import MISSING, fields

from ravine.optim import Optimizer, Options, rules
from ravine.optim.formula import table

from .example import example, first_line, plain

GRANULARITY = {
    "elementwise": "elements, compiled",
    "per-tensor": "whole tensors",
    "flat-vector": "all parameters as one vector",
}


def own_rules() -> list[type[Optimizer]]:
    """The optimizers that are no dialect's."""
    return [cls for cls in Optimizer.registry.values() if cls.__name__ in rules.__all__]


def page() -> str:
    """A table, and a section for each."""
    rows = [
        (
            f"[{cls.__name__}](#{cls.__name__.lower()})",
            first_line(cls),
            ", ".join(cls.state) or "none",
            GRANULARITY[cls.granularity],
        )
        for cls in own_rules()
    ]
    head = """# Optimizers

Each is one class and one function, `rule`, which the compiler, NumPy, this page and the tests read. What every one of
them takes besides its own hyperparameters - clipping, decay, averaging - is in {py:class}`ravine.optim.Options`.
"""
    columns = ("optimizer", "what, and from where", "states", "the rule sees")
    return "\n\n".join([head, table(columns, rows), *map(optimizer, own_rules())])


def optimizer(cls: type[Optimizer]) -> str:
    """Formula, hyperparameters and an example."""
    name = cls.__name__
    own = [f for f in fields(cls) if f.name not in {option.name for option in fields(Options)}]
    arguments = ["*params", *(f.name if f.default is MISSING else f"{f.name}={f.default!r}" for f in own), "**options"]
    lr = "lr=0.1" if any(f.name == "lr" and f.default is MISSING for f in own) else ""
    run = f"found = minimize(lambda x: np.sum(x**2), np.array([[1.0, -2.0]]), {name}({lr}), steps=100)"
    return "\n\n".join(
        [
            f"({name.lower()})=\n## {name}",
            f"$$\n{cls.explain().latex}\n$$",
            f"```{{eval-rst}}\n.. autoclass:: ravine.optim.{name}({', '.join(arguments)})\n   :no-index-entry:\n```",
            example(f"from ravine.optim import {name}, minimize", f"{name}({lr})", run, "float(f'{found.fun:.3g}')"),
        ]
    )


def papers() -> str:
    """How what runs here differs from the papers."""
    head = """# From the paper to the code

What the paper of each optimizer says, and where what runs here differs from it. Where a paper leaves a choice open, the
numerics are PyTorch's; every other framework's are in its [dialect](dialects.md).
"""
    rows = []
    for cls in own_rules():
        found = re.search(r"Differs: (.*?)(?:\n\n|\Z)", inspect.getdoc(cls) or "", re.DOTALL)
        link = f"[{cls.__name__}](optimizers.md#{cls.__name__.lower()})"
        rows.append((link, first_line(cls), plain(found[1]) if found else None))
    return "\n\n".join([head, table(("optimizer", "paper", "differs"), rows)])
