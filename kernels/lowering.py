"""From the source of an update rule to the source of a loop.

A rule mixes two kinds of values: numbers (t, lr, 1 - beta1**t) and array elements (x, g, sqrt(v)). Lowering separates
them:

* An expression over numbers alone goes, unchanged, into the function `numbers`. Python runs it once a step, in float64.
* An expression that involves an element goes into the function `loop`. There, every number has been rounded once to the
  dtype of the arrays.

This is NumPy's own arithmetic (NEP 50: a Python number is weak), so the loop gives the same bits as the rule on arrays.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import functions
from .rule import Rule
from .source import ON_ELEMENTS, Source, literal
from .text import GeneratedModule

__all__ = ["Lowered", "lower"]

# The kinds of values. A mask is a condition per element.
NUMBER, ELEMENT, MASK = "number", "array", "mask"

_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.BitAnd: "and", ast.BitOr: "or"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
# NumPy has special cases for these exponents.
_SPECIAL_POWERS: dict[float | None, str] = {2: "square", 0.5: "sqrt"}
# The names that the generated module uses itself.
_RESERVED = {"i", "real", "mode", "float", "math", "functions", "power", "power_by", *functions.__all__}
_RESERVED |= {"flush_denormals", "restore_denormals", "radicand"}


@dataclass(frozen=True)
class Lowered:
    """A rule as the source of a module with two functions, `numbers` and `loop`."""

    source: str
    arrays: tuple[str, ...]
    """The arrays that `loop` takes, in order; the constants that `numbers` returns follow them."""
    parameters: tuple[str, ...]
    """The numbers that `numbers` takes, in order; the global numbers follow them."""
    globals: tuple[tuple[Callable[..., Any], str], ...]
    """The global numbers: each as the function that uses it, and its name there."""
    float64: str | None
    """An expression over numbers that NumPy makes a numpy.float64, if there is one."""


def lower(rule: Rule) -> Lowered:
    """Lower an update rule and its transforms to the source of a loop.

    An output that the rule returns unchanged is left out of the loop.

    Raises:
        RuleError: there is no source, or the rule uses something that has no meaning in an array loop; the message
        shows the line.
    """
    return _Lowering(rule).lower()


class _Lowering:
    """Walks through a rule and its transforms and fills a `GeneratedModule`.

    Each method that takes an expression returns its text in the generated code.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule, *transforms = (
            Source(function, rule.options, _RESERVED) for function in (rule.function, *rule.before, *rule.after)
        )
        self.before, self.after = transforms[: len(rule.before)], transforms[len(rule.before) :]
        self.outputs, self.scalars = (
            tuple(self.rule.renamed.get(name, name) for name in names) for names in (rule.outputs, rule.scalars)
        )
        added = [name for transform in transforms for name in transform.outputs if name not in ("x", "g")]
        self.arrays = ("x", "g", *(name for name in self.outputs[1:] if name not in self.scalars), *added)
        self.assigned = set().union(*(source.assigned for source in (self.rule, *transforms)))
        self.kinds: dict[str, str] = {}
        self.versions: dict[str, int] = {}  # counts assignments, to tell apart what a name stood for
        self.known: dict[object, str] = {}  # the constant that an expression has got
        self.module = GeneratedModule()
        self.globals: dict[str, tuple[Source, ast.expr]] = {}  # the global numbers, by their names in `numbers`

    # ------------------------------------------------------------------------------------------------- functions
    def lower(self) -> Lowered:
        sources = (*self.before, self.rule, *self.after)
        unchanged = self.rule.unchanged(self.outputs) - {"x"}
        arrays = tuple(name for name in self.arrays if name not in unchanged)
        for transform in self.before:
            self.transform(transform)
        self.enter(self.rule)
        kept = sorted(self.rule.assigned & {name for transform in self.after for name in transform.parameters})
        kept = [name for name in kept if self.kinds.get(name) is NUMBER]
        for name in kept:  # the rule gives it another value, and what runs after the rule takes the first
            self.module.numbers.add(f"given_{name} = {name}")
        self.statements(self.rule.statements)
        results = self.results()
        new_x = results.pop("x") if self.after else None
        for output, result in results.items():
            if output not in self.scalars and output not in unchanged:
                self.module.loop.add(f"{output}_array[i] = {self.element(result)}")
        if new_x:
            self.update("x", new_x)
            for name in kept:
                self.module.numbers.add(f"{name} = given_{name}")
                self.define(name, NUMBER)
            for transform in self.after:
                self.transform(transform)
            for name in dict.fromkeys(["x", *(name for transform in self.after for name in transform.outputs)]):
                self.module.loop.add(f"{name}_array[i] = {name}")
        self.source = self.rule
        for scalar in self.scalars:
            if self.kind(results[scalar]) is not NUMBER:
                self.source.refuse(results[scalar], f"`{scalar}` is a number, and here it depends on arrays")
            if ast.unparse(results[scalar]) != scalar:
                self.module.numbers.add(f"{scalar} = {self.number(results[scalar])}")
        self.check_names({*(f"{name}_array" for name in arrays), *(f"{name}_" for name in self.module.constants)})
        self.check_names(set(self.arrays) - {"x", "g", *self.outputs})
        given = {new: old for old, new in self.rule.renamed.items()}
        return Lowered(
            source=self.module.source(self.rule.title, arrays, self.scalars, tuple(self.globals)),
            arrays=tuple(given.get(name, name) for name in arrays),
            parameters=tuple(given.get(name, name) for name in self.module.parameters),
            globals=tuple((source.function, ast.unparse(node)) for source, node in self.globals.values()),
            float64=next((source.float64 for source in sources if source.float64), None),
        )

    def results(self) -> dict[str, ast.expr]:
        """What the rule returns for each output."""
        results = self.rule.results
        if len(results) != len(self.outputs):
            returned = ast.Return(ast.Tuple(results) if len(results) > 1 else results[0])
            expected = f"it has to return {', '.join(self.outputs)}"
            self.rule.refuse(returned, f"{expected}, and returns {len(results)} values")
        return dict(zip(self.outputs, results, strict=True))

    def transform(self, transform: Source) -> None:
        """Lower a function that runs before or after the rule, on the same elements."""
        self.enter(transform)
        self.statements(transform.statements)
        for name, result in zip(transform.outputs, transform.results, strict=True):
            self.update(name, result)

    def update(self, name: str, result: ast.expr) -> None:
        """Assign a new value to an element, unless it is unchanged."""
        if ast.unparse(result) != name:
            self.module.loop.add(f"{name} = {self.element(result)}")
            self.define(name, ELEMENT)

    def enter(self, source: Source) -> None:
        """Begin with another function, whose parameters are elements or numbers."""
        self.source = source
        for name in source.parameters:
            self.kinds[name] = ELEMENT if name in self.arrays else NUMBER
            if self.kinds[name] is NUMBER and name not in self.module.parameters:
                self.module.parameters.append(name)

    def check_names(self, used: set[str]) -> None:
        """Refuse a rule that uses a name of the loop."""
        if clash := sorted((self.rule.assigned | set(self.rule.parameters)) & used):
            self.rule.refuse(ast.Name(clash[0]), f"the loop uses the name `{clash[0]}` itself; call it something else")

    # ------------------------------------------------------------------------------------------------- statements
    def statements(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    kind = self.kind(value)
                    if kind is NUMBER:
                        self.module.numbers.add(f"{name} = {self.number(value)}")
                    else:
                        self.module.loop.add(f"{name} = {self.mask(value) if kind is MASK else self.element(value)}")
                    self.define(name, kind)
                case ast.If(test=test, body=body, orelse=orelse):
                    self.branch(test, body, orelse)
                case _:
                    self.source.refuse(
                        statement, "a rule consists of `name = expression`, `if`, and one `return` at its end"
                    )

    def define(self, name: str, kind: str) -> None:
        """Note that a name has a new value."""
        self.kinds[name] = kind
        self.versions[name] = self.versions.get(name, 0) + 1

    def branch(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        """Lower an `if` statement to one `if` in `numbers` and one in `loop`."""
        flag = self.flag(test)
        before = dict(self.kinds)
        with self.module.numbers.block(f"if {flag}:"), self.module.loop.block(f"if {flag}:"):
            self.statements(body)
        taken, self.kinds = self.kinds, before
        with self.module.numbers.block("else:"), self.module.loop.block("else:"):
            self.statements(orelse)
        for name in sorted(taken.keys() & self.kinds.keys()):
            if taken[name] != self.kinds[name]:
                kinds = f"a {taken[name]} on one branch and a {self.kinds[name]} on the other"
                self.source.refuse(test, f"`{name}` is {kinds}; make it the same on both")
        # From here on, a name that only one branch defines is unknown.
        self.kinds = {name: kind for name, kind in taken.items() if name in self.kinds}

    # ------------------------------------------------------------------------------------------------- expressions
    def kind(self, node: ast.expr) -> str:
        """Whether an expression is a number, an array element or a condition."""
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
        """The expression in `numbers`: as it stands, with its global names resolved."""
        return self.source.on_numbers(node, self.kinds, self.global_number)

    def global_number(self, source: Source, node: ast.expr) -> str:
        """The parameter of `numbers` that takes a global number: it may change from step to step."""
        source.check_number(node)
        for name, (owner, other) in self.globals.items():
            if owner is source and ast.unparse(other) == ast.unparse(node):
                return name
        name = f"global{len(self.globals)}_{ast.unparse(node).replace('.', '_')}"
        self.globals[name] = source, node
        return name

    def element(self, node: ast.expr) -> str:
        """The expression in `loop`."""
        kind = self.kind(node)
        if kind is NUMBER:
            return self.constant(node)
        if kind is MASK:
            self.source.refuse(node, "a condition is not a number; use where(condition, a, b)")
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
        """A call of a NumPy function in `loop`."""
        name = ON_ELEMENTS.get(self.source.resolve(function))
        if name is None:
            self.source.refuse(node, f"on arrays it may call {', '.join(functions.__all__)}")
        takes = getattr(getattr(np, name), "nin", 3)
        if len(arguments) != takes:
            self.source.refuse(node, f"{name} takes {takes} argument(s)")
        if name == "where" and all(self.kind(argument) is NUMBER for argument in arguments[1:]):
            self.source.refuse(node, "NumPy makes float64 of two numbers, whatever the dtype of x; make one an array")
        if name == "clip" and any(self.kind(bound) is not NUMBER for bound in arguments[1:]):
            above = self.device("maximum", *map(self.element, arguments[:2]))
            return self.device("minimum", above, self.element(arguments[2]))
        first = self.mask(arguments[0]) if name == "where" else self.element(arguments[0])
        return self.device(name, first, *map(self.element, arguments[1:]))

    def device(self, name: str, *arguments: str) -> str:
        """A call of a function of the module `device`."""
        self.module.called.add(name)
        return f"{name}({', '.join(arguments)})"

    def mask(self, node: ast.expr) -> str:
        """A condition in `loop`."""
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
        """`left ** right` in `loop`."""
        if self.kind(right) is not NUMBER:
            return self.device("power", self.element(left), self.element(right))
        if special := _SPECIAL_POWERS.get(literal(right)):
            return self.device(special, self.element(left))
        return self.device("power_by", self.element(left), self.element(right))

    def choice(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> str:
        """`body if test else orelse` in `loop`, where the test is about numbers."""
        flag = self.flag(test)
        # The numbers of the branch not taken are not computed: 1 / (t - 1) may stand there because t > 1.
        with self.module.numbers.block(f"if {flag}:"):
            taken = self.element(body)
        with self.module.numbers.block("else:"):
            other = self.element(orelse)
        return f"({taken} if {flag} else {other})"

    def flag(self, test: ast.expr) -> str:
        """The constant that holds the truth value of a test on numbers."""
        if self.kind(test) is not NUMBER:
            self.source.refuse(test, "`if` on an array has no meaning; choose per element with where(condition, a, b)")
        name = self.constant(test, prefix="is")
        self.module.flags.add(name)
        return name

    def constant(self, node: ast.expr, prefix: str = "c") -> str:
        """The name or literal that stands for a number in the loop."""
        known = literal(node)
        if known is not None and math.isfinite(known) and prefix == "c":
            return f"real({known!r})"
        text = self.number(node)
        names = sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)})
        meaning = text, prefix, tuple((name, self.versions.get(name, 0)) for name in names)
        if meaning in self.known:
            return self.known[meaning]
        if text in self.module.parameters and text not in self.assigned and prefix == "c":
            name = text
        else:
            taken = self.module.constants.keys() | self.kinds.keys() | self.assigned
            name = next(n for i in range(len(taken) + 1) if (n := f"{prefix}{i}") not in taken)
            self.module.numbers.add(f"{name} = float({text})")
            if self.module.numbers.indent > 1:
                self.module.conditional.append(name)
        if name not in self.module.conditional:
            self.known[meaning] = name
        self.module.constants[name] = text
        return name
