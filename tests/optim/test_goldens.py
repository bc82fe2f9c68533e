"""Every rule against trajectories made by other frameworks, and every wrong rule caught by them."""

import ast
import copy
import inspect
import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from glissade import optim, schedules
from glissade.optim import Optimizer, rules

HEAD, *RECORDS = map(
    json.loads, (Path(__file__).parents[1] / "goldens" / "trajectories.jsonl").read_text().splitlines()
)
NAMES = {name: getattr(module, name) for module in (optim, schedules) for name in module.__all__}


def spec_of(record):
    return eval(record["optimizer"], NAMES)


def name_of(record):
    return record["optimizer"].split("Piecewise")[0] + record["optimizer"].split("])")[1]


RECORD = pytest.mark.parametrize("record", RECORDS, ids=name_of)


@RECORD
def test_trajectory_and_state(record):
    x = np.array(HEAD["x0"])
    optimizer = spec_of(record).bind([x])
    for k, g in enumerate(HEAD["gradients"]):
        optimizer.step([np.array(g)])
        np.testing.assert_allclose(x, record["x"][k], rtol=1e-12, atol=0)
        state = optimizer.state_dict()["state"]["0"]
        assert state.keys() - {"t"} == (record["state"].keys() if record["state"] else set())
        for slot, values in record["state"].items():
            np.testing.assert_allclose(state[slot], values[k], rtol=1e-12, atol=0)


def test_every_optimizer_has_a_record():
    assert {type(spec_of(record)) for record in RECORDS} == set(Optimizer.registry.values())


# ---------------------------------------------------------------------------------------------------------- mutation
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS = {ast.Gt: ast.LtE, ast.Eq: ast.NotEq}


def mutants(function):
    """The function with one node changed: an operator, a constant, a name for another, a dropped call."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tree.body[0].decorator_list = []
    names = sorted(inspect.signature(function).parameters)
    # An option is inverted where it is tested; another name there might only be as true as it is.
    tests = {id(node.test) for node in ast.walk(tree) if isinstance(node, ast.If)}
    for index, node in enumerate(ast.walk(tree)):
        for change in () if id(node) in tests and isinstance(node, ast.Name) else changes(node, names):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[index])
            yield ast.unparse(mutant)


def changes(node, names):
    match node:
        case ast.BinOp(op=op) if type(op) in SWAPS:
            yield lambda n: setattr(n, "op", SWAPS[type(op)]())
        case ast.BinOp(op=ast.Pow()):
            yield lambda n: setattr(n, "op", ast.Mult())
        case ast.If(test=ast.Name()):
            yield lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
        case ast.Compare(ops=[op]):
            yield lambda n: setattr(n, "ops", [COMPARISONS[type(op)]()])
        case ast.Constant(value=int(value)):
            yield lambda n: setattr(n, "value", value + 1)
        case ast.Name(ctx=ast.Load(), id=name) if name in names:
            for other in names:
                if other != name:
                    yield lambda n, other=other: setattr(n, "id", other)
        case ast.Call(args=[ast.expr()]):
            yield lambda n: setattr(n, "func", ast.Name("float_or_same", ast.Load()))


def survives(source, cls, records):
    """Whether a mutated rule passes the golden records."""
    namespace = dict(vars(rules)) | {"float_or_same": lambda value: value}
    exec(source, namespace)
    for record in records:
        spec = spec_of(record)
        states = {slot: getattr(spec, spec.starts[slot]) if slot in spec.starts else 0.0 for slot in spec.state}
        values = [np.array(HEAD["x0"]), *(np.full(5, start) for start in states.values())]
        for k, g in enumerate(HEAD["gradients"]):
            given = {"g": np.array(g), "t": k + 1, "x": values[0], **dict(zip(spec.state, values[1:], strict=True))}
            # Options around the rule, before it: L2 and ascent.
            if spec.maximize:
                given["g"] = -given["g"]
            if "weight_decay" not in inspect.signature(cls.rule).parameters:
                given["g"] = given["g"] + spec.weight_decay * values[0]
            for field in spec.domains:
                value = getattr(spec, field)
                given[field] = value(k) if isinstance(value, schedules.Schedule) else value
            taken = [given[name] for name in inspect.signature(cls.rule).parameters]
            try:
                with np.errstate(all="ignore"):
                    values = namespace["rule"](*taken)
            except (ArithmeticError, NameError, ValueError):
                return False
            values = list(values) if isinstance(values, tuple) else [values]
            slots = [record["x"][k], *(record["state"].get(slot, [None] * (k + 1))[k] for slot in spec.state)]
            for value, expected in zip(values, slots, strict=True):
                if expected is not None and not np.allclose(value, expected, rtol=1e-12, atol=0):
                    return False
    return True


@pytest.mark.parametrize("cls", Optimizer.registry.values(), ids=lambda cls: cls.__name__)
def test_goldens_catch_every_single_change_of_a_rule(cls):
    records = [record for record in RECORDS if type(spec_of(record)) is cls]
    source = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(cls.rule)).replace("@staticmethod", "")))
    assert survives(source, cls, records)
    alive = [mutant for mutant in mutants(cls.rule) if survives(mutant, cls, records)]
    assert not alive, f"{len(alive)} mutants live, the first:\n{alive[0]}"
