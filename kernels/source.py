"""Reads an update rule: its syntax tree, the objects behind its names, and errors that show the offending line."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import math
from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from . import functions

__all__ = ["ON_ELEMENTS", "RuleError", "Source", "called_by", "literal", "value_of", "why_no_number"]

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
            options: truth values by which each `if option:` is replaced by one of its branches, unless the function
                assigns to that name.
            reserved: names that the function's own names must not equal; such a name gets the ending `_own`.
        """
        self.title = getattr(function, "__qualname__", repr(function))
        tree = self._definition(function)
        assigned = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        tree = _TakeBranches({name: on for name, on in options.items() if name not in assigned}).visit(tree)
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
        self.function = function
        self.float64: str | None = None
        """A call on numbers that NumPy answers with a numpy.float64, if there is one."""

    def _definition(self, function: Callable[..., Any]) -> ast.FunctionDef:
        """The syntax tree of a function with plain parameters, which is what Python runs when it calls the function."""
        code: Any = getattr(function, "__code__", None)
        if isinstance(code, CodeType) and code.co_name == "<lambda>":
            raise RuleError("A rule must be a plain function made with `def`. Received: a lambda.")
        try:
            lines, _ = inspect.findsource(code)
        except (OSError, TypeError) as error:
            raise RuleError(
                f"{self.title} can't become a kernel: it has no source to generate a kernel from. "
                "Define the rule with `def` in a file or a notebook cell."
            ) from error
        found = _definition_of(code, "".join(lines))
        if found is None:
            raise RuleError(
                f"{self.title} can't become a kernel: its source is no longer the text that Python has compiled. "
                f"Import it again, or restart Python. Received: another text in {code.co_filename}."
            )
        tree = copy.deepcopy(found)
        if hasattr(function, "__wrapped__"):
            self.refuse(tree, "a decorator wraps a rule with it; write the rule as one function, without decorators")
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
        if not isinstance(node, ast.Attribute | ast.Name):
            self.refuse(node, "it must call functions by their names")
        try:
            return value_of(self.function, ast.unparse(node))
        except NameError:
            self.refuse(node, f"`{ast.unparse(node)}` is not defined here, or only on one branch of an `if`")

    def check_number(self, node: ast.expr) -> None:
        """Refuse a global name that is no number."""
        if reason := why_no_number(ast.unparse(node), self.resolve(node)):
            self.refuse(node, reason)

    def on_numbers(self, node: ast.expr, local: Container[str], parameter: Callable[[Source, ast.expr], str]) -> str:
        """An expression over numbers as it stands, with the names that are not local resolved.

        Args:
            node: the expression.
            local: the names of the function's own numbers.
            parameter: gives the name in the generated code for a global number.
        """
        return ast.unparse(_Resolve(self, local, parameter).visit(ast.parse(ast.unparse(node), mode="eval").body))

    def unchanged(self, outputs: tuple[str, ...]) -> set[str]:
        """The outputs that the function neither uses nor changes: the loop can leave them out."""
        uses = [n.id for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Name)]
        for output, result in zip(outputs, self.results, strict=False):
            if not (isinstance(result, ast.Name) and result.id == output):
                uses += [output, *(n.id for n in ast.walk(result) if isinstance(n, ast.Name))]
        return set(outputs) - set(uses)


def called_by(function: Callable[..., Any]) -> tuple[Any, ...]:
    """The functions that a function's names stand for now; a kernel holds as long as they are the same."""
    code = function.__code__
    values = [cell.cell_contents for cell in function.__closure__ or ()]
    values += [function.__globals__.get(name) for name in code.co_names]
    return (code, *(value for value in values if callable(value)))


def value_of(function: Callable[..., Any], path: str) -> Any:
    """What a name in a function stands for now: a closure, a global, a builtin, or an attribute of one; else None.

    Args:
        function: the function in whose body the name stands.
        path: the name, such as `scale` or `math.pi`.

    Raises:
        NameError: there is no such name.
    """
    name, *attributes = path.split(".")
    code = function.__code__
    value: Any
    if name in code.co_freevars:
        value = (function.__closure__ or ())[code.co_freevars.index(name)].cell_contents
    elif name in function.__globals__:
        value = function.__globals__[name]
    elif hasattr(builtins, name):
        value = getattr(builtins, name)
    else:
        raise NameError(name)
    for attribute in attributes:
        value = getattr(value, attribute, None)
    return value


def why_no_number(path: str, value: Any) -> str | None:
    """The reason why an object can't be used as a number, or None if it can."""
    if isinstance(value, int | float):  # numpy.float64 is a float
        return None
    return f"`{path}` is no number but a {type(value).__name__}"


def _definition_of(code: CodeType, text: str) -> ast.FunctionDef | None:
    """The definition in a text that compiles to this code: at the same line, or moved; None if there is none."""
    try:
        tree, compiled = _compiled(text)
    except (SyntaxError, ValueError):
        return None
    lines = {min([n.lineno, *(d.lineno for d in n.decorator_list)]): n for n in tree}
    same = [c for c in compiled if c.co_qualname == code.co_qualname and _same(c, code)]
    same.sort(key=lambda c: c.co_firstlineno != code.co_firstlineno)
    return lines[same[0].co_firstlineno] if same else None


@lru_cache(maxsize=8)
def _compiled(text: str) -> tuple[list[ast.FunctionDef], list[CodeType]]:
    """The definitions of functions in a text, and all code that it compiles to."""
    tree = ast.parse(text)
    compiled = [compile(tree, "<rule>", "exec", dont_inherit=True)]
    for code in compiled:  # it grows
        compiled += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)], compiled


def _same(a: CodeType, b: CodeType) -> bool:
    """Whether two code objects compute the same."""
    if len(a.co_consts) != len(b.co_consts):
        return False
    attributes = ("co_code", "co_names", "co_varnames", "co_freevars", "co_argcount")
    if any(getattr(a, name) != getattr(b, name) for name in attributes):
        return False
    return all(
        _same(x, y) if isinstance(x, CodeType) and isinstance(y, CodeType) else repr(x) == repr(y)
        for x, y in zip(a.co_consts, b.co_consts, strict=True)
    )


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
    """Replaces functions by their names in the generated module, and global numbers by parameters of `numbers`."""

    def __init__(self, source: Source, local: Container[str], parameter: Callable[[Source, ast.expr], str]) -> None:
        self.source = source
        self.local = local
        self.parameter = parameter

    def visit_Call(self, node: ast.Call) -> ast.expr:
        called = self.source.resolve(node.func)
        function = _ON_NUMBERS.get(called)
        if function is None or node.keywords:
            self.source.refuse(
                node, "on numbers it may call NumPy's elementary functions, math, abs, max, min and round"
            )
        if isinstance(called, np.ufunc) or called in (np.clip, np.where):  # not those of ravine.kernels
            self.source.float64 = ast.unparse(node)
        node.args = [self.visit(argument) for argument in node.args]
        if function == "functions.sqrt":  # `math.sqrt` returns the same number, without a Python call
            text = f"math.sqrt(radicand) if (radicand := {ast.unparse(node.args[0])}) >= 0 else {function}(radicand)"
            return ast.parse(text, mode="eval").body
        node.func = ast.parse(function, mode="eval").body
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return node if node.id in self.local else ast.Name(self.parameter(self.source, node), ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name(self.parameter(self.source, node), ast.Load())
