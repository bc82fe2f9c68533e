"""The last step of one element of a parameter: the update rule with the numbers put in."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..kernels.source import Source
from .formula import statements_of
from .optimizer import Optimizer
from .record import Before
from .view import ParameterView

__all__ = ["Explanation", "explained"]


class Explanation(str):
    """Text of several lines, which the interpreter shows as lines too, instead of as a quoted string."""

    __slots__ = ()
    __repr__ = str.__str__


def explained(
    views: Sequence[ParameterView], recorded: Mapping[str, Before], parameter: int | str, entry: int | tuple[int, ...]
) -> Explanation:
    """The last step of one element of a parameter.

    Args:
        views: all parameters.
        recorded: what the rule received for each parameter that was updated, by its name.
        parameter: the position or name of the parameter.
        entry: the index of the element in the parameter; an integer counts elements row by row.

    Returns:
        for an elementwise rule, each line as formula, with numbers, and result; otherwise x and each state of the same
        shape, before and after.

    Raises:
        IndexError, KeyError: there is no such parameter or element.
        ValueError: the parameter was not updated.
    """
    at = {view.name: view for view in views} | dict(enumerate(views))
    if parameter not in at:
        raise KeyError(f"There is no parameter {parameter!r}. There are: {', '.join(v.name for v in views)}.")
    view = at[parameter]
    if view.name not in recorded:
        raise ValueError(f"Parameter {view.name} was not updated in the last step: it had no gradient.")
    try:
        place = entry if isinstance(entry, tuple) else np.unravel_index(entry, view.x.shape)
        view.x[place]
    except (IndexError, ValueError):
        raise IndexError(f"Parameter {view.name} has shape {view.x.shape}. Received: entry {entry!r}.") from None
    return _explained(view, recorded[view.name], tuple(int(i) for i in place))


def _explained(view: ParameterView, before: Before, index: tuple[int, ...]) -> Explanation:
    spec, values = view.group.spec, before.values
    title = f"{view.name}[{', '.join(map(str, index))}]" if index else view.name
    head = f"{type(spec).__name__}, update {before.numbers['t']:g} of {title}, in {view.x.dtype}"
    if spec.granularity == "elementwise":
        given = {**before.numbers, **{name: array[index] for name, array in values.items()}}
        raw, g = before.gradient[index], given["g"]
        clipped = [f"g = {_number(g)}, of {_number(raw)}, by clip_each_norm and clip_adaptive"] if raw != g else []
        lines = [*clipped, *_arithmetic(spec, given, before.numbers)]
    else:
        after = {"x": view.x} | view.arrays
        shown = {name: (array, after.get(name)) for name, array in values.items() if array.shape == view.x.shape}
        lines = [
            f"{name} = {_number(old[index])}" + ("" if new is None else f" -> {_number(new[index])}")
            for name, (old, new) in shown.items()
        ]
    return Explanation("\n".join([head, *(f"    {line}" for line in lines)]))


def _arithmetic(spec: Optimizer, given: dict[str, Any], numbers: Mapping[str, Any]) -> list[str]:
    taken = inspect.signature(spec.rule).parameters
    switches = {name: bool(given.get(name, value)) for name, value in vars(spec).items() if name in taken}
    before, after = spec.transforms
    lines: list[str] = []
    names = dict(given)
    for function in (*before, spec.rule, *after):
        source = Source(function, switches)
        # a rule may have changed the numbers that it was given
        names |= {name: numbers[name] for name in source.parameters if name in numbers}
        _run(list(statements_of(source, function is spec.rule)), names, function, lines)
    return lines


def _run(statements: Sequence[ast.stmt], names: dict[str, Any], function: Callable[..., Any], lines: list[str]) -> None:
    """Execute statements on numbers, and add a line with the result of each."""
    scope = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                value = _chosen(value, scope, names)
                result = _value(value, scope, names)
                text, filled = ast.unparse(value), ast.unparse(_Fill(names).visit(ast.parse(ast.unparse(value))))
                parts = dict.fromkeys([text, filled, _number(result)])
                lines.append(" = ".join([name, *parts]))
                names[name] = result
            case ast.If(test=test, body=body, orelse=orelse):
                truth = bool(_value(test, scope, names))
                filled = ast.unparse(_Fill(names).visit(ast.parse(ast.unparse(test))))
                lines.append(f"{ast.unparse(test)}: {filled} is {truth}")
                _run(body if truth else orelse, names, function, lines)


def _chosen(node: ast.expr, scope: Mapping[str, Any], names: Mapping[str, Any]) -> ast.expr:
    """The branch that `a if condition else b` takes."""
    while isinstance(node, ast.IfExp):
        node = node.body if _value(node.test, scope, names) else node.orelse
    return node


def _value(node: ast.expr, scope: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    with np.errstate(all="ignore"):
        return eval(ast.unparse(node), dict(scope), dict(names))


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


class _Fill(ast.NodeTransformer):
    """Replaces names by numbers."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.names:
            return node
        text = _number(self.names[node.id])
        return ast.parse(f"({text})" if text.startswith("-") else text, mode="eval").body
