"""From the source of a rule to the source of a loop.

A rule mixes two kinds of values: numbers (t, lr, 1 - beta1**t) and array elements (x, g, sqrt(v)). Lowering parts the
two:

* what involves numbers alone goes, unchanged, into the function `numbers`, which Python runs once a step, in float64;
* what touches an element goes into the function `loop`, in which every number has been rounded once to the arrays'
dtype.

That is NumPy's own arithmetic (NEP 50: a Python number is weak), so the loop gives the bits that the rule gives on
arrays.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import device, vocabulary
from .source import ON_ELEMENTS, Source, literal
from .text import Text

__all__ = ["Lowered", "lower"]

# The kinds of values. A mask is a condition per element.
NUMBER, ELEMENT, MASK = "number", "array", "mask"

_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.BitAnd: "and", ast.BitOr: "or"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
# What NumPy does for these exponents is not its general power.
_SHORT_POWERS: dict[float | None, str] = {2: "square", 0.5: "sqrt"}
_RESERVED = {"i", "real", "mode", "float", "math", "vocabulary", *device.__all__}


@dataclass(frozen=True)
class Lowered:
    """A rule as the source of a module with two functions, `numbers` and `loop`."""

    source: str
    arrays: tuple[str, ...]
    """The arrays that `loop` takes, in order; then come the constants that `numbers` gives."""
    parameters: tuple[str, ...]
    """The numbers that `numbers` takes, in order."""
    scalars: tuple[str, ...]
    """Those of them that the rule updates; `numbers` gives them after the constants, in order."""


def lower(
    rule: Callable[..., Any],
    outputs: Sequence[str],
    *,
    scalars: Sequence[str] = (),
    before: Sequence[Callable[..., Any]] = (),
    after: Sequence[Callable[..., Any]] = (),
    options: Mapping[str, bool] | None = None,
) -> Lowered:
    """Lower a rule to the source of a loop.

    Args:
        rule: a plain function over `g`, the outputs, and numbers. What it returns is stored in the outputs, in order.
        outputs: the parameters that are written, `x` first. An output that the rule hands back untouched is left out.
        scalars: those of the outputs that are numbers, updated once a step; the others are arrays.
        before, after: stages around the rule, applied in order: functions that give new values of their first
            parameters, as many as they return. These are `x`, `g`, or an array of the stage's own.
        options: parameters that a bare `if name:` tests, and their truth: such a branch is settled here.

    Raises:
        RuleError: there is no source, or the rule uses what has no meaning in an array loop; the message shows the
        line.
    """
    source = Source(rule, options or {}, _RESERVED)
    given = tuple(source.renamed.get(name, name) for name in outputs)
    numbers = tuple(source.renamed.get(name, name) for name in scalars)
    stages = [[Source(stage, options or {}, _RESERVED) for stage in several] for several in (before, after)]
    return _Lowering(given, numbers, *stages).lower(source)


class _Lowering:
    def __init__(
        self, outputs: tuple[str, ...], scalars: tuple[str, ...], before: list[Source], after: list[Source]
    ) -> None:
        self.outputs, self.scalars, self.before, self.after = outputs, scalars, before, after
        made = [name for stage in (*before, *after) for name in stage.makes if name not in ("x", "g")]
        self.arrays = ("x", "g", *(name for name in outputs[1:] if name not in scalars), *made)
        self.assigned: set[str] = set()
        self.kinds: dict[str, str] = {}
        self.versions: dict[str, int] = {}  # counts assignments, to tell apart what a name stood for
        self.parameters: list[str] = []
        self.constants: dict[str, str] = {}  # name in the loop: the number it stands for
        self.known: dict[object, str] = {}
        self.on_one_branch: list[str] = []  # constants that have no value when their branch is not taken
        self.flags: set[str] = set()  # those of the constants that are conditions
        self.called: set[str] = set()
        self.on_numbers, self.on_elements = Text(1), Text(2)

    # ------------------------------------------------------------------------------------------------- functions
    def lower(self, rule: Source) -> Lowered:
        self.assigned = set().union(*(source.assigned for source in (rule, *self.before, *self.after)))
        idle = rule.idle(self.outputs)
        arrays = tuple(name for name in self.arrays if name not in idle)
        for stage in self.before:
            self.stage(stage)
        self.enter(rule)
        if len(rule.results) != len(self.outputs):
            returned = ast.Return(ast.Tuple(rule.results) if len(rule.results) > 1 else rule.results[0])
            rule.refuse(returned, f"it has to return {', '.join(self.outputs)}, and returns {len(rule.results)} values")
        self.statements(rule.statements)
        results = dict(zip(self.outputs, rule.results, strict=True))
        new_x = results.pop("x") if self.after else None
        for output, result in results.items():
            if output not in self.scalars and output not in idle:
                self.on_elements.add(f"{output}_array[i] = {self.element(result)}")
        if new_x:
            self.make("x", new_x)
            for stage in self.after:
                self.stage(stage)
            for name in dict.fromkeys(["x", *(made for stage in self.after for made in stage.makes)]):
                self.on_elements.add(f"{name}_array[i] = {name}")
        self.source = rule
        for scalar in self.scalars:
            if self.kind(results[scalar]) is not NUMBER:
                rule.refuse(results[scalar], f"`{scalar}` is a number, and here it depends on arrays")
            if ast.unparse(results[scalar]) != scalar:
                self.on_numbers.add(f"{scalar} = {self.number(results[scalar])}")
        self.reserve(rule, {*(f"{a}_array" for a in arrays), *(f"{name}_" for name in self.constants)})
        given = {new: old for old, new in rule.renamed.items()}
        return Lowered(
            self.render(rule.title, arrays),
            *(tuple(given.get(name, name) for name in names) for names in (arrays, self.parameters, self.scalars)),
        )

    def stage(self, stage: Source) -> None:
        """What comes before or after the rule, on the same elements."""
        self.enter(stage)
        self.statements(stage.statements)
        for name, result in zip(stage.makes, stage.results, strict=True):
            self.make(name, result)

    def make(self, name: str, result: ast.expr) -> None:
        if ast.unparse(result) != name:
            self.on_elements.add(f"{name} = {self.element(result)}")
            self.define(name, ELEMENT)

    def enter(self, source: Source) -> None:
        self.source = source
        for name in source.parameters:
            self.kinds[name] = ELEMENT if name in self.arrays else NUMBER
            if self.kinds[name] is NUMBER and name not in self.parameters:
                self.parameters.append(name)

    def reserve(self, source: Source, names: set[str]) -> None:
        if clash := sorted((source.assigned | set(source.parameters)) & names):
            source.refuse(ast.Name(clash[0]), f"the loop uses the name `{clash[0]}` itself; call it something else")

    # ------------------------------------------------------------------------------------------------- statements
    def statements(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    kind = self.kind(value)
                    if kind is NUMBER:
                        self.on_numbers.add(f"{name} = {self.number(value)}")
                    else:
                        self.on_elements.add(f"{name} = {self.mask(value) if kind is MASK else self.element(value)}")
                    self.define(name, kind)
                case ast.If(test=test, body=body, orelse=orelse):
                    self.branch(test, body, orelse)
                case _:
                    self.source.refuse(
                        statement, "it is made of `name = expression`, `if`, and one `return` at its end"
                    )

    def define(self, name: str, kind: str) -> None:
        self.kinds[name] = kind
        self.versions[name] = self.versions.get(name, 0) + 1

    def branch(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        flag = self.flag(test)
        before = dict(self.kinds)
        with self.block(f"if {flag}:", self.on_numbers, self.on_elements):
            self.statements(body)
        taken, self.kinds = self.kinds, before
        with self.block("else:", self.on_numbers, self.on_elements):
            self.statements(orelse)
        for name in sorted(taken.keys() & self.kinds.keys()):
            if taken[name] != self.kinds[name]:
                kinds = f"a {taken[name]} on one branch and a {self.kinds[name]} on the other"
                self.source.refuse(test, f"`{name}` is {kinds}; make it the same on both")
        # A name that only one branch defines is not known from here on.
        self.kinds = {name: kind for name, kind in taken.items() if name in self.kinds}

    @contextmanager
    def block(self, head: str, *texts: Text) -> Iterator[None]:
        """What is said inside goes under the head, in each of the texts."""
        marks = [text.open(head) for text in texts]
        yield
        for text, mark in zip(texts, marks, strict=True):
            text.close(mark)

    # ------------------------------------------------------------------------------------------------- expressions
    def kind(self, node: ast.expr) -> str:
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        if all(self.kinds.get(name, NUMBER) is NUMBER for name in names):
            return NUMBER
        match node:
            case ast.Name(id=name):
                return self.kinds[name]
            case ast.Compare() | ast.UnaryOp(op=ast.Invert()) | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                return MASK
        return ELEMENT

    def number(self, node: ast.expr) -> str:
        """Text for `numbers`: the expression as it stands, its global names resolved."""
        return self.source.on_numbers(node, self.kinds)

    def element(self, node: ast.expr) -> str:
        """Text for `loop`."""
        kind = self.kind(node)
        if kind is NUMBER:
            return self.constant(node)
        if kind is MASK:
            self.source.refuse(node, "a condition is no number; use where(condition, a, b)")
        match node:
            case ast.Name(id=name):
                return name
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.element(operand)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.element(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(left, right)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op, right=right):
                return f"({self.element(left)} {_SIGNS[type(op)]} {self.element(right)})"
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self.call(node, function, arguments)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.choice(test, body, orelse)
        self.source.refuse(node, "this expression has no meaning on the elements of arrays")

    def call(self, node: ast.expr, function: ast.expr, arguments: list[ast.expr]) -> str:
        name = ON_ELEMENTS.get(self.source.resolve(function))
        if name is None:
            self.source.refuse(node, f"on arrays it may call {', '.join(vocabulary.__all__)}")
        takes = getattr(getattr(np, name), "nin", 3)
        if len(arguments) != takes:
            self.source.refuse(node, f"{name} takes {takes} argument(s)")
        if name == "where" and all(self.kind(argument) is NUMBER for argument in arguments[1:]):
            self.source.refuse(node, "NumPy makes float64 of two numbers, whatever x is; let one of them be an array")
        first = self.mask(arguments[0]) if name == "where" else self.element(arguments[0])
        return self.device(name, first, *map(self.element, arguments[1:]))

    def device(self, name: str, *arguments: str) -> str:
        self.called.add(name)
        return f"{name}({', '.join(arguments)})"

    def mask(self, node: ast.expr) -> str:
        if self.kind(node) is NUMBER:
            return self.flag(node)
        match node:
            case ast.Name(id=name) if self.kinds[name] is MASK:
                return name
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                return f"({self.element(left)} {_COMPARISONS[type(op)]} {self.element(right)})"
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                return f"({self.mask(left)} {_SIGNS[type(op)]} {self.mask(right)})"
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return f"(not {self.mask(operand)})"
        self.source.refuse(node, "a condition on arrays is one comparison, or several joined by & and |")

    def power(self, left: ast.expr, right: ast.expr) -> str:
        if self.kind(right) is not NUMBER:
            return self.device("power", self.element(left), self.element(right))
        if short := _SHORT_POWERS.get(literal(right)):
            return self.device(short, self.element(left))
        return self.device("power_by", self.element(left), self.element(right))

    def choice(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> str:
        flag = self.flag(test)
        # The numbers of the branch not taken are not computed: 1 / (t - 1) may stand there because t > 1.
        with self.block(f"if {flag}:", self.on_numbers):
            taken = self.element(body)
        with self.block("else:", self.on_numbers):
            other = self.element(orelse)
        return f"({taken} if {flag} else {other})"

    def flag(self, test: ast.expr) -> str:
        if self.kind(test) is not NUMBER:
            self.source.refuse(test, "`if` on an array has no meaning; choose per element with where(condition, a, b)")
        name = self.constant(test, prefix="is")
        self.flags.add(name)
        return name

    def constant(self, node: ast.expr, prefix: str = "c") -> str:
        """The name under which the loop knows a number."""
        known = literal(node)
        if known is not None and math.isfinite(known) and prefix == "c":
            return f"real({known!r})"
        text = self.number(node)
        names = sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)})
        meaning = text, prefix, tuple((name, self.versions.get(name, 0)) for name in names)
        if meaning in self.known:
            return self.known[meaning]
        if text in self.parameters and text not in self.assigned and prefix == "c":
            name = text
        else:
            taken = self.constants.keys() | self.kinds.keys() | self.assigned
            name = next(n for i in range(len(taken) + 1) if (n := f"{prefix}{i}") not in taken)
            self.on_numbers.add(f"{name} = float({text})")
            if self.on_numbers.indent > 1:
                self.on_one_branch.append(name)
        if name not in self.on_one_branch:
            self.known[meaning] = name
        self.constants[name] = text
        return name

    # ------------------------------------------------------------------------------------------------- the module
    def render(self, title: str, arrays: tuple[str, ...]) -> str:
        imports = ", ".join(sorted({"flush_denormals", "restore_denormals", *self.called}))
        rounded = [
            f"    {name} = {f'{name}_ != 0' if name in self.flags else f'real({name}_)'}"
            + ("" if name == text else f"  # {text}")
            for name, text in self.constants.items()
        ]
        lines = [
            f'"""{title} as one pass over arrays. Generated: edit the rule, not this file."""',
            "",
            "import math",
            "",
            f"from {__package__} import vocabulary",
            f"from {__package__}.device import {imports}",
            "",
            "",
            f"def numbers({', '.join(self.parameters)}):",
            '    """What involves numbers alone: once a step, in float64."""',
            *(f"    {name} = 0.0" for name in self.on_one_branch),
            *self.on_numbers.lines,
            f"    return {', '.join(_tuple(names) for names in (self.constants, self.scalars))}",
            "",
            "",
            f"def loop({', '.join([*(f'{a}_array' for a in arrays), *(f'{name}_' for name in self.constants)])}):",
            '    """What touches the elements: in the dtype of the arrays, denormals flushed to zero."""',
            "    mode = flush_denormals()",
            "    real = x_array.dtype.type",
            *rounded,
            "    for i in range(x_array.size):",
            *(f"        {a} = {a}_array[i]" for a in arrays),
            *self.on_elements.lines,
            "    restore_denormals(mode)",
            "",
        ]
        return "\n".join(lines)


def _tuple(names: Iterable[str]) -> str:
    return f"({''.join(f'{name}, ' for name in names)})"
