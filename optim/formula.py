"""An update rule as a formula, in text and in LaTeX, and the Markdown that a notebook shows of an optimizer."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernels.source import RuleError, Source

_GREEK = ("alpha", "beta", "gamma", "delta", "eps", "eta", "theta", "lambda", "mu", "rho", "tau")
_COMPARISONS = {ast.Lt: "<", ast.LtE: r"\le", ast.Gt: ">", ast.GtE: r"\ge", ast.Eq: "=", ast.NotEq: r"\ne"}
_COMPARISONS |= {ast.Is: "=", ast.IsNot: r"\ne"}
_FUNCTIONS = {"exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "maximum": r"\max", "minimum": r"\min"}
_FUNCTIONS |= {"max": r"\max", "min": r"\min"}
# How tightly an expression binds: inside one that binds tighter, it gets parentheses.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


@dataclass(frozen=True)
class Formula:
    """The formula of an optimizer, one line per statement. `str` gives text, a notebook shows the LaTeX."""

    title: str
    """The optimizer's name and source: the first line of its docstring."""
    lines: tuple[str, ...]
    latex: str

    def __str__(self) -> str:
        """The title and the lines, indented."""
        return "\n".join([self.title, "", *(f"    {line}" for line in self.lines)])

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$${self.latex}$$"


def formula_of(
    title: str, rule: Callable[..., Any], functions: Sequence[Callable[..., Any]], switches: Mapping[str, bool]
) -> Formula:
    """The formula of an update rule with its transforms.

    Args:
        title: the first line of the text.
        rule: the update rule.
        functions: the rule with its pre- and post-transforms, in order.
        switches: truth values of parameters that the rule tests with a bare `if name:`; only the branch that is taken
            is shown.
    """
    try:
        statements = [s for f in functions for s in statements_of(Source(f, switches), f is rule)]
    except RuleError:  # a rule over whole arrays may be any Python: its source is the formula
        source = inspect.cleandoc(inspect.getsource(rule)).splitlines()
        return Formula(title, tuple(source), rf"\texttt{{{rule.__qualname__.split('.')[0]}}}")
    lines = (line for statement in statements for line in ast.unparse(statement).splitlines())
    return Formula(title, tuple(lines), latex(statements))


def statements_of(source: Source, is_rule: bool) -> Iterator[ast.stmt]:
    """The statements of a function, with its results as assignments to the names that it updates."""
    yield from source.statements
    names = [name for name in source.parameters if name != "g"] if is_rule else source.outputs
    for name, result in zip(names, source.results, strict=False):
        if ast.unparse(result) != name:
            yield ast.fix_missing_locations(ast.Assign([ast.Name(name, ast.Store())], result, lineno=0))


def latex(statements: Sequence[ast.stmt]) -> str:
    """Statements as aligned LaTeX: an arrow for an assignment."""
    rows = " \\\\\n".join(f"& {row}" for row in _rows(statements, ""))
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def _rows(statements: Sequence[ast.stmt], indent: str) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.IfExp(test=test, body=body, orelse=orelse)):
                cases = rf"{_latex(body)} & \text{{if }} {_latex(test)} \\ {_latex(orelse)} & \text{{otherwise}}"
                yield rf"{indent}{_name(name)} \leftarrow \begin{{cases}} {cases} \end{{cases}}"
            case ast.Assign(targets=[ast.Name() | ast.Tuple() as target], value=value):
                yield rf"{indent}{_latex(target)} \leftarrow {_latex(value)}"
            case ast.If(test=test, body=body, orelse=orelse):
                yield rf"{indent}\text{{if }} {_latex(test)}\text{{:}}"
                yield from _rows(body, indent + r"\quad ")
                if orelse:
                    yield rf"{indent}\text{{otherwise:}}"
                    yield from _rows(orelse, indent + r"\quad ")
            case ast.For(target=target, iter=iterated, body=body):
                yield rf"{indent}\text{{for }} {_latex(target)} \text{{ in }} {_latex(iterated)}\text{{:}}"
                yield from _rows(body, indent + r"\quad ")
            case _:
                yield from (rf"{indent}\texttt{{{line}}}" for line in ast.unparse(statement).splitlines())


def _name(name: str) -> str:
    stem = name.rstrip("0123456789")
    number = name[len(stem) :]
    head, _, tail = stem.partition("_")
    if head not in _GREEK and len(head) > 1:
        word = name.replace("_", r"\_")
        return rf"\mathrm{{{word}}}"
    word = r"\varepsilon" if head == "eps" else f"\\{head}" if head in _GREEK else head
    below = "".join([rf"\mathrm{{{tail}}}" if tail else "", number])
    return f"{word}_{{{below}}}" if below else word


