"""Every rule against trajectories made by other frameworks, and every wrong rule caught by them."""

import ast
import inspect
import json
import sys
import textwrap
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ravine import optim, schedules
from ravine.optim.tiers import ELEMENTS

HEAD, *RECORDS = map(
    json.loads, (Path(__file__).parents[1] / "goldens" / "trajectories.jsonl").read_text().splitlines()
)
GRADIENTS = np.array(HEAD["gradients"])
STEPS = range(len(GRADIENTS))
NAMES = {name: getattr(module, name) for module in (optim, schedules) for name in module.__all__}
NAMES |= {name: eval(source, NAMES) for name, source in HEAD["schedules"].items()}
RULES = [cls for cls in vars(optim.rules).values() if isinstance(cls, type) and cls.tier is ELEMENTS]


@cache
def evaluated(source):
    return eval(source, NAMES)


def spec_of(record):
    return evaluated(record["optimizer"])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["optimizer"])
def test_trajectory_and_state(record):
    x = np.array(HEAD["x0"])
    optimizer = spec_of(record).bind([x])
    for k, g in enumerate(GRADIENTS):
        optimizer.step([g])
        np.testing.assert_allclose(x, record["x"][k], rtol=1e-12, atol=0)
        state = optimizer.state_dict()["state"]["0"]
        assert state.keys() - {"t"} == record["state"].keys()
        for slot, values in record["state"].items():
            np.testing.assert_allclose(state[slot], values[k], rtol=1e-12, atol=0)
        if "average" in record:
            with optimizer.averaged():
                np.testing.assert_allclose(x, record["average"][k], rtol=1e-12, atol=0)


def test_every_optimizer_has_a_record():
    assert {type(spec_of(record)) for record in RECORDS} == set(RULES)


# ---------------------------------------------------------------------------------------------------------- mutation
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
COMPARISONS = {ast.Gt: ast.LtE, ast.Lt: ast.GtE, ast.Eq: ast.NotEq, ast.Is: ast.IsNot}
COMPARISONS |= {negation: operator for operator, negation in COMPARISONS.items()}


def source_of(function):
    """A function without its decorator."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tree.body[0].decorator_list = []
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


def compiled(source, cls):
    namespace = {**vars(sys.modules[cls.__module__]), "float_or_same": lambda value: value}
    exec("from __future__ import annotations\n" + source, namespace)
    return namespace[ast.parse(source).body[0].name]


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


@cache
def replayed(spec):
    """What is given to the rule at each update besides x and the states."""
    numbers = [{n: v(k) if isinstance(v, schedules.Schedule) else v for n, v in vars(spec).items()} for k in STEPS]
    return [{"g": -g if spec.maximize else g, "t": k + 1.0, **numbers[k]} for k, g in enumerate(GRADIENTS)]


def survives(rule, record):
    """Whether a rule passes a golden record."""
    spec = spec_of(record)
    x = np.array(HEAD["x0"])
    kept = {slot: spec.starts.get(slot, 0.0) if slot in spec.scalars else spec.start(slot, x) for slot in spec.state}
    for k, given in enumerate(replayed(spec)):
        decay = 0.0 if "weight_decay" in names_of(spec.rule) else spec.weight_decay
        results = called(rule, {**given, "x": x, "g": given["g"] + decay * x, **kept})
        expected = [record["x"][k], *(record["state"].get(slot, [None] * (k + 1))[k] for slot in spec.state)]
        if len(results) != len(expected) or not all(map(agrees, results, expected)):
            return False
        x, kept = results[0], dict(zip(spec.state, results[1:], strict=True))
    return True


def agrees(value, expected):
    return expected is None or (np.shape(value) == np.shape(expected) and np.allclose(value, expected, 1e-12, 0))


def averages(average, record):
    """Whether a function gives the averages of a record."""
    spec = spec_of(record)
    for k, given in enumerate(replayed(spec)):
        states = {slot: np.array(values[k]) for slot, values in record["state"].items()}
        result = called(average, {"x": np.array(record["x"][k]), **given, **states})
        if not result or not agrees(*result, record["average"][k]):
            return False
    return True


FUNCTIONS = [(cls, cls.rule, survives) for cls in RULES]
FUNCTIONS += [(cls, cls.average, averages) for cls in RULES if cls.average]


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "function", "passes"), FUNCTIONS, ids=lambda value: value.__name__)
def test_goldens_catch_every_single_change(cls, function, passes):
    records = [record for record in RECORDS if type(spec_of(record)) is cls]
    source = source_of(function)
    assert all(passes(compiled(source, cls), record) for record in records)
    wrong = list(mutants(source))
    alive = [mutant for mutant in wrong if all(passes(compiled(mutant, cls), record) for record in records)]
    assert not alive, f"{len(alive)} of {len(wrong)} mutants live, the first:\n{alive[0]}"
