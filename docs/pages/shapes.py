"""The schedules, each drawn."""

import ast
from typing import Any

from ravine import schedules
from ravine.dialects import schedule_table

from .example import example

SHAPES = (
    "Constant(0.1)",
    "Linear(0.0, 0.1, 100)",
    "Polynomial(0.1, 0.0, 100, power=2.0)",
    "Cosine(0.1, 0.0, 100)",
    "CosineRestarts(0.1, 0.0, 20, multiplier=2)",
    "CosineWave(0.1, 0.0, 25)",
    "Exponential(0.1, 0.5, 25)",
    "InverseTime(0.1, 0.1)",
    "InverseSqrt(0.1)",
    "Step(0.1, 0.5, 25)",
    "MultiStep(0.1, 0.5, (30, 80))",
    "Piecewise((0.1, 0.01, 0.05), (30, 80))",
    "Cyclic(0.02, 0.1, 20, mode='triangular2')",
    "OneCycle(0.1, 100)",
    "PerEpoch(Step(0.1, 0.5, 2), 10)",
    "Repeat(Linear(0.1, 0.0, 25))",
    "Recurrence(0.1, lambda k, y: 0.9 * y)",
    "Lambda(lambda k: 0.1 / (k + 1) ** 0.5)",
    "Noise(0)",
    "ReduceOnPlateau(0.1)",
)
"""A value of each class."""

ALGEBRA = {
    "then": "Linear(0.0, 0.1, 20) >> Cosine(0.1, 0.0, 80)",
    "scaled": "Cosine(0.1, 0.0, 100) * 0.5",
    "shifted": "Cosine(0.1, 0.0, 100) + 0.02",
    "power": "Cosine(0.3, 0.0, 100) ** 2",
    "product": "Linear(0.0, 1.0, 20) * Exponential(0.1, 0.5, 40)",
    "sum": "Linear(0.1, 0.0, 100) + CosineWave(0.01, -0.01, 5)",
    "cut short": "Cosine(0.1, 0.0, 100)[:50]",
    "every second value": "Cosine(0.1, 0.0, 100)[::2]",
    "clipped": "Cyclic(0.0, 0.1, 20).clip(0.02, 0.08)",
}
"""What operators make of schedules."""


def value(source: str) -> Any:
    """The schedule that this says."""
    return eval(source, vars(schedules).copy())


def picture(name: str) -> str:
    """The name of a picture's file."""
    return f"schedule-{name.lower().replace(' ', '-')}.svg"


def class_of(source: str) -> str:
    """The name of the class that a source calls."""
    return ast.unparse(ast.parse(source, mode="eval").body.func)  # type: ignore[attr-defined]


def pictures() -> dict[str, str]:
    """By the name of the file."""
    named = {class_of(source): source for source in SHAPES} | ALGEBRA
    return {picture(name): value(source)._repr_svg_() for name, source in named.items()}


def page() -> str:
    """A section for each class, and for the algebra."""
    head = """# Schedules

A schedule is a value: a function of k = 0, 1, 2, ..., the updates taken so far. It is frozen and comparable, takes a
number or an array, and is written as JSON. Any hyperparameter of any optimizer takes one, and nobody has to call a
second `step()`.
"""
    parts = [head]
    for source in SHAPES:
        name = class_of(source)
        parts += [f"({name.lower()})=\n## {name}", f"![{source}]({picture(name)})"]
        parts += [f"```{{eval-rst}}\n.. autoclass:: ravine.schedules.{name}\n   :no-index-entry:\n```"]
    parts.append("## Algebra")
    for name, source in ALGEBRA.items():
        imports = sorted({node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)})
        run = example(f"from ravine.schedules import {', '.join(imports)}", f"s = {source}", "float(f'{s(10):.6g}')")
        parts += [f"### {name}", f"![{source}]({picture(name)})", run]
    parts += ["## Other frameworks' schedules in these terms", schedule_table()]
    return "\n\n".join(parts)
