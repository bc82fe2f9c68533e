"""Reading a rule: its syntax tree, the objects behind its names, the errors that point into it."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

__all__ = ["RuleError", "Source"]


class RuleError(TypeError):
    """A rule uses something that has no meaning in an array loop."""


class Source:
    """The source of one plain function."""

    def __init__(self, function: Callable[..., Any], options: Mapping[str, bool]) -> None:
        """Read `function`, with each `if option:` settled as `options` says."""
        self.function = function
        self.title = getattr(function, "__qualname__", repr(function))
        try:
            text = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError) as error:
            raise RuleError(
                f"{self.title} can't become a kernel: a kernel is made from source, and there is none to read. "
                "Define the rule with `def` in a file or a notebook cell."
            ) from error
        tree = ast.parse(text).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise RuleError(f"A rule is a plain function made with `def`. Received: `{text.strip()}`.")
        arguments = tree.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
            self.refuse(tree, "its parameters are plain names, without defaults, * or **")
        self.parameters = [argument.arg for argument in arguments.args]
        *statements, last = _Settle(options).visit(tree).body
        if not isinstance(last, ast.Return) or last.value is None:
            self.refuse(last, "it ends with `return`, and has no other")
        is_docstring = statements and isinstance(statements[0], ast.Expr) and ast.get_docstring(tree) is not None
        self.statements = [s for s in statements[1 if is_docstring else 0 :] if not _says_nothing(s)]
        self.results: list[ast.expr] = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
        self.scope = inspect.getclosurevars(function)

    @property
    def assigned(self) -> set[str]:
        """Every name that the function assigns to."""
        names = (n for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Name))
        return {n.id for n in names if isinstance(n.ctx, ast.Store)}

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        """Raise a RuleError that shows the offending line."""
        raise RuleError(f"{self.title} can't become a kernel: {why}. Received: `{ast.unparse(node).splitlines()[0]}`.")

    def resolve(self, node: ast.expr) -> Any:
        """The object behind a global name or an attribute of a module."""
        if isinstance(node, ast.Attribute):
            return getattr(self.resolve(node.value), node.attr, None)
        if isinstance(node, ast.Name):
            for names in (self.scope.nonlocals, self.scope.globals, self.scope.builtins):
                if node.id in names:
                    return names[node.id]
            self.refuse(node, f"`{node.id}` is not defined here, or not on every way that leads here")
        self.refuse(node, "it calls functions by their names")

    def number(self, node: ast.expr) -> str:
        """A global number as a literal."""
        value = self.resolve(node)
        if not isinstance(value, int | float):
            self.refuse(node, f"`{ast.unparse(node)}` is no number but {type(value).__name__}")
        return repr(value + 0) if math.isfinite(value) else f"float('{value}')"

    def idle(self, outputs: tuple[str, ...]) -> set[str]:
        """The outputs that the function hands back untouched: no loop needs to carry them."""
        uses = [n.id for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Name)]
        for output, result in zip(outputs, self.results, strict=False):
            if not (isinstance(result, ast.Name) and result.id == output):
                uses += [output, *(n.id for n in ast.walk(result) if isinstance(n, ast.Name))]
        return set(outputs) - set(uses)


def _says_nothing(statement: ast.stmt) -> bool:
    """Whether a statement is `name = name`, as a settled choice may leave it."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name(id=value)):
            return target == value
    return False


class _Settle(ast.NodeTransformer):
    """Takes the branch of every `if option:` and `a if option else b` whose truth is known."""

    def __init__(self, options: Mapping[str, bool]) -> None:
        self.options = options

    def _branch(self, node: Any) -> Any:
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id in self.options:
            return node.body if self.options[node.test.id] else node.orelse
        return node

    visit_If = visit_IfExp = _branch
