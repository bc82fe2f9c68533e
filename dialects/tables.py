"""Tables of the dialects: every optimizer and every schedule, with its equivalent in ravine."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from . import keras, optax, papers, tf1, torch
from .base import Dialect


def table() -> str:
    """All dialects' optimizers in Markdown: the signature, the optimizer of ravine, and the names of the states.

    >>> row = next(line for line in table().splitlines() if "`optax.signum" in line)
    >>> row.split(" | ")[1]
    '`Signum(lr=0.01, momentum=0.9)`'
    """
    rows = ["| optimizer | here | states |", "|---|---|---|"]
    for name, cls in Dialect.registry.items():
        spec = cls.to_ours(cls.example())
        states = ", ".join(f"{theirs}: {mine}" for theirs, mine in cls.slots.items() if mine in spec.state)
        rows.append(f"| `{name}{cls.__signature__}` | `{spec!r}` | {states} |")
    return "\n".join(rows)


def schedules() -> dict[str, Callable[..., Any]]:
    """The schedules of the frameworks and of `papers`, by "module.name".

    Each is a function of the framework's arguments that returns a schedule of ravine. The function of a torch scheduler
    takes the initial lr in place of the optimizer.

    >>> schedules()["torch.StepLR"](0.1, step_size=30)
    Step(0.1, 0.1, 30)
    >>> schedules()["optax.piecewise_constant_schedule"](0.1, {30: 0.5, 60: 0.5})
    Piecewise((0.1, 0.05, 0.025), (30, 60))
    """
    found: dict[str, Callable[..., Any]] = {f"papers.{name}": getattr(papers, name) for name in papers.__all__}
    for name in torch.lr_scheduler.__all__:
        if schedule := getattr(getattr(torch.lr_scheduler, name), "schedule", None):
            found[f"torch.{name}"] = schedule
    for name in keras.schedules.__all__:
        if hasattr(getattr(keras.schedules, name), "to_ours"):
            found[f"keras.{name}"] = getattr(keras.schedules, name)
    found["keras.ReduceLROnPlateau"] = keras.callbacks.ReduceLROnPlateau.schedule
    decays = {name: getattr(tf1, name) for name in tf1.decay.__all__}
    found |= {f"tf1.{name}": decay for name, decay in decays.items() if decay.__name__ == name}  # without aliases
    return found | {f"optax.{name}": getattr(optax.schedules, name) for name in optax.schedules.__all__}


def schedule_table() -> str:
    r"""All schedules of the dialects in Markdown, from their source: signature, schedule of ravine, and remark.

    >>> next(line for line in schedule_table().splitlines() if "torch.ExponentialLR" in line)
    '| `torch.ExponentialLR(lr, gamma)` | `Exponential(lr, gamma)` | The initial lr times gamma\\*\\*k. |'
    """
    rows = ["| name | here | remark |", "|---|---|---|"]
    for name, schedule in schedules().items():
        owner = schedule if not name.startswith("torch.") else getattr(torch.lr_scheduler, name.partition(".")[2])
        arguments = ", ".join(inspect.signature(schedule).parameters)
        code = "<br>".join(f"`{line}`" for line in _code(schedule).replace("|", "\\|").splitlines())
        remark = (inspect.getdoc(owner) or "").partition("\n\n")[0].replace("\n", " ").replace("*", "\\*")
        rows.append(f"| `{name}({arguments})` | {code} | {remark} |")
    return "\n".join(rows)


def _code(schedule: Any) -> str:
    """The source that builds the schedule of ravine."""
    function = getattr(schedule, "to_ours", None) or inspect.unwrap(schedule)
    definition: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    body = definition.body[ast.get_docstring(definition) is not None :]
    return "\n".join(map(ast.unparse, body)).replace("self.", "").removeprefix("return ")
