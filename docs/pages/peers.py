"""The dialects: what each framework's optimizers are here, and where those of one name disagree."""

from collections.abc import Iterator

import numpy as np

from ravine import dialects
from ravine.dialects import Dialect
from ravine.optim.formula import table

from .example import example

FRAMEWORKS = {
    "torch": "PyTorch",
    "keras": "Keras 3",
    "keras2": "Keras 2",
    "keras2.legacy": "Keras 2, legacy",
    "optax": "optax",
    "tf1": "TensorFlow 1",
}


def page() -> str:
    """Every framework's optimizers in ours, and where those of one name disagree."""
    head = """# Dialects

Each framework's optimizers under its own names, arguments and defaults, and what they are here. The names of the states
are the framework's own and ours.

## One name, several optimizers

What a first gradient g moves a parameter at 0 by, as a share of lr, at each framework's defaults.
"""
    parts = [head, table(("name", "framework", *(f"g = {g:g}" for g in (1.0, 1e-4, 1e-8))), disagreements())]
    for framework, title in FRAMEWORKS.items():
        own = [cls for cls in Dialect.registry.values() if cls.framework == framework]
        parts += [f"## {title}", *map(dialect, own)]
    return "\n\n".join(parts)


def disagreements() -> Iterator[tuple[str, ...]]:
    """Of the names that several frameworks have, the first steps."""
    by_name: dict[str, list[type[Dialect]]] = {}
    for cls in Dialect.registry.values():
        if cls.framework != "keras2.legacy":
            by_name.setdefault(cls.__name__.lower().removesuffix("optimizer"), []).append(cls)
    for name, classes in sorted(by_name.items()):
        for cls in classes if len(classes) > 1 else ():
            steps = dialects.difference(cls, cls, gradients=[np.ones((2, 3))]).first_steps  # no trajectories
            shown = (f"{steps[g][0]:.6g}" for g in (1.0, 1e-4, 1e-8))
            yield (name, FRAMEWORKS[cls.framework], *shown)


def dialect(cls: type[Dialect]) -> str:
    """Its arguments, what it is here at its defaults, its states, an example."""
    arguments = [f"{name}={value!r}" for name, value in cls.needed().items()]
    if cls.framework == "torch":
        arguments.insert(0, "[np.zeros((2, 3))]")
    call = f"{cls.title()}({', '.join(arguments)})"
    names = ", ".join(name for name in dialects.__all__ if f"{name}." in call)
    run = example(f"from ravine.dialects import {names}", f"{call}.spec")
    spec = cls.to_ours(cls.example())
    states = ", ".join(f"`{theirs}` is `{mine}`" for theirs, mine in cls.slots.items() if mine in spec.state)
    parts = [f"### {cls.title()}", f"`{cls.title()}{cls.__signature__}`", run]
    return "\n\n".join([*parts, *([f"State: {states}."] if states else [])])
