"""The derivative of an op as text, from its source."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..op import ForEach, Function, Primitive, negated, unchanged

_MAX_LENGTH = 140
_WHERE = ", where "
_Definition = ast.Lambda | ast.FunctionDef


def formula(op: Primitive, position: int) -> str:
    """The derivative of op with respect to argument number `position`, as text; "" if the source is not available.

    In the text, g is the upstream gradient, y the result, and the other names are the arguments.

    >>> from ravine.autograd.op import TABLE
    >>> import numpy as np
    >>> formula(TABLE[np.sin], 0), formula(TABLE[np.subtract], 1)
    ('g * np.cos(x)', '-g')
    """
    if isinstance(op.derivatives, ForEach):
        return text_of(op.derivatives.vjp)
    d = op.derivatives[position]
    if d is None:
        return "0"
    d = inspect.unwrap(d)
    if d is unchanged:
        return "g"
    if d is negated:
        return "-g"
    text = text_of(d)
    if "g" in inspect.signature(d).parameters or text in ("", "0"):
        return text
    expression, comma, where = text.partition(_WHERE)
    is_simple = isinstance(ast.parse(expression, mode="eval").body, (ast.Name, ast.Constant, ast.Call, ast.Attribute))
    return (f"g * {expression}" if is_simple else f"g * ({expression})") + comma + where


@lru_cache(maxsize=1024)
def text_of(function: Function) -> str:
    """The expression that a function returns, with numbers for the variables of its closure; "" without source."""
    code = function.__code__
    try:
        tree = _tree("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return ""
    found = [node for node in _definitions(tree) if _first_line(node) == code.co_firstlineno and _covers(node, code)]
    if not found:
        return ""
    numbers = {
        name: cell.cell_contents
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True)
        if isinstance(cell.cell_contents, (int, float))
    }
    return _returned(found[-1], numbers)


@lru_cache(maxsize=64)
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def _definitions(tree: ast.Module) -> Iterator[_Definition]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Lambda, ast.FunctionDef)):
            yield node


def _first_line(node: _Definition) -> int:
    """The line on which a definition begins, decorators included."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return min(n.lineno for n in (node, *decorators))


def _covers(node: _Definition, code: Any) -> bool:
    """Whether the code belongs to this definition. A line may contain several lambdas."""
    if isinstance(node, ast.FunctionDef):
        return bool(node.name == code.co_name)
    body = node.body
    begin, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    spans = [((a, c), (b, d)) for a, b, c, d in code.co_positions() if None not in (a, b, c, d) and (a, c) != (b, d)]
    return bool(spans and begin <= min(spans)[0] and max(last for _, last in spans) <= end)


def _returned(node: _Definition, numbers: dict[str, Any]) -> str:
    if isinstance(node, ast.Lambda):
        return ast.unparse(_Numbers(numbers).visit(ast.parse(ast.unparse(node.body), mode="eval")))
    statements = node.body[1:] if ast.get_docstring(node) else node.body
    *steps, last = statements
    if isinstance(last, ast.Return) and last.value and all(isinstance(step, ast.Assign) for step in steps):
        text = ast.unparse(last.value) + (_WHERE + "; ".join(map(ast.unparse, steps)) if steps else "")
        if len(text) <= _MAX_LENGTH:
            return text
    return f"{node.name}({', '.join(a.arg for a in node.args.args)})"


class _Numbers(ast.NodeTransformer):
    """Replaces names by numbers."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        self.numbers = numbers

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Replace the name of a number by the number."""
        return ast.Constant(self.numbers[node.id]) if node.id in self.numbers else node
