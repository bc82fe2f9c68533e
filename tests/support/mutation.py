"""Wrong versions of a function, which tests must catch: each has one change."""

import ast
import inspect
import sys
import textwrap

import numpy as np

OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
COMPARISONS = {ast.Gt: ast.LtE, ast.Lt: ast.GtE, ast.Eq: ast.NotEq, ast.Is: ast.IsNot}
COMPARISONS |= {negation: operator for operator, negation in COMPARISONS.items()}


def source_of(function):
    """A function without its decorator and its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    (definition,) = tree.body
    definition.decorator_list = []
    if ast.get_docstring(definition) is not None:
        del definition.body[0]
    return ast.unparse(tree)


def mutants(source):
    """The function with one node changed: an operator, a constant, a name for another, a dropped call."""
    tree = ast.parse(source)
    given = {argument.arg for argument in tree.body[0].args.args}
    names = sorted(given | {node.id for node in ast.walk(tree) if stored(node)})
    # An option is inverted where it is tested; another name there might only be as true as it is.
    tests = {id(node.test) for node in ast.walk(tree) if isinstance(node, ast.If)}
    for node in list(ast.walk(tree)):
        for field, other in () if id(node) in tests and isinstance(node, ast.Name) else changes(node, names):
            kept = getattr(node, field)
            setattr(node, field, other)
            yield ast.unparse(tree)
            setattr(node, field, kept)


def stored(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def changes(node, names):
    """What may stand in a field of a node instead."""
    match node:
        case ast.BinOp(op=op):
            yield from (("op", other()) for other in OPERATORS if other is not type(op))
        case ast.UnaryOp(op=ast.USub()):
            yield "op", ast.UAdd()
        case ast.If(test=ast.Name() as test):
            yield "test", ast.UnaryOp(ast.Not(), test)
        case ast.Compare(ops=[op]):
            yield "ops", [COMPARISONS[type(op)]()]
        case ast.Constant(value=bool(value)):
            yield "value", not value
        case ast.Constant(value=int() | float() as value):
            yield from (("value", value + 1), ("value", value - 1))
        case ast.Name(ctx=ast.Load(), id=name) if name in names:
            yield from (("id", other) for other in names if other != name)
        case ast.Call(args=[ast.expr()]):
            yield "func", ast.Name("float_or_same", ast.Load())


def compiled(source, owner):
    """The function of a source, where the names of its owner's module are known."""
    namespace = {**vars(sys.modules[owner.__module__]), "float_or_same": lambda value: value}
    exec("from __future__ import annotations\n" + source, namespace)
    return namespace[source[len("def ") : source.index("(")]]


def names_of(function):
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def called(function, given):
    """What it gives, and nothing if it can't be computed."""
    try:
        with np.errstate(all="ignore"):
            result = function(*(given[name] for name in names_of(function)))
    except (ArithmeticError, NameError, TypeError, ValueError):
        return ()
    return result if isinstance(result, tuple) else (result,)


def agrees(value, expected, rtol=1e-12, atol=0.0):
    """np.allclose for arrays of one shape, in a third of its time; nothing is expected where there is no record."""
    if expected is None:
        return True
    with np.errstate(all="ignore"):
        return np.shape(value) == np.shape(expected) and bool(
            np.all(np.abs(np.subtract(value, expected)) <= atol + rtol * np.abs(expected))
        )
