"""The arithmetic of an optimizer: its formula, and one entry's last step with the numbers put in."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.source import RuleError, Source
from . import formula
from .tiers import ELEMENTS

if TYPE_CHECKING:
    from .optimizer import Optimizer
    from .place import Place
    from .record import Before

__all__ = ["Explanation", "formula_of", "step_of"]


class Explanation(str):
    """Text of several lines, which also the interpreter shows as lines."""

    __slots__ = ()
    __repr__ = str.__str__


def formula_of(cls: type[Optimizer], spec: Optimizer | None) -> formula.Formula:
    """The rule of a class, or that of a value with its switches settled and the options around it."""
    taken = inspect.signature(cls.rule).parameters
    functions = (*spec.stages[0], cls.rule, *spec.stages[1]) if spec else (cls.rule,)
    switches = {name: bool(value) for name, value in vars(spec).items() if name in taken} if spec else {}
    title = inspect.getdoc(cls) or cls.__name__
    try:
        statements = [s for f in functions for s in _statements(Source(f, switches), f is cls.rule)]
    except RuleError:  # a rule over whole arrays may be any Python
        source = inspect.cleandoc(inspect.getsource(cls.rule)).splitlines()
        return formula.Formula(title.splitlines()[0], tuple(source), rf"\texttt{{{cls.__name__}}}")
    return formula.Formula(title.splitlines()[0], tuple(formula.lines(statements)), formula.latex(statements))


def _statements(source: Source, is_rule: bool) -> Iterator[ast.stmt]:
    """The statements of a function, its results as assignments to what it makes."""
    yield from source.statements
    names = [name for name in source.parameters if name != "g"] if is_rule else source.outputs
    for name, result in zip(names, source.results, strict=False):
        if ast.unparse(result) != name:
            yield ast.fix_missing_locations(ast.Assign([ast.Name(name, ast.Store())], result, lineno=0))


def step_of(place: Place, before: Before, entry: tuple[int, ...]) -> Explanation:
    """The last step of one entry of a parameter, line by line: the formula, with numbers, the result."""
    spec, values = place.group.spec, before.values
    title = f"{place.name}[{', '.join(map(str, entry))}]" if entry else place.name
    head = f"{type(spec).__name__}, update {before.numbers['t']:g} of {title}, in {place.x.dtype}"
    if spec.tier is ELEMENTS:
        given = {**before.numbers, **{name: array[entry] for name, array in values.items()}}
        raw, g = before.gradient[entry], given["g"]
        clipped = [f"g = {_number(g)}, of {_number(raw)}, by clip_each_norm and clip_adaptive"] if raw != g else []
        lines = [*clipped, *_arithmetic(spec, given)]
    else:
        after = {"x": place.x} | place.slots
        shown = {name: (array, after.get(name)) for name, array in values.items() if array.shape == place.x.shape}
        lines = [
            f"{name} = {_number(old[entry])}" + ("" if new is None else f" -> {_number(new[entry])}")
            for name, (old, new) in shown.items()
        ]
    return Explanation("\n".join([head, *(f"    {line}" for line in lines)]))


def _arithmetic(spec: Optimizer, given: dict[str, Any]) -> list[str]:
    taken = inspect.signature(spec.rule).parameters
    switches = {name: bool(value) for name, value in vars(spec).items() if name in taken}
    before, after = spec.stages
    lines: list[str] = []
    names = dict(given)
    for function in (*before, spec.rule, *after):
        source = Source(function, switches)
        _run(list(_statements(source, function is spec.rule)), names, function, lines)
    return lines


def _run(
    statements: Sequence[ast.stmt], names: dict[str, Any], function: Callable[..., Any], lines: list[str]
) -> None:
    """Execute statements on numbers and say what each comes to."""
    scope = function.__globals__
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
    """Puts numbers in the place of names."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.names:
            return node
        text = _number(self.names[node.id])
        return ast.parse(f"({text})" if text.startswith("-") else text, mode="eval").body