def _latex(node: ast.expr, inside: int = _SUM) -> str:
    text, level = _parts(node)
    return text if level >= inside else _in_parentheses(text)


def _in_parentheses(text: str) -> str:
    """Parentheses as high as what is in them."""
    return rf"\left({text}\right)" if r"\frac" in text or r"\begin" in text else f"({text})"


def _parts(node: ast.expr) -> tuple[str, int]:
    """An expression, and how tightly it holds together."""
    match node:
        case ast.Name(id=name):
            return _name(name), _ATOM
        case ast.Constant(value=value):
            return f"{value:g}" if isinstance(value, int | float) else rf"\text{{{value!r}}}", _ATOM
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            sign = "+" if isinstance(op, ast.Add) else "-"
            return f"{_latex(left)} {sign} {_latex(right, _PRODUCT)}", _SUM
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _product(left, right), _PRODUCT
        case ast.BinOp(left=ast.BinOp(ast.BinOp(op=ast.Div()) as scale, ast.Mult(), left), op=ast.Div(), right=right):
            return rf"{_latex(scale)} \, \frac{{{_latex(left)}}}{{{_latex(right)}}}", _PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{_latex(left)}}}{{{_latex(right)}}}", _SIGN
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"{_latex(left, _ATOM)}^{{{_latex(right)}}}", _POWER
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
            word = "and" if isinstance(op, ast.BitAnd) else "or"
            return rf"{_latex(left)} \text{{ {word} }} {_latex(right)}", _SUM
        case ast.BoolOp(op=op, values=values):
            word = "and" if isinstance(op, ast.And) else "or"
            return rf" \text{{ {word} }} ".join(_latex(value) for value in values), _SUM
        case ast.Tuple(elts=elements):
            return _in_parentheses(", ".join(map(_latex, elements))), _ATOM
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{_latex(operand, _SIGN)}", _PRODUCT
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return f"{_latex(left)} {_COMPARISONS[type(op)]} {_latex(right)}", _SUM
        case ast.IfExp(test=test, body=body, orelse=orelse):
            cases = rf"{_latex(body)} & \text{{if }} {_latex(test)} \\ {_latex(orelse)} & \text{{otherwise}}"
            return rf"\begin{{cases}} {cases} \end{{cases}}", _SUM
        case ast.Call(func=function, args=arguments):
            return _call(ast.unparse(function).split(".")[-1], arguments), _ATOM
    return rf"\texttt{{{ast.unparse(node)}}}", _ATOM


def _product(left: ast.expr, right: ast.expr) -> str:
    """Two factors; with a dot next to a name of several letters, so that two names do not read as words of a text."""
    last = left.right if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult) else left
    sign = r"\cdot" if _is_word(last) or _is_word(right) else r"\,"
    return f"{_latex(left, _PRODUCT)} {sign} {_latex(right, _SIGN)}"


def _is_word(node: ast.expr) -> bool:
    """Whether a factor is a name of several letters, or a power of one."""
    node = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) else node
    return isinstance(node, ast.Name) and _name(node.id).startswith(r"\mathrm")


def _call(name: str, arguments: Sequence[ast.expr]) -> str:
    given = ", ".join(_latex(argument) for argument in arguments)
    match name:
        case "sqrt":
            return rf"\sqrt{{{given}}}"
        case "cbrt":
            return rf"\sqrt[3]{{{given}}}"
        case "square":
            return f"{_latex(arguments[0], _ATOM)}^2"
        case "abs" | "absolute":
            return rf"\left|{given}\right|"
        case "norm":
            return rf"\left\lVert {given} \right\rVert"
    word = name.replace("_", r"\_")
    function = _FUNCTIONS.get(name) or rf"\operatorname{{{word}}}"
    return function + _in_parentheses(given)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; None is an empty cell."""
    cells = [["" if cell is None else str(cell).replace("|", r"\|") for cell in row] for row in (columns, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(columns), *lines[1:]])


def configuration(name: str, formula: Formula, hyperparameters: Iterable[Sequence[Any]], states: Sequence[str]) -> str:
    """The page of an optimizer configuration: source, formula, hyperparameters, names of the states.

    Args:
        name: the name of the optimizer.
        formula: its formula, with the options that are on.
        hyperparameters: rows of name, value and domain.
        states: the names of its states.
    """
    parts = [
        f"**{name}** · {formula.title}",
        f"$$\n{formula.latex}\n$$",
        table(("hyperparameter", "value", "must be"), hyperparameters),
        f"state: {', '.join(f'`{state}`' for state in states) or 'none'}",
    ]
    return "\n\n".join(parts)
