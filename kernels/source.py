"""Reads an update rule: its syntax tree, the objects behind its names, and errors that show the offending line."""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
from collections.abc import Callable, Container, Mapping
from typing import Any, NoReturn

import numpy as np

from . import functions

__all__ = ["ON_ELEMENTS", "RuleError", "Source", "literal"]

# The functions that a rule may call, with their names in the generated code: on elements, and on numbers.
ON_ELEMENTS = {f: name for name in functions.__all__ for f in (getattr(np, name), getattr(functions, name))}
ON_ELEMENTS[abs] = "absolute"
_ON_NUMBERS = {f: f"functions.{name}" for f, name in ON_ELEMENTS.items()}
_ON_NUMBERS |= {f: f"math.{name}" for name, f in vars(math).items() if callable(f)}
_ON_NUMBERS |= {getattr(builtins, name): name for name in ("abs", "max", "min", "float", "int", "round")}


class RuleError(TypeError):
    """An update rule uses something that has no meaning in an array loop.

    >>> from ravine.kernels import Kernel
    >>> def rule(x, g):
    ...     return x - sum(g)
    >>> try:
    ...     Kernel(rule, ["x"])
    ... except RuleError as error:
    ...     print(str(error).partition("Received: ")[2])
    `sum(g)`.
    """


class Source:
    """The source of one plain function."""

    def __init__(
        self, function: Callable[..., Any], options: Mapping[str, bool], reserved: Container[str] = frozenset()
    ) -> None:
        """Read a function.

        Args:
            function: the function, made with `def`.
            options: truth values by which each `if option:` is replaced by one of its branches.
            reserved: names that the function's own names must not equal; such a name gets the ending `_own`.
        """
        self.title = getattr(function, "__qualname__", repr(function))
        tree = _TakeBranches(options).visit(self._definition(function))
        assigned = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        given = [argument.arg for argument in tree.args.args]
        self.renamed = {name: f"{name}_own" for name in (*assigned, *given) if name in reserved}
        tree = _Rename(self.renamed).visit(tree)
        self.assigned = {self.renamed.get(name, name) for name in assigned}
        """Every name that the function assigns to."""
        self.parameters = [self.renamed.get(name, name) for name in given]
        *statements, last = tree.body
        if not isinstance(last, ast.Return) or last.value is None:
            self.refuse(last, "it must end with `return`, and have no other")
        is_docstring = statements and isinstance(statements[0], ast.Expr) and ast.get_docstring(tree) is not None
        self.statements = [s for s in statements[1 if is_docstring else 0 :] if not _is_no_op(s)]
        self.results: list[ast.expr] = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
        self.scope = inspect.getclosurevars(function)

    def _definition(self, function: Callable[..., Any]) -> ast.FunctionDef:
        """The syntax tree of a function with plain parameters."""
        try:
            text = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError) as error:
            raise RuleError(
                f"{self.title} can't become a kernel: it has no source to generate a kernel from. "
                "Define the rule with `def` in a file or a notebook cell."
            ) from error
        tree = ast.parse(text).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise RuleError(f"A rule must be a plain function made with `def`. Received: `{text.strip()}`.")
        arguments = tree.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults:
            self.refuse(tree, "its parameters must be plain names, without defaults, * or **")
        return tree

    @property
    def outputs(self) -> list[str]:
        """The parameters that a transform returns new values of: its first ones, as many as it returns."""
        return self.parameters[: len(self.results)]

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
            self.refuse(node, f"`{node.id}` is not defined here, or only on one branch of an `if`")
        self.refuse(node, "it must call functions by their names")

    def number(self, node: ast.expr) -> str:
        """A global number as a literal."""
        value = self.resolve(node)
        if not isinstance(value, int | float):
            self.refuse(node, f"`{ast.unparse(node)}` is no number but a {type(value).__name__}")
        return repr(value + 0) if math.isfinite(value) else f"float('{value}')"

    def on_numbers(self, node: ast.expr, local: Container[str]) -> str:
        """An expression over numbers as it stands, with the names that are not local resolved."""
        return ast.unparse(_Resolve(self, local).visit(ast.parse(ast.unparse(node), mode="eval").body))

    def unchanged(self, outputs: tuple[str, ...]) -> set[str]:
        """The outputs that the function neither uses nor changes: the loop can leave them out."""
        uses = [n.id for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Name)]
        for output, result in zip(outputs, self.results, strict=False):
            if not (isinstance(result, ast.Name) and result.id == output):
                uses += [output, *(n.id for n in ast.walk(result) if isinstance(n, ast.Name))]
        return set(outputs) - set(uses)


def _is_no_op(statement: ast.stmt) -> bool:
    """Whether a statement is `name = name`, which `name = a if option else b` may become."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name(id=value)):
            return target == value
    return False


class _TakeBranches(ast.NodeTransformer):
    """Replaces every `if option:` and `a if option else b` by the branch that the option selects."""

    def __init__(self, options: Mapping[str, bool]) -> None:
        self.options = options

    def _branch(self, node: Any) -> Any:
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id in self.options:
            return node.body if self.options[node.test.id] else node.orelse
        return node

    visit_If = visit_IfExp = _branch


class _Rename(ast.NodeTransformer):
    """Renames the names that the generated code uses itself."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self.renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.renamed.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.renamed.get(node.arg, node.arg)
        return node


def literal(node: ast.expr) -> float | None:
    """The value of an expression made of literals alone, else None."""
    if any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(node)):
        return None
    return float(eval(compile(ast.Expression(node), "<rule>", "eval"), {"__builtins__": {}}))


class _Resolve(ast.NodeTransformer):
    """Replaces functions and global numbers by their names and values in the generated module."""

    def __init__(self, source: Source, local: Container[str]) -> None:
        self.source = source
        self.local = local

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = _ON_NUMBERS.get(self.source.resolve(node.func))
        if function is None or node.keywords:
            self.source.refuse(
                node, "on numbers it may call NumPy's elementary functions, math, abs, max, min and round"
            )
        node.args = [self.visit(argument) for argument in node.args]
        if function == "functions.sqrt":  # `math.sqrt` returns the same number, without a Python call
            text = f"math.sqrt(radicand) if (radicand := {ast.unparse(node.args[0])}) >= 0 else {function}(radicand)"
            return ast.parse(text, mode="eval").body
        node.func = ast.parse(function, mode="eval").body
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.local:
            return node
        return ast.parse(self.source.number(node), mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.parse(self.source.number(node), mode="eval").body
