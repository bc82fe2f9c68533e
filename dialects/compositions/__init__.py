"""How the schedules of other frameworks are said in ours: a function for each, by its own name and arguments.

>>> from ravine.dialects import compositions
>>> compositions.torch.StepLR(0.1, step_size=30)
Step(0.1, 0.1, 30)
>>> compositions.keras.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
Exponential(0.1, 0.5, steps=10)

`print(compositions.table())` has them all. Everything is float64, and holds or goes on past the end as stated.
"""

import ast
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import keras, names, optax, tf1, torch

__all__ = ["functions", "keras", "names", "optax", "table", "tf1", "torch"]

MODULES: tuple[ModuleType, ...] = (names, torch, keras, tf1, optax)


def functions() -> dict[str, Callable[..., Any]]:
    """All of them, by "module.name".

    >>> functions()["torch.StepLR"](0.1, step_size=30)
    Step(0.1, 0.1, 30)
    """
    found: dict[str, Callable[..., Any]] = {}
    for module in MODULES:
        short = module.__name__.rpartition(".")[2]
        found |= {f"{short}.{name}": getattr(module, name) for name in module.__all__}
    return found


def table() -> str:
    """In Markdown, made of the functions' source: name and arguments, composition, and what is particular.

    >>> next(line for line in table().splitlines() if "torch.StepLR" in line)
    '| `torch.StepLR(lr, step_size, gamma)` | `Step(lr, gamma, step_size)` | The same. |'
    """
    rows = ["| name | composition | remarks |", "|---|---|---|"]
    for name, function in functions().items():
        tree: Any = ast.parse(inspect.getsource(function)).body[0]
        arguments = ", ".join(argument.arg for argument in tree.args.args)
        code = "\n".join(map(ast.unparse, tree.body[1:])).removeprefix("return ").replace("|", "\\|")
        remarks = " ".join((inspect.getdoc(function) or "").split())
        composition = "<br>".join(f"`{line}`" for line in code.splitlines())
        rows.append(f"| `{name}({arguments})` | {composition} | {remarks} |")
    return "\n".join(rows)
