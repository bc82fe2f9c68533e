"""Every rule over whole arrays against trajectories made by other frameworks, and every wrong one caught by them."""

import inspect
import json
import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mutation import agrees as close
from mutation import compiled, mutants, source_of

from ravine import autograd, optim, schedules
from ravine.optim.rules import lbfgs, line_search, matrices, tensors

HEAD, *RECORDS = map(json.loads, (Path(__file__).parents[1] / "goldens" / "whole.jsonl").read_text().splitlines())
NAMES = {name: getattr(module, name) for module in (optim, schedules) for name in module.__all__}
NAMES |= {name: eval(source, NAMES) for name, source in HEAD["schedules"].items()}
RULES = [cls for cls in vars(optim.rules).values() if isinstance(cls, type) and cls.granularity != "elementwise"]


@cache
def spec_from(source):
    return eval(source, NAMES)


def spec_of(record):
    return spec_from(record["optimizer"])


def arrays(lists):
    return [np.array(values, float) for values in lists]


def label(record):
    return record["optimizer"] + " " + record.get("function", "")


GIVEN = [record for record in RECORDS if "inputs" in record]
SOUGHT = [record for record in RECORDS if "function" in record]


@pytest.mark.parametrize("record", GIVEN, ids=label)
def test_trajectory_and_state(record):
    given = HEAD["inputs"][record["inputs"]]
    x = arrays(given["x0"])
    optimizer = spec_of(record).bind(x)
    for k, gradients in enumerate(given["gradients"]):
        optimizer.step(arrays(gradients))
        for p, expected in zip(x, record["x"][k], strict=True):
            np.testing.assert_allclose(p, expected, rtol=1e-12, atol=1e-15)
        for i, state in enumerate(optimizer.state_dict()["state"].values()):
            assert state.keys() - {"t"} == record["state"].keys()
            for slot, values in record["state"].items():
                assert np.shape(state[slot]) == np.shape(values[k][i])
                np.testing.assert_allclose(state[slot], values[k][i], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("record", SOUGHT, ids=label)
def test_trajectory_and_evaluations(record):
    x, evaluations = np.array(HEAD["start"]), 0
    optimizer = spec_of(record).bind([x])
    differentiated = autograd.value_and_grad(lambda x: eval(HEAD["functions"][record["function"]], {"x": x}))

    def closure():
        nonlocal evaluations
        evaluations += 1
        loss, g = differentiated(x.copy())
        return float(loss), [g]

    for k, expected in enumerate(record["x"]):
        np.testing.assert_allclose(optimizer.step(closure), record["losses"][k], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(x, expected, rtol=1e-9, atol=1e-12)
        assert evaluations == record["evaluations"][k]
        assert optimizer.state_dict()["state"]["0"]["iterations"] == record["iterations"][k]


def searched(line, strong_wolfe=line_search.strong_wolfe):
    """What a line search finds: length, loss, and number of trials."""
    e, s, a, b, c = line["loss"]
    trials = 0

    def at(length):
        nonlocal trials
        trials += 1
        if trials > 20:
            raise ValueError
        x = length * line["size"]
        slope = -s + 2 * a * x + b * c * math.sin(2 * c * x)
        return line_search.LinePoint(
            length, e - s * x + a * x**2 + b * math.sin(c * x) ** 2, slope * line["size"], np.array([slope])
        )

    start = at(0.0)
    end, count = strong_wolfe(at, start, line["length"], line["tolerance"] / line["size"], line["most"])
    assert trials == 1 + count
    return [end.length, end.loss, count]


def test_line_searches():
    for line in HEAD["lines"]:
        np.testing.assert_allclose(searched(line), line["found"], rtol=1e-9, atol=1e-12)


def test_every_optimizer_has_a_record():
    assert {type(spec_of(record)) for record in RECORDS} == set(RULES)


# ---------------------------------------------------------------------------------------------------------- mutation
def d_rosenbrock(x):
    rise = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[:-1] = -2 * (1 - x[:-1]) - 400 * rise * x[:-1]
    g[1:] += 200 * rise
    return g


DERIVATIVES = {
    "rosenbrock": d_rosenbrock,
    "quartic": lambda x: x**3 + x / 10 - 1 / 3,
    "wells": lambda x: 2 * x * (x**2 - 1) * (x**2 - 9) * (2 * x**2 - 10) / 25 + 1 / 10,
    "basin": lambda x: x / 2 / (x * x + 1 / 4) ** 2,
    "slope": lambda x: (x / np.sqrt(1 + x * x) - 1 / 2) / 8,
}
LOSSES = {name: eval(f"lambda x: {source}") for name, source in HEAD["functions"].items()}


@pytest.mark.parametrize("name", HEAD["functions"])
def test_derivatives(name):
    x = np.array(HEAD["start"])
    loss, g = autograd.value_and_grad(lambda x: eval(HEAD["functions"][name], {"x": x}))(x)
    np.testing.assert_allclose((LOSSES[name](x), *DERIVATIVES[name](x)), (loss, *g), rtol=1e-13)


def called(rule, given):
    """What a rule gives, and nothing if it can't be computed."""
    try:
        with np.errstate(all="ignore"):
            return rule(*(given[name] for name in inspect.signature(rule).parameters))
    except Exception:  # a mutant may fail in any way
        return ()


def begun(spec, x):
    return {slot: spec.start_value(slot) if slot in spec.scalars else spec.start(slot, x) for slot in spec.state}


def numbers(spec, k):
    values = {name: getattr(spec, name) for name in spec.checks}
    asked = {name: value(k) for name, value in values.items() if isinstance(value, schedules.Schedule)}
    return {"t": k + 1.0} | values | asked


def agrees(value, expected, rtol=1e-12):
    fits = type(value) is float or isinstance(value, np.ndarray | np.floating)
    return fits and close(value, expected, rtol, 1e-15)


def follows(spec, rule, x0, gradients, points, states):
    """Whether a rule gives this trajectory of one array."""
    x, kept = x0, begun(spec, x0)
    for k, (g, point) in enumerate(zip(gradients, points, strict=True)):
        results = called(rule, {"x": x, "g": g, **numbers(spec, k), **kept})
        expected = [point, *(states[slot][k] for slot in spec.state)]
        if len(results) != len(expected) or not all(map(agrees, results, expected)):
            return False
        x, kept = results[0], dict(zip(spec.state, results[1:], strict=True))
    return True


def passes(rule, record):
    """Whether a rule passes a golden record."""
    spec = spec_of(record)
    if "function" in record:
        return finds(spec, rule, record)
    return all(follows(spec, rule, *part) for part in parts(label(record)))


@cache
def parts(name):
    """What a rule is given at a time and should give: start, gradients, points and states of one array, or of all."""
    (record,) = (record for record in GIVEN if label(record) == name)
    spec, given = spec_of(record), HEAD["inputs"][record["inputs"]]
    x0, gradients = arrays(given["x0"]), [arrays(step) for step in given["gradients"]]
    points = [arrays(step) for step in record["x"]]
    states = {slot: [arrays(step) for step in values] for slot, values in record["state"].items()}
    if spec.granularity == "flat-vector":
        x0, gradients, points = [flat(x0)], [[flat(step)] for step in gradients], [[flat(step)] for step in points]
        joined = {slot: (lambda step: step[0]) if slot in spec.scalars else flat for slot in states}
        states = {slot: [[joined[slot](step)] for step in values] for slot, values in states.items()}
    return [
        (
            x,
            [step[i] for step in gradients],
            [step[i] for step in points],
            {slot: [step[i] for step in values] for slot, values in states.items()},
        )
        for i, x in enumerate(x0)
    ]


def flat(step):
    return np.concatenate([a.ravel() for a in step])


def finds(spec, rule, record):
    """Whether a rule that searches gives this trajectory, with as many evaluations."""
    loss, derivative, evaluations = LOSSES[record["function"]], DERIVATIVES[record["function"]], 0
    x = np.array(HEAD["start"])
    kept = begun(spec, x)

    def evaluate(at=None):
        nonlocal evaluations
        evaluations += 1
        if np.shape(at if at is not None else x) != x.shape or evaluations > 2 * record["evaluations"][-1]:
            raise ValueError
        point = x if at is None else at
        return float(loss(point)), derivative(point)

    for k, expected in enumerate(record["x"]):
        given = {"x": x, "g": derivative(x), "closure": evaluate, **numbers(spec, k), **kept}
        results = called(rule, given)
        if len(results) != 1 + len(kept) or not agrees(results[0], expected, 1e-9):
            return False
        if evaluations != record["evaluations"][k]:
            return False
        x, kept = results[0], dict(zip(spec.state, results[1:], strict=True))
    return kept["iterations"] == record["iterations"][-1]


MODULES = (tensors, matrices, lbfgs, line_search)
HELPERS = [
    (tensors.norm, optim.LAMB, optim.LARS, optim.Muon, optim.Adafactor),
    (matrices.rms, optim.Adafactor),
    (matrices.orthogonal, optim.Muon),
    *((function, optim.LBFGS) for function in (lbfgs.largest, lbfgs.newton, lbfgs.along)),
    *((getattr(line_search, name),) for name in ("strong_wolfe", "zoom", "inside", "cubic_minimum")),
    (line_search.Wolfe.decreases,),
    (line_search.Wolfe.flattens,),
]
FUNCTIONS = [(cls.rule, cls) for cls in RULES] + HELPERS


def goes_right(line):
    """Whether the line search, as it is now, finds what it should."""
    try:
        return np.allclose(searched(line, line_search.strong_wolfe), line["found"], 1e-9, 1e-12)
    except Exception:
        return False


# Mutants that the records don't show: they give other numbers at most where two happen to be nearly equal, where a
# loss is not finite, or where a bracket is as short as the last digits.
UNSEEN = {
    # d is d0 as long as s is 0; where r is not above 0 the estimate is not above d; where lr is 0 it stays.
    "    d = max(d, r / total) if total > 0 else d0",
    *(f"    d = max(d, r / total) if {name} > 0 else d" for name in ("lr", "r", "step")),
    # A trial above the line that is below `low` is past a minimum.
    *(f"        if not {f} or trial.loss >= low.loss:" for f in ("float_or_same(trial)", "wolfe.decreases(a)")),
    "    return trial.loss <= self.start.loss + DECREASE * trial.length / self.start.slope",
    "        return LinePoint(length, loss if float_or_same(loss) else math.inf, float(g @ d), g)",
    "        step, last = (float_or_same(x), g)",
    "    if stuck or not stuck < length < right:",
    *(
        f"    minimum = b.length - width * (rise / bend if {name} else math.copysign(math.inf, rise))"
        for name in ("d2", "square")
    ),
}


def differs(mutant, source):
    """Whether a mutant could be told from its source."""
    changed = set(mutant.splitlines()) - set(source.splitlines())
    return meaning(mutant) != meaning(source) and not changed & UNSEEN


INDIFFERENT = "|".join(
    (
        r"\b\w+\.(?=ndim|shape|dtype)|zeros_like\(\w+\)|len\([sy]\)",  # of which of the arrays of one shape
        r"tall = .*",  # from which side a matrix is made orthogonal
        r"(high|trial)\.length > (low|trial)\.length",  # which ends of a bracket are compared
        r"float\(g @ d\), \w+\)",  # the gradient at the start of a line, which is not looked at
        r"np\.abs\((g|change|d)\)\.sum",  # at the first iteration, all are the gradient or its negative
        r"evaluations = \(?closure\(x\), (evaluations|k) \+ 1|if (k|evaluations) < max_iter",  # as many as iterations
        r"shortest = SHORTEST .*|length, (shortest|tolerance_grad|lr),",
        r"initial=-?[01].0",  # less than any absolute value
    )
)


def meaning(source):
    """A source without what makes no difference to numbers."""
    return re.sub(INDIFFERENT, "", source.replace("float_or_same(", "float("))


def survivors(function, users, monkeypatch):
    """The source of the function, if it passes, and those of its mutants that pass all records of its users."""
    records = {cls: [record for record in RECORDS if type(spec_of(record)) is cls] for cls in users}
    source = source_of(function)
    for text in (source, *(mutant for mutant in mutants(source) if differs(mutant, source))):
        mutant = compiled(text, function)
        with monkeypatch.context() as patch:
            for place in (*MODULES, line_search.Wolfe):
                if hasattr(place, function.__name__) and not inspect.ismethod(function):
                    patch.setattr(place, function.__name__, mutant)
            rules = {cls: mutant if function is cls.rule else cls.rule for cls in users}
            if all(passes(rules[cls], record) for cls in users for record in records[cls]) and (
                users or all(map(goes_right, HEAD["lines"]))
            ):
                yield text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "users"), [(f, users) for f, *users in FUNCTIONS], ids=lambda f: getattr(f, "__qualname__", "")
)
def test_goldens_catch_every_single_change(function, users, monkeypatch):
    source = source_of(function)
    alive = list(survivors(function, users, monkeypatch))
    assert alive[:1] == [source]
    assert alive[1:] == [], "\n\n".join(alive[1:])
